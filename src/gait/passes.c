#include "gait/passes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "gait/filter.h"
#include "gait/num.h"

#define ACTIVE_HALF_S 0.5
#define SIDE_ACTIVE   0.25 /* leg lengths within 2 · ACTIVE_HALF_S */
#define FRONT_ACTIVE                                                                                         \
	0.07               /* of the hip-to-ankle height: from behind engines show half of the 0.2 of a walk \
			    */
#define FRONT_PLACE   0.12 /* the same where the body does not come nearer */
#define EVENLY        0.9  /* correlation of the body's height with time */
#define FACING_HALF_S 0.25
#define SIDE_ON       0.08 /* heel to toe, leg lengths: a foot is about 0.28 */
#define SLOW_PART     0.3  /* of the pass's median speed: below it the person does not walk */
#define TRAVEL        0.25 /* leg lengths a second: below it the body stays where it is */
#define MIN_PASS_S    1.0
#define EDGE          0.01 /* of the image */

/* Working arrays, one block. */
struct work {
	double *signal, *active, *facing, *slope, *scratch;
	size_t *queue;
	double *block;
};

static void work_deinit(struct work *w)
{
	free(w->block);
	free(w->queue);
}

static int work_init(struct work *w, size_t n, struct err *e)
{
	w->block = malloc((n + 1) * 5 * sizeof *w->block);
	w->queue = malloc((n + 1) * sizeof *w->queue);
	if (!w->block || !w->queue)
		return err_set(e, ERR_NOMEM, "no memory to search %zu frames", n);
	w->signal = w->block;
	w->active = w->block + (n + 1);
	w->facing = w->block + 2 * (n + 1);
	w->slope = w->block + 3 * (n + 1);
	w->scratch = w->block + 4 * (n + 1);
	return 0;
}

/* Are the feet inside the image? At its edge an engine guesses them. Unknown points do not count. */
static bool in_view(const struct track *t, size_t f)
{
	for (int s = 0; s < SIDES; s++) {
		const enum body_point p[] = { body_legs[s].ankle, body_legs[s].heel, body_legs[s].toe };
		for (size_t i = 0; i < ARRAY_LEN(p); i++) {
			double x = t->x[p[i]][f], y = -t->y[p[i]][f], w = t->width, h = t->height;
			if ((w > 0 && (x < EDGE * w || x > (1 - EDGE) * w)) ||
				(h > 0 && (y < EDGE * h || y > (1 - EDGE) * h)))
				return false;
		}
	}
	return true;
}

/* Leg length around frames [from, to): thigh + shank of either leg, the median. */
static double local_leg(const struct track *t, size_t from, size_t to, double *scratch)
{
	size_t n = 0;

	for (size_t f = from; f < to; f++) {
		double sum = 0;
		int legs = 0;
		for (int s = 0; s < SIDES; s++) {
			const struct body_leg *l = &body_legs[s];
			double len = hypot(t->x[l->hip][f] - t->x[l->knee][f],
					     t->y[l->hip][f] - t->y[l->knee][f]) +
				     hypot(t->x[l->knee][f] - t->x[l->ankle][f],
					     t->y[l->knee][f] - t->y[l->ankle][f]);
			if (!isnan(len)) {
				sum += len;
				legs++;
			}
		}
		scratch[n++] = legs > 0 ? sum / legs : NAN;
	}
	return num_quantile(scratch, n, 0.5);
}

/* Horizontal speed of mid-hip over about half a second; at the ends the nearest known one. */
static void hip_speed(const struct track *t, struct work *w)
{
	size_t half = (size_t)(0.25 * t->fps + 0.5), last = t->n;

	for (size_t f = 0; f < t->n; f++) {
		size_t a = f >= half ? f - half : 0, b = f + half < t->n ? f + half : t->n - 1;
		while (a < f && isnan(t->x[BODY_MID_HIP][a]))
			a++;
		while (b > f && isnan(t->x[BODY_MID_HIP][b]))
			b--;
		w->slope[f] = b > a && b - a >= half / 2 ? (t->x[BODY_MID_HIP][b] - t->x[BODY_MID_HIP][a]) *
								   t->fps / (double)(b - a)
							 : NAN;
		if (!isnan(w->slope[f]))
			last = f;
		else if (last < t->n)
			w->slope[f] = w->slope[last];
	}
}

