#include "gait/track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "gait/filter.h"
#include "gait/num.h"
#include "gait/swaps.h"

#define HAMPEL_FLOOR  0.05 /* of the leg's length: about 4 cm in an adult */
#define HAMPEL_HALF_S 0.1
#define MIN_RUN_S     0.15 /* shorter pieces of a point's signal are no motion */

struct track_options track_defaults(const char *engine)
{
	/* BlazePose's visibility × presence is near one where a point is seen; OpenPose's heat-map peak is
	 * not. Between 0.3 and 0.5 BlazePose's hidden leg is still where it belongs: of 86 sides of rendered
	 * walks three more have whole curves, and the ankle's error is smaller. */
	bool blaze = strcasestr(engine, "gait-pose") || strcasestr(engine, "blazepose") ||
		     strcasestr(engine, "mediapipe");

	return (struct track_options){
		.min_confidence = blaze ? 0.3 : 0.2, .max_gap_s = 0.12, .cutoff_hz = 6, .fix_swaps = true
	};
}

void track_deinit(struct track *t)
{
	free(t->block);
	*t = (struct track){ 0 };
}

static bool is_leg_point(int p)
{
	return (p >= BODY_R_HIP && p <= BODY_L_ANKLE) || p == BODY_L_BIG_TOE || p == BODY_L_HEEL ||
	       p == BODY_R_BIG_TOE || p == BODY_R_HEEL;
}

static int alloc(struct track *t, size_t n, struct err *e)
{
	t->n = n;
	t->block = malloc((n + 1) * 2 * BODY_POINTS * sizeof *t->block);
	if (!t->block)
		return err_set(e, ERR_NOMEM, "no memory for %zu frames", n);
	for (size_t p = 0; p < BODY_POINTS; p++) {
		t->x[p] = t->block + 2 * p * n;
		t->y[p] = t->block + (2 * p + 1) * n;
	}
	return 0;
}

static void load(
	struct track *t, const struct keypoints *k, const struct person_choice *who, double min_confidence)
{
	double sum = 0;
	size_t count = 0;

	for (size_t f = 0; f < t->n; f++) {
		const struct person *person = who->of_frame[f] < 0 ? NULL : &k->person[who->of_frame[f]];
		for (int p = 0; p < BODY_POINTS; p++) {
			double c = person ? (double)person->p[p].c : 0;
			bool known = c > 0 && c >= min_confidence;
			t->x[p][f] = known ? (double)person->p[p].x : NAN;
			t->y[p][f] = known ? -(double)person->p[p].y : NAN;
			if (!person || !is_leg_point(p))
				continue;
			sum += c;
			count++;
			t->low_confidence += !known;
		}
	}
	t->mean_confidence = count > 0 ? sum / (double)count : 0;
}

/* Where hardly a heel or toe was ever seen but ankles were, the layout has none: the ankles are put there, so
 * that events and places can be found by them. */
static void stand_in_for_feet(struct track *t)
{
	size_t feet = 0, ankles = 0;

	for (size_t f = 0; f < t->n; f++)
		for (int s = 0; s < SIDES; s++) {
			bool foot = !isnan(t->x[body_legs[s].heel][f]) || !isnan(t->x[body_legs[s].toe][f]);
			feet += foot ? 1 : 0;
			ankles += isnan(t->x[body_legs[s].ankle][f]) ? 0 : 1;
		}
	t->no_feet = ankles > 0 && 50 * feet < ankles;
	for (int s = 0; s < SIDES && t->no_feet; s++) {
		const struct body_leg *l = &body_legs[s];
		const enum body_point to[] = { l->heel, l->toe };
		for (size_t i = 0; i < ARRAY_LEN(to); i++) {
			memcpy(t->x[to[i]], t->x[l->ankle], t->n * sizeof *t->x[0]);
			memcpy(t->y[to[i]], t->y[l->ankle], t->n * sizeof *t->y[0]);
		}
	}
}

static double leg_length(const struct track *t, double *scratch)
{
	double sum = 0;
	int legs = 0;

	for (int s = 0; s < SIDES; s++) {
		const struct body_leg *l = &body_legs[s];
		for (size_t f = 0; f < t->n; f++)
			scratch[f] = hypot(t->x[l->hip][f] - t->x[l->knee][f],
					     t->y[l->hip][f] - t->y[l->knee][f]) +
				     hypot(t->x[l->knee][f] - t->x[l->ankle][f],
					     t->y[l->knee][f] - t->y[l->ankle][f]);
		double median = num_quantile(scratch, t->n, 0.5);
		if (median > 0) {
			sum += median;
			legs++;
		}
	}
	return legs > 0 ? sum / legs : NAN;
}

/* Mid-hip is the middle of both hips for every engine, so that it cannot drift against them. */
static void set_mid_hip(struct track *t)
{
	for (size_t f = 0; f < t->n; f++) {
		double x = 0.5 * (t->x[BODY_L_HIP][f] + t->x[BODY_R_HIP][f]);
		double y = 0.5 * (t->y[BODY_L_HIP][f] + t->y[BODY_R_HIP][f]);
		if (isnan(x))
			continue;
		t->x[BODY_MID_HIP][f] = x;
		t->y[BODY_MID_HIP][f] = y;
	}
}

static void smooth(struct track *t, const struct track_options *o, double *scratch)
{
	struct biquad low = filter_lowpass(o->cutoff_hz, t->fps);
	size_t gap = (size_t)(o->max_gap_s * t->fps + 0.5), half = (size_t)(HAMPEL_HALF_S * t->fps + 0.5);
	size_t pad = (size_t)(1.5 * t->fps / o->cutoff_hz) + 3, run = (size_t)(MIN_RUN_S * t->fps) + 2;
	double floor = t->leg_px > 0 ? HAMPEL_FLOOR * t->leg_px : INFINITY;

	for (int p = 0; p < BODY_POINTS; p++) {
		double *channel[] = { t->x[p], t->y[p] };
		for (int c = 0; c < 2; c++) {
			t->outliers += filter_hampel(channel[c], t->n, half < 3 ? 3 : half, floor, scratch);
			t->filled += filter_fill_gaps(channel[c], t->n, gap);
			filter_zero_lag(&low, channel[c], t->n, pad, run, scratch);
		}
	}
}

int track_make(const struct keypoints *k, const struct person_choice *who, const struct track_options *o,
	struct track *ret, struct err *e)
{
	TRACK_CLEANUP struct track t = {
		.fps = k->fps, .width = k->width, .height = k->height, .seen = who->seen
	};
	CLEANUP(free_p) double *scratch = malloc((k->frames + 2 * FILTER_PAD + 1) * sizeof *scratch);

	if (!scratch)
		return err_set(e, ERR_NOMEM, "no memory for %zu frames", k->frames);
	if (alloc(&t, k->frames, e) < 0)
		return -1;
	load(&t, k, who, o->min_confidence);
	stand_in_for_feet(&t);
	t.leg_px = leg_length(&t, scratch);
	if (o->fix_swaps && swaps_fix(&t, &t.swapped, e) < 0)
		return -1;
	set_mid_hip(&t);
	smooth(&t, o, scratch);
	t.leg_px = leg_length(&t, scratch);
	*ret = t;
	t.block = NULL;
	return 0;
}
