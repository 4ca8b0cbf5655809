#include "report/figures.h"

#include <math.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "gait/norms.h"
#include "report/look.h"

struct plot {
	struct canvas *c;
	struct box in; /* the plane inside the axes */
	double low, high, size;
};

static double across(const struct plot *p, double percent)
{
	return p->in.x + p->in.w * percent / 100;
}

static double up(const struct plot *p, double degrees)
{
	return p->in.y + p->in.h * (p->high - degrees) / (p->high - p->low);
}

static void include(struct plot *p, double mean, double sd)
{
	double spread = isnan(sd) ? 0 : sd;

	if (isnan(mean))
		return;
	p->low = fmin(p->low, mean - spread);
	p->high = fmax(p->high, mean + spread);
}

/* Bounds that are multiples of a round step; at most six steps. Return the step. */
static double round_bounds(struct plot *p)
{
	static const double steps[] = { 5, 10, 20, 30, 45, 90 };
	size_t i = 0;

	if (!(p->high - p->low >= 10)) {
		p->low -= 5;
		p->high += 5;
	}
	while (i + 1 < ARRAY_LEN(steps) && ceil(p->high / steps[i]) - floor(p->low / steps[i]) > 6)
		i++;
	p->low = steps[i] * floor(p->low / steps[i]);
	p->high = steps[i] * ceil(p->high / steps[i]);
	return steps[i];
}

static void axes(const struct plot *p, double step)
{
	struct text_style s = look_text(p->size, LOOK_GREY);
	struct pen frame = look_pen(LOOK_LINE, 0.6), grid = look_pen(LOOK_FAINT, 0.5),
		   zero = look_pen(LOOK_LINE, 0.8);

	for (long k = lround(p->low / step); k <= lround(p->high / step); k++) {
		double y = step * (double)k;
		canvas_line(p->c, p->in.x, up(p, y), p->in.x + p->in.w, up(p, y), k == 0 ? zero : grid);
		canvas_textf(p->c, p->in.x - 0.4 * p->size, up(p, y) + 0.35 * p->size,
			look_align(s, ALIGN_RIGHT), "%.0f", y);
	}
	for (int x = 0; x <= 100; x += 20)
		canvas_textf(p->c, across(p, x), p->in.y + p->in.h + 1.2 * p->size,
			look_align(s, ALIGN_CENTRE), "%d", x);
	canvas_rect(p->c, p->in.x, p->in.y, p->in.w, p->in.h, NULL, &frame);
}

static void band(const struct plot *p, const double *mean, const double *sd, const struct colour *fill)
{
	struct point v[2 * CURVE_POINTS];

	for (int i = 0; i < CURVE_POINTS; i++) {
		if (isnan(mean[i]) || isnan(sd[i]))
			return;
		v[i] = (struct point){ across(p, i), up(p, mean[i] + sd[i]) };
		v[2 * CURVE_POINTS - 1 - i] = (struct point){ across(p, i), up(p, mean[i] - sd[i]) };
	}
	canvas_polygon(p->c, v, ARRAY_LEN(v), fill, NULL);
}

static void line(const struct plot *p, const double *mean, struct pen pen)
{
	struct point v[CURVE_POINTS];

	for (int i = 0; i < CURVE_POINTS; i++)
		v[i] = (struct point){ across(p, i), up(p, mean[i]) };
	canvas_polyline(p->c, v, CURVE_POINTS, pen);
}

static void toe_off(const struct plot *p, const struct analysis *a, enum side s)
{
	const struct value *stance = &a->params.of[PARAM_stance][s];
	double x = across(p, stance->value);
	struct colour colour = look_side(s);

	if (stance->reason || !(stance->value > 0 && stance->value < 100))
		return;
	canvas_line(p->c, x, p->in.y, x, p->in.y + p->in.h, look_side_pen(s, 0.6));
	/* Both sides' toe-offs often fall together: left at the top, right at the bottom. */
	if (s == SIDE_LEFT)
		canvas_mark(p->c, MARK_DOWN, x, p->in.y + 0.4 * p->size, 0.8 * p->size, &colour, NULL);
	else
		canvas_mark(
			p->c, MARK_UP, x, p->in.y + p->in.h - 0.4 * p->size, 0.8 * p->size, &colour, NULL);
}

static void title(const struct plot *p, enum joint j, const struct analysis *a)
{
	static const char *const names[JOINTS] = { "Hip: flexion +", "Knee: flexion +",
		"Ankle: dorsiflexion +", "Trunk: forward lean +", "Foot to floor: toe up +" };
	double y = p->in.y - 0.9 * p->size;
	struct text_style bold = look_bold(1.12 * p->size, LOOK_INK);
	char strides[48];

	snprintf(strides, sizeof strides, "n = %zu, %zu", a->curves[SIDE_LEFT][j].n,
		a->curves[SIDE_RIGHT][j].n);
	struct text_style grey = look_align(look_text(p->size, LOOK_GREY), ALIGN_RIGHT);
	double left = p->in.w - canvas_text_width(p->c, &grey, strides) - 0.5 * p->size;
	canvas_text_fit(p->c, p->in.x, y, left, bold, names[j]);
	canvas_text(p->c, p->in.x + p->in.w, y, grey, strides);
}