/* Mean of heel-to-toe over both feet, leg lengths: its sign is where the person faces. Without feet the nose
 * tells, which is ahead of the neck by about as much, or at last the way that the body goes. */
static void facing_of(const struct track *t, struct work *w)
{
	for (size_t f = 0; f < t->n; f++) {
		double sum = 0;
		int feet = 0;
		if (t->no_feet) {
			double nose = (t->x[BODY_NOSE][f] - t->x[BODY_NECK][f]) / t->leg_px;
			double way = w->slope[f] / t->leg_px;
			bool moves = fabs(way) > TRAVEL;
			w->scratch[f] = !isnan(nose) ? nose : moves ? copysign(2 * SIDE_ON, way) : 0;
			continue;
		}
		for (int s = 0; s < SIDES; s++) {
			double d = t->x[body_legs[s].toe][f] - t->x[body_legs[s].heel][f];
			if (!isnan(d)) {
				sum += d;
				feet++;
			}
		}
		w->scratch[f] = feet > 0 ? sum / feet / t->leg_px : NAN;
	}
	filter_box(w->scratch, t->n, (size_t)(FACING_HALF_S * t->fps + 0.5), w->facing);
}

static void add_pass(struct passes *ret, const struct pass *p, double fps)
{
	if ((double)(p->to - p->from) < MIN_PASS_S * fps)
		return;
	if (ret->count < PASSES_MAX) {
		ret->pass[ret->count++] = *p;
		return;
	}
	/* Room for so many only: the shortest gives way. */
	size_t shortest = 0;
	for (size_t i = 1; i < ret->count; i++)
		if (ret->pass[i].to - ret->pass[i].from < ret->pass[shortest].to - ret->pass[shortest].from)
			shortest = i;
	if (p->to - p->from > ret->pass[shortest].to - ret->pass[shortest].from) {
		memmove(&ret->pass[shortest], &ret->pass[shortest + 1],
			(ret->count - shortest - 1) * sizeof *ret->pass);
		ret->pass[ret->count - 1] = *p;
	}
}

/* Speed, travel, and the standing ends cut off. */
static void finish_side(const struct track *t, struct pass p, struct work *w, struct passes *ret)
{
	size_t n = p.to - p.from;

	p.leg_px = local_leg(t, p.from, p.to, w->scratch);
	for (size_t i = 0; i < n; i++)
		w->scratch[i] = p.dir * w->slope[p.from + i];
	double median = num_quantile(w->scratch, n, 0.5);
	p.travels = median > TRAVEL * p.leg_px;
	if (p.travels) {
		while (p.from < p.to && !(p.dir * w->slope[p.from] > SLOW_PART * median))
			p.from++;
		while (p.to > p.from && !(p.dir * w->slope[p.to - 1] > SLOW_PART * median))
			p.to--;
	}
	p.speed_px = median;
	add_pass(ret, &p, t->fps);
}

