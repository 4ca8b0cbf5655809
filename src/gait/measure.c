#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "gait/analyze.h"
#include "gait/num.h"
#include "gait/symmetry.h"

#define RUNNING_STANCE 50.0 /* per cent: below it both feet leave the floor */
#define VIEWS_DISAGREE 0.05
#define LEG_OF_HEIGHT  0.530 /* floor to hip joint (Winter 2009): Hof's l0 */
#define GRAVITY        9.81
#define LENGTH_LEAST   0.5 /* of the median */
#define LENGTH_MOST    1.6

enum { AGREE_STEPS = 4 }; /* fewer say too little to accuse a view */

/* The measuring of one analysis: where to put it and room for samples. */
struct job {
	struct analysis *a;
	struct param_set *out;
	double *sample; /* twice @room */
	size_t room;
};

static void set_both(struct job *j, enum param p, struct value v)
{
	j->out->of[p][SIDE_LEFT] = j->out->of[p][SIDE_RIGHT] = v;
}

static void set_missing(struct job *j, enum param p, enum reason why, enum view view)
{
	set_both(j, p, value_missing(why, view));
}

static enum reason why_unused(const struct analysis *a, enum view view)
{
	const struct view_result *v = &a->view[view];

	if (v->present && !view_has_flag(v, FLAG_wrong_view) && !view_has_flag(v, FLAG_no_person))
		return REASON_no_walking;
	return view == VIEW_SIDE ? REASON_no_side_view : REASON_no_front_view;
}

/* ---- times ---- */

static size_t step_times(const struct view_result *v, int side, double *out)
{
	size_t n = 0;

	for (size_t i = 0; i < v->step_count; i++)
		if (side < 0 || v->steps[i].foot == (enum side)side)
			out[n++] = v->steps[i].end_s - v->steps[i].start_s;
	return n;
}

static struct value cadence_of(struct job *j, enum view view)
{
	const struct view_result *v = &j->a->view[view];

	if (!v->used)
		return value_missing(why_unused(j->a, view), view);
	size_t n = step_times(v, -1, j->sample);
	struct value t = value_of(j->sample, n, 2, REASON_too_few_strides, view);
	if (t.reason)
		return t;
	/* 60 / mean; the spread by the derivative, -60 / mean². */
	struct value c = t;
	double k = 60 / (t.value * t.value), half = k * (t.ci_high - t.value);
	c.value = 60 / t.value;
	c.sd = k * t.sd;
	c.ci_low = c.value - half;
	c.ci_high = c.value + half;
	return c;
}

/* The side view times better (docs/gait-methods.md); the front stands in where it has seen much more. */
static enum view timing_view(const struct analysis *a)
{
	const struct view_result *s = &a->view[VIEW_SIDE], *f = &a->view[VIEW_FRONT];

	if (!s->used || (s->step_count < 3 && f->used && f->step_count > s->step_count))
		return f->used ? VIEW_FRONT : VIEW_SIDE;
	return VIEW_SIDE;
}

static void cadence(struct job *j)
{
	enum view best = timing_view(j->a);
	struct value s = cadence_of(j, VIEW_SIDE), f = cadence_of(j, VIEW_FRONT);

	set_both(j, PARAM_cadence, best == VIEW_SIDE ? s : f);
	if (!s.reason && !f.reason && s.n >= AGREE_STEPS && f.n >= AGREE_STEPS &&
		fabs(s.value - f.value) > VIEWS_DISAGREE * s.value) {
		view_set_flag(&j->a->view[VIEW_SIDE], FLAG_views_disagree);
		view_set_flag(&j->a->view[VIEW_FRONT], FLAG_views_disagree);
	}
}

enum phase { PHASE_STRIDE, PHASE_STANCE, PHASE_SWING, PHASE_SINGLE, PHASE_DOUBLE };

static double phase_of(const struct cycle *c, enum phase what)
{
	double t = c->end_s - c->start_s;

	switch (what) {
	case PHASE_STRIDE:
		return t;
	case PHASE_STANCE:
		return 100 * (c->toe_off_s - c->start_s) / t;
	case PHASE_SWING:
		return 100 * (c->end_s - c->toe_off_s) / t;
	case PHASE_SINGLE:
		return 100 * (c->other_heel_strike_s - c->other_toe_off_s) / t;
	case PHASE_DOUBLE:
		return 100 * (c->other_toe_off_s - c->start_s + c->toe_off_s - c->other_heel_strike_s) / t;
	}
	return NAN;
}

