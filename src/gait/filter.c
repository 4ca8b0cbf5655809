#include "gait/filter.h"

#include <math.h>
#include <string.h>

size_t filter_fill_gaps(double *v, size_t n, size_t max_gap)
{
	size_t filled = 0, last = n; /* index of the last known sample; n: none yet */

	for (size_t i = 0; i < n; i++) {
		if (isnan(v[i]))
			continue;
		size_t gap = last < n ? i - last - 1 : 0;
		if (gap > 0 && gap <= max_gap)
			for (size_t k = last + 1; k < i; k++) {
				v[k] = v[last] + (v[i] - v[last]) * (double)(k - last) / (double)(i - last);
				filled++;
			}
		last = i;
	}
	return filled;
}

enum { HAMPEL_MAX_HALF = 15 };

static double small_median(double *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		double t = v[i];
		size_t k = i;
		for (; k > 0 && v[k - 1] > t; k--)
			v[k] = v[k - 1];
		v[k] = t;
	}
	return n % 2 ? v[n / 2] : 0.5 * (v[n / 2 - 1] + v[n / 2]);
}

static bool is_outlier(const double *v, size_t from, size_t to, double value, double floor)
{
	double w[2 * HAMPEL_MAX_HALF + 1];
	size_t n = 0, near = 0;

	for (size_t i = from; i < to; i++)
		if (!isnan(v[i])) {
			w[n++] = v[i];
			near += fabs(v[i] - value) <= floor ? 1 : 0;
		}
	/* Where most neighbours are within the floor, so is their median: most windows need no sorting. */
	if (n < 4 || 2 * near > n)
		return false;
	double median = small_median(w, n), off = fabs(value - median);
	if (off <= floor)
		return false;
	for (size_t i = 0; i < n; i++)
		w[i] = fabs(w[i] - median);
	return off > 3 * 1.4826 * small_median(w, n);
}

size_t filter_hampel(double *v, size_t n, size_t half, double floor, double *scratch)
{
	size_t found = 0;

	if (half > HAMPEL_MAX_HALF)
		half = HAMPEL_MAX_HALF;
	memcpy(scratch, v, n * sizeof *v);
	for (size_t i = 0; i < n; i++) {
		size_t from = i > half ? i - half : 0, to = i + half + 1 < n ? i + half + 1 : n;
		if (!isnan(scratch[i]) && is_outlier(scratch, from, to, scratch[i], floor)) {
			v[i] = NAN;
			found++;
		}
	}
	return found;
}

struct biquad filter_lowpass(double cutoff_hz, double fps)
{
	/* Two passes lower the -3 dB point by (sqrt(2) - 1)^(1/4) = 0.802 on the warped axis of the bilinear
	 * transform, so that is where it is put right. */
	double w = tan(M_PI * fmin(cutoff_hz, 0.42 * fps) / fps) / 0.802;
	double q = M_SQRT2 * w, norm = 1 / (1 + q + w * w);

	return (struct biquad){
		.b0 = w * w * norm,
		.b1 = 2 * w * w * norm,
		.b2 = w * w * norm,
		.a1 = 2 * (w * w - 1) * norm,
		.a2 = (1 - q + w * w) * norm,
	};
}

/* One pass with step +1 or -1 over @n samples that start at @v. */
static void pass(const struct biquad *f, double *v, size_t n, ptrdiff_t step)
{
	/* The state that a constant input v[0] would have left behind: its output is v[0] from the first on.
	 */
	double z1 = v[0] * (1 - f->b0), z2 = v[0] * (f->b2 - f->a2);

	for (size_t i = 0; i < n; i++, v += step) {
		double x = *v, y = f->b0 * x + z1;
		z1 = f->b1 * x - f->a1 * y + z2;
		z2 = f->b2 * x - f->a2 * y;
		*v = y;
	}
}

static void run_zero_lag(const struct biquad *f, double *v, size_t n, size_t pad, double *work)
{
	if (pad > n - 1)
		pad = n - 1;
	if (pad > FILTER_PAD)
		pad = FILTER_PAD;
	for (size_t i = 0; i < pad; i++) {
		work[i] = 2 * v[0] - v[pad - i];
		work[pad + n + i] = 2 * v[n - 1] - v[n - 2 - i];
	}
	memcpy(work + pad, v, n * sizeof *v);
	pass(f, work, n + 2 * pad, 1);
	pass(f, work + n + 2 * pad - 1, n + 2 * pad, -1);
	memcpy(v, work + pad, n * sizeof *v);
}

void filter_zero_lag(const struct biquad *f, double *v, size_t n, size_t pad, size_t min_run, double *scratch)
{
	for (size_t i = 0; i < n;) {
		size_t from = i;
		while (i < n && !isnan(v[i]))
			i++;
		if (i - from >= min_run && i - from >= 2)
			run_zero_lag(f, v + from, i - from, pad, scratch);
		else
			for (size_t k = from; k < i; k++)
				v[k] = NAN;
		while (i < n && isnan(v[i]))
			i++;
	}
}

void filter_box(const double *v, size_t n, size_t half, double *out)
{
	double sum = 0;
	size_t known = 0, head = 0, tail = 0;

	for (size_t i = 0; i < n; i++) {
		for (; head < n && head <= i + half; head++)
			if (!isnan(v[head])) {
				sum += v[head];
				known++;
			}
		for (; tail + half < i; tail++)
			if (!isnan(v[tail])) {
				sum -= v[tail];
				known--;
			}
		out[i] = known > 0 ? sum / (double)known : NAN;
	}
}

/* Sliding maximum of sign·v into @out (added to what stands there). */
static void add_extreme(const double *v, size_t n, size_t half, double sign, double *out, size_t *queue)
{
	size_t first = 0, last = 0, head = 0;

	for (size_t i = 0; i < n; i++) {
		for (; head < n && head <= i + half; head++) {
			if (isnan(v[head]))
				continue;
			while (last > first && sign * v[queue[last - 1]] <= sign * v[head])
				last--;
			queue[last++] = head;
		}
		while (first < last && queue[first] + half < i)
			first++;
		out[i] += first < last ? sign * v[queue[first]] : NAN;
	}
}

void filter_range(const double *v, size_t n, size_t half, double *out, size_t *queue)
{
	for (size_t i = 0; i < n; i++)
		out[i] = 0;
	add_extreme(v, n, half, 1, out, queue);
	add_extreme(v, n, half, -1, out, queue);
}

void filter_slope(const double *v, size_t n, double fps, double *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = i > 0 && i + 1 < n ? 0.5 * fps * (v[i + 1] - v[i - 1]) : NAN;
}
