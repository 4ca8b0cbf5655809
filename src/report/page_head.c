#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/look.h"
#include "report/page_parts.h"
#include "report/words.h"

enum { FLAG_LINES = 8 };

static void stamp(struct canvas *c, double y)
{
	static const char text[] = "DEMONSTRATION MODEL – NO CLINICAL MEANING";
	struct text_style s = look_bold(8.5, LOOK_INK);
	struct pen edge = look_pen(LOOK_INK, 1.4);
	double w = canvas_text_width(c, &s, text) + 14, x = PAGE_LEFT + PAGE_COLUMN - w;

	canvas_rect(c, x, y, w, 17, NULL, &edge);
	canvas_text(c, x + 7, y + 11.7, s, text);
}

double page_section(struct canvas *c, double y, const char *title)
{
	canvas_text(c, PAGE_LEFT, y + 10, look_bold(10.5, LOOK_INK), title);
	return y + 15;
}

double page_head(struct canvas *c, double y, const struct report *r, int page)
{
	struct colour ink = LOOK_INK;

	canvas_text(c, PAGE_LEFT, y + 15, look_bold(18, LOOK_INK),
		page == 1 ? "Gait report" : "Curves and events");
	if (r->score.model && r->score.demonstration)
		stamp(c, y);
	y += 22;
	canvas_rect(c, PAGE_LEFT, y, PAGE_COLUMN, 15, &ink, NULL);
	canvas_text(c, PAGE_LEFT + 6, y + 10.6, look_bold(8.6, LOOK_WHITE),
		"This is a measurement, not a diagnosis.");
	canvas_text(c, PAGE_LEFT + PAGE_COLUMN - 6, y + 10.6,
		look_align(look_text(8, LOOK_WHITE), ALIGN_RIGHT),
		"Whether a person needs help is for a clinician to judge.");
	return y + 22;
}

void page_foot(struct canvas *c, const struct report *r, int page)
{
	double y = PAGE_HEIGHT - 24;
	struct text_style s = look_text(7.5, LOOK_GREY);

	canvas_line(c, PAGE_LEFT, y - 10, PAGE_LEFT + PAGE_COLUMN, y - 10, look_pen(LOOK_LINE, 0.5));
	canvas_text_fit(c, PAGE_LEFT, y, PAGE_COLUMN - 60, s, r->program);
	canvas_textf(c, PAGE_LEFT + PAGE_COLUMN, y, look_align(s, ALIGN_RIGHT), "page %d of 2", page);
}

double page_person(struct canvas *c, double y, const struct report *r)
{
	static const char *const names[] = { "Age", "Sex", "Height", "Walking aid", "Orthosis", "Footwear" };
	const struct patient *p = &r->analysis->patient;
	char values[ARRAY_LEN(names)][64];
	double w = PAGE_COLUMN / ARRAY_LEN(names);

	words_age(p, values[0], sizeof values[0]);
	snprintf(values[1], sizeof values[1], "%s", words_sex(p));
	words_height(p, values[2], sizeof values[2]);
	for (enum patient_fact f = PATIENT_WALKING_AID; f < PATIENT_FACTS; f++)
		words_fact(p, f, values[3 + f], sizeof values[3 + f]);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		double x = PAGE_LEFT + w * (double)i;
		canvas_text(c, x, y + 8, look_text(7.5, LOOK_GREY), names[i]);
		canvas_text_fit(c, x, y + 19.5, w - 6, look_bold(9.5, LOOK_INK), values[i]);
	}
	return y + 30;
}

/* One reservation: in bold what it is, then what to do. */
struct note {
	const char *who, *text, *advice;
};

static size_t missing_views(const struct analysis *a, struct note *out)
{
	size_t n = 0;

	if (!a->view[VIEW_SIDE].present)
		out[n++] = (struct note){ "Side view", "no video was given",
			"Speed, lengths and joint angles need a video from the side." };
	if (!a->view[VIEW_FRONT].present)
		out[n++] = (struct note){ "Front view", "no video was given",
			"Step width and sway need a video from the front." };
	return n;
}

/* What spoils the score first. */
static size_t notes_of(const struct analysis *a, struct note *out)
{
	size_t n = missing_views(a, out);

	for (int spoils = 1; spoils >= 0; spoils--)
		for (enum flag f = 0; f < FLAGS; f++) {
			bool front = view_has_flag(&a->view[VIEW_FRONT], f),
			     side = view_has_flag(&a->view[VIEW_SIDE], f);
			if (flag_spoils_score(f) != (spoils == 1) || !(front || side))
				continue;
			out[n++] = (struct note){ front && side ? "Both views"
						  : front       ? "Front view"
								: "Side view",
				flag_text(f), words_advice(f) ? words_advice(f) : "" };
		}
	return n;
}

static int draw_note(struct canvas *c, double y, const struct note *n, int most)
{
	char text[512];
	struct text_style s = look_text(8.4, LOOK_INK);
	struct colour ink = LOOK_INK;

	snprintf(text, sizeof text, "%s: %s. %s", n->who, n->text, n->advice);
	if (canvas_wrap_lines(c, PAGE_COLUMN - 12, s, text) > most)
		return 0;
	canvas_mark(c, MARK_SQUARE, PAGE_LEFT + 3, y - 3, 4, &ink, NULL);
	return canvas_wrap(c, PAGE_LEFT + 12, y, PAGE_COLUMN - 12, 11, most, s, text);
}

double page_quality(struct canvas *c, double y, const struct report *r)
{
	struct note notes[FLAGS + VIEWS];
	size_t n = notes_of(r->analysis, notes), shown = 0;
	int lines = 0;

	y = page_section(c, y, "Before you read the numbers");
	for (; shown < n; shown++) {
		/* The last line is kept for how many more there are. */
		int most = FLAG_LINES - lines - (shown + 1 < n ? 1 : 0);
		int used = most > 0 ? draw_note(c, y + 8 + 11 * lines, &notes[shown], most) : 0;
		if (used == 0)
			break;
		lines += used;
	}
	if (shown < n) {
		canvas_textf(c, PAGE_LEFT + 12, y + 8 + 11 * lines, look_bold(8.4, LOOK_INK),
			"and %zu more, in result.json", n - shown);
		lines++;
	}
	if (n == 0) {
		canvas_text(c, PAGE_LEFT, y + 8, look_text(8.4, LOOK_INK),
			"No reservations: both videos show regular walking, and the points were seen well.");
		lines++;
	}
	return y + 11 * lines + 8;
}
