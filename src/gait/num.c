#include "gait/num.h"

#include <math.h>
#include <stdlib.h>

double num_mean(const double *v, size_t n, size_t *ret_n)
{
	double sum = 0;
	size_t known = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i])) {
			sum += v[i];
			known++;
		}
	if (ret_n)
		*ret_n = known;
	return known > 0 ? sum / (double)known : NAN;
}

double num_sd(const double *v, size_t n)
{
	size_t known;
	double mean = num_mean(v, n, &known), sum = 0;

	if (known < 2)
		return NAN;
	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i]))
			sum += (v[i] - mean) * (v[i] - mean);
	return sqrt(sum / (double)(known - 1));
}

/* Quickselect (Hoare 1961): after it v[k] is the k-th smallest and nothing greater stands before it. */
static double select_kth(double *v, size_t n, size_t k)
{
	size_t lo = 0, hi = n - 1;

	while (lo < hi) {
		double pivot = v[lo + (hi - lo) / 2];
		size_t i = lo, j = hi;
		for (;;) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i >= j)
				break;
			double t = v[i];
			v[i++] = v[j];
			v[j--] = t;
		}
		/* Everything before i is at most the pivot, everything after j at least the pivot. */
		size_t split = v[i] > pivot ? i : i + 1;
		if (k >= split)
			lo = split;
		else if (split <= hi)
			hi = split - 1;
		else if (k < hi) /* the pivot was the largest and stands at hi now */
			hi--;
		else
			break;
	}
	return v[k];
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double num_quantile(double *v, size_t n, double q)
{
	size_t known = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i]))
			v[known++] = v[i];
	if (known == 0)
		return NAN;
	double at = q * (double)(known - 1);
	size_t k = (size_t)at;
	double frac = at - (double)k;
	if (known <= 32) {
		qsort(v, known, sizeof *v, compare);
		return k + 1 < known ? v[k] + frac * (v[k + 1] - v[k]) : v[k];
	}
	double low = select_kth(v, known, k);
	if (frac <= 0 || k + 1 >= known)
		return low;
	double high = INFINITY;
	for (size_t i = k + 1; i < known; i++)
		high = fmin(high, v[i]);
	return low + frac * (high - low);
}

double num_t975(size_t df)
{
	static const double exact[] = { NAN, 12.706, 4.303, 3.182, 2.776, 2.571 };
	const double z = 1.959964;
	double d = (double)df, z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;

	if (df < sizeof exact / sizeof *exact)
		return exact[df];
	return z + (z3 + z) / (4 * d) + (5 * z5 + 16 * z3 + 3 * z) / (96 * d * d) +
	       (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * d * d * d);
}

size_t num_line(const double *x, const double *y, size_t n, double *a, double *b)
{
	double sx = 0, sy = 0, sxx = 0, sxy = 0;
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(x[i]) && !isnan(y[i])) {
			sx += x[i];
			sy += y[i];
			used++;
		}
	*a = *b = NAN;
	if (used < 2)
		return used;
	double mx = sx / (double)used, my = sy / (double)used;
	for (size_t i = 0; i < n; i++)
		if (!isnan(x[i]) && !isnan(y[i])) {
			sxx += (x[i] - mx) * (x[i] - mx);
			sxy += (x[i] - mx) * (y[i] - my);
		}
	if (sxx > 0) {
		*b = sxy / sxx;
		*a = my - *b * mx;
	}
	return used;
}

size_t num_line_robust(const double *x, const double *y, size_t n, double *scratch, double *a, double *b)
{
	size_t used = num_line(x, y, n, a, b);

	for (int round = 0; round < 2 && used > 4; round++) {
		for (size_t i = 0; i < n; i++)
			scratch[i] = fabs(y[i] - *a - *b * x[i]);
		/* The median absolute residual times 1.4826 estimates the SD (Rousseeuw & Croux 1993). */
		double limit = 2.5 * 1.4826 * num_quantile(scratch, n, 0.5);
		if (!(limit > 0))
			break;
		for (size_t i = 0; i < n; i++)
			scratch[i] = fabs(y[i] - *a - *b * x[i]) <= limit ? y[i] : NAN;
		used = num_line(x, scratch, n, a, b);
	}
	return used;
}

double num_at(const double *v, size_t n, double at)
{
	if (!(at >= 0) || n == 0 || at > (double)(n - 1))
		return NAN;
	size_t i = (size_t)at;
	double f = at - (double)i;
	return f > 0 ? v[i] + f * (v[i + 1] - v[i]) : v[i];
}
