#include <stddef.h>

#include "pose/paint.h"

/* Letters as strokes on a grid 4 wide and 6 high, y down: "xy" points, a blank begins a new stroke. Drawn
 * with round pens, they are smooth at any size and need no font in a container. */
#define GRID_HEIGHT 6.0F
#define PEN         0.42F /* half its width, in squares of the grid */
#define GAP         2.0F

static const char *const digits[10] = { "103041453616050110", "1120 2026", "01103041420646",
	"004022324345361605", "36300444", "400002324345361605", "30200205163645443303", "004016",
	"103041423313020110 1304051636454433", "16264441301001021343" };

static const char *strokes(char c)
{
	if (c >= '0' && c <= '9')
		return digits[c - '0'];
	switch (c) {
	case 'A':
		return "0602204246 0444";
	case 'B':
		return "003041423303 334445360600";
	case 'C':
		return "4130100105163645";
	case 'D':
		return "00204244260600";
	case 'E':
		return "40000646 0333";
	case 'F':
		return "400006 0333";
	case 'G':
		return "41301001051636454323";
	case 'H':
		return "0006 4046 0343";
	case 'I':
		return "0006";
	case 'L':
		return "000646";
	case 'N':
		return "06004640";
	case 'O':
		return digits[0];
	case 'P':
		return "06003041423303";
	case 'R':
		return "06003041423303 2346";
	case 'S':
		return "413010010213334445361605";
	case 'T':
		return "0040 2026";
	case 'U':
		return "000516364540";
	case 's':
		return "3212031434453606";
	case '.':
		return "0606";
	case ':':
		return "0202 0505";
	case '-':
		return "0343";
	default:
		return "";
	}
}

/* Digits keep their places as they change. */
static float width_of(char c)
{
	return c == '.' || c == ':' || c == 'I' ? 0 : c == ' ' ? 1 : 4;
}

static void letter(struct canvas *c, float x, float y, float square, const char *points, struct ink ink)
{
	const float pen = PEN * square;

	for (const char *p = points; *p; p += 2) {
		p += *p == ' ';
		float ax = x + square * (float)(p[0] - '0'), ay = y + square * (float)(p[1] - '0');
		bool more = p[2] && p[2] != ' ';
		float bx = more ? x + square * (float)(p[2] - '0') : ax,
		      by = more ? y + square * (float)(p[3] - '0') : ay;
		paint_line(c, ax, ay, bx, by, pen, ink, 1);
	}
}

void paint_text(struct canvas *c, float x, float y, float size, const char *text, struct ink ink)
{
	float square = size / GRID_HEIGHT;

	for (; *text; text++) {
		letter(c, x, y, square, strokes(*text), ink);
		x += square * (width_of(*text) + GAP);
	}
}

float paint_text_width(const char *text, float size)
{
	float squares = 0;

	for (const char *p = text; *p; p++)
		squares += width_of(*p) + GAP;
	return *text ? (squares - GAP) * size / GRID_HEIGHT : 0;
}