static struct box plane(struct box b, double size)
{
	return (struct box){ b.x + 2.6 * size, b.y + 2.2 * size, b.w - 3.4 * size, b.h - 3.8 * size };
}

static void curves(
	const struct plot *p, const struct analysis *a, enum joint j, const struct norm_curve *norm)
{
	struct colour grey = LOOK(214, 214, 214, 1);

	if (norm) {
		band(p, norm->mean, norm->sd, &grey);
		line(p, norm->mean, look_pen(LOOK(150, 150, 150, 1), 0.7));
	}
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		struct colour tint = look_side(s);
		tint.a = 0.18;
		if (a->curves[s][j].n > 0)
			band(p, a->curves[s][j].mean, a->curves[s][j].sd, &tint);
	}
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		toe_off(p, a, s);
		if (a->curves[s][j].n > 0)
			line(p, a->curves[s][j].mean, look_side_pen(s, 0.17 * p->size));
	}
}

static void not_measured(const struct plot *p)
{
	static const char text[] = "not measured";
	struct text_style s = look_align(look_text(1.1 * p->size, LOOK_INK), ALIGN_CENTRE);
	struct colour white = LOOK_WHITE;
	struct pen frame = look_pen(LOOK_LINE, 0.5);
	double x = p->in.x + 0.5 * p->in.w, y = p->in.y + 0.5 * p->in.h;
	double w = canvas_text_width(p->c, &s, text) + 1.4 * p->size;

	canvas_rect(p->c, x - 0.5 * w, y - 1.3 * p->size, w, 2 * p->size, &white, &frame);
	canvas_text(p->c, x, y + 0.1 * p->size, s, text);
}

void figure_curve(struct canvas *c, struct box b, double size, const struct analysis *a, enum joint j)
{
	struct plot p = { c, plane(b, size), INFINITY, -INFINITY, size };
	struct norm_curve norm;
	bool has_norm = norm_curve(j, &a->patient, &norm), any = false;

	canvas_group(c, joint_name(j));
	for (int i = 0; i < CURVE_POINTS; i++) {
		for (enum side s = SIDE_LEFT; s < SIDES; s++)
			if (a->curves[s][j].n > 0)
				include(&p, a->curves[s][j].mean[i], a->curves[s][j].sd[i]);
		if (has_norm)
			include(&p, norm.mean[i], norm.sd[i]);
	}
	for (enum side s = SIDE_LEFT; s < SIDES; s++)
		any = any || a->curves[s][j].n > 0;
	if (!(p.high >= p.low))
		p.low = p.high = 0;
	axes(&p, round_bounds(&p));
	curves(&p, a, j, has_norm ? &norm : NULL);
	title(&p, j, a);
	if (!any)
		not_measured(&p);
	canvas_group_end(c);
}

void figure_curves_key(struct canvas *c, struct box b, double size, const struct analysis *a)
{
	struct text_style s = look_text(size, LOOK_INK);
	struct colour grey = LOOK(214, 214, 214, 1);
	double y = b.y + 0.5 * size, x = b.x;
	struct norm_curve norm;
	char text[256];

	for (enum side side = SIDE_LEFT; side < SIDES; side++) {
		struct colour tint = look_side(side);
		tint.a = 0.18;
		canvas_rect(c, x, y - 0.45 * size, 3 * size, 0.9 * size, &tint, NULL);
		canvas_line(c, x, y, x + 3 * size, y, look_side_pen(side, 0.17 * size));
		snprintf(text, sizeof text, "%s, mean ± SD", side == SIDE_LEFT ? "Left" : "Right");
		canvas_text(c, x + 3.5 * size, y + 0.36 * size, s, text);
		x += 5 * size + canvas_text_width(c, &s, text);
	}
	canvas_mark(c, MARK_DOWN, x + 0.5 * size, y, 0.7 * size, &(struct colour){ 0.4, 0.4, 0.4, 1 }, NULL);
	canvas_text(c, x + 1.4 * size, y + 0.36 * size, s, "toe-off");
	x += 3 * size + canvas_text_width(c, &s, "toe-off");
	if (!norm_curve(JOINT_KNEE, &a->patient, &norm)) {
		canvas_text_fit(c, x, y + 0.36 * size, b.x + b.w - x, look_text(size, LOOK_GREY),
			"no reference curves for this age");
		return;
	}
	canvas_rect(c, x, y - 0.45 * size, 3 * size, 0.9 * size, &grey, NULL);
	canvas_line(c, x, y, x + 3 * size, y, look_pen(LOOK(150, 150, 150, 1), 0.7));
	canvas_text(c, x + 3.5 * size, y + 0.36 * size, s, "reference, mean ± SD");
}

