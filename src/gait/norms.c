/* Published reference values. Curves are read off at every 4 % of the cycle to half a degree.
 *
 * Children, 4 to 17 years: Schwartz MH, Rozumalski A, Trost JP. The effect of walking speed on the gait of
 * typically developing children. J Biomech 2008; 41: 1639-1650. 83 children, free speed. Its hip angle is
 * thigh against pelvis; less the pelvic tilt given there it is thigh against the vertical, which is this
 * project's hip angle for an upright trunk. Adults: Winter DA. The Biomechanics and Motor Control of Human
 * Gait, 2nd ed. Waterloo 1991. 19 adults, natural cadence, angles in the sagittal plane as here. The spread
 * between adults is taken to be the children's.
 *
 * Times of children: Hausdorff JM, Zemany L, Peng CK, Goldberger AL. Maturation of gait dynamics. J Appl
 * Physiol 1999; 86: 1040-1047 (stride time: mean and SE of 11 children of 3-4, 20 of 6-7, 12 of 11-14 years;
 * speed of the first two groups). Ranges are mean ± 2 SD, SD = SE · sqrt(n). Adults: Perry J, Burnfield JM.
 * Gait Analysis, 2nd ed. Slack 2010; Winter 1991: the ranges that both support. */
#include "gait/norms.h"

#include <math.h>

#include "base/cleanup.h"

enum { KNOTS = 26, EVERY = 4 };

static const char children[] = "Schwartz 2008: 83 typically developing children of 4 to 17 years, free speed";
static const char adults[] = "Winter 1991: 19 adults, natural cadence (spread: Schwartz 2008)";

static const double child_hip[KNOTS] = { 23.5, 23.5, 23, 20.5, 16, 11.5, 6.5, 2, -2.5, -7, -11, -14, -16.5,
	-17.5, -16.5, -11.5, -4.5, 3.5, 10.5, 16, 20.5, 23, 24.5, 24, 23.5, 23.5 };
static const double child_knee[KNOTS] = { 5.5, 11, 17, 19.5, 18.5, 16.5, 14, 11.5, 9, 7, 6, 7, 9.5, 14.5,
	22.5, 34, 46.5, 55.5, 59, 57, 50, 39, 25.5, 12.5, 4.5, 5.5 };
static const double child_ankle[KNOTS] = { -2, -5.5, -4, 0, 3, 5, 7, 8, 9, 10, 11, 12, 11.5, 8.5, 0, -14, -20,
	-14.5, -8, -2.5, 1, 2.5, 2, 0, -1, -2.5 };
static const double hip_sd[KNOTS] = { 5.5, 5.5, 6, 6, 6, 6, 6, 6, 6, 6.5, 6.5, 7, 7, 7, 6.5, 7, 6.5, 6.5, 6,
	5.5, 5.5, 5.5, 5.5, 5.5, 5.5, 5.5 };
static const double knee_sd[KNOTS] = { 5.5, 5.5, 6, 6.5, 6, 6, 5.5, 5.5, 5.5, 5.5, 5.5, 5.5, 5.5, 6, 6, 6.5,
	6.5, 5.5, 6, 7, 8, 8.5, 8.5, 8, 6.5, 5.5 };
static const double ankle_sd[KNOTS] = { 5.5, 5, 4, 4, 4, 4, 3.5, 4, 4, 4, 4.5, 4.5, 5, 6, 8.5, 9.5, 9, 8, 7,
	5.5, 5, 4, 4, 4.5, 5.5, 5.5 };
static const double adult_hip[KNOTS] = { 19.5, 18.5, 17.5, 15, 12, 8.5, 5, 1.5, -1.5, -4, -6.5, -8.5, -10,
	-11, -10.5, -7, -1, 6, 12, 16.5, 19.5, 21.5, 22, 21, 19.5, 19 };
static const double adult_knee[KNOTS] = { 4, 10.5, 17.5, 21.5, 21, 19, 15.5, 12.5, 10, 8.5, 7.5, 8.5, 11.5,
	17, 26, 38.5, 52, 61.5, 65, 61.5, 53.5, 41, 25.5, 10, 1, 2 };
