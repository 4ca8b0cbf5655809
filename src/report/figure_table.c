#include "report/figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "gait/norms.h"
#include "report/look.h"
#include "report/words.h"

/* Rows of the table; a title begins each group. */
static const struct row {
	const char *title; /* or a parameter */
	enum param param;
} rows[] = {
	{ "Time", PARAMS },
	{ NULL, PARAM_cadence },
	{ NULL, PARAM_stride_time },
	{ NULL, PARAM_step_time },
	{ NULL, PARAM_stance },
	{ NULL, PARAM_swing },
	{ NULL, PARAM_single_support },
	{ NULL, PARAM_initial_double_support },
	{ NULL, PARAM_double_support },
	{ "Space", PARAMS },
	{ NULL, PARAM_speed },
	{ NULL, PARAM_step_length },
	{ NULL, PARAM_stride_length },
	{ NULL, PARAM_step_width },
	{ NULL, PARAM_foot_progression },
	{ "Movement", PARAMS },
	{ NULL, PARAM_hip_range },
	{ NULL, PARAM_knee_range },
	{ NULL, PARAM_ankle_range },
	{ NULL, PARAM_trunk_lean },
	{ NULL, PARAM_trunk_sway },
	{ NULL, PARAM_pelvic_obliquity },
	{ NULL, PARAM_arm_swing },
	{ NULL, PARAM_contact_angle },
	{ NULL, PARAM_toe_walking_index },
	{ NULL, PARAM_smoothness },
	{ "Variation between strides, and values free of body size", PARAMS },
	{ NULL, PARAM_stride_time_cv },
	{ NULL, PARAM_step_length_cv },
	{ NULL, PARAM_step_width_cv },
	{ NULL, PARAM_walk_ratio },
	{ NULL, PARAM_speed_normalized },
	{ NULL, PARAM_cadence_normalized },
	{ NULL, PARAM_step_length_normalized },
};

enum { COLUMN_NAME, COLUMN_LEFT, COLUMN_RIGHT, COLUMN_MEAN, COLUMN_REFERENCE, COLUMN_SYMMETRY, COLUMNS };

/* Left edge, as a share of the width; the last is the right edge. */
static const double edges[COLUMNS + 1] = { 0, 0.26, 0.41, 0.56, 0.695, 0.83, 1 };

struct sheet {
	struct canvas *c;
	double x, w, row;
	const struct analysis *a;
};

static double edge(const struct sheet *t, int column)
{
	return t->x + edges[column] * t->w;
}

static double size_of(const struct sheet *t)
{
	return 0.64 * t->row;
}

static double base_line(const struct sheet *t, double y)
{
	return y + 0.71 * t->row;
}

/* Letters for the doubts of a value, which the footnotes explain. */
static void doubt_letters(uint32_t doubts, char out[DOUBTS + 1])
{
	size_t n = 0;

	for (enum doubt d = 0; d < DOUBTS; d++)
		if (doubts >> d & 1)
			out[n++] = (char)('a' + (int)d);
	out[n] = '\0';
}

/* Above or below the reference: a triangle, which a black-and-white print shows too. */
static void verdict(
	const struct sheet *t, double x, double y, enum param p, double v, const struct norm_range *r)
{
	struct colour ink = LOOK_INK;
	double finest = 0.5 * pow(10, -words_decimals(p)); /* as printed: 64.04 is not above 64.0 */

	if (!r || isnan(v) || (v > r->low - finest && v < r->high + finest))
		return;
	canvas_mark(t->c, v > r->high ? MARK_UP : MARK_DOWN, x, y + 0.5 * t->row, 0.42 * t->row, &ink, NULL);
}

static void cell(const struct sheet *t, double y, int column, enum param p, const struct value *v,
	const struct norm_range *r)
{
	double s = size_of(t), x = edge(t, column) + 0.55 * t->row, base = base_line(t, y);
	struct text_style ink = look_text(s, LOOK_INK), small = look_text(0.72 * s, LOOK_INK);
	char text[64], letters[DOUBTS + 1];
	int decimals = words_decimals(p);

	if (v->reason) {
		canvas_text(t->c, x, base, look_text(s, LOOK_GREY), "–");
		return;
	}
	verdict(t, edge(t, column) + 0.15 * t->row, y, p, v->value, r);
	if (isnan(v->sd))
		snprintf(text, sizeof text, "%.*f", decimals, v->value);
	else
		snprintf(text, sizeof text, "%.*f ± %.*f", decimals, v->value, decimals, v->sd);
	canvas_text(t->c, x, base, ink, text);
	doubt_letters(v->doubts, letters);
	canvas_text(t->c, x + canvas_text_width(t->c, &ink, text) + 0.1 * t->row, base - 0.28 * s, small,
		letters);
}

