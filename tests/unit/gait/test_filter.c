#include "support/testing.h"

#include <math.h>

#include "gait/filter.h"
#include "gait/peaks.h"
#include "synth.h"

enum { N = 600 };

static void sine(double *v, size_t n, double hz, double fps)
{
	for (size_t i = 0; i < n; i++)
		v[i] = 100 + sin(2 * M_PI * hz * (double)i / fps);
}

/* Amplitude and delay (samples) of a filtered sine in the middle of the record. */
static void response(const double *v, size_t n, double hz, double fps, double *gain, double *delay)
{
	double c = 0, s = 0;
	size_t from = n / 4, to = 3 * n / 4;

	for (size_t i = from; i < to; i++) {
		c += (v[i] - 100) * cos(2 * M_PI * hz * (double)i / fps);
		s += (v[i] - 100) * sin(2 * M_PI * hz * (double)i / fps);
	}
	*gain = hypot(c, s) * 2 / (double)(to - from);
	*delay = -atan2(c, s) / (2 * M_PI * hz) * fps;
}

/* -3 dB at the cut-off after both passes, nothing lost well below it, no delay anywhere. */
static void low_pass_has_its_cut_off_and_no_delay(void **state)
{
	static const struct {
		double fps, hz, gain, tolerance;
	} rows[] = { { 30, 1, 1, 0.01 }, { 30, 6, M_SQRT1_2, 0.02 }, { 100, 1, 1, 0.01 },
		{ 100, 6, M_SQRT1_2, 0.02 }, { 100, 20, 0, 0.02 }, { 60, 6, M_SQRT1_2, 0.02 },
		{ 24, 6, M_SQRT1_2, 0.04 } };
	double v[N], scratch[N + 2 * FILTER_PAD];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct biquad low = filter_lowpass(6, rows[i].fps);
		double gain, delay;
		sine(v, N, rows[i].hz, rows[i].fps);
		filter_zero_lag(&low, v, N, 20, 4, scratch);
		response(v, N, rows[i].hz, rows[i].fps, &gain, &delay);
		near(gain, rows[i].gain, rows[i].tolerance);
		if (rows[i].gain > 0.1)
			near(delay, 0, 0.02);
	}
}

static void edges_follow_a_line_and_gaps_separate(void **state)
{
	double v[100], scratch[100 + 2 * FILTER_PAD];
	struct biquad low = filter_lowpass(6, 30);

	(void)state;
	for (int i = 0; i < 100; i++)
		v[i] = 50 + 3 * i;
	v[40] = v[41] = NAN;
	v[45] = NAN; /* leaves a run of three */
	filter_zero_lag(&low, v, 100, 12, 5, scratch);
	for (int i = 0; i < 100; i++)
		if (i >= 40 && i <= 45)
			assert_true(isnan(v[i]));
		else
			near(v[i], 50 + 3 * i, 0.01);
}

static void short_gaps_are_bridged_long_ones_stay(void **state)
{
	double v[] = { NAN, 1, NAN, NAN, 4, NAN, NAN, NAN, 8, NAN };

	(void)state;
	assert_int_equal(filter_fill_gaps(v, 10, 2), 2);
	near(v[2], 2, 1e-12);
	near(v[3], 3, 1e-12);
	assert_true(isnan(v[0]) && isnan(v[5]) && isnan(v[6]) && isnan(v[7]) && isnan(v[9]));
	assert_int_equal(filter_fill_gaps(v, 0, 2), 0);
}

static void hampel_takes_spikes_only(void **state)
{
	double v[N], scratch[N];

	(void)state;
	sine(v, N, 1, 30);
	for (int i = 0; i < N; i++)
		v[i] = 4 * (v[i] - 100);
	assert_int_equal(filter_hampel(v, N, 3, 2, scratch), 0);
	v[100] += 30;
	v[300] -= 25;
	v[301] -= 25;
	v[500] += 1; /* within the floor */
	assert_int_equal(filter_hampel(v, N, 3, 2, scratch), 3);
	assert_true(isnan(v[100]) && isnan(v[300]) && isnan(v[301]) && !isnan(v[500]));
}

/* The linear-time versions against the obvious ones, with gaps. */
static void windows_agree_with_brute_force(void **state)
{
	double v[200], box[200], range[200];
	size_t queue[200];
	uint64_t seed = 5;

	(void)state;
	for (int i = 0; i < 200; i++)
		v[i] = synth_uniform(&seed) < 0.2 ? NAN : synth_uniform(&seed);
	for (size_t half = 0; half < 30; half += 7) {
		filter_box(v, 200, half, box);
		filter_range(v, 200, half, range, queue);
		for (size_t i = 0; i < 200; i++) {
			double sum = 0, low = INFINITY, high = -INFINITY;
			int n = 0;
			for (size_t k = i > half ? i - half : 0; k <= i + half && k < 200; k++)
				if (!isnan(v[k])) {
					sum += v[k];
					low = fmin(low, v[k]);
					high = fmax(high, v[k]);
					n++;
				}
			if (n == 0) {
				assert_true(isnan(box[i]) && isnan(range[i]));
				continue;
			}
			near(box[i], sum / n, 1e-9);
			near(range[i], high - low, 1e-12);
		}
	}
}

/* Sub-frame: a cosine's maxima lie between samples. */
static void peaks_are_found_between_samples(void **state)
{
	double v[300];
	struct peak peak[16];

	(void)state;
	for (int i = 0; i < 300; i++)
		v[i] = cos(2 * M_PI * (i - 17.3) / 41.7);
	size_t n = peaks_find(v, 300, 1, 0.5, peak, 16);
	assert_int_equal(n, 7);
	for (size_t k = 0; k < n; k++) {
		near(peak[k].at, 17.3 + 41.7 * (double)k, 0.02);
		near(peak[k].value, 1, 0.001);
	}
	assert_int_equal(peaks_find(v, 300, -1, 0.5, peak, 16), 7);
	near(peak[0].at, 17.3 + 41.7 / 2, 0.02);
	assert_int_equal(peaks_find(v, 300, 1, 2.5, peak, 16), 0);
	assert_int_equal(peaks_find(v, 300, 1, 0.5, peak, 3), 7); /* counted beyond the room */
}

static void ripples_and_gaps_make_no_peaks(void **state)
{
	double v[100];
	struct peak peak[8];

	(void)state;
	for (int i = 0; i < 100; i++)
		v[i] = i < 50 ? i : 100 - i;
	v[20] += 3;
	assert_int_equal(peaks_find(v, 100, 1, 5, peak, 8), 1);
	v[50] = NAN; /* nobody saw the top */
	assert_int_equal(peaks_find(v, 100, 1, 5, peak, 8), 0);
	assert_int_equal(peaks_find(v, 0, 1, 5, peak, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(low_pass_has_its_cut_off_and_no_delay),
		cmocka_unit_test(edges_follow_a_line_and_gaps_separate),
		cmocka_unit_test(short_gaps_are_bridged_long_ones_stay),
		cmocka_unit_test(hampel_takes_spikes_only),
		cmocka_unit_test(windows_agree_with_brute_force),
		cmocka_unit_test(peaks_are_found_between_samples),
		cmocka_unit_test(ripples_and_gaps_make_no_peaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
