#include "support/testing.h"

#include <math.h>

#include "gait/analyze.h"
#include "synth.h"

static const struct patient adult = { .height_m = 1.70, .age_months = 360, .sex = 'O' };

static double whole(const struct analysis *a, enum param p)
{
	return a->params.of[p][0].value;
}

static double of_side(const struct analysis *a, enum param p, enum side s)
{
	return a->params.of[p][s].value;
}

static void run(const struct synth *front, const struct synth *side, struct analysis *ret)
{
	KEYPOINTS_CLEANUP struct keypoints f;
	KEYPOINTS_CLEANUP struct keypoints s;
	struct err e = { 0 };

	keypoints_init(&f);
	keypoints_init(&s);
	if (front)
		synth_fill(front, &f);
	if (side)
		synth_fill(side, &s);
	assert_ok(analyze(front ? &f : NULL, side ? &s : NULL, &adult, ret, &e), &e);
}

/* Every heel strike and toe-off inside the walk, each once, within the tolerance. */
static void events_match(const struct synth *s, const struct view_result *v, double tolerance_s)
{
	for (enum side foot = SIDE_LEFT; foot < SIDES; foot++)
		for (int kind = 0; kind < 2; kind++)
			for (int n = 0;; n++) {
				double t = kind ? synth_toe_off(s, foot, n) : synth_strike(s, foot, n);
				double stop = s->stop_s > 0 ? s->stop_s : s->seconds;
				int found = 0;
				if (t > stop - fmax(0.35, 0.3 * synth_stride_s(s)))
					break;
				if (t < s->start_s + 0.45)
					continue;
				for (size_t i = 0; i < v->events.count; i++) {
					const struct event *ev = &v->events.list[i];
					found += ev->foot == foot && (int)ev->kind == kind &&
						 fabs(ev->time_s - t) <= tolerance_s;
				}
				if (found != 1)
					fail_msg("cadence %g, %g/s: %s %s at %.3f s found %d times",
						s->cadence, s->fps, side_name(foot),
						kind ? "toe-off" : "heel strike", t, found);
			}
}