int passes_find_side(const struct track *t, struct passes *ret, struct err *e)
{
	struct work w __attribute__((cleanup(work_deinit))) = { 0 };
	size_t turned = 0, active = 0;

	*ret = (struct passes){ 0 };
	if (t->n == 0 || !(t->leg_px > 0))
		return 0;
	if (work_init(&w, t->n, e) < 0)
		return -1;
	for (size_t f = 0; f < t->n; f++)
		w.signal[f] = (t->x[BODY_R_ANKLE][f] - t->x[BODY_L_ANKLE][f]) / t->leg_px;
	filter_range(w.signal, t->n, (size_t)(ACTIVE_HALF_S * t->fps + 0.5), w.active, w.queue);
	hip_speed(t, &w);
	facing_of(t, &w);
	struct pass p = { 0 };
	for (size_t f = 0; f <= t->n; f++) {
		bool walks = f < t->n && w.active[f] >= SIDE_ACTIVE && !isnan(t->x[BODY_MID_HIP][f]) &&
			     in_view(t, f);
		int dir = walks && fabs(w.facing[f]) >= SIDE_ON ? (w.facing[f] > 0 ? 1 : -1) : 0;
		active += walks;
		turned += walks && dir == 0;
		if (p.dir != 0 && dir != p.dir) {
			p.to = f;
			finish_side(t, p, &w, ret);
			p.dir = 0;
		}
		if (p.dir == 0 && dir != 0)
			p = (struct pass){ .from = f, .dir = dir };
	}
	ret->moving = (double)active >= MIN_PASS_S * t->fps;
	ret->side_on = active > 0 && 2 * turned < active;
	return 0;
}

static void finish_front(const struct track *t, struct pass p, struct work *w, struct passes *ret)
{
	double a, b;
	size_t n = p.to - p.from;

	p.leg_px = local_leg(t, p.from, p.to, w->scratch);
	for (size_t i = 0; i < n; i++)
		w->scratch[i] = (double)i / t->fps;
	num_line(w->scratch, w->slope + p.from, n, &a, &b);
	/* An approach is even: the correlation of a line with time is its change over sqrt(12) SD. Under 2 %
	 * it is none that a camera can tell: a treadmill. A body that comes nearer evenly walks, even where
	 * the engine sees little of the feet; where nothing comes nearer, the feet must show it. */
	double change = fabs(b) * (double)n / t->fps;
	bool nearer = change >= 0.02 * a && change >= EVENLY * sqrt(12) * num_sd(w->slope + p.from, n);
	p.dir = !nearer ? 0 : b > 0 ? 1 : -1;
	p.travels = nearer;
	memcpy(w->scratch, w->active + p.from, n * sizeof *w->scratch);
	if (nearer || num_quantile(w->scratch, n, 0.5) >= FRONT_PLACE)
		add_pass(ret, &p, t->fps);
}

int passes_find_front(const struct track *t, struct passes *ret, struct err *e)
{
	struct work w __attribute__((cleanup(work_deinit))) = { 0 };
	size_t turned = 0, active = 0;
	bool inside = false;
	struct pass p = { 0 };

	*ret = (struct passes){ 0 };
	if (t->n == 0 || !(t->leg_px > 0))
		return 0;
	if (work_init(&w, t->n, e) < 0)
		return -1;
	hip_speed(t, &w);
	facing_of(t, &w);
	for (size_t f = 0; f < t->n; f++) {
		double ankles = 0.5 * (t->y[BODY_R_ANKLE][f] + t->y[BODY_L_ANKLE][f]);
		w.slope[f] = t->y[BODY_MID_HIP][f] - ankles; /* height of the legs */
		w.signal[f] = (t->y[BODY_L_ANKLE][f] - t->y[BODY_R_ANKLE][f]) / w.slope[f];
	}
	filter_range(w.signal, t->n, (size_t)(ACTIVE_HALF_S * t->fps + 0.5), w.active, w.queue);
	for (size_t f = 0; f <= t->n; f++) {
		bool walks = f < t->n && w.active[f] >= FRONT_ACTIVE && !isnan(w.signal[f]) && in_view(t, f);
		active += walks;
		turned += walks && fabs(w.facing[f]) >= 2 * SIDE_ON;
		if (inside && !walks) {
			p.to = f;
			finish_front(t, p, &w, ret);
		} else if (!inside && walks) {
			p = (struct pass){ .from = f };
		}
		inside = walks;
	}
	ret->moving = (double)active >= MIN_PASS_S * t->fps;
	ret->side_on = active > 0 && 2 * turned >= active;
	return 0;
}
