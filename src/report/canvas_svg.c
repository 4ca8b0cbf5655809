/* Drawings as SVG 1.1: text is text (found, copied, read aloud), so no font is needed to write it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/canvas.h"

#define BOLDER 1.12 /* bold letters against plain ones */

struct svg {
	struct canvas c; /* first: the canvas is this */
	struct buf *out;
};

static struct svg *svg_of(struct canvas *c)
{
	return (struct svg *)(void *)c;
}

static bool broken(const struct svg *s)
{
	return s->c.err.kind != ERR_NONE;
}

static void put(struct svg *s, const char *text)
{
	if (!broken(s))
		(void)buf_adds(s->out, text, &s->c.err);
}

#define putf(s, ...)                                                                                         \
	do {                                                                                                 \
		if (!broken(s))                                                                              \
			(void)buf_addf((s)->out, &(s)->c.err, __VA_ARGS__);                                  \
	} while (0)

static void put_escaped(struct svg *s, const char *text)
{
	for (; *text && !broken(s); text++) {
		switch (*text) {
		case '&':
			put(s, "&amp;");
			break;
		case '<':
			put(s, "&lt;");
			break;
		case '>':
			put(s, "&gt;");
			break;
		case '"':
			put(s, "&quot;");
			break;
		default:
			(void)buf_addc(s->out, *text, &s->c.err);
		}
	}
}

/* Two decimals, none of them idle. */
static void put_number(struct svg *s, double v)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%.2f", fabs(v) < 0.005 ? 0.0 : v);

	while (n > 0 && text[n - 1] == '0')
		text[--n] = '\0';
	if (n > 0 && text[n - 1] == '.')
		text[--n] = '\0';
	put(s, text);
}

static void put_colour(struct svg *s, const char *attribute, const struct colour *c)
{
	putf(s, " %s=\"#%02x%02x%02x\"", attribute, (unsigned)lround(255 * c->r),
		(unsigned)lround(255 * c->g), (unsigned)lround(255 * c->b));
	if (c->a < 1) {
		putf(s, " %s-opacity=\"", attribute);
		put_number(s, c->a);
		put(s, "\"");
	}
}

static void svg_path(struct canvas *c, const struct point *p, size_t n, bool closed,
	const struct colour *fill, const struct pen *pen)
{
	struct svg *s = svg_of(c);

	put(s, "<path d=\"");
	for (size_t i = 0; i < n; i++) {
		put(s, i == 0 ? "M" : "L");
		put_number(s, p[i].x);
		put(s, " ");
		put_number(s, p[i].y);
	}
	put(s, closed ? "Z\"" : "\"");
	if (fill)
		put_colour(s, "fill", fill);
	else
		put(s, " fill=\"none\"");
	if (pen) {
		put_colour(s, "stroke", &pen->colour);
		put(s, " stroke-width=\"");
		put_number(s, pen->width);
		put(s, "\"");
		if (pen->on > 0) {
			put(s, " stroke-dasharray=\"");
			put_number(s, pen->on);
			put(s, " ");
			put_number(s, pen->off);
			put(s, "\"");
		}
	}
	put(s, "/>\n");
}

static void svg_text(struct canvas *c, double x, double y, const struct text_style *t, const char *text)
{
	static const char *const anchors[] = {
		[ALIGN_LEFT] = "start", [ALIGN_CENTRE] = "middle", [ALIGN_RIGHT] = "end"
	};
	struct svg *s = svg_of(c);

	put(s, "<text x=\"");
	put_number(s, x);
	put(s, "\" y=\"");
	put_number(s, y);
	put(s, "\" font-size=\"");
	put_number(s, t->size);
	put(s, "\"");
	if (t->bold)
		put(s, " font-weight=\"bold\"");
	if (t->align != ALIGN_LEFT)
		putf(s, " text-anchor=\"%s\"", anchors[t->align]);
	put_colour(s, "fill", &t->colour);
	if (t->turn_deg != 0) {
		put(s, " transform=\"rotate(");
		put_number(s, -t->turn_deg);
		put(s, " ");
		put_number(s, x);
		put(s, " ");
		put_number(s, y);
		put(s, ")\"");
	}
	put(s, ">");
	put_escaped(s, text);
	put(s, "</text>\n");
}

/* The reader's font is unknown: DejaVu Sans, the widest of the usual ones, in per cent of the size. */
static double svg_text_width(struct canvas *c, double size, bool bold, const char *text)
{
	static const unsigned char widths[] = { 32, 40, 46, 84, 64, 95, 78, 28, 39, 39, 50, 84, 32, 36, 32,
		34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63,
		58, 78, 75, 30, 30, 66, 56, 86, 75, 79, 60, 79, 70, 64, 61, 73, 68, 99, 68, 61, 68, 39, 34,
		39, 84, 50, 50, 61, 64, 55, 64, 62, 35, 64, 63, 28, 28, 58, 28, 97, 63, 61, 64, 64, 41, 52,
		39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84 };
	double sum = 0;

	(void)c;
	for (; *text; text++) {
		unsigned char ch = (unsigned char)*text;
		if ((ch & 0xc0) != 0x80) /* one a character */
			sum += ch >= ' ' && ch - ' ' < (int)ARRAY_LEN(widths) ? widths[ch - ' '] : 84;
	}
	return sum / 100 * size * (bold ? BOLDER : 1);
}

static void svg_group(struct canvas *c, const char *title)
{
	struct svg *s = svg_of(c);

	if (!title) {
		put(s, "</g>\n");
		return;
	}
	put(s, "<g><title>");
	put_escaped(s, title);
	put(s, "</title>\n");
}

static void svg_page(struct canvas *c)
{
	(void)c; /* an SVG has one */
}

static int svg_end(struct canvas *c, struct err *e)
{
	CLEANUP(free_p) struct svg *s = svg_of(c);

	put(s, "</svg>\n");
	if (!broken(s))
		return 0;
	if (e)
		*e = s->c.err;
	return -1;
}

static const struct canvas_ops svg_ops = { svg_path, svg_text, svg_text_width, svg_group, svg_page, svg_end };

int canvas_svg(struct buf *out, double width, double height, const char *title, const char *description,
	struct canvas **ret, struct err *e)
{
	static const struct colour white = { 1, 1, 1, 1 };
	struct svg *s = calloc(1, sizeof *s);

	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for a drawing");
	s->c = (struct canvas){ .ops = &svg_ops, .width = width, .height = height };
	s->out = out;
	putf(s,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
		"version=\"1.1\" "
		"role=\"img\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" "
		"font-family=\"'DejaVu Sans', Verdana, Arial, sans-serif\" "
		"stroke-linejoin=\"round\">\n<title>",
		width, height, width, height);
	put_escaped(s, title);
	put(s, "</title>\n<desc>");
	put_escaped(s, description);
	put(s, "</desc>\n");
	canvas_rect(&s->c, 0, 0, width, height, &white, NULL);
	*ret = &s->c;
	return 0;
}
