#include <math.h>

#include "base/cleanup.h"
#include "gait/measure.h"

#define RUNNING_STANCE 50.0 /* per cent: below it both feet leave the floor */

enum phase { PHASE_STRIDE, PHASE_STANCE, PHASE_SWING, PHASE_SINGLE, PHASE_INITIAL_DOUBLE, PHASE_DOUBLE };

/* Seconds for PHASE_STRIDE, else % of the cycle; NaN where an event of it was not seen. */
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
	case PHASE_INITIAL_DOUBLE:
		return 100 * (c->other_toe_off_s - c->start_s) / t;
	case PHASE_DOUBLE:
		return 100 * (c->other_toe_off_s - c->start_s + c->toe_off_s - c->other_heel_strike_s) / t;
	}
	return NAN;
}

static const struct {
	enum param p;
	enum phase what;
} supports[] = { { PARAM_stance, PHASE_STANCE }, { PARAM_swing, PHASE_SWING },
	{ PARAM_single_support, PHASE_SINGLE }, { PARAM_initial_double_support, PHASE_INITIAL_DOUBLE },
	{ PARAM_double_support, PHASE_DOUBLE } };

static int steps_and_strides(struct analysis *a, struct err *e)
{
	enum view view = measure_timing_view(a);
	const struct view_result *v = &a->view[view];
	enum reason why = v->used ? REASON_too_few_strides : measure_why_unused(a, view);

	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		struct samples *step = measure_into(a, PARAM_step_time, s, view, 1, why);
		struct samples *stride = measure_into(a, PARAM_stride_time, s, view, 1, why);
		for (size_t i = 0; i < v->step_count && v->used; i++)
			if (v->steps[i].foot == s &&
				samples_add(step, v->steps[i].end_s - v->steps[i].start_s, v->steps[i].strike,
					e) < 0)
				return -1;
		for (size_t i = 0; i < v->cycles.count && v->used; i++) {
			const struct cycle *c = &v->cycles.list[i];
			if (c->foot == s && samples_add(stride, phase_of(c, PHASE_STRIDE), c->strike, e) < 0)
				return -1;
		}
	}
	return 0;
}

/* Toe-offs are seen from the side only. */
static int support_phases(struct analysis *a, struct err *e)
{
	const struct view_result *v = &a->view[VIEW_SIDE];
	enum reason why = !v->used              ? measure_why_unused(a, VIEW_SIDE)
			  : v->cycles.count > 0 ? REASON_not_seen
						: REASON_too_few_strides;

	for (size_t k = 0; k < ARRAY_LEN(supports); k++)
		for (enum side s = SIDE_LEFT; s < SIDES; s++) {
			bool whole = param_info(supports[k].p)->shape == WHOLE;
			struct samples *to =
				measure_into(a, supports[k].p, whole ? SIDE_LEFT : s, VIEW_SIDE, 1, why);
			for (size_t i = 0; i < v->cycles.count && v->used; i++) {
				const struct cycle *c = &v->cycles.list[i];
				if (c->foot == s &&
					samples_add(to, phase_of(c, supports[k].what), c->strike, e) < 0)
					return -1;
			}
		}
	return 0;
}

static double mean_of(const struct samples *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->n; i++)
		sum += s->v[i];
	return sum / (double)s->n;
}

/* Where both feet leave the floor there is no double support to measure. */
static void judge_running(struct analysis *a)
{
	static const enum param none[] = { PARAM_double_support, PARAM_initial_double_support,
		PARAM_single_support };
	const struct samples *l = &a->samples.of[PARAM_stance][SIDE_LEFT];
	const struct samples *r = &a->samples.of[PARAM_stance][SIDE_RIGHT];
	double n = (double)(l->n + r->n);
	double stance =
		((l->n > 0 ? mean_of(l) * (double)l->n : 0) + (r->n > 0 ? mean_of(r) * (double)r->n : 0)) / n;

	if (!(stance < RUNNING_STANCE) && !(mean_of(&a->samples.of[PARAM_double_support][0]) < 0))
		return;
	view_set_flag(&a->view[VIEW_SIDE], FLAG_running);
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		for (enum side s = SIDE_LEFT; s < SIDES; s++) {
			a->samples.of[none[i]][s].n = 0;
			a->samples.of[none[i]][s].why = REASON_running;
		}
}

int measure_times(struct analysis *a, struct err *e)
{
	if (steps_and_strides(a, e) < 0 || support_phases(a, e) < 0)
		return -1;
	if (a->view[VIEW_SIDE].used)
		judge_running(a);
	return 0;
}