static struct value phase_value(struct job *j, enum view view, int side, enum phase what)
{
	const struct cycles *c = &j->a->view[view].cycles;
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		if (side < 0 || c->list[i].foot == (enum side)side)
			j->sample[n++] = phase_of(&c->list[i], what);
	enum reason why = n > 0 ? REASON_not_seen : REASON_too_few_strides;
	return value_of(j->sample, n, 1, why, view);
}

static void times(struct job *j)
{
	enum view view = timing_view(j->a);
	const struct view_result *v = &j->a->view[view];

	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		if (!v->used) {
			j->out->of[PARAM_stride_time][s] = value_missing(why_unused(j->a, view), view);
			j->out->of[PARAM_step_time][s] = value_missing(why_unused(j->a, view), view);
			continue;
		}
		j->out->of[PARAM_stride_time][s] = phase_value(j, view, (int)s, PHASE_STRIDE);
		size_t n = step_times(v, (int)s, j->sample);
		j->out->of[PARAM_step_time][s] = value_of(j->sample, n, 1, REASON_too_few_strides, view);
	}
}

/* Toe-offs are seen from the side only. */
static void supports(struct job *j)
{
	static const struct {
		enum param p;
		enum phase what;
	} rows[] = { { PARAM_stance, PHASE_STANCE }, { PARAM_swing, PHASE_SWING },
		{ PARAM_single_support, PHASE_SINGLE } };
	struct view_result *v = &j->a->view[VIEW_SIDE];

	set_missing(j, PARAM_double_support, why_unused(j->a, VIEW_SIDE), VIEW_SIDE);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (enum side s = SIDE_LEFT; s < SIDES; s++)
			j->out->of[rows[i].p][s] =
				v->used ? phase_value(j, VIEW_SIDE, (int)s, rows[i].what)
					: value_missing(why_unused(j->a, VIEW_SIDE), VIEW_SIDE);
	if (!v->used)
		return;
	struct value d = phase_value(j, VIEW_SIDE, -1, PHASE_DOUBLE);
	struct value stance = phase_value(j, VIEW_SIDE, -1, PHASE_STANCE);
	if (stance.value < RUNNING_STANCE || d.value < 0) {
		view_set_flag(v, FLAG_running);
		d = value_missing(REASON_running, VIEW_SIDE);
		set_missing(j, PARAM_single_support, REASON_running, VIEW_SIDE);
	}
	set_both(j, PARAM_double_support, d);
}

/* ---- lengths ---- */

static enum reason why_no_length(const struct analysis *a)
{
	const struct view_result *v = &a->view[VIEW_SIDE];

	if (!v->used)
		return why_unused(a, VIEW_SIDE);
	if (view_has_flag(v, FLAG_body_stays))
		return REASON_body_stays;
	if (view_has_flag(v, FLAG_camera_moves))
		return REASON_camera_moves;
	if (!(a->patient.height_m > 0))
		return REASON_no_height;
	return REASON_NONE;
}

/* Of one foot's lengths, those out of all proportion are a foot that was not followed. */
static void drop_misplaced(double *v, size_t n, double *scratch)
{
	memcpy(scratch, v, n * sizeof *v);
	double median = num_quantile(scratch, n, 0.5);
	for (size_t i = 0; i < n; i++)
		if (!(v[i] >= LENGTH_LEAST * median && v[i] <= LENGTH_MOST * median))
			v[i] = NAN;
}

/* Distance between placements @apart strikes apart: 1 steps (alternating feet), 2 strides (one foot). */
static size_t lengths(const struct view_result *v, int side, size_t apart, double *out)
{
	size_t n = 0;

	for (size_t i = apart; i < v->place_count; i++) {
		const struct placement *a = &v->places[i - apart], *b = &v->places[i];
		bool alternate = v->places[i - 1].foot != b->foot && (apart < 2 || a->foot == b->foot);
		if (a->pass != b->pass || !alternate || (side >= 0 && b->foot != (enum side)side))
			continue;
		if (v->passes.pass[b->pass].travels)
			out[n++] = b->x_m - a->x_m;
	}
	return n;
}

