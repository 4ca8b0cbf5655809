#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/look.h"
#include "report/page_parts.h"
#include "report/words.h"

enum { SHARES_SHOWN = 5, REASONS_SHOWN = 5 };
#define HALF (0.42 * PAGE_COLUMN)

/* The scale from 0 to 1 with the interval as a bar. */
static void scale(struct canvas *c, double x, double y, double w, const struct report_score *s)
{
	struct colour paper = LOOK(236, 236, 236, 1), range = LOOK(150, 150, 150, 1), ink = LOOK_INK;
	struct pen edge = look_pen(LOOK_LINE, 0.6);

	canvas_rect(c, x, y, w, 9, &paper, &edge);
	if (!isnan(s->low) && !isnan(s->high))
		canvas_rect(c, x + w * s->low, y, w * (s->high - s->low), 9, &range, NULL);
	canvas_mark(c, MARK_DIAMOND, x + w * s->value, y + 4.5, 9, &ink, NULL);
	canvas_text(c, x, y + 18, look_text(7, LOOK_GREY), "0");
	canvas_text(c, x + w, y + 18, look_align(look_text(7, LOOK_GREY), ALIGN_RIGHT), "1");
}

static void value(struct canvas *c, double y, const struct report_score *s)
{
	struct text_style big = look_bold(24, LOOK_INK);
	char text[32];

	snprintf(text, sizeof text, "%.2f", s->value);
	canvas_text(c, PAGE_LEFT, y + 21, big, text);
	double x = PAGE_LEFT + canvas_text_width(c, &big, text) + 10;
	if (!isnan(s->low) && !isnan(s->high))
		canvas_textf(c, x, y + 10, look_text(8.4, LOOK_INK), "95 %% interval: %.2f to %.2f", s->low,
			s->high);
	if (s->decision)
		canvas_wrap(c, x, y + 20, PAGE_LEFT + HALF - x, 9.6, 2, look_bold(8, LOOK_INK), s->decision);
	scale(c, PAGE_LEFT, y + 35, HALF - 8, s);
}

static int by_weight(const void *a, const void *b)
{
	double x = fabs(((const struct report_share *)a)->contribution);
	double y = fabs(((const struct report_share *)b)->contribution);

	return (x < y) - (x > y);
}

static void shares(struct canvas *c, double x, double y, double w, const struct report_score *s)
{
	struct report_share v[REPORT_SHARES];
	double names = 0.56 * w, mid = x + names + 0.5 * (w - names), most = 1e-9;
	size_t n = s->share_count < REPORT_SHARES ? s->share_count : REPORT_SHARES;

	memcpy(v, s->shares, n * sizeof *v);
	qsort(v, n, sizeof *v, by_weight);
	canvas_text(c, x, y + 8, look_bold(8.4, LOOK_INK), "What moved it most");
	canvas_text(c, mid - 4, y + 8, look_align(look_text(7.5, LOOK_GREY), ALIGN_RIGHT), "lower");
	canvas_text(c, mid + 4, y + 8, look_text(7.5, LOOK_GREY), "higher");
	if (n > 0)
		most = fmax(most, fabs(v[0].contribution));
	for (size_t i = 0; i < n && i < SHARES_SHOWN; i++) {
		double line = y + 19 + 10.5 * (double)i, reach = 0.5 * (w - names) * v[i].contribution / most;
		struct colour fill = v[i].contribution > 0 ? LOOK(90, 90, 90, 1) : LOOK(190, 190, 190, 1);
		struct pen edge = look_pen(LOOK(90, 90, 90, 1), 0.5);
		char text[128], name[64];
		if (isnan(v[i].contribution))
			break;
		words_name(v[i].name, name, sizeof name);
		const char *unit = words_unit(v[i].unit);
		if (isnan(v[i].value))
			snprintf(text, sizeof text, "%s: not measured", name);
		else
			snprintf(text, sizeof text, "%s: %.3g%s%s", name, v[i].value,
				unit[0] && strcmp(unit, "°") != 0 ? " " : "", unit);
		canvas_text_fit(c, x, line, names - 6, look_text(8, LOOK_INK), text);
		canvas_rect(c, reach < 0 ? mid + reach : mid, line - 6, fabs(reach), 6.5, &fill, &edge);
	}
	canvas_line(c, mid, y + 11, mid, y + 21 + 10.5 * (SHARES_SHOWN - 1), look_pen(LOOK_GREY, 0.6));
}

static double no_score(struct canvas *c, double y, const struct report_score *s)
{
	int lines = 1;
	size_t shown = 0;

	canvas_text(c, PAGE_LEFT, y + 9, look_bold(9.5, LOOK_INK), "No score was given, because:");
	for (; shown < s->reason_count && shown < REASONS_SHOWN; shown++, lines++) {
		struct colour ink = LOOK_INK;
		double line = y + 10 + 11 * lines;
		canvas_mark(c, MARK_CIRCLE, PAGE_LEFT + 3, line - 3, 3.4, &ink, NULL);
		canvas_text_fit(c, PAGE_LEFT + 12, line, PAGE_COLUMN - 12, look_text(8.4, LOOK_INK),
			s->reasons[shown]);
	}
	if (shown < s->reason_count)
		canvas_textf(c, PAGE_LEFT + 12, y + 10 + 11 * lines++, look_text(8.4, LOOK_INK),
			"and %zu more, in result.json", s->reason_count - shown);
	return y + 11 * lines + 8;
}

/* Who speaks, for whom it was made and what it says of itself. */
static double model(struct canvas *c, double y, const struct report_score *s)
{
	char text[1100];

	if (!s->model)
		return y;
	snprintf(text, sizeof text, "Model: %s %s. Made for: %s. %s", s->model, s->version ? s->version : "",
		s->population ? s->population : "not stated", s->notice ? s->notice : "");
	return y + 4 +
	       9.5 * canvas_wrap(c, PAGE_LEFT, y + 7, PAGE_COLUMN, 9.5, 3, look_text(7.5, LOOK_GREY), text);
}

double page_score(struct canvas *c, double y, const struct report *r)
{
	const struct report_score *s = &r->score;

	y = page_section(c, y, "Score");
	if (isnan(s->value))
		return model(c, no_score(c, y, s) - 4, s) + 6;
	value(c, y, s);
	shares(c, PAGE_LEFT + HALF + 10, y - 8, PAGE_COLUMN - HALF - 10, s);
	return model(c, y + 60, s) + 6;
}
