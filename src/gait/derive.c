#include "gait/derive.h"

#include <math.h>

#include "base/cleanup.h"
#include "gait/anthropometry.h"
#include "gait/symmetry.h"

#define GRAVITY 9.81

static void set_both(struct param_set *s, enum param p, struct value v)
{
	s->of[p][SIDE_LEFT] = s->of[p][SIDE_RIGHT] = v;
}

/* Both sides' steps as one; a side that is missing makes it unknown. */
static void cadence(struct param_set *s)
{
	const struct value *l = &s->of[PARAM_step_time][SIDE_LEFT], *r = &s->of[PARAM_step_time][SIDE_RIGHT];
	struct value c = value_missing(l->reason ? l->reason : r->reason, l->view);

	if (l->reason || r->reason) {
		set_both(s, PARAM_cadence, c);
		return;
	}
	/* Steps alternate, so each side weighs the same however many of it were seen; what differs between
	 * the sides is a limp and no uncertainty. 60 / mean; the spread by the derivative, -60 / mean². */
	double mean = 0.5 * (l->value + r->value), k = 60 / (mean * mean);
	double half = 0.5 * hypot(l->ci_high - l->value, r->ci_high - r->value);
	c = (struct value){ .value = 60 / mean,
		.n = l->n + r->n,
		.sd = k * sqrt(0.5 * (l->sd * l->sd + r->sd * r->sd)),
		.ci_low = 60 / mean - k * half,
		.ci_high = 60 / mean + k * half,
		.view = l->view };
	set_both(s, PARAM_cadence, c);
}

/* Coefficient of variation within each side, pooled: a difference between the sides is not variability. */
static struct value variation(const struct value side[SIDES], int sides)
{
	double sum = 0;
	size_t n = 0, df = 0;

	for (int s = 0; s < sides; s++)
		if (!side[s].reason && side[s].n >= 2 && side[s].value > 0) {
			double cv = side[s].sd / side[s].value;
			sum += cv * cv * (double)(side[s].n - 1);
			df += side[s].n - 1;
			n += side[s].n;
		}
	struct value v =
		value_missing(side[0].reason ? side[0].reason : REASON_too_few_strides, side[0].view);
	if (df < 2)
		return v;
	v.value = 100 * sqrt(sum / (double)df);
	v.n = n;
	v.reason = REASON_NONE;
	/* Standard error cv / sqrt(2 df) (Ahn & Fessler 2003); the interval stops at zero. */
	double half = 1.96 * v.value / sqrt(2 * (double)df);
	v.ci_low = fmax(0, v.value - half);
	v.ci_high = v.value + half;
	return v;
}

static void variations(struct param_set *s)
{
	static const struct {
		enum param p, of;
	} rows[] = { { PARAM_stride_time_cv, PARAM_stride_time }, { PARAM_step_time_cv, PARAM_step_time },
		{ PARAM_stride_length_cv, PARAM_stride_length }, { PARAM_step_length_cv, PARAM_step_length },
		{ PARAM_step_width_cv, PARAM_step_width }, { PARAM_speed_cv, PARAM_speed } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		set_both(s, rows[i].p,
			variation(s->of[rows[i].of], param_info(rows[i].of)->shape == SIDED ? SIDES : 1));
}

static struct value derived(const struct value *from, double value)
{
	struct value v = value_missing(from->reason ? from->reason : REASON_not_seen, from->view);

	if (from->reason || isnan(value))
		return v;
	v.value = value;
	v.n = from->n;
	v.reason = REASON_NONE;
	return v;
}

/* The side that is missing, or rests on less. */
static const struct value *weaker(const struct param_set *s, enum param p)
{
	const struct value *l = &s->of[p][SIDE_LEFT], *r = &s->of[p][SIDE_RIGHT];

	return l->reason || (!r->reason && l->n < r->n) ? l : r;
}

static void symmetries(struct param_set *s)
{
	static const struct {
		enum param p, of; /* p is followed by its two other indices (params.def) */
	} rows[] = {
#define PARAM(name, unit, shape, decimals, low, high)
#define SYMMETRY(of) { PARAM_symmetry_##of, PARAM_##of },
#include "gait/params.def"
#undef SYMMETRY
#undef PARAM
	};
	double (*const how[])(double, double) = { symmetry_si, symmetry_ga, symmetry_sa };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct value *worse = weaker(s, rows[i].of);
		double l = s->of[rows[i].of][SIDE_LEFT].value, r = s->of[rows[i].of][SIDE_RIGHT].value;
		for (size_t k = 0; k < ARRAY_LEN(how); k++) {
			struct value v = derived(worse, how[k](l, r));
			if (!v.reason && worse->n < 2)
				v = value_missing(REASON_too_few_strides, v.view);
			set_both(s, rows[i].p + (enum param)k, v);
		}
	}
}

/* Hof 1996: speed over sqrt(g · l0), cadence times sqrt(l0 / g) with steps a second, lengths over l0. */
static void normalised(struct param_set *s, const struct patient *p)
{
	double l0 = anthropometry_leg(p->age_months) * p->height_m;
	const struct value *speed = &s->of[PARAM_speed][0], *width = &s->of[PARAM_step_width][0];
	const struct value *cad = &s->of[PARAM_cadence][0];
	const struct value *step = weaker(s, PARAM_step_length), *stride = weaker(s, PARAM_stride_length);
	struct value c = derived(cad, cad->value / 60 * sqrt(l0 / GRAVITY));

	if (c.reason && !cad->reason)
		c.reason = REASON_no_height;
	set_both(s, PARAM_cadence_normalized, c);
	set_both(s, PARAM_speed_normalized, derived(speed, speed->value / sqrt(GRAVITY * l0)));
	set_both(s, PARAM_step_width_normalized, derived(width, width->value / l0));
	set_both(s, PARAM_step_length_normalized, derived(step, param_both(s, PARAM_step_length) / l0));
	set_both(s, PARAM_stride_length_normalized, derived(stride, param_both(s, PARAM_stride_length) / l0));
	set_both(s, PARAM_walk_ratio, derived(step, param_both(s, PARAM_step_length) / cad->value));
}

void derive_params(struct param_set *s, const struct patient *p)
{
	cadence(s);
	variations(s);
	symmetries(s);
	normalised(s, p);
}