/* Why nothing is known, where the numbers would stand. */
static void reason_cell(const struct sheet *t, double y, const struct value *v)
{
	double x = edge(t, COLUMN_LEFT) + 0.55 * t->row;

	canvas_text_fit(t->c, x, base_line(t, y), edge(t, COLUMN_REFERENCE) - x,
		look_text(0.94 * size_of(t), LOOK_GREY), reason_text(v->reason));
}

static void symmetry(const struct sheet *t, double y, enum param p)
{
	enum param index = words_symmetry(p);
	double left = edge(t, COLUMN_SYMMETRY), mid = left + 0.29 * (edge(t, COLUMNS) - left),
	       half = mid - left;
	struct colour fill;

	if (index == PARAMS || t->a->params.of[index][0].reason || isnan(t->a->params.of[index][0].value))
		return;
	double v = t->a->params.of[index][0].value;
	enum side more = v >= 0 ? SIDE_RIGHT : SIDE_LEFT;
	double reach = half * fmin(fabs(v) / 30, 1); /* 30 % fills the half */
	struct pen line = look_pen(look_side(more), 0.6);
	fill = look_side(more);
	fill.a = more == SIDE_LEFT ? 1 : 0.3;
	canvas_rect(t->c, v >= 0 ? mid : mid - reach, y + 0.3 * t->row, reach, 0.42 * t->row, &fill, &line);
	canvas_line(t->c, mid, y + 0.12 * t->row, mid, y + 0.88 * t->row, look_pen(LOOK_GREY, 0.6));
	char letters[DOUBTS + 1], text[32];
	struct text_style s = look_text(size_of(t), LOOK_INK);
	snprintf(text, sizeof text, "%+.1f", v);
	canvas_text(t->c, mid + half + 0.3 * t->row, base_line(t, y), s, text);
	doubt_letters(t->a->params.of[index][0].doubts, letters);
	double x = mid + half + 0.4 * t->row + canvas_text_width(t->c, &s, text);
	canvas_text_fit(t->c, x, base_line(t, y) - 0.28 * s.size, edge(t, COLUMNS) - x,
		look_text(0.72 * s.size, LOOK_INK), letters);
}

static void both_cell(const struct sheet *t, double y, enum param p, const struct norm_range *r)
{
	double v = param_both(&t->a->params, p);

	if (isnan(v))
		return;
	verdict(t, edge(t, COLUMN_MEAN) + 0.15 * t->row, y, p, v, r);
	canvas_textf(t->c, edge(t, COLUMN_MEAN) + 0.55 * t->row, base_line(t, y),
		look_text(size_of(t), LOOK_INK), "%.*f", words_decimals(p), v);
}

static void parameter(const struct sheet *t, double y, enum param p)
{
	const struct param_info *i = param_info(p);
	const struct value *v = t->a->params.of[p];
	struct norm_range range;
	const struct norm_range *r = norm_range(p, &t->a->patient, &range) ? &range : NULL;
	const char *unit = words_unit(i->unit);
	char name[96];

	snprintf(name, sizeof name, "%s%s%s", words_param(p), unit[0] ? ", " : "", unit);
	canvas_text_fit(t->c, t->x + 0.3 * t->row, base_line(t, y), edge(t, COLUMN_LEFT) - t->x,
		look_text(size_of(t), LOOK_INK), name);
	if (v[0].reason && (i->shape == WHOLE || v[1].reason)) {
		reason_cell(t, y, &v[0]);
	} else if (i->shape == WHOLE) {
		cell(t, y, COLUMN_MEAN, p, &v[0], r);
	} else {
		for (enum side s = SIDE_LEFT; s < SIDES; s++)
			cell(t, y, COLUMN_LEFT + (int)s, p, &v[s], r);
		both_cell(t, y, p, r);
		symmetry(t, y, p);
	}
	if (r)
		canvas_textf(t->c, edge(t, COLUMN_REFERENCE) + 0.3 * t->row, base_line(t, y),
			look_text(size_of(t), LOOK_GREY), "%.*f – %.*f", words_decimals(p), r->low,
			words_decimals(p), r->high);
}

static void heads(const struct sheet *t, double y)
{
	static const char *const names[COLUMNS] = { "", "Left", "Right", "Mean", "Reference", "Symmetry, %" };

	for (int i = 1; i < COLUMNS; i++) {
		double indent = i == COLUMN_REFERENCE ? 0.3 : i == COLUMN_SYMMETRY ? 0 : 0.55;
		canvas_text(t->c, edge(t, i) + indent * t->row, base_line(t, y),
			look_bold(size_of(t), i == COLUMN_LEFT    ? LOOK_LEFT
					      : i == COLUMN_RIGHT ? LOOK_RIGHT
								  : LOOK_INK),
			names[i]);
	}
	canvas_line(t->c, t->x, y + t->row, t->x + t->w, y + t->row, look_pen(LOOK_INK, 0.8));
}

static void group_title(const struct sheet *t, double y, const char *title)
{
	struct colour paper = LOOK(236, 236, 236, 1);

	canvas_rect(t->c, t->x, y, t->w, t->row, &paper, NULL);
	canvas_text(t->c, t->x + 0.3 * t->row, base_line(t, y), look_bold(size_of(t), LOOK_INK), title);
}

