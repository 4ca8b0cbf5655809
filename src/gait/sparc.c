#include "gait/sparc.h"

#include <math.h>

#define CUT_OFF_HZ 10.0
#define THRESHOLD  0.05
enum { PAD_LEVEL = 4, LEAST = 8, BINS_MAX = 4096 };

/* |DFT| at @hz; Goertzel 1958. */
static double amplitude(const double *v, size_t n, double hz, double fps)
{
	double w = 2 * M_PI * hz / fps, k = 2 * cos(w), s1 = 0, s2 = 0;

	for (size_t i = 0; i < n; i++) {
		double s = v[i] + k * s1 - s2;
		s2 = s1;
		s1 = s;
	}
	return sqrt(fmax(0, s1 * s1 + s2 * s2 - k * s1 * s2));
}

double sparc(const double *v, size_t n, double fps)
{
	double whole = amplitude(v, n, 0, fps), length = 0, at[BINS_MAX];
	size_t padded = 1, last = 0;

	if (n < LEAST || !(whole > 0) || !isfinite(whole))
		return NAN;
	while (padded < n)
		padded *= 2;
	padded <<= PAD_LEVEL;
	double step_hz = fps / (double)padded;
	size_t bins = (size_t)(fmin(CUT_OFF_HZ, 0.5 * fps) / step_hz) + 1;
	if (bins > BINS_MAX)
		return NAN;
	for (size_t i = 0; i < bins; i++) {
		at[i] = amplitude(v, n, (double)i * step_hz, fps) / whole;
		if (at[i] >= THRESHOLD)
			last = i;
	}
	for (size_t i = 1; i <= last; i++)
		length += hypot(1 / (double)last, at[i] - at[i - 1]);
	return last > 0 ? -length : NAN;
}
