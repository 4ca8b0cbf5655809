#include "support/testing.h"

#include <math.h>

#include "pose/timeline.h"

enum { MAX = 512 };

static double times[MAX];
static struct body25 poses[MAX];

/* A point that moves 100 pixels a second, seen in every source frame. */
static void fill_poses(size_t n)
{
	memset(poses, 0, sizeof poses);
	for (size_t i = 0; i < n; i++) {
		poses[i].found = true;
		poses[i].x[4] = (float)(100 * times[i]);
		poses[i].y[4] = 7;
		poses[i].confidence[4] = 0.9F;
	}
}

static void steady_rates_are_named(void **state)
{
	static const struct {
		double fps, rounding, want;
	} rows[] = { { 30, 0, 30 }, { 30, 0.001, 30 }, { 30000.0 / 1001, 0, 30000.0 / 1001 },
		{ 59.94, 0.001, 60000.0 / 1001 }, { 25, 0.001, 25 }, { 60, 0.001, 60 }, { 12.5, 0, 12.5 },
		{ 29.8, 0, 29.8 } };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct timeline tl;
		struct err e;
		for (int i = 0; i < 300; i++) {
			times[i] = 5 + i / rows[k].fps;
			if (rows[k].rounding > 0)
				times[i] = round(times[i] / rows[k].rounding) * rows[k].rounding;
		}
		assert_ok(timeline_plan(times, 300, 60, &tl, &e), &e);
		assert_float_equal(tl.fps, rows[k].want, 1e-6);
		assert_int_equal(tl.frames, 300);
		assert_false(tl.variable || tl.reduced);
		assert_int_equal(tl.gaps, 0);
	}
}

/* Frames come at uneven times: the output's points lie where the movement was at its even times. */
static void uneven_times_become_even(void **state)
{
	struct timeline tl;
	struct err e;
	double t = 1;
	size_t n = 0;

	(void)state;
	for (uint32_t noise = 1; n < 200; n++) {
		times[n] = t;
		noise = noise * 1664525U + 1013904223U;
		/* 30 a second, each off by up to 40 %; now and then one is lost */
		t += (noise >> 28 == 3 ? 2.0 : 1.0) / 30 * (0.6 + 0.8 * (noise >> 8 & 0xffff) / 65536.0);
	}
	fill_poses(n);
	assert_ok(timeline_plan(times, n, 60, &tl, &e), &e);
	assert_true(tl.variable);
	assert_true(fabs(tl.fps - 30) < 2);
	assert_int_equal(tl.frames, (size_t)floor((times[n - 1] - times[0]) * tl.fps + 0.5) + 1);
	size_t found = 0;
	for (size_t k = 0; k < tl.frames; k++) {
		struct body25 b;
		timeline_pose(&tl, poses, k, &b);
		found += b.found;
		if (b.found) /* one taken as it is may be a tenth of an interval away */
			assert_true(fabs((double)b.x[4] - 100 * (1 + (double)k / tl.fps)) < 11 / tl.fps);
	}
	assert_true(found >= tl.frames - 1);
}

static void long_gaps_stay_empty(void **state)
{
	struct timeline tl;
	struct err e;

	(void)state;
	for (int i = 0; i < 100; i++)
		times[i] = i / 30.0 + (i >= 50 ? 0.5 : 0);
	fill_poses(100);
	poses[20].found = false;
	assert_ok(timeline_plan(times, 100, 60, &tl, &e), &e);
	assert_true(tl.variable);
	assert_int_equal(tl.gaps, 1);
	assert_int_equal(tl.frames, 115);
	for (size_t k = 0; k < tl.frames; k++) {
		struct body25 b;
		timeline_pose(&tl, poses, k, &b);
		assert_int_equal(b.found, !(k == 20 || (k > 49 && k < 65)));
	}
}

static void fast_cameras_are_thinned(void **state)
{
	static const struct {
		double fps, max, want;
	} rows[] = { { 120, 60, 60 }, { 240, 60, 60 }, { 100, 60, 50 }, { 90, 60, 45 }, { 60, 60, 60 },
		{ 60, 30, 30 } };

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct timeline tl;
		struct err e;
		size_t needed = 0;
		for (int i = 0; i < 480; i++)
			times[i] = i / rows[k].fps;
		fill_poses(480);
		assert_ok(timeline_plan(times, 480, rows[k].max, &tl, &e), &e);
		assert_float_equal(tl.fps, rows[k].want, 1e-9);
		assert_int_equal(tl.reduced, rows[k].fps > rows[k].max);
		for (size_t i = 0; i < 480; i++)
			needed += timeline_needs(&tl, i);
		assert_in_range(needed, tl.frames - 1, tl.frames);
		for (size_t i = 0; i < 480; i++)
			poses[i].found = timeline_needs(&tl, i);
		for (size_t i = 0; i + 1 < tl.frames; i++) {
			struct body25 b;
			timeline_pose(&tl, poses, i, &b);
			assert_true(b.found);
			assert_true(fabs((double)b.x[4] - 100 * (double)i / tl.fps) < 1e-3);
		}
	}
}

static void nothing_to_plan_is_an_error(void **state)
{
	struct timeline tl;
	struct err e;

	(void)state;
	memset(times, 0, sizeof times);
	assert_fails(timeline_plan(times, 0, 60, &tl, &e), &e, ERR_MEDIA);
	assert_fails(timeline_plan(times, 1, 60, &tl, &e), &e, ERR_MEDIA);
	assert_fails(timeline_plan(times, 50, 60, &tl, &e), &e, ERR_MEDIA);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(steady_rates_are_named),
		cmocka_unit_test(uneven_times_become_even), cmocka_unit_test(long_gaps_stay_empty),
		cmocka_unit_test(fast_cameras_are_thinned), cmocka_unit_test(nothing_to_plan_is_an_error) };

	return cmocka_run_group_tests_name("pose/timeline", tests, NULL, NULL);
}