static void the_side_view_tells_times_and_lengths(void **state)
{
	static const struct {
		double cadence, step_m, fps, noise_px, drop, start_s;
		int dir;
	} rows[] = {
		{ 110, 0.65, 30, 0, 0, 0, 1 },
		{ 110, 0.65, 30, 0, 0, 0, -1 },
		{ 110, 0.65, 60, 2, 0, 0, 1 },
		{ 110, 0.65, 30, 2, 0.03, 0, -1 },
		{ 60, 0.45, 30, 1, 0, 0, 1 },
		{ 80, 0.50, 25, 1, 0, 0, 1 },
		{ 140, 0.60, 50, 1, 0, 0, -1 },
		{ 155, 0.35, 60, 1, 0, 0, 1 },
		{ 104, 0.62, 120, 1, 0, 0, 1 },
		{ 110, 0.65, 30, 1, 0, 1.5, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ANALYSIS_CLEANUP struct analysis a;
		struct synth s = synth_adult(VIEW_SIDE);
		s.cadence = rows[i].cadence;
		s.step_m = rows[i].step_m;
		s.fps = rows[i].fps;
		s.noise_px = rows[i].noise_px;
		s.drop = rows[i].drop;
		s.start_s = rows[i].start_s;
		s.dir = rows[i].dir;
		s.seconds = 6;
		s.px_per_m = 140;
		run(NULL, &s, &a);
		events_match(&s, &a.view[VIEW_SIDE], 0.06);
		near(whole(&a, PARAM_cadence), s.cadence, 0.01 * s.cadence);
		near(whole(&a, PARAM_speed), s.step_m * s.cadence / 60, 0.04);
		for (enum side k = SIDE_LEFT; k < SIDES; k++) {
			near(of_side(&a, PARAM_step_time, k), 60 / s.cadence, 0.02);
			near(of_side(&a, PARAM_stride_time, k), 120 / s.cadence, 0.02);
			near(of_side(&a, PARAM_step_length, k), s.step_m, 0.03);
			near(of_side(&a, PARAM_stride_length, k), 2 * s.step_m, 0.04);
			near(of_side(&a, PARAM_stance, k), 62,
				6); /* Zeni: late off, early on, by its definition */
			near(of_side(&a, PARAM_stance, k) + of_side(&a, PARAM_swing, k), 100, 1e-6);
		}
		assert_int_equal(a.view[VIEW_SIDE].passes.pass[0].dir, s.dir);
		assert_true(whole(&a, PARAM_symmetry_step_time) < 6);
	}
}

static void the_front_view_tells_cadence_and_width(void **state)
{
	static const struct {
		double cadence, width_m, noise_px;
		int dir;
	} rows[] = { { 110, 0.10, 0, 1 }, { 110, 0.10, 0, -1 }, { 90, 0.18, 1, 1 }, { 130, 0.06, 1, 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ANALYSIS_CLEANUP struct analysis a;
		struct synth s = synth_adult(VIEW_FRONT);
		s.cadence = rows[i].cadence;
		s.width_m = rows[i].width_m;
		s.noise_px = rows[i].noise_px;
		s.dir = rows[i].dir;
		s.seconds = 6;
		run(&s, NULL, &a);
		near(whole(&a, PARAM_cadence), s.cadence, 2);
		near(whole(&a, PARAM_step_width), s.width_m, 0.015);
		assert_int_equal(a.params.of[PARAM_speed][0].reason, REASON_no_side_view);
		assert_int_equal(a.params.of[PARAM_stance][0].reason, REASON_no_side_view);
		assert_int_equal(a.view[VIEW_FRONT].passes.pass[0].dir, s.dir);
	}
}

static void a_limp_shows_on_the_right_side(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;
	struct synth s = synth_adult(VIEW_SIDE);

	(void)state;
	s.lag = 0.08; /* the left step takes 58 % of the stride, the right one 42 % */
	s.fps = 60;
	run(NULL, &s, &a);
	near(of_side(&a, PARAM_step_time, SIDE_LEFT), 0.58 * synth_stride_s(&s), 0.02);
	near(of_side(&a, PARAM_step_time, SIDE_RIGHT), 0.42 * synth_stride_s(&s), 0.02);
	near(whole(&a, PARAM_symmetry_step_time), 100 * (0.42 - 0.58) / 0.5, 5);
	assert_true(whole(&a, PARAM_symmetry_step_time_sa) < 0);
	near(whole(&a, PARAM_cadence), s.cadence, 1.5);
}

/* Exchanged legs, short and long, at several frame rates: the events stay where they are. */
static void exchanged_legs_are_put_back(void **state)
{
	static const struct {
		double fps;
		size_t from, to;
	} rows[] = { { 30, 40, 41 }, { 30, 40, 44 }, { 30, 62, 70 }, { 60, 90, 100 }, { 100, 200, 215 },
		{ 24, 50, 55 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ANALYSIS_CLEANUP struct analysis a;
		struct synth s = synth_adult(VIEW_SIDE);
		s.fps = rows[i].fps;
		s.noise_px = 1;
		s.swap_from = rows[i].from;
		s.swap_to = rows[i].to;
		run(NULL, &s, &a);
		events_match(&s, &a.view[VIEW_SIDE], 0.06);
		near(whole(&a, PARAM_cadence), s.cadence, 1.5);
		near((double)a.view[VIEW_SIDE].swapped, (double)(rows[i].to - rows[i].from), 2);
	}
}

/* Late start, early stop: nothing is found where the person stands. */
static void standing_is_left_out(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;
	struct synth s = synth_adult(VIEW_SIDE);

	(void)state;
	s.seconds = 9;
	s.start_s = 2;
	s.stop_s = 7;
	s.noise_px = 1.5;
	run(NULL, &s, &a);
	const struct view_result *v = &a.view[VIEW_SIDE];
	events_match(&s, v, 0.06);
	for (size_t i = 0; i < v->events.count; i++)
		assert_true(v->events.list[i].time_s > 1.9 && v->events.list[i].time_s < 7.1);
	near(whole(&a, PARAM_cadence), s.cadence, 1.5);
	near(whole(&a, PARAM_speed), s.step_m * s.cadence / 60, 0.05);
}

/* There and back in one video: two passes, each with its direction, none of their strides across the turn. */
static void both_directions_are_passes_of_their_own(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;
	KEYPOINTS_CLEANUP struct keypoints k;
	struct synth s = synth_adult(VIEW_SIDE);
	struct err e = { 0 };

	(void)state;
	keypoints_init(&k);
	s.noise_px = 1;
	synth_fill(&s, &k);
	for (int f = 0; f < 20; f++) /* out of the image meanwhile */
		assert_ok(keypoints_add_empty(&k, &e), &e);
	s.dir = -1;
	synth_fill(&s, &k);
	assert_ok(analyze(NULL, &k, &adult, &a, &e), &e);
	const struct view_result *v = &a.view[VIEW_SIDE];
	assert_int_equal(v->passes.count, 2);
	assert_int_equal(v->passes.pass[0].dir, 1);
	assert_int_equal(v->passes.pass[1].dir, -1);
	for (size_t i = 0; i < v->cycles.count; i++)
		near(v->cycles.list[i].end_s - v->cycles.list[i].start_s, synth_stride_s(&s), 0.04);
	near(whole(&a, PARAM_cadence), s.cadence, 1.5);
	near(whole(&a, PARAM_speed), s.step_m * s.cadence / 60, 0.04);
	assert_int_equal(a.params.of[PARAM_speed][0].n, v->cycles.count);
}

static void nothing_measured(const struct analysis *a)
{
	for (int i = 0; i < VIEWS; i++) {
		assert_int_equal(a->view[i].events.count, 0);
		assert_int_equal(a->view[i].cycles.count, 0);
	}
	for (enum param p = 0; p < PARAMS; p++)
		for (int s = 0; s < SIDES; s++) {
			assert_true(isnan(a->params.of[p][s].value));
			assert_true(a->params.of[p][s].reason != REASON_NONE);
		}
}

static void nothing_is_invented_on_a_still_person(void **state)
{
	(void)state;
	for (int noise = 0; noise < 4; noise++)
		for (enum view view = VIEW_FRONT; view < VIEWS; view++) {
			ANALYSIS_CLEANUP struct analysis a;
			struct synth s = synth_adult(view);
			s.start_s = s.seconds; /* never starts */
			s.noise_px = noise;
			run(view == VIEW_FRONT ? &s : NULL, view == VIEW_SIDE ? &s : NULL, &a);
			nothing_measured(&a);
		}
}

static void nothing_is_invented_on_noise(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++)
		for (enum view view = VIEW_FRONT; view < VIEWS; view++) {
			ANALYSIS_CLEANUP struct analysis a;
			struct synth s = synth_adult(view);
			s.start_s = s.seconds;
			s.noise_px = seed % 3 == 0 ? 30 : seed % 3 == 1 ? 60 : 120;
			s.seed = seed;
			s.fps = seed % 2 ? 30 : 60;
			run(view == VIEW_FRONT ? &s : NULL, view == VIEW_SIDE ? &s : NULL, &a);
			nothing_measured(&a);
		}
}

static void nobody_and_nothing_are_no_error(void **state)
{
	static const size_t frames[] = { 0, 1, 2, 100 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
		ANALYSIS_CLEANUP struct analysis a;
		KEYPOINTS_CLEANUP struct keypoints k;
		struct err e = { 0 };
		keypoints_init(&k);
		k.fps = 30;
		for (size_t f = 0; f < frames[i]; f++)
			assert_ok(keypoints_add_empty(&k, &e), &e);
		if (frames[i] == 0)
			assert_ok(keypoints_add_empty(&k, &e), &e);
		assert_ok(analyze(&k, &k, &adult, &a, &e), &e);
		nothing_measured(&a);
		assert_true(view_has_flag(&a.view[VIEW_SIDE], FLAG_no_person));
	}
}

static void the_wrong_view_is_noticed(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;
	struct synth front = synth_adult(VIEW_FRONT), side = synth_adult(VIEW_SIDE);

	(void)state;
	run(&side, &front, &a); /* exchanged */
	nothing_measured(&a);
	assert_true(view_has_flag(&a.view[VIEW_FRONT], FLAG_wrong_view));
	assert_true(view_has_flag(&a.view[VIEW_SIDE], FLAG_wrong_view) ||
		    view_has_flag(&a.view[VIEW_SIDE], FLAG_no_walking));
	assert_int_equal(a.params.of[PARAM_step_width][0].reason, REASON_no_front_view);
}

static void a_treadmill_gives_times_but_no_lengths(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;
	struct synth s = synth_adult(VIEW_SIDE);

	(void)state;
	s.treadmill = true;
	s.noise_px = 1;
	run(NULL, &s, &a);
	near(whole(&a, PARAM_cadence), s.cadence, 1.5);
	assert_true(view_has_flag(&a.view[VIEW_SIDE], FLAG_body_stays));
	assert_int_equal(a.params.of[PARAM_speed][0].reason, REASON_body_stays);
	assert_int_equal(a.params.of[PARAM_step_length][0].reason, REASON_body_stays);
	events_match(&s, &a.view[VIEW_SIDE], 0.06);
}

static void without_a_height_there_are_no_lengths(void **state)
{
	static const enum param lengths[] = { PARAM_speed, PARAM_step_length, PARAM_stride_length,
		PARAM_step_width };
	const struct patient unknown = { .height_m = NAN, .age_months = NAN };
	ANALYSIS_CLEANUP struct analysis a;
	KEYPOINTS_CLEANUP struct keypoints f;
	KEYPOINTS_CLEANUP struct keypoints k;
	struct synth front = synth_adult(VIEW_FRONT), side = synth_adult(VIEW_SIDE);
	struct err e = { 0 };

	(void)state;
	keypoints_init(&f);
	keypoints_init(&k);
	synth_fill(&front, &f);
	synth_fill(&side, &k);
	assert_ok(analyze(&f, &k, &unknown, &a, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
		assert_int_equal(a.params.of[lengths[i]][0].reason, REASON_no_height);
	near(whole(&a, PARAM_cadence), side.cadence, 1.5);
	near(of_side(&a, PARAM_knee_range, SIDE_LEFT), of_side(&a, PARAM_knee_range, SIDE_RIGHT), 5);
}

static void views_that_differ_are_flagged(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;
	struct synth front = synth_adult(VIEW_FRONT), side = synth_adult(VIEW_SIDE);

	(void)state;
	front.cadence = 95;
	run(&front, &side, &a);
	assert_true(view_has_flag(&a.view[VIEW_SIDE], FLAG_views_disagree));
	near(whole(&a, PARAM_cadence), 110, 1.5); /* the side view times */
}

/* The same input gives the same numbers; a curve's points are those of whole cycles. */
static void curves_have_their_points(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;
	struct synth s = synth_adult(VIEW_SIDE);

	(void)state;
	s.fps = 60;
	run(NULL, &s, &a);
	for (enum side k = SIDE_LEFT; k < SIDES; k++)
		for (enum joint j = JOINT_HIP; j < JOINTS; j++) {
			const struct curve *c = &a.curves[k][j];
			assert_true(c->n >= 2 && c->n == a.view[VIEW_SIDE].cycles.of_foot[k]);
			for (int i = 0; i < CURVE_POINTS; i++)
				assert_true(isfinite(c->mean[i]) && isfinite(c->sd[i]));
			near(c->mean[0], c->mean[CURVE_POINTS - 1], 6); /* periodic */
		}
	/* Swing bends the knee: its peak lies behind toe-off. */
	const double *knee = a.curves[SIDE_RIGHT][JOINT_KNEE].mean;
	int peak = 0;
	for (int i = 1; i < CURVE_POINTS; i++)
		peak = knee[i] > knee[peak] ? i : peak;
	assert_true(peak > 60 && peak < 95);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_side_view_tells_times_and_lengths),
		cmocka_unit_test(the_front_view_tells_cadence_and_width),
		cmocka_unit_test(a_limp_shows_on_the_right_side),
		cmocka_unit_test(exchanged_legs_are_put_back),
		cmocka_unit_test(standing_is_left_out),
		cmocka_unit_test(both_directions_are_passes_of_their_own),
		cmocka_unit_test(nothing_is_invented_on_a_still_person),
		cmocka_unit_test(nothing_is_invented_on_noise),
		cmocka_unit_test(nobody_and_nothing_are_no_error),
		cmocka_unit_test(the_wrong_view_is_noticed),
		cmocka_unit_test(a_treadmill_gives_times_but_no_lengths),
		cmocka_unit_test(without_a_height_there_are_no_lengths),
		cmocka_unit_test(views_that_differ_are_flagged),
		cmocka_unit_test(curves_have_their_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
