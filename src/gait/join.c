#include "gait/join.h"

#include <math.h>

#include "gait/num.h"

#define STRIDES_ALIKE 0.05
#define SPREAD_MOST   0.1 /* of the stride */
enum { LEAST_STEPS = 4, PAIRS_MAX = 256 };

/* The rhythm of one view: phase 0 is a right heel strike, in [0, 1). */
struct rhythm {
	double stride_s, right_phase, left_phase; /* phases of the clock's time 0 … see phase_of() */
	double spread;                            /* circular SD, strides */
	size_t steps;
};

static double frac(double x)
{
	return x - floor(x);
}

/* Circular mean of strike times over the stride; *@sum gets the resultant length, 0…1. */
static double mean_phase(const struct events *ev, enum side foot, double stride_s, double *resultant)
{
	double c = 0, s = 0;
	size_t n = 0;

	for (size_t i = 0; i < ev->count; i++) {
		const struct event *v = &ev->list[i];
		if (v->kind != EVENT_HEEL_STRIKE || v->foot != foot)
			continue;
		double w = 2 * M_PI * frac(v->time_s / stride_s);
		c += cos(w);
		s += sin(w);
		n++;
	}
	*resultant = n > 0 ? hypot(c, s) / (double)n : 0;
	return frac(atan2(s, c) / (2 * M_PI));
}

/* The stride of the whole recording: strikes of each foot on a line over their count within a pass. */
static double mean_stride(const struct events *ev, size_t *steps)
{
	double sum = 0, last[SIDES] = { NAN, NAN };
	size_t n = 0, pass = (size_t)-1;

	*steps = 0;
	for (size_t i = 0; i < ev->count; i++) {
		const struct event *v = &ev->list[i];
		if (v->kind != EVENT_HEEL_STRIKE)
			continue;
		if (v->pass != pass)
			last[SIDE_LEFT] = last[SIDE_RIGHT] = NAN;
		pass = v->pass;
		++*steps;
		if (!isnan(last[v->foot])) {
			sum += v->time_s - last[v->foot];
			n++;
		}
		last[v->foot] = v->time_s;
	}
	return n > 0 ? sum / (double)n : NAN;
}

static bool rhythm_of(const struct events *ev, double stride_s, size_t steps, struct rhythm *ret)
{
	double left, right;

	if (steps < LEAST_STEPS)
		return false;
	ret->stride_s = stride_s;
	ret->steps = steps;
	ret->left_phase = mean_phase(ev, SIDE_LEFT, stride_s, &left);
	ret->right_phase = mean_phase(ev, SIDE_RIGHT, stride_s, &right);
	double r = fmin(left, right);
	ret->spread = r > 0 ? sqrt(-2 * log(fmin(1, r))) / (2 * M_PI) : INFINITY; /* Fisher 1993, 2.3.1 */
	return true;
}

/* Into [-0.5, 0.5). */
static double wrap(double x)
{
	return x - floor(x + 0.5);
}

void join_views(struct events *front, const struct events *side, struct joined_views *ret)
{
	struct rhythm f, s;
	size_t front_steps, side_steps;
	double front_stride = mean_stride(front, &front_steps), side_stride = mean_stride(side, &side_steps);

	*ret = (struct joined_views){ .offset_s = NAN, .spread_s = NAN, .correction_s = NAN };
	if (!(fabs(front_stride - side_stride) <= STRIDES_ALIKE * side_stride))
		return;
	/* One stride for both, so that their phases run at one rate. */
	double w = (double)front_steps / (double)(front_steps + side_steps);
	double stride_s = w * front_stride + (1 - w) * side_stride;
	if (!rhythm_of(front, stride_s, front_steps, &f) || !rhythm_of(side, stride_s, side_steps, &s) ||
		f.spread > SPREAD_MOST || s.spread > SPREAD_MOST)
		return;
	double dl = wrap(s.left_phase - f.left_phase), dr = dl + wrap(s.right_phase - f.right_phase - dl);
	ret->joined = true;
	ret->offset_s = wrap(0.5 * (dl + dr)) * stride_s;
	ret->spread_s = f.spread * stride_s;
	ret->correction_s = 0.5 * (dl - dr) * stride_s;
	for (size_t i = 0; i < front->count; i++)
		front->list[i].time_s +=
			front->list[i].foot == SIDE_LEFT ? ret->correction_s : -ret->correction_s;
	events_sort(front);
}
