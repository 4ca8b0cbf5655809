#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "gait/measure.h"
#include "gait/num.h"

#define LENGTH_LEAST 0.5 /* of the median */
#define LENGTH_MOST  1.6

static enum reason why_no_length(const struct analysis *a)
{
	const struct view_result *v = &a->view[VIEW_SIDE];

	if (!v->used)
		return measure_why_unused(a, VIEW_SIDE);
	if (view_has_flag(v, FLAG_body_stays))
		return REASON_body_stays;
	if (view_has_flag(v, FLAG_camera_moves))
		return REASON_camera_moves;
	if (!(a->patient.height_m > 0))
		return REASON_no_height;
	return REASON_NONE;
}

/* Of one foot's lengths, those out of all proportion are a foot that was not followed. */
static void drop_misplaced(struct samples *s, double *scratch)
{
	size_t kept = 0;

	if (s->n == 0)
		return;
	memcpy(scratch, s->v, s->n * sizeof *scratch);
	double median = num_quantile(scratch, s->n, 0.5);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i] >= LENGTH_LEAST * median && s->v[i] <= LENGTH_MOST * median) {
			s->v[kept] = s->v[i];
			s->strike[kept++] = s->strike[i];
		}
	s->n = kept;
}

/* Distance between placements @apart strikes apart: 1 steps (alternating feet), 2 strides (one foot). A step
 * belongs to the strike that ends it, a stride to the one that starts it, as their times do. */
static int lengths(
	const struct view_result *v, enum side side, size_t apart, struct samples *out, struct err *e)
{
	for (size_t i = apart; i < v->place_count; i++) {
		const struct placement *a = &v->places[i - apart], *b = &v->places[i];
		bool alternate = v->places[i - 1].foot != b->foot && (apart < 2 || a->foot == b->foot);
		if (a->pass != b->pass || !alternate || b->foot != side || !v->passes.pass[b->pass].travels)
			continue;
		if (samples_add(out, b->x_m - a->x_m, apart == 1 ? b->strike : a->strike, e) < 0)
			return -1;
	}
	return 0;
}

/* Mid-hip's way over each stride: what it does within a stride repeats and cancels. */
static int speeds(const struct view_result *v, struct samples *out, struct err *e)
{
	for (size_t i = 0; i < v->cycles.count; i++) {
		const struct cycle *c = &v->cycles.list[i];
		const struct pass *p = &v->passes.pass[c->pass];
		if (samples_add(out, speed_side(&v->track, p, &v->scale[c->pass], c->start_s, c->end_s),
			    c->strike, e) < 0)
			return -1;
	}
	return 0;
}

static int along(struct analysis *a, double *scratch, struct err *e)
{
	const struct view_result *v = &a->view[VIEW_SIDE];
	enum reason why = why_no_length(a);

	if (why) {
		measure_nothing(a, PARAM_speed, why, VIEW_SIDE);
		measure_nothing(a, PARAM_step_length, why, VIEW_SIDE);
		measure_nothing(a, PARAM_stride_length, why, VIEW_SIDE);
		return 0;
	}
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		struct samples *step =
			measure_into(a, PARAM_step_length, s, VIEW_SIDE, 1, REASON_too_few_strides);
		struct samples *stride =
			measure_into(a, PARAM_stride_length, s, VIEW_SIDE, 1, REASON_too_few_strides);
		if (lengths(v, s, 1, step, e) < 0 || lengths(v, s, 2, stride, e) < 0)
			return -1;
		drop_misplaced(step, scratch);
		drop_misplaced(stride, scratch);
	}
	return speeds(v, measure_into(a, PARAM_speed, SIDE_LEFT, VIEW_SIDE, 1, REASON_too_few_strides), e);
}

static int across(struct analysis *a, double *scratch, struct err *e)
{
	const struct view_result *v = &a->view[VIEW_FRONT];

	if (!v->used || !(a->patient.height_m > 0)) {
		measure_nothing(a, PARAM_step_width,
			v->used ? REASON_no_height : measure_why_unused(a, VIEW_FRONT), VIEW_FRONT);
		return 0;
	}
	struct samples *out =
		measure_into(a, PARAM_step_width, SIDE_LEFT, VIEW_FRONT, 1, REASON_too_few_strides);
	for (size_t from = 0, to; from < v->place_count; from = to) {
		for (to = from; to < v->place_count && v->places[to].pass == v->places[from].pass;)
			to++;
		step_widths(v->places + from, to - from, scratch);
		for (size_t i = from; i < to; i++)
			if (samples_add(out, scratch[i - from], v->places[i].strike, e) < 0)
				return -1;
	}
	return 0;
}

int measure_lengths(struct analysis *a, struct err *e)
{
	size_t room = a->view[VIEW_FRONT].events.count + a->view[VIEW_SIDE].events.count + 1;
	CLEANUP(free_p) double *scratch = malloc(room * sizeof *scratch);

	if (!scratch)
		return err_set(e, ERR_NOMEM, "no memory for the lengths of %zu steps", room);
	return along(a, scratch, e) < 0 || across(a, scratch, e) < 0 ? -1 : 0;
}
