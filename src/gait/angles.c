#include "gait/angles.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "gait/num.h"

#define DEGREES (180 / M_PI)

/* The foot as two rigid parts, joined at the ball: with the toes flat and the rear foot raised by b, the line
 * from heel to toe tip is raised by a = atan2(B sin b, B cos b + 1 - B), B = 0.73: b - a is 0.365 a within
 * 0.3° up to b = 30°, where the toes bend no further and both turn together. */
#define TOES_BEND  0.365
#define BEND_MOST  8.0
#define HEEL_RISES 0.35 /* of the cycle: not before */
#define TOES_BACK  0.15 /* of the cycle after toe-off until the toes are straight again */

const char *joint_name(enum joint j)
{
	static const char *const names[JOINTS] = { "hip", "knee", "ankle", "trunk", "foot" };

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
		.foot = t->no_feet ? NAN : DEGREES * atan2(y[l->toe] - y[l->heel], x[l->toe] - x[l->heel]),
		.trunk = DEGREES * atan2(x[BODY_NECK] - x[BODY_MID_HIP], y[BODY_NECK] - y[BODY_MID_HIP]),
	};
}

/* A curve with one hole says nothing of its extremes: it is unknown as a whole. */
static void void_holed(double *v)
{
	double sum = 0;

	for (int i = 0; i < CURVE_POINTS; i++)
		sum += v[i];
	for (int i = 0; i < CURVE_POINTS && isnan(sum); i++)
		v[i] = NAN;
}

/* How much steeper the rear foot is than the line from heel to toe tip, @foot (from flat, toe up positive).
 */
static double heel_rise(double foot, double part, double toe_off)
{
	double weight = part <= toe_off ? 1 : fmax(0, 1 - (part - toe_off) / TOES_BACK);

	if (!(foot < 0) || part < HEEL_RISES || isnan(toe_off))
		return 0;
	return weight * fmin(BEND_MOST, -TOES_BEND * foot);
}

void angles_at(const struct track *t, enum side s, int dir, double frame, double flat_deg,
	const struct cycle *c, double out[JOINTS])
{
	struct segments at = segments_at(t, s, dir, frame);
	double rise = 0;

	out[JOINT_HIP] = at.thigh + at.trunk;
	out[JOINT_KNEE] = at.thigh - at.shank;
	out[JOINT_TRUNK] = at.trunk;
	out[JOINT_FOOT] = at.foot - flat_deg;
	if (c)
		rise = heel_rise(out[JOINT_FOOT], (frame / t->fps - c->start_s) / (c->end_s - c->start_s),
			(c->toe_off_s - c->start_s) / (c->end_s - c->start_s));
	out[JOINT_ANKLE] = out[JOINT_FOOT] - rise - at.shank;
}

static void cycle_angles(const struct track *t, const struct cycle *c, int dir, double flat_deg,
	double out[JOINTS][CURVE_POINTS])
{
	for (int i = 0; i < CURVE_POINTS; i++) {
		double at[JOINTS], part = (double)i / (CURVE_POINTS - 1);
		angles_at(t, c->foot, dir, (c->start_s + part * (c->end_s - c->start_s)) * t->fps, flat_deg,
			c, at);
		for (enum joint j = JOINT_HIP; j < JOINTS; j++)
			out[j][i] = at[j];
	}
	for (enum joint j = JOINT_HIP; j < JOINTS; j++)
		void_holed(out[j]);
}

void angles_of_cycles(const struct track *t, const struct passes *p, const struct cycles *c,
	const double flat_deg[SIDES], cycle_curves *out)
{
	for (size_t k = 0; k < c->count; k++)
		cycle_angles(t, &c->list[k], p->pass[c->list[k].pass].dir, flat_deg[c->list[k].foot], out[k]);
}

/* Samples of one joint's cycles, each NaN-free. */
struct room {
	double *range, *high, *high_at, *low, *low_at, *point;
	double *block;
};

static void room_deinit(struct room *r)
{
	free(r->block);
}

static int room_init(struct room *r, size_t n, struct err *e)
{
	r->block = malloc((n + 1) * 6 * sizeof *r->block);
	if (!r->block)
		return err_set(e, ERR_NOMEM, "no memory for the curves of %zu strides", n);
	r->range = r->block;
	r->high = r->range + (n + 1);
	r->high_at = r->high + (n + 1);
	r->low = r->high_at + (n + 1);
	r->low_at = r->low + (n + 1);
	r->point = r->low_at + (n + 1);
	return 0;
}

static void extremes_of(const double *v, struct room *r, size_t k)
{
	int high = 0, low = 0;

	for (int i = 1; i < CURVE_POINTS; i++) {
		high = v[i] > v[high] ? i : high;
		low = v[i] < v[low] ? i : low;
	}
	r->high[k] = v[high];
	r->high_at[k] = high;
	r->low[k] = v[low];
	r->low_at[k] = low;
	r->range[k] = v[high] - v[low];
}

static struct extreme extreme_of(const double *value, const double *at, size_t n)
{
	return (struct extreme){ .value = num_mean(value, n, NULL),
		.value_sd = num_sd(value, n),
		.at = num_mean(at, n, NULL),
		.at_sd = num_sd(at, n) };
}

static void average(const struct cycles *c, cycle_curves *all, enum side foot, enum joint j, struct room *r,
	struct curve *ret)
{
	ret->n = 0;
	for (size_t k = 0; k < c->count; k++)
		if (c->list[k].foot == foot && !isnan(all[k][j][0]))
			extremes_of(all[k][j], r, ret->n++);
	ret->range = num_mean(r->range, ret->n, NULL);
	ret->range_sd = num_sd(r->range, ret->n);
	ret->highest = extreme_of(r->high, r->high_at, ret->n);
	ret->lowest = extreme_of(r->low, r->low_at, ret->n);
	for (int i = 0; i < CURVE_POINTS; i++) {
		size_t n = 0;
		for (size_t k = 0; k < c->count; k++)
			if (c->list[k].foot == foot && !isnan(all[k][j][0]))
				r->point[n++] = all[k][j][i];
		ret->mean[i] = num_mean(r->point, n, NULL);
		ret->sd[i] = num_sd(r->point, n);
	}
}

int angles_average(const struct cycles *c, cycle_curves *all, struct curve ret[SIDES][JOINTS], struct err *e)
{
	struct room r __attribute__((cleanup(room_deinit))) = { 0 };

	if (room_init(&r, c->count, e) < 0)
		return -1;
	for (enum side s = SIDE_LEFT; s < SIDES; s++)
		for (enum joint j = JOINT_HIP; j < JOINTS; j++)
			average(c, all, s, j, &r, &ret[s][j]);
	return 0;
}