static int speeds(struct job *j, struct err *e)
{
	const struct view_result *v = &j->a->view[VIEW_SIDE];
	double sum = 0, weight = 0;
	size_t n = 0;

	for (size_t i = 0; i < v->passes.count; i++) {
		double speed, frames = (double)(v->passes.pass[i].to - v->passes.pass[i].from);
		if (isnan(events_stride_s(&v->events, i)))
			continue;
		if (speed_side(&v->track, &v->passes.pass[i], &v->scale[i], &speed, e) < 0)
			return -1;
		if (isnan(speed))
			continue;
		j->sample[n++] = speed;
		sum += speed * frames;
		weight += frames;
	}
	struct value s = value_of(j->sample, n, 1, REASON_not_seen, VIEW_SIDE);
	if (n > 0)
		s.value = sum / weight; /* longer passes weigh more */
	set_both(j, PARAM_speed, s);
	return 0;
}

static int distances(struct job *j, struct err *e)
{
	const struct view_result *v = &j->a->view[VIEW_SIDE];
	enum reason why = why_no_length(j->a);

	if (why) {
		set_missing(j, PARAM_speed, why, VIEW_SIDE);
		set_missing(j, PARAM_step_length, why, VIEW_SIDE);
		set_missing(j, PARAM_stride_length, why, VIEW_SIDE);
		return 0;
	}
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		size_t n = lengths(v, (int)s, 1, j->sample);
		drop_misplaced(j->sample, n, j->sample + j->room);
		j->out->of[PARAM_step_length][s] =
			value_of(j->sample, n, 1, REASON_too_few_strides, VIEW_SIDE);
		n = lengths(v, (int)s, 2, j->sample);
		drop_misplaced(j->sample, n, j->sample + j->room);
		j->out->of[PARAM_stride_length][s] =
			value_of(j->sample, n, 1, REASON_too_few_strides, VIEW_SIDE);
	}
	return speeds(j, e);
}

static void width(struct job *j)
{
	const struct view_result *v = &j->a->view[VIEW_FRONT];
	size_t n = 0;

	if (!v->used) {
		set_missing(j, PARAM_step_width, why_unused(j->a, VIEW_FRONT), VIEW_FRONT);
		return;
	}
	if (!(j->a->patient.height_m > 0)) {
		set_missing(j, PARAM_step_width, REASON_no_height, VIEW_FRONT);
		return;
	}
	for (size_t from = 0, to; from < v->place_count; from = to) {
		for (to = from; to < v->place_count && v->places[to].pass == v->places[from].pass;)
			to++;
		n += step_widths(v->places + from, to - from, j->sample + n);
	}
	set_both(j, PARAM_step_width, value_of(j->sample, n, 1, REASON_too_few_strides, VIEW_FRONT));
}

/* ---- angles ---- */

static void ranges(struct job *j)
{
	static const enum param of[JOINTS] = { PARAM_hip_range, PARAM_knee_range, PARAM_ankle_range };
	const struct view_result *v = &j->a->view[VIEW_SIDE];

	for (enum side s = SIDE_LEFT; s < SIDES; s++)
		for (enum joint k = JOINT_HIP; k < JOINTS; k++) {
			const struct curve *c = &j->a->curves[s][k];
			struct value r = value_missing(!v->used ? why_unused(j->a, VIEW_SIDE)
						       : v->cycles.of_foot[s] > 0 ? REASON_not_seen
										  : REASON_too_few_strides,
				VIEW_SIDE);
			if (v->used && c->n > 0) {
				double half = c->n > 1 ? num_t975(c->n - 1) * c->range_sd / sqrt((double)c->n)
						       : NAN;
				r = (struct value){ .value = c->range,
					.sd = c->range_sd,
					.n = c->n,
					.ci_low = c->range - half,
					.ci_high = c->range + half,
					.view = VIEW_SIDE };
			}
			j->out->of[of[k]][s] = r;
		}
}

/* ---- what follows from the others ---- */

/* Coefficient of variation within each side, pooled: a difference between the sides is not variability. */
static struct value variation(const struct value side[SIDES])
{
	double sum = 0;
	size_t n = 0, df = 0;

