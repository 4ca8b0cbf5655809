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
#define SKIP_COST    0.12 /* of passing over a frame that fits neither, per point */
#define ODD_COST     0.08 /* per point: a step that costs more whichever way it is labelled */
enum { LEG_POINTS = 4 };

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

/* A frame's place in the search: @back frames after the one used before it, which was labelled @before,
 * itself labelled @here. */
enum { BACK_MOST = 3, STATES = BACK_MOST * 4 };

static size_t state_of(size_t back, int before, int here)
{
	return (back - 1) * 4 + (size_t)(before << 1 | here);
}

struct search {
	const struct frame_legs *f;
	size_t n;
	double leg_px, max_link, prior;
	bool *odd;               /* a frame that fits neither label: it may be passed over */
	double (*cost)[STATES];  /* the cheapest way to each state */
	uint8_t (*from)[STATES]; /* the state of the frame used before, on that way */
};

static double step_cost(const struct search *s, size_t a, int sa, size_t b, int sb, size_t c, int sc)
{
	if ((double)(s->f[c].frame - s->f[b].frame) > s->max_link)
		return 0;
	bool two = a < b && (double)(s->f[b].frame - s->f[a].frame) <= s->max_link;
	return motion_cost(two ? &s->f[a] : NULL, sa, &s->f[b], sb, &s->f[c], sc, s->leg_px) +
	       (sb != sc ? SWITCH_COST : 0);
}

/* The cheapest way to frame @i in @here from frame @i - @back in @before. */
static void reach(struct search *s, size_t i, size_t back, int before, int here)
{
	size_t b = i - back, to = state_of(back, before, here);

	for (size_t back2 = 1; back2 <= BACK_MOST; back2++)
		for (int first = 0; first < 2; first++) {
			size_t from = state_of(back2, first, before);
			if (!(s->cost[b][from] < s->cost[i][to]))
				continue;
			double total = s->cost[b][from] + (here ? s->prior : 0) +
				       SKIP_COST * (double)(back - 1) +
				       step_cost(s, b >= back2 ? b - back2 : b, first, b, before, i, here);
			if (total < s->cost[i][to]) {
				s->cost[i][to] = total;
				s->from[i][to] = (uint8_t)from;
			}
		}
}

/* Does frame @i continue the two before it, exchanged or not? */
static bool fits_neither(const struct search *s, size_t i)
{
	if (i < 2)
		return false;
	return fmin(step_cost(s, i - 2, 0, i - 1, 0, i, 0), step_cost(s, i - 2, 0, i - 1, 0, i, 1)) >
	       ODD_COST;
}

static void run(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		s->odd[i] = fits_neither(s, i);
		for (size_t k = 0; k < STATES; k++)
			s->cost[i][k] = INFINITY;
		if (i == 0) {
			s->cost[0][state_of(1, 0, 0)] = 0;
			s->cost[0][state_of(1, 0, 1)] = s->prior;
			continue;
		}
		for (size_t back = 1; back <= BACK_MOST && back <= i; back++) {
			if (back > 1 && !s->odd[i - back + 1])
				break; /* only frames that fit neither are passed over */
			for (int k = 0; k < 4; k++)
				reach(s, i, back, k >> 1, k & 1);
		}
	}
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

/* What the engine drew half-way between two legs belongs to neither. */
static void forget(struct track *t, size_t f)
{
	for (int s = 0; s < SIDES; s++) {
		const struct body_leg *l = &body_legs[s];
		const enum body_point p[] = { l->knee, l->ankle, l->heel, l->toe };
		for (size_t i = 0; i < ARRAY_LEN(p); i++)
			t->x[p[i]][f] = t->y[p[i]][f] = NAN;
	}
}

/* From the cheapest end back to the start. */
static size_t apply(const struct search *s, struct track *t)
{
	size_t best = 0, swapped = 0;

	for (size_t k = 1; k < STATES; k++)
		if (s->cost[s->n - 1][k] < s->cost[s->n - 1][best])
			best = k;
	for (size_t i = s->n - 1;;) {
		size_t back = best / 4 + 1;
		if (best & 1) {
			exchange(t, s->f[i].frame);
			swapped++;
		}
		if (i == 0)
			return swapped;
		for (size_t k = 1; k < back; k++)
			forget(t, s->f[i - k].frame);
		best = s->from[i][best];
		i -= back;
	}
}

int swaps_fix(struct track *t, size_t *ret_swapped, struct err *e)
{
	CLEANUP(free_p) struct frame_legs *f = malloc((t->n + 1) * sizeof *f);
	CLEANUP(free_p) double(*cost)[STATES] = malloc((t->n + 1) * sizeof *cost);
	CLEANUP(free_p) uint8_t(*from)[STATES] = calloc(t->n + 1, sizeof *from);
	CLEANUP(free_p) bool *odd = calloc(t->n + 1, sizeof *odd);

	if (!f || !cost || !from || !odd)
		return err_set(e, ERR_NOMEM, "no memory to compare legs in %zu frames", t->n);
	*ret_swapped = 0;
	struct search s = { .f = f,
		.n = gather(t, f),
		.leg_px = t->leg_px,
		.max_link = MAX_LINK_S * t->fps,
		.prior = PRIOR_COST_S / t->fps,
		.odd = odd,
		.cost = cost,
		.from = from };
	if (s.n < 3 || !(s.leg_px > 0))
		return 0;
	run(&s);
	*ret_swapped = apply(&s, t);
	return 0;
}
