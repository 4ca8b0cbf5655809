#include "gait/swaps.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Shares of the leg's length. */
#define POINT_CAP                                                                                            \
	0.25             /* the most that one point may cost in one frame: a glitch must not outweigh a swap \
			  */
#define PRIOR_COST_S 0.6 /* of calling a second of frames exchanged, per point */
#define SWITCH_COST  0.08 /* of changing between the two, per point */
#define MAX_LINK_S   0.2  /* frames farther apart say nothing about each other */
enum { LEG_POINTS = 4, STATES = 4 /* (state of the frame before) × 2 + state of this frame */ };

struct frame_legs {
	size_t frame;
	double x[SIDES][LEG_POINTS], y[SIDES][LEG_POINTS];
};

static void leg_points(const struct body_leg *leg, enum body_point out[LEG_POINTS])
{
	out[0] = leg->knee;
	out[1] = leg->ankle;
	out[2] = leg->heel;
	out[3] = leg->toe;
}

/* Frames in which both ankles are known; only these can be judged. */
static size_t gather(const struct track *t, struct frame_legs *out)
{
	size_t n = 0;

	for (size_t f = 0; f < t->n; f++) {
		if (isnan(t->x[BODY_L_ANKLE][f]) || isnan(t->x[BODY_R_ANKLE][f]))
			continue;
		for (int s = 0; s < SIDES; s++) {
			enum body_point p[LEG_POINTS];
			leg_points(&body_legs[s], p);
			for (int i = 0; i < LEG_POINTS; i++) {
				out[n].x[s][i] = t->x[p[i]][f];
				out[n].y[s][i] = t->y[p[i]][f];
			}
		}
		out[n++].frame = f;
	}
	return n;
}

/* Cost of frame c in state @sc after b in @sb after a in @sa; without a (NULL) the prediction is b itself. */
static double motion_cost(const struct frame_legs *a, int sa, const struct frame_legs *b, int sb,
	const struct frame_legs *c, int sc, double leg_px)
{
	double sum = 0;
	int n = 0;
	double k = a ? (double)(c->frame - b->frame) / (double)(b->frame - a->frame) : 0;

	for (int s = 0; s < SIDES; s++)
		for (int i = 0; i < LEG_POINTS; i++) {
			double px = b->x[s ^ sb][i], py = b->y[s ^ sb][i];
			if (a && !isnan(a->x[s ^ sa][i])) {
				px += k * (px - a->x[s ^ sa][i]);
				py += k * (py - a->y[s ^ sa][i]);
			}
			double dx = c->x[s ^ sc][i] - px, dy = c->y[s ^ sc][i] - py;
			double d = sqrt(dx * dx + dy * dy) / leg_px;
			if (isnan(d))
				continue;
			sum += fmin(d, POINT_CAP);
			n++;
		}
	return n > 0 ? sum / n : 0;
}

struct search {
	const struct frame_legs *f;
	size_t n;
	double leg_px, max_link, prior;
	double cost[STATES];
	uint8_t *from; /* per frame: for each of the 4 states, the bit of the state two frames before */
};

static void step(struct search *s, size_t i)
{
	double next[STATES];
	bool linked = (double)(s->f[i].frame - s->f[i - 1].frame) <= s->max_link;
	bool two = i >= 2 && (double)(s->f[i - 1].frame - s->f[i - 2].frame) <= s->max_link;

	s->from[i] = 0;
	for (int to = 0; to < STATES; to++) {
		int b = to >> 1, c = to & 1;
		next[to] = INFINITY;
		for (int a = 0; a < 2; a++) {
			double m = !linked ? 0
					   : motion_cost(two ? &s->f[i - 2] : NULL, a, &s->f[i - 1], b,
						     &s->f[i], c, s->leg_px);
			double total = s->cost[a << 1 | b] + m + (c ? s->prior : 0) +
				       (linked && b != c ? SWITCH_COST : 0);
			if (total < next[to]) {
				next[to] = total;
				s->from[i] = (uint8_t)((s->from[i] & ~(1 << to)) | (a << to));
			}
		}
	}
	memcpy(s->cost, next, sizeof next);
}

static void exchange(struct track *t, size_t f)
{
	static const enum body_point pair[][2] = { { BODY_L_HIP, BODY_R_HIP }, { BODY_L_KNEE, BODY_R_KNEE },
		{ BODY_L_ANKLE, BODY_R_ANKLE }, { BODY_L_HEEL, BODY_R_HEEL },
		{ BODY_L_BIG_TOE, BODY_R_BIG_TOE }, { BODY_L_SMALL_TOE, BODY_R_SMALL_TOE } };

	for (size_t i = 0; i < ARRAY_LEN(pair); i++) {
		double x = t->x[pair[i][0]][f], y = t->y[pair[i][0]][f];
		t->x[pair[i][0]][f] = t->x[pair[i][1]][f];
		t->y[pair[i][0]][f] = t->y[pair[i][1]][f];
		t->x[pair[i][1]][f] = x;
		t->y[pair[i][1]][f] = y;
	}
}

int swaps_fix(struct track *t, size_t *ret_swapped, struct err *e)
{
	CLEANUP(free_p) struct frame_legs *f = malloc((t->n + 1) * sizeof *f);
	CLEANUP(free_p) uint8_t *from = malloc(t->n + 1);

	if (!f || !from)
		return err_set(e, ERR_NOMEM, "no memory to compare legs in %zu frames", t->n);
	*ret_swapped = 0;
	struct search s = { .f = f,
		.n = gather(t, f),
		.leg_px = t->leg_px,
		.from = from,
		.max_link = MAX_LINK_S * t->fps,
		.prior = PRIOR_COST_S / t->fps,
		.cost = { 0, PRIOR_COST_S / t->fps, INFINITY, INFINITY } };
	if (s.n < 3 || !(s.leg_px > 0))
		return 0;
	for (size_t i = 1; i < s.n; i++)
		step(&s, i);
	int best = 0;
	for (int k = 1; k < STATES; k++)
		if (s.cost[k] < s.cost[best])
			best = k;
	for (size_t i = s.n; i-- > 0;) {
		if (best & 1) {
			exchange(t, f[i].frame);
			++*ret_swapped;
		}
		/* (a, b) precedes (b, c): shift the older state in. */
		best = i > 0 ? ((from[i] >> best & 1) << 1) | best >> 1 : 0;
	}
	return 0;
}
