#include "gait/measure.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "gait/contact.h"
#include "gait/derive.h"
#include "gait/uncertainty.h"

#define VIEWS_DISAGREE 0.05
#define UNSURE         0.6  /* mean confidence of the legs' points: below it each value is doubted */
#define SLOW_CAMERA    24.0 /* frames a second */
#define DEEPER         0.15 /* change of the side view's scale over a pass: an oblique walk */
enum { AGREE_STEPS = 4 /* fewer say too little to accuse a view */, FEW = 3, FEW_FOR_CV = 6 };

enum reason measure_why_unused(const struct analysis *a, enum view view)
{
	const struct view_result *v = &a->view[view];

	if (v->present && !view_has_flag(v, FLAG_wrong_view) && !view_has_flag(v, FLAG_no_person))
		return REASON_no_walking;
	return view == VIEW_SIDE ? REASON_no_side_view : REASON_no_front_view;
}

struct samples *measure_into(
	struct analysis *a, enum param p, enum side s, enum view view, size_t least, enum reason why)
{
	struct samples *of = &a->samples.of[p][s];

	of->view = view;
	of->least = least;
	of->why = why;
	return of;
}

void measure_nothing(struct analysis *a, enum param p, enum reason why, enum view view)
{
	for (enum side s = SIDE_LEFT; s < SIDES; s++)
		(void)measure_into(a, p, s, view, 1, why);
}

enum view measure_timing_view(const struct analysis *a)
{
	const struct view_result *s = &a->view[VIEW_SIDE], *f = &a->view[VIEW_FRONT];

	if (!s->used || (s->step_count < 3 && f->used && f->step_count > s->step_count))
		return f->used ? VIEW_FRONT : VIEW_SIDE;
	return VIEW_SIDE;
}

/* Each parameter's value from its samples; what follows from others stays for derive_params(). */
static void summarise(struct analysis *a)
{
	for (enum param p = 0; p < PARAMS; p++)
		for (enum side s = SIDE_LEFT; s < SIDES; s++) {
			const struct samples *from =
				&a->samples.of[p][param_info(p)->shape == WHOLE ? SIDE_LEFT : s];
			a->params.of[p][s] =
				from->why ? samples_value(from) : value_missing(REASON_not_seen, VIEW_SIDE);
		}
	derive_params(&a->params, &a->patient);
}

static double mean_step_s(const struct view_result *v)
{
	double sum = 0;

	for (size_t i = 0; i < v->step_count; i++)
		sum += v->steps[i].end_s - v->steps[i].start_s;
	return sum / (double)v->step_count;
}

static void compare_views(struct analysis *a)
{
	struct view_result *f = &a->view[VIEW_FRONT], *s = &a->view[VIEW_SIDE];

	if (!f->used || !s->used || f->step_count < AGREE_STEPS || s->step_count < AGREE_STEPS)
		return;
	if (fabs(mean_step_s(f) - mean_step_s(s)) > VIEWS_DISAGREE * mean_step_s(s)) {
		view_set_flag(s, FLAG_views_disagree);
		view_set_flag(f, FLAG_views_disagree);
	}
}

static bool depends_on_camera(const struct analysis *a)
{
	const struct view_result *v = &a->view[VIEW_SIDE];

	for (size_t i = 0; i < v->passes.count && v->used; i++) {
		const struct pass *p = &v->passes.pass[i];
		const struct scale *s = &v->scale[i];
		double t0 = (double)p->from / v->fps, t1 = (double)p->to / v->fps;
		if (fabs(s->slope) * (t1 - t0) > DEEPER * (s->at0 + s->slope * 0.5 * (t0 + t1)))
			return true;
	}
	return false;
}

static bool is_length(enum param p)
{
	const char *unit = param_info(p)->unit;

	return (unit[0] == 'm') || p == PARAM_symmetry_step_length || p == PARAM_step_length_normalized ||
	       p == PARAM_speed_normalized || p == PARAM_stride_length_normalized;
}

static bool is_cv(enum param p)
{
	return p >= PARAM_stride_time_cv && p <= PARAM_speed_cv;
}

static bool rests_on_foot(enum param p)
{
	return p == PARAM_contact_angle || p == PARAM_toe_walking_index || p == PARAM_ankle_range;
}

static bool rests_on_events(enum param p)
{
	return p >= PARAM_stance && p <= PARAM_stride_length;
}

/* What speaks against trusting one value. */
static void doubt(struct analysis *a)
{
	bool oblique = depends_on_camera(a);

	for (enum param p = 0; p < PARAMS; p++)
		for (int s = 0; s < SIDES; s++) {
			struct value *v = &a->params.of[p][s];
			struct view_result *from = &a->view[v->view];
			if (v->reason)
				continue;
			if (v->n < (is_cv(p) ? (size_t)FEW_FOR_CV : (size_t)FEW))
				value_doubt(v, DOUBT_few_strides);
			if (from->mean_confidence < UNSURE)
				value_doubt(v, DOUBT_low_confidence);
			if (from->fps < SLOW_CAMERA && param_info(p)->unit[0] == 's')
				value_doubt(v, DOUBT_coarse_time);
			if (oblique && v->view == VIEW_SIDE && is_length(p))
				value_doubt(v, DOUBT_perspective);
			if (rests_on_foot(p) && a->never_flat[s])
				value_doubt(v, DOUBT_never_flat);
			if (v->view == VIEW_SIDE && from->track.no_feet && rests_on_events(p))
				value_doubt(v, DOUBT_other_points);
			if (param_is_implausible(param_info(p), v)) {
				value_doubt(v, DOUBT_implausible);
				view_set_flag(from, FLAG_implausible);
			}
		}
}

/* Side view: how the feet lie and land, the angles over the cycle. */
static int side_angles(struct analysis *a, cycle_curves *curves, struct err *e)
{
	struct view_result *v = &a->view[VIEW_SIDE];

	for (enum side s = SIDE_LEFT; s < SIDES; s++)
		if (contact_flat_angle(
			    &v->track, &v->passes, &v->cycles, s, &a->flat_deg[s], &a->never_flat[s], e) < 0)
			return -1;
	contact_judge(&v->track, &v->passes, a->flat_deg, &v->events);
	angles_of_cycles(&v->track, &v->passes, &v->cycles, a->flat_deg, curves);
	return angles_average(&v->cycles, curves, a->curves, e);
}

int measure(struct analysis *a, struct err *e)
{
	struct view_result *v = &a->view[VIEW_SIDE];
	CLEANUP(free_p) cycle_curves *curves = malloc((v->cycles.count + 1) * sizeof *curves);

	if (!curves)
		return err_set(e, ERR_NOMEM, "no memory for the angles of %zu strides", v->cycles.count);
	a->flat_deg[SIDE_LEFT] = a->flat_deg[SIDE_RIGHT] = NAN;
	if (v->used && side_angles(a, curves, e) < 0)
		return -1;
	if (measure_times(a, e) < 0 || measure_lengths(a, e) < 0 || measure_posture(a, curves, e) < 0)
		return -1;
	summarise(a);
	compare_views(a);
	if (uncertainty_make(a, e) < 0)
		return -1;
	profile_make(a->curves, &a->patient, &a->profile);
	doubt(a);
	return 0;
}