static void bar(
	struct canvas *c, struct box b, double size, double v, double most, enum side s, const char *unit)
{
	double w = b.w * v / most;
	struct colour fill = look_side(s);
	struct pen edge = look_pen(look_side(s), 0.8);

	if (isnan(v)) {
		canvas_text(c, b.x + 0.4 * size, b.y + 0.8 * b.h, look_text(size, LOOK_GREY), "–");
		return;
	}
	fill.a = s == SIDE_LEFT ? 1 : 0.25; /* told apart without colour too */
	canvas_rect(c, b.x, b.y, w, b.h, &fill, &edge);
	canvas_textf(c, b.x + w + 0.4 * size, b.y + 0.5 * b.h + 0.36 * size, look_text(size, LOOK_INK),
		"%.1f%s", v, unit);
}

void figure_profile(struct canvas *c, struct box b, double size, const struct analysis *a)
{
	static const char *const rows[] = { "Hip", "Knee", "Ankle", "All (GPS)" };
	const struct profile *p = &a->profile;
	struct box in = plane(b, size);
	double most = 1, row = in.h / ARRAY_LEN(rows), names = 4.6 * size;

	canvas_group(c, "Distance from the reference");
	canvas_text_fit(c, in.x, in.y - 0.9 * size, in.w, look_bold(1.12 * size, LOOK_INK),
		"Distance from reference, degrees (RMS)");
	if (!p->source || isnan(p->gps_whole)) {
		canvas_wrap(c, in.x, in.y + 0.4 * in.h, in.w, 1.3 * size, 3, look_text(size, LOOK_GREY),
			p->source ? "Not measured on both sides." : "No reference curves for this age.");
		canvas_group_end(c);
		return;
	}
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		most = fmax(most, isnan(p->gps[s]) ? 0 : p->gps[s]);
		for (enum joint j = JOINT_HIP; j <= JOINT_ANKLE; j++)
			most = fmax(most, isnan(p->gvs[s][j]) ? 0 : p->gvs[s][j]);
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double y = in.y + (double)i * row;
		canvas_text(c, in.x + names - 0.5 * size, y + 0.5 * row + 0.36 * size,
			look_align(
				i == 3 ? look_bold(size, LOOK_INK) : look_text(size, LOOK_INK), ALIGN_RIGHT),
			rows[i]);
		for (enum side s = SIDE_LEFT; s < SIDES; s++)
			bar(c,
				(struct box){ in.x + names, y + row * (s == SIDE_LEFT ? 0.14 : 0.53),
					in.w - names - 3.2 * size, 0.33 * row },
				size, i == 3 ? p->gps[s] : p->gvs[s][i], most, s, "°");
	}
	canvas_textf(c, in.x + in.w, b.y + b.h - 0.5 * size,
		look_align(look_bold(size, LOOK_INK), ALIGN_RIGHT), "Gait Profile Score, both sides: %.1f°",
		p->gps_whole);
	canvas_group_end(c);
}

int report_svg_curves(const struct report *r, struct buf *out, struct err *e)
{
	enum { COLUMNS = 3, SIZE = 11 };
	const double w = 980, h = 664, gap = 14, head = 58, foot = 20;
	const struct analysis *a = r->analysis;
	struct norm_curve norm;
	struct canvas *c;

	if (canvas_svg(out, w, h, "Joint angles over the gait cycle",
		    "Hip, knee, ankle, trunk and foot in the sagittal plane, left and right, from heel "
		    "strike to heel "
		    "strike, with reference bands.",
		    &c, e) < 0)
		return -1;
	canvas_text(c, gap, 26, look_bold(16, LOOK_INK),
		"Joint angles over the gait cycle (degrees, % of the cycle)");
	figure_curves_key(c, (struct box){ gap, 36, w - 2 * gap, SIZE }, SIZE, a);
	for (int i = 0; i <= JOINTS; i++) {
		double cw = (w - 2 * gap) / COLUMNS, ch = (h - head - foot) / 2;
		struct box b = { gap + cw * (i % COLUMNS), head + ch * (double)(i / COLUMNS), cw - 6, ch };
		if (i < JOINTS)
			figure_curve(c, b, SIZE, a, (enum joint)i);
		else
			figure_profile(c, b, SIZE, a);
	}
	if (norm_curve(JOINT_KNEE, &a->patient, &norm))
		canvas_textf(c, gap, h - 8, look_text(SIZE - 1, LOOK_GREY),
			"Reference: %s. n: strides left, right.", norm.source);
	return canvas_end(c, e);
}
