#include "support/testing.h"

#include <math.h>

#include "gait/num.h"
#include "gait/symmetry.h"
#include "synth.h"

static void moments_skip_the_unknown(void **state)
{
	const double v[] = { 1, NAN, 2, 3, NAN, 4 };
	size_t n;

	(void)state;
	near(num_mean(v, 6, &n), 2.5, 1e-12);
	assert_int_equal(n, 4);
	near(num_sd(v, 6), sqrt(5.0 / 3), 1e-12);
	assert_true(isnan(num_mean(v + 1, 1, &n)));
	assert_true(isnan(num_sd(v, 2)));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Against sorting, for sizes on both sides of the change of method and with many equal values. */
static void quantiles_agree_with_sorting(void **state)
{
	static const double q[] = { 0, 0.025, 0.25, 0.5, 0.9, 1 };
	double v[300], sorted[300], copy[300];
	uint64_t seed = 3;

	(void)state;
	for (size_t n = 1; n <= 300; n += n < 40 ? 1 : 13)
		for (int coarse = 0; coarse < 2; coarse++) {
			for (size_t i = 0; i < n; i++)
				v[i] = coarse ? floor(4 * synth_uniform(&seed)) : synth_uniform(&seed);
			memcpy(sorted, v, n * sizeof *v);
			qsort(sorted, n, sizeof *v, compare);
			for (size_t k = 0; k < ARRAY_LEN(q); k++) {
				double at = q[k] * (double)(n - 1);
				size_t i = (size_t)at;
				double want =
					i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i])
						  : sorted[i];
				memcpy(copy, v, n * sizeof *v);
				near(num_quantile(copy, n, q[k]), want, 1e-12);
			}
		}
}

static void students_t_matches_tables(void **state)
{
	static const struct {
		size_t df;
		double t;
	} rows[] = { { 1, 12.706 }, { 2, 4.303 }, { 5, 2.571 }, { 6, 2.447 }, { 10, 2.228 }, { 30, 2.042 },
		{ 120, 1.980 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		near(num_t975(rows[i].df), rows[i].t, 0.004);
	assert_true(isnan(num_t975(0)));
}

static void a_robust_line_leaves_outliers_out(void **state)
{
	double x[40], y[40], scratch[40], a, b;

	(void)state;
	for (int i = 0; i < 40; i++) {
		x[i] = i;
		y[i] = 3 + 0.5 * i + (i % 2 ? 0.01 : -0.01);
	}
	y[7] = 90;
	y[31] = -50;
	y[12] = NAN;
	assert_int_equal(num_line_robust(x, y, 40, scratch, &a, &b), 37);
	near(a, 3, 0.02);
	near(b, 0.5, 0.001);
	num_line(x, y, 1, &a, &b);
	assert_true(isnan(a) && isnan(b));
}

static void a_value_between_samples_needs_both(void **state)
{
	const double v[] = { 0, 2, NAN, 6 };

	(void)state;
	near(num_at(v, 4, 0.25), 0.5, 1e-12);
	near(num_at(v, 4, 3), 6, 1e-12);
	assert_true(isnan(num_at(v, 4, 1.5)));
	assert_true(isnan(num_at(v, 4, 3.1)));
	assert_true(isnan(num_at(v, 4, -0.1)));
	assert_true(isnan(num_at(v, 4, NAN)));
}

static void symmetry_by_three_definitions(void **state)
{
	(void)state;
	/* Robinson 1987: 100 (R - L) / mean. */
	near(symmetry_si(0.5, 0.5), 0, 1e-12);
	near(symmetry_si(0.9, 1.1), 20, 1e-9);
	near(symmetry_si(1.1, 0.9), -20, 1e-9);
	/* Plotnik 2005: 100 |ln(short / long)|. */
	near(symmetry_ga(0.40, 0.44), 100 * log(1.1), 1e-9);
	near(symmetry_ga(0.44, 0.40), 100 * log(1.1), 1e-9);
	/* Zifchock 2008: 45° is perfect, no value on one side is 50 %. */
	near(symmetry_sa(1, 1), 0, 1e-12);
	near(symmetry_sa(1, sqrt(3)), 100 * (45 - 30) / 90.0, 1e-9);
	assert_true(isnan(symmetry_si(0, 0)) && isnan(symmetry_ga(0, 1)) && isnan(symmetry_sa(NAN, 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_skip_the_unknown),
		cmocka_unit_test(quantiles_agree_with_sorting),
		cmocka_unit_test(students_t_matches_tables),
		cmocka_unit_test(a_robust_line_leaves_outliers_out),
		cmocka_unit_test(a_value_between_samples_needs_both),
		cmocka_unit_test(symmetry_by_three_definitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
