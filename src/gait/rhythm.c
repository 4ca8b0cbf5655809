#include "gait/rhythm.h"

#include <math.h>

#include "base/cleanup.h"
#include "gait/num.h"

#define STEP_LEAST_S 0.27 /* 222 steps a minute */
#define STEP_MOST_S  1.5  /* 40 steps a minute */
#define IRREGULAR    0.25

bool rhythm_is_walking(const struct events *ev)
{
	double step[256];
	size_t n = 0, breaks = 0;

	for (size_t i = 1; i < ev->count && n < ARRAY_LEN(step); i++) {
		if (ev->list[i].foot == ev->list[i - 1].foot)
			breaks++;
		else
			step[n++] = ev->list[i].time_s - ev->list[i - 1].time_s;
	}
	if (n < 2 || 2 * breaks > n)
		return false;
	double median = num_quantile(step, n, 0.5);
	if (median < STEP_LEAST_S || median > STEP_MOST_S)
		return false;
	for (size_t i = 0; i < n; i++)
		step[i] = fabs(step[i] - median);
	return num_quantile(step, n, 0.5) <= IRREGULAR * median;
}

/* Pearson's correlation of a(t) with b(t + lag); NaN where fewer than @least pairs are known. */
static double correlation(const double *a, const double *b, size_t n, size_t lag, size_t least)
{
	double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0, k = 0;

	for (size_t i = 0; i + lag < n; i++) {
		double x = a[i], y = b[i + lag];
		if (isnan(x) || isnan(y))
			continue;
		sa += x;
		sb += y;
		saa += x * x;
		sbb += y * y;
		sab += x * y;
		k++;
	}
	if (k < (double)least)
		return NAN;
	double va = saa - sa * sa / k, vb = sbb - sb * sb / k;
	return va > 0 && vb > 0 ? (sab - sa * sb / k) / sqrt(va * vb) : NAN;
}

bool rhythm_repeats(const double *left, const double *right, size_t n, double stride, double least)
{
	if (!(stride >= 4 && stride < (double)n))
		return false;
	size_t whole = (size_t)(stride + 0.5), half = (size_t)(0.5 * stride + 0.5);
	double r[] = { correlation(left, left, n, whole, half), correlation(right, right, n, whole, half),
		correlation(left, right, n, half, half), correlation(right, left, n, half, half) };
	size_t known;
	double mean = num_mean(r, ARRAY_LEN(r), &known);

	return known >= 2 && mean >= least;
}
