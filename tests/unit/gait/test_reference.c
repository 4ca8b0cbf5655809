#include "support/testing.h"

#include <math.h>

#include "gait/anthropometry.h"
#include "gait/norms.h"
#include "gait/profile.h"
#include "gait/sparc.h"
#include "synth.h"

static struct patient of_age(double months)
{
	struct patient p;

	patient_init(&p);
	p.age_months = months;
	return p;
}

static void proportions_change_with_age(void **state)
{
	(void)state;
	near(anthropometry_eyes(360), 0.936, 0.001);
	near(anthropometry_eyes(NAN), 0.936, 0.001); /* unknown: an adult */
	near(anthropometry_leg(NAN), 0.530, 0.001);
	near(anthropometry_thigh_and_shank(360), 0.491, 0.001);
	near(anthropometry_eyes(24), 1 - 0.454 * 0.2, 1e-9); /* a fifth of the height is head (Stratz 1909) */
	near(anthropometry_eyes(3), anthropometry_eyes(12), 1e-9);
	for (double m = 12; m < 216; m++) {
		assert_true(anthropometry_eyes(m) < anthropometry_eyes(m + 1) + 1e-12);
		near(anthropometry_leg(m), anthropometry_leg(m + 1), 0.004); /* no steps */
	}
	assert_true(anthropometry_leg(24) < 0.47);
}

/* Published points come back, and only for whom they were published. */
static void curves_are_the_published_ones(void **state)
{
	struct norm_curve n;
	struct patient child = of_age(80), adult = of_age(400), toddler = of_age(30), unknown = of_age(NAN);

	(void)state;
	assert_true(norm_curve(JOINT_KNEE, &child, &n));
	assert_has(n.source, "Schwartz 2008");
	near(n.mean[0], 5.5, 1e-9);
	near(n.mean[72], 59, 1e-9);
	near(n.sd[88], 8.5, 1e-9);
	assert_true(n.mean[71] > n.mean[68] && n.mean[71] < 60);
	assert_true(norm_curve(JOINT_ANKLE, &adult, &n));
	assert_has(n.source, "Winter 1991");
	near(n.mean[64], -19.5, 1e-9);
	near(n.mean[100], 0.5, 1e-9);
	assert_false(norm_curve(JOINT_KNEE, &toddler, &n));
	assert_false(norm_curve(JOINT_KNEE, &unknown, &n));
	assert_false(norm_curve(JOINT_TRUNK, &adult, &n));
	assert_false(norm_curve(JOINT_FOOT, &child, &n));
}

static void ranges_hold_for_their_ages(void **state)
{
	struct norm_range r;
	struct patient three = of_age(42), five = of_age(66), seven = of_age(84), adult = of_age(300);

	(void)state;
	assert_true(norm_range(PARAM_stride_time, &three, &r));
	near(r.low, 0.900 - 2 * 0.014 * sqrt(11), 0.001); /* Hausdorff 1999: mean ± 2 · SE · sqrt(n) */
	near(r.high, 0.900 + 2 * 0.014 * sqrt(11), 0.001);
	assert_false(norm_range(PARAM_stride_time, &five, &r)); /* not published: not stretched */
	assert_true(norm_range(PARAM_cadence, &seven, &r));
	near(r.low, 120 / (0.955 + 2 * 0.012 * sqrt(20)), 0.5);
	near(r.high, 120 / (0.955 - 2 * 0.012 * sqrt(20)), 0.5);
	assert_true(norm_range(PARAM_stance, &adult, &r) && r.low == 58 && r.high == 64);
	assert_false(norm_range(PARAM_trunk_sway, &adult, &r));
	assert_non_null(strstr(r.source, "Perry"));
}

static void profiles_are_distances_from_the_reference(void **state)
{
	struct curve curves[SIDES][JOINTS] = { 0 };
	struct patient p = of_age(100), nobody = of_age(NAN);
	struct profile out;
	struct norm_curve n;

	(void)state;
	for (enum side s = SIDE_LEFT; s < SIDES; s++)
		for (enum joint j = JOINT_HIP; j <= JOINT_ANKLE; j++) {
			assert_true(norm_curve(j, &p, &n));
			curves[s][j].n = 4;
			for (int i = 0; i < CURVE_POINTS; i++)
				curves[s][j].mean[i] = n.mean[i] + (s == SIDE_RIGHT          ? 6
									   : j == JOINT_KNEE ? 3
											     : 0);
		}
	profile_make(curves, &p, &out);
	near(out.gvs[SIDE_LEFT][JOINT_HIP], 0, 1e-9);
	near(out.gvs[SIDE_LEFT][JOINT_KNEE], 3, 1e-9);
	near(out.gps[SIDE_LEFT], 3 / sqrt(3), 1e-9);
	near(out.gps[SIDE_RIGHT], 6, 1e-9);
	near(out.gps_whole, sqrt((9 + 3 * 36) / 6.0), 1e-9);
	assert_true(isnan(out.gvs[SIDE_LEFT][JOINT_TRUNK]));
	curves[SIDE_LEFT][JOINT_ANKLE].n = 0; /* two joints are no score */
	profile_make(curves, &p, &out);
	assert_true(isnan(out.gps[SIDE_LEFT]) && isnan(out.gps_whole) && !isnan(out.gps[SIDE_RIGHT]));
	profile_make(curves, &nobody, &out);
	assert_null(out.source);
	assert_true(isnan(out.gps[SIDE_RIGHT]));
}

/* Balasubramanian 2015: the value does not depend on size or duration of a movement, and grows with
 * interruptions. */
static void smoothness_is_a_matter_of_shape(void **state)
{
	double smooth[240], twice[480], broken[240], big[240];

	(void)state;
	for (int i = 0; i < 240; i++) {
		double u = (double)i / 239;
		smooth[i] = 30 * u * u * (1 - u) * (1 - u);
		big[i] = 7 * smooth[i];
		broken[i] = smooth[i] * (1 + 0.8 * sin(2 * M_PI * 6 * u));
	}
	for (int i = 0; i < 480; i++) {
		double u = (double)i / 479;
		twice[i] = 30 * u * u * (1 - u) * (1 - u);
	}
	double s = sparc(smooth, 240, 240);
	near(s, -1.41, 0.03); /* a minimum-jerk movement of a second: the smoothest there is */
	near(sparc(big, 240, 240), s, 1e-9);
	near(sparc(twice, 480, 240), s, 0.06);
	assert_true(sparc(broken, 240, 240) < s - 0.5);
	assert_true(isnan(sparc(smooth, 7, 240)));
	for (int i = 0; i < 240; i++)
		big[i] = 0;
	assert_true(isnan(sparc(big, 240, 240)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proportions_change_with_age),
		cmocka_unit_test(curves_are_the_published_ones),
		cmocka_unit_test(ranges_hold_for_their_ages),
		cmocka_unit_test(profiles_are_distances_from_the_reference),
		cmocka_unit_test(smoothness_is_a_matter_of_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