static const double adult_ankle[KNOTS] = { 0, -4, -4, -0.5, 3, 5, 6, 7, 7.5, 8.5, 9, 9.5, 8.5, 4.5, -3, -13,
	-19.5, -18, -12, -6, -1.5, 0, -0.5, -0.5, 1, 0.5 };

struct curve_row {
	double from_months, to_months; /* [from, to) */
	const char *source;
	const double *mean[JOINTS], *sd[JOINTS];
};

static const struct curve_row curve_rows[] = {
	{ 48, 216, children, { child_hip, child_knee, child_ankle }, { hip_sd, knee_sd, ankle_sd } },
	{ 216, INFINITY, adults, { adult_hip, adult_knee, adult_ankle }, { hip_sd, knee_sd, ankle_sd } },
};

struct range_row {
	enum param param;
	double from_months, to_months; /* [from, to) */
	double low, high;
	const char *source;
};

static const char maturation[] = "Hausdorff 1999: healthy children of this age, mean ± 2 SD";
static const char textbook[] = "Perry & Burnfield 2010, Winter 1991: healthy adults";

static const struct range_row range_rows[] = {
	{ PARAM_stride_time, 36, 60, 0.807, 0.993, maturation },   /* 0.900 ± 0.014 (SE), n = 11 */
	{ PARAM_stride_time, 72, 96, 0.848, 1.062, maturation },   /* 0.955 ± 0.012, n = 20 */
	{ PARAM_stride_time, 132, 180, 0.947, 1.197, maturation }, /* 1.072 ± 0.018, n = 12 */
	{ PARAM_step_time, 36, 60, 0.404, 0.496, maturation },
	{ PARAM_step_time, 72, 96, 0.424, 0.531, maturation },
	{ PARAM_step_time, 132, 180, 0.474, 0.598, maturation },
	{ PARAM_cadence, 36, 60, 121, 149, maturation },
	{ PARAM_cadence, 72, 96, 113, 142, maturation },
	{ PARAM_cadence, 132, 180, 100, 127, maturation },
	{ PARAM_speed, 36, 60, 0.80, 1.20, maturation }, /* 1.00 ± 0.03 */
	{ PARAM_speed, 72, 96, 0.93, 1.47, maturation }, /* 1.20 ± 0.03 */
	{ PARAM_cadence, 216, 780, 100, 120, textbook },
	{ PARAM_stride_time, 216, 780, 1.0, 1.2, textbook },
	{ PARAM_step_time, 216, 780, 0.5, 0.6, textbook },
	{ PARAM_speed, 216, 780, 1.1, 1.6, textbook },
	{ PARAM_stance, 216, 780, 58, 64, textbook },
	{ PARAM_swing, 216, 780, 36, 42, textbook },
	{ PARAM_double_support, 216, 780, 16, 28, textbook },
	{ PARAM_step_width, 216, 780, 0.05, 0.13, textbook },
};

/* Catmull & Rom 1974 through the knots; at the ends their first and last stretch goes on. */
static double between(const double *v, int percent)
{
	int i = percent / EVERY;
	double u = (double)(percent % EVERY) / EVERY;

	if (i >= KNOTS - 1)
		return v[KNOTS - 1];
	double a = i > 0 ? v[i - 1] : 2 * v[0] - v[1], b = v[i], c = v[i + 1];
	double d = i + 2 < KNOTS ? v[i + 2] : 2 * v[KNOTS - 1] - v[KNOTS - 2];
	return b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)));
}

bool norm_curve(enum joint j, const struct patient *p, struct norm_curve *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(curve_rows); i++) {
		const struct curve_row *r = &curve_rows[i];
		if (!(p->age_months >= r->from_months && p->age_months < r->to_months) || !r->mean[j])
			continue;
		ret->source = r->source;
		for (int k = 0; k < CURVE_POINTS; k++) {
			ret->mean[k] = between(r->mean[j], k);
			ret->sd[k] = between(r->sd[j], k);
		}
		return true;
	}
	return false;
}

bool norm_range(enum param p, const struct patient *patient, struct norm_range *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(range_rows); i++) {
		const struct range_row *r = &range_rows[i];
		if (r->param != p || !(patient->age_months >= r->from_months) ||
			!(patient->age_months < r->to_months))
			continue;
		*ret = (struct norm_range){ r->source, r->low, r->high };
		return true;
	}
	return false;
}