	for (int s = 0; s < SIDES; s++)
		if (!side[s].reason && side[s].n >= 2 && side[s].value > 0) {
			double cv = side[s].sd / side[s].value;
			sum += cv * cv * (double)(side[s].n - 1);
			df += side[s].n - 1;
			n += side[s].n;
		}
	struct value v =
		value_missing(side[0].reason ? side[0].reason : REASON_too_few_strides, side[0].view);
	if (df < 2)
		return v;
	v.value = 100 * sqrt(sum / (double)df);
	v.n = n;
	v.reason = REASON_NONE;
	/* Standard error cv / sqrt(2 df) (Ahn & Fessler 2003); the interval stops at zero. */
	double half = 1.96 * v.value / sqrt(2 * (double)df);
	v.ci_low = fmax(0, v.value - half);
	v.ci_high = v.value + half;
	return v;
}

static struct value derived(const struct value *from, double value)
{
	struct value v = value_missing(from->reason ? from->reason : REASON_not_seen, from->view);

	if (from->reason || isnan(value))
		return v;
	v.value = value;
	v.n = from->n;
	v.reason = REASON_NONE;
	return v;
}

static void symmetries(struct job *j)
{
	static const struct {
		enum param p, of;
		double (*how)(double, double);
	} rows[] = { { PARAM_symmetry_step_time, PARAM_step_time, symmetry_si },
		{ PARAM_symmetry_stance, PARAM_stance, symmetry_si },
		{ PARAM_symmetry_swing, PARAM_swing, symmetry_si },
		{ PARAM_symmetry_step_length, PARAM_step_length, symmetry_si },
		{ PARAM_symmetry_knee_range, PARAM_knee_range, symmetry_si },
		{ PARAM_symmetry_swing_ga, PARAM_swing, symmetry_ga },
		{ PARAM_symmetry_step_time_sa, PARAM_step_time, symmetry_sa } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct value *l = &j->out->of[rows[i].of][SIDE_LEFT];
		const struct value *r = &j->out->of[rows[i].of][SIDE_RIGHT];
		const struct value *worse = l->reason || (!r->reason && l->n < r->n) ? l : r;
		struct value v = derived(worse, rows[i].how(l->value, r->value));
		if (!v.reason && worse->n < 2)
			v = value_missing(REASON_too_few_strides, v.view);
		set_both(j, rows[i].p, v);
	}
}

/* Hof 1996: speed over sqrt(g · l0), lengths over l0. */
static void normalised(struct job *j)
{
	double l0 = LEG_OF_HEIGHT * j->a->patient.height_m;
	const struct value *speed = &j->out->of[PARAM_speed][0], *width = &j->out->of[PARAM_step_width][0];
	const struct value *l = &j->out->of[PARAM_step_length][SIDE_LEFT];
	const struct value *r = &j->out->of[PARAM_step_length][SIDE_RIGHT];

	set_both(j, PARAM_speed_normalized, derived(speed, speed->value / sqrt(GRAVITY * l0)));
	set_both(j, PARAM_step_width_normalized, derived(width, width->value / l0));
	set_both(j, PARAM_step_length_normalized,
		derived(l->reason ? l : r, 0.5 * (l->value + r->value) / l0));
}

static void judge_plausibility(struct analysis *a)
{
	for (enum param p = 0; p < PARAMS; p++)
		for (int s = 0; s < SIDES; s++) {
			const struct value *v = &a->params.of[p][s];
			if (param_is_implausible(param_info(p), v))
				view_set_flag(&a->view[v->view], FLAG_implausible);
		}
}

int measure(struct analysis *a, struct err *e)
{
	const struct view_result *s = &a->view[VIEW_SIDE];
	size_t room = a->view[VIEW_FRONT].events.count + s->events.count + PASSES_MAX;
	CLEANUP(free_p) double *sample = malloc(2 * room * sizeof *sample);
	struct job j = { .a = a, .out = &a->params, .sample = sample, .room = room };

	if (!sample)
		return err_set(e, ERR_NOMEM, "no memory for %zu samples", room);
	if (s->used && angles_curves(&s->track, &s->passes, &s->cycles, a->curves, e) < 0)
		return -1;
	cadence(&j);
	times(&j);
	supports(&j);
	if (distances(&j, e) < 0)
		return -1;
	width(&j);
	ranges(&j);
	set_both(&j, PARAM_stride_time_cv, variation(a->params.of[PARAM_stride_time]));
	set_both(&j, PARAM_stride_length_cv, variation(a->params.of[PARAM_stride_length]));
	symmetries(&j);
	normalised(&j);
	judge_plausibility(a);
	return 0;
}