/* The doubts of everything that the table shows. */
static uint32_t doubts_shown(const struct analysis *a)
{
	uint32_t all = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum param p = rows[i].param, index = p == PARAMS ? PARAMS : words_symmetry(p);
		for (enum side s = SIDE_LEFT; s < SIDES && p != PARAMS; s++)
			all |= a->params.of[p][s].reason ? 0 : a->params.of[p][s].doubts;
		if (index != PARAMS && !a->params.of[index][0].reason)
			all |= a->params.of[index][0].doubts;
	}
	return all;
}

/* Is one side's value left out for this reason, so that only a dash shows it? */
static bool missing_on_one_side(const struct analysis *a, enum reason why)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].param == PARAMS || param_info(rows[i].param)->shape == WHOLE)
			continue;
		enum reason left = a->params.of[rows[i].param][SIDE_LEFT].reason;
		enum reason right = a->params.of[rows[i].param][SIDE_RIGHT].reason;
		if ((left == REASON_NONE) != (right == REASON_NONE) && (left == why || right == why))
			return true;
	}
	return false;
}

/* Where the reference ranges come from, each source once. */
static void sources(const struct analysis *a, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(rows) && n < size; i++) {
		struct norm_range r;
		if (rows[i].param != PARAMS && norm_range(rows[i].param, &a->patient, &r) &&
			!strstr(out, r.source))
			n += (size_t)snprintf(out + n, size - n, "%s%s", n ? "; " : "", r.source);
	}
}

static double footnotes(const struct sheet *t, double y, double most_y)
{
	double s = 0.9 * size_of(t), leading = 1.3 * s;
	uint32_t all = doubts_shown(t->a);
	char text[1000], from[400];
	size_t n;

	sources(t->a, from, sizeof from);
	n = (size_t)snprintf(text, sizeof text,
		"Mean ± SD between strides. Symmetry: 100 · (right – left) / mean, 0 is even. ");
	if (from[0])
		n += (size_t)snprintf(text + n, sizeof text - n,
			"Reference: %s; triangles mark what lies above or below it. ", from);
	else
		n += (size_t)snprintf(text + n, sizeof text - n, "No reference ranges for this age. ");
	for (enum doubt d = 0; d < DOUBTS && n < sizeof text; d++)
		if (all >> d & 1)
			n += (size_t)snprintf(
				text + n, sizeof text - n, "%c: %s. ", 'a' + (int)d, doubt_text(d));
	for (enum reason why = REASON_NONE + 1; why < REASONS && n < sizeof text; why++)
		if (missing_on_one_side(t->a, why))
			n += (size_t)snprintf(text + n, sizeof text - n, "–: %s. ", reason_text(why));
	int most = (int)((most_y - y) / leading);
	if (most < 1)
		return y;
	return y + leading * canvas_wrap(t->c, t->x + 0.3 * t->row, y + s, t->w - 0.6 * t->row, leading, most,
				     look_text(s, LOOK_GREY), text);
}

double figure_table(
	struct canvas *c, double x, double y, double w, double row, double most_y, const struct analysis *a)
{
	struct sheet t = { c, x, w, row, a };
	size_t left = 0;

	canvas_group(c, "Parameters");
	heads(&t, y);
	y += row;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (y + 3 * row > most_y) { /* room for the footnotes stays */
			left += rows[i].title ? 0 : 1;
			continue;
		}
		if (rows[i].title)
			group_title(&t, y, rows[i].title);
		else
			parameter(&t, y, rows[i].param);
		y += row;
		canvas_line(c, x, y, x + w, y, look_pen(LOOK_FAINT, 0.4));
	}
	if (left > 0) {
		canvas_textf(c, x + 0.3 * row, base_line(&t, y), look_text(size_of(&t), LOOK_GREY),
			"and %zu more in result.json", left);
		y += row;
	}
	canvas_line(c, x, y, x + w, y, look_pen(LOOK_INK, 0.8));
	y = footnotes(&t, y + 0.3 * row, most_y);
	canvas_group_end(c);
	return y;
}

int figure_table_rows(void)
{
	return 1 + (int)ARRAY_LEN(rows);
}

int report_svg_table(const struct report *r, struct buf *out, struct err *e)
{
	const double w = 980, gap = 14, head = 38, row = 19, h = head + row * figure_table_rows() + 5 * 15;
	struct canvas *c;

	if (canvas_svg(out, w, h, "Gait parameters",
		    "Spatiotemporal parameters and ranges of motion, left, right and mean, with reference "
		    "ranges.",
		    &c, e) < 0)
		return -1;
	canvas_text(c, gap, 26, look_bold(16, LOOK_INK), "Gait parameters");
	(void)figure_table(c, gap, head, w - 2 * gap, row, h - 4, r->analysis);
	return canvas_end(c, e);
}
