#include "gait/peaks.h"

#include <math.h>
#include <stdbool.h>

static struct peak refine(const double *v, size_t i, int sign)
{
	double l = sign * v[i - 1], c = sign * v[i], r = sign * v[i + 1], curve = l - 2 * c + r;
	double shift = curve < 0 ? 0.5 * (l - r) / curve : 0;

	if (!(fabs(shift) <= 1))
		shift = 0;
	return (struct peak){ .at = (double)i + shift, .value = sign * (c - 0.25 * (l - r) * shift) };
}

size_t peaks_find(const double *v, size_t n, int sign, double delta, struct peak *out, size_t max)
{
	size_t found = 0, at = 0;
	double low = NAN, high = NAN, valley = NAN;
	bool rising = false;

	for (size_t i = 0; i < n; i++) {
		double x = sign * v[i];
		if (isnan(x)) { /* what stood before a gap says nothing about what comes after it */
			low = high = NAN;
			rising = false;
			continue;
		}
		if (!rising) {
			low = isnan(low) ? x : fmin(low, x);
			if (x >= low + delta) {
				rising = true;
				valley = low;
				high = x;
				at = i;
			}
			continue;
		}
		if (x > high) {
			high = x;
			at = i;
		} else if (x <= high - delta) {
			if (at > 0 && at + 1 < n && !isnan(v[at - 1]) && !isnan(v[at + 1]) && found++ < max) {
				out[found - 1] = refine(v, at, sign);
				out[found - 1].prominence = high - valley;
			}
			rising = false;
			low = x;
		}
	}
	return found;
}
