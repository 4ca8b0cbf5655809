#include "gait/angles.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "gait/num.h"

#define DEGREES   (180 / M_PI)
#define FLAT_FROM 0.15 /* of the cycle: the foot lies flat */
#define FLAT_TO   0.35

const char *joint_name(enum joint j)
{
	static const char *const names[JOINTS] = { "hip", "knee", "ankle" };

	return names[j];
}

struct segments {
	double thigh, shank, foot, trunk;
};

static struct segments segments_at(const struct track *t, enum side s, int dir, double frame)
{
	const struct body_leg *l = &body_legs[s];
	double x[BODY_POINTS], y[BODY_POINTS];
	const enum body_point need[] = { l->hip, l->knee, l->ankle, l->heel, l->toe, BODY_NECK,
		BODY_MID_HIP };

	for (size_t i = 0; i < ARRAY_LEN(need); i++) {
		x[need[i]] = dir * num_at(t->x[need[i]], t->n, frame);
		y[need[i]] = num_at(t->y[need[i]], t->n, frame);
	}
	return (struct segments){
		.thigh = DEGREES * atan2(x[l->knee] - x[l->hip], y[l->hip] - y[l->knee]),
		.shank = DEGREES * atan2(x[l->ankle] - x[l->knee], y[l->knee] - y[l->ankle]),
		.foot = DEGREES * atan2(y[l->toe] - y[l->heel], x[l->toe] - x[l->heel]),
		.trunk = DEGREES * atan2(x[BODY_NECK] - x[BODY_MID_HIP], y[BODY_NECK] - y[BODY_MID_HIP]),
	};
}

/* One cycle's angles, [joint][point]. */
static void cycle_angles(
	const struct track *t, const struct cycle *c, int dir, double out[JOINTS][CURVE_POINTS])
{
	double flat[CURVE_POINTS];
	size_t n = 0;

	for (int i = 0; i < CURVE_POINTS; i++) {
		double part = (double)i / (CURVE_POINTS - 1);
		double frame = (c->start_s + part * (c->end_s - c->start_s)) * t->fps;
		struct segments s = segments_at(t, c->foot, dir, frame);
		out[JOINT_HIP][i] = s.thigh + s.trunk;
		out[JOINT_KNEE][i] = s.thigh - s.shank;
		out[JOINT_ANKLE][i] = s.foot - s.shank;
		if (part >= FLAT_FROM && part <= FLAT_TO)
			flat[n++] = s.foot;
	}
	double offset = num_quantile(flat, n, 0.5);
	for (int i = 0; i < CURVE_POINTS; i++)
		out[JOINT_ANKLE][i] -= offset;
}

static double range_of(const double *v)
{
	double low = v[0], high = v[0];

	for (int i = 1; i < CURVE_POINTS; i++) {
		low = fmin(low, v[i]);
		high = fmax(high, v[i]);
	}
	return high - low;
}

/* @all: count × JOINTS curves, of which those of @foot are averaged. */
static void average(const struct cycles *c, double (*all)[JOINTS][CURVE_POINTS], enum side foot, enum joint j,
	double *scratch, struct curve *ret)
{
	ret->n = 0;
	for (size_t k = 0; k < c->count; k++) {
		double sum = 0;
		for (int i = 0; i < CURVE_POINTS; i++)
			sum += all[k][j][i];
		if (c->list[k].foot == foot && !isnan(sum))
			scratch[ret->n++] = range_of(all[k][j]);
		else
			all[k][j][0] = c->list[k].foot == foot ? NAN : all[k][j][0];
	}
	ret->range = num_mean(scratch, ret->n, NULL);
	ret->range_sd = num_sd(scratch, ret->n);
	for (int i = 0; i < CURVE_POINTS; i++) {
		size_t n = 0;
		for (size_t k = 0; k < c->count; k++)
			if (c->list[k].foot == foot && !isnan(all[k][j][0]))
				scratch[n++] = all[k][j][i];
		ret->mean[i] = num_mean(scratch, n, NULL);
		ret->sd[i] = num_sd(scratch, n);
	}
}

int angles_curves(const struct track *t, const struct passes *p, const struct cycles *c,
	struct curve ret[SIDES][JOINTS], struct err *e)
{
	CLEANUP(free_p) double(*all)[JOINTS][CURVE_POINTS] = malloc((c->count + 1) * sizeof *all);
	CLEANUP(free_p) double *scratch = malloc((c->count + 1) * sizeof *scratch);

	if (!all || !scratch)
		return err_set(e, ERR_NOMEM, "no memory for the curves of %zu strides", c->count);
	for (size_t k = 0; k < c->count; k++)
		cycle_angles(t, &c->list[k], p->pass[c->list[k].pass].dir, all[k]);
	for (enum side s = SIDE_LEFT; s < SIDES; s++)
		for (enum joint j = JOINT_HIP; j < JOINTS; j++)
			average(c, all, s, j, scratch, &ret[s][j]);
	return 0;
}
