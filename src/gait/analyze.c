#include "gait/analyze.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "gait/measure.h"
#include "gait/person.h"
#include "gait/uncertainty.h"

#define LOW_CONFIDENCE 0.5
#define PERSON_PART    0.5  /* of the frames */
#define SWAP_PART      0.15 /* of the frames */
#define LOW_FPS        24.0
#define CAMERA_MOVES   0.35 /* a flat foot that moves more than this share of mid-hip's way */

void analysis_deinit(struct analysis *a)
{
	for (int i = 0; i < VIEWS; i++) {
		struct view_result *v = &a->view[i];
		track_deinit(&v->track);
		events_deinit(&v->events);
		cycles_deinit(&v->cycles);
		free(v->steps);
		free(v->places);
		v->steps = NULL;
		v->places = NULL;
		v->step_count = v->place_count = 0;
	}
	sample_set_deinit(&a->samples);
	draws_deinit(&a->draws);
}

static int clean(struct view_result *v, const struct keypoints *k, struct err *e)
{
	struct person_choice who = { 0 };
	struct track_options o = track_defaults(k->engine);

	if (person_choose(k, &who, e) < 0)
		return -1;
	int r = track_make(k, &who, &o, &v->track, e);
	free(who.of_frame);
	if (r < 0)
		return -1;
	v->present = true;
	v->fps = k->fps;
	(void)str_copy(v->engine, sizeof v->engine, k->engine);
	v->frames = k->frames;
	v->frames_with_person = who.seen;
	v->mean_confidence = v->track.mean_confidence;
	v->swapped = v->track.swapped;
	if (who.seen == 0)
		view_set_flag(v, FLAG_no_person);
	else if (v->mean_confidence < LOW_CONFIDENCE)
		view_set_flag(v, FLAG_low_confidence);
	if (who.seen > 0 && (double)who.seen < PERSON_PART * (double)k->frames)
		view_set_flag(v, FLAG_person_missing);
	if (who.ambiguous || k->several)
		view_set_flag(v, FLAG_several_people);
	if ((double)v->swapped > SWAP_PART * (double)k->frames)
		view_set_flag(v, FLAG_many_swaps);
	if (v->track.no_feet)
		view_set_flag(v, FLAG_no_feet);
	if (k->fps < LOW_FPS)
		view_set_flag(v, FLAG_low_frame_rate);
	return 0;
}

static int find_events(struct view_result *v, enum view view, struct err *e)
{
	int r = view == VIEW_SIDE ? passes_find_side(&v->track, &v->passes, e)
				  : passes_find_front(&v->track, &v->passes, e);

	if (r < 0)
		return -1;
	if (v->passes.moving && v->passes.side_on != (view == VIEW_SIDE)) {
		view_set_flag(v, FLAG_wrong_view);
		return 0;
	}
	for (size_t i = 0; i < v->passes.count; i++) {
		r = view == VIEW_SIDE ? events_side(&v->track, &v->passes, i, &v->events, e)
				      : events_front(&v->track, &v->passes, i, &v->events, e);
		if (r < 0)
			return -1;
	}
	events_sort(&v->events);
	if (v->events.count == 0 && v->frames_with_person > 0)
		view_set_flag(v, FLAG_no_walking);
	v->used = v->events.count > 0;
	return 0;
}

/* Does the ground stand still under the walker? */
static void judge_camera(struct view_result *v)
{
	size_t stays = 0, moves = 0, known = 0, with_events = 0;

	for (size_t i = 0; i < v->passes.count; i++)
		if (!isnan(events_stride_s(&v->events, i))) {
			with_events++;
			stays += !v->passes.pass[i].travels;
		}
	for (size_t i = 0; i < v->place_count; i++)
		if (!isnan(v->places[i].moved)) {
			known++;
			moves += v->places[i].moved > CAMERA_MOVES;
		}
	if (2 * stays > with_events)
		view_set_flag(v, FLAG_body_stays);
	else if (2 * moves > known)
		view_set_flag(v, FLAG_camera_moves);
}

static int find_strides(struct view_result *v, enum view view, const struct patient *who, struct err *e)
{
	size_t max = v->events.count;

	v->steps = malloc((max + 1) * sizeof *v->steps);
	v->places = malloc((max + 1) * sizeof *v->places);
	if (!v->steps || !v->places)
		return err_set(e, ERR_NOMEM, "no memory for %zu events", max);
	v->step_count = steps_make(&v->events, v->steps, max);
	if (cycles_make(&v->events, &v->cycles, e) < 0)
		return -1;
	for (size_t i = 0; i < v->passes.count; i++) {
		const struct pass *p = &v->passes.pass[i];
		double stride_s = events_stride_s(&v->events, i);
		size_t room = max - v->place_count;
		int r = view == VIEW_SIDE ? scale_side(&v->track, p, who, &v->scale[i], e)
					  : scale_front(&v->track, p, who, &v->scale[i], e);
		if (r < 0)
			return -1;
		if (v->scale[i].from_legs)
			view_set_flag(v, FLAG_scale_from_legs);
		struct placement *out = v->places + v->place_count;
		if (isnan(stride_s))
			continue;
		v->place_count += view == VIEW_SIDE ? placements_side(&v->track, p, &v->scale[i], &v->events,
							      stride_s, i, out, room)
						    : placements_front(&v->track, &v->scale[i], &v->events,
							      stride_s, i, out, room);
	}
	if (view == VIEW_SIDE)
		judge_camera(v);
	if (v->cycles.of_foot[SIDE_LEFT] < 2 || v->cycles.of_foot[SIDE_RIGHT] < 2)
		view_set_flag(v, FLAG_few_strides);
	return 0;
}

/* Up to the events of one view. */
static int look(struct view_result *v, enum view view, const struct keypoints *k, struct err *e)
{
	if (!k)
		return 0;
	if (!(k->fps > 0))
		return err_set(e, ERR_INVALID, "%s: the frame rate is unknown", view_name(view));
	return clean(v, k, e) < 0 || find_events(v, view, e) < 0 ? err_wrap(e, "%s", view_name(view)) : 0;
}

int analyze(const struct keypoints *front, const struct keypoints *side, const struct patient *patient,
	struct analysis *ret, struct err *e)
{
	struct view_result *f = &ret->view[VIEW_FRONT], *s = &ret->view[VIEW_SIDE];

	memset(ret, 0, sizeof *ret);
	ret->patient = *patient;
	if (!front && !side)
		return err_set(e, ERR_INVALID, "neither a front nor a side view");
	if (look(f, VIEW_FRONT, front, e) < 0 || look(s, VIEW_SIDE, side, e) < 0)
		return -1;
	join_views(&f->events, &s->events, &ret->joined);
	for (enum view i = VIEW_FRONT; i < VIEWS; i++)
		if (ret->view[i].used && find_strides(&ret->view[i], i, patient, e) < 0)
			return err_wrap(e, "%s", view_name(i));
	return measure(ret, e);
}
