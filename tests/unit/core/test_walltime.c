#include "support/testing.h"

#include <math.h>

#include "core/walltime.h"

#define assert_near(x, want) assert_true(fabs((x) - (want)) < 1e-9)

static const struct walltime_limits limits = {
	.startup_s = 300, .first_s = 3600, .min_s = 600, .max_s = 14400
};

static void learning(void **state)
{
	struct walltime_sample s[WALLTIME_SAMPLES];

	(void)state;
	assert_true(isnan(walltime_learn(s, 0)));
	for (int i = 0; i < WALLTIME_SAMPLES; i++)
		s[i] = (struct walltime_sample){ .run_ms = 1000 * (i + 1), .frames = 100 };
	assert_true(isnan(walltime_learn(s, WALLTIME_SAMPLES_MIN - 1)));
	/* 0.01, 0.02 … 1.00 s a frame: the 90th of 100 is 0.90. */
	assert_near(walltime_learn(s, 100), 0.9 * 1.5);
	/* The order does not matter, and what cannot be used does not count. */
	for (int i = 0; i < WALLTIME_SAMPLES; i++)
		s[i] = (struct walltime_sample){ .run_ms = 1000 * (100 - i), .frames = 100 };
	s[99].frames = 0;
	s[98].run_ms = 0;
	assert_near(walltime_learn(s, 100), 0.91 * 1.5);
	for (int i = 0; i < 9; i++)
		s[i] = (struct walltime_sample){ .run_ms = i < 4 ? 5000 : 0, .frames = 10 };
	assert_true(isnan(walltime_learn(s, 9)));
	/* One node that hung for a day among twenty that did not. */
	for (int i = 0; i < 20; i++)
		s[i] = (struct walltime_sample){ .run_ms = i == 7 ? 86400000 : 60000, .frames = 600 };
	assert_near(walltime_learn(s, 20), 0.1 * 1.5);
}

static void choosing(void **state)
{
	static const struct {
		int64_t frames;
		double frame_s;
		int64_t too_short_s;
		int result;
		int64_t want;
	} rows[] = {
		{ 0, NAN, 0, 0, 3600 },        /* nothing known: the first guess */
		{ 1000, NAN, 0, 0, 3600 },     /* nothing learned */
		{ 0, 0.5, 0, 0, 3600 },        /* no frames known */
		{ 10000, 0.5, 0, 0, 5300 },    /* 300 + 5000 */
		{ 1001, 0.5, 0, 0, 801 },      /* rounded up */
		{ 100, 0.5, 0, 0, 600 },       /* never below the least */
		{ 1000000, 0.5, 0, 0, 14400 }, /* nor above the most */
		{ INT64_MAX, 1e300, 0, 0, 14400 },
		{ 1000, 0.5, 800, 0, 1600 },  /* at least twice what was too short */
		{ 10000, 0.5, 800, 0, 5300 }, /* more where more is known to be needed */
		{ 0, NAN, 3600, 0, 7200 },    /* after the first guess */
		{ 0, NAN, 7200, 0, 14400 },   /* the limit itself */
		{ 0, NAN, 9000, 0, 14400 },   /* the limit where twice is above it */
		{ 0, NAN, 14400, WALLTIME_EXHAUSTED, -1 },
		{ 10000, 0.5, 20000, WALLTIME_EXHAUSTED, -1 }, /* the limit was lowered meanwhile */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t s = -1;
		assert_int_equal(
			walltime_choose(&limits, rows[i].frames, rows[i].frame_s, rows[i].too_short_s, &s),
			rows[i].result);
		assert_int_equal(s, rows[i].want);
	}
}

/* However it goes on, no walltime is tried twice, and it ends. */
static void never_twice(void **state)
{
	int64_t s = 0;
	int tries = 0;

	(void)state;
	for (int64_t last = 0; walltime_choose(&limits, 2000, 0.1, last, &s) == 0; last = s) {
		assert_true(s > last);
		assert_true(last == 0 || s == limits.max_s || s >= 2 * last);
		assert_true(++tries < 10);
	}
	assert_int_equal(s, limits.max_s);
	/* A first guess above the limit is cut. */
	const struct walltime_limits tight = { .first_s = 900, .min_s = 60, .max_s = 600 };
	assert_int_equal(walltime_choose(&tight, 0, NAN, 0, &s), 0);
	assert_int_equal(s, 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(learning), cmocka_unit_test(choosing),
		cmocka_unit_test(never_twice) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
