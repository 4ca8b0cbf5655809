#include "core/walltime.h"

#include <math.h>
#include <stdlib.h>

static const double percentile = 0.9, margin = 1.5;

static double seconds_a_frame(const struct walltime_sample *s)
{
	return s->frames > 0 && s->run_ms > 0 ? (double)s->run_ms / 1000 / (double)s->frames : INFINITY;
}

static int by_pace(const void *a, const void *b)
{
	double x = seconds_a_frame(a), y = seconds_a_frame(b);

	return (x > y) - (x < y);
}

double walltime_learn(struct walltime_sample *s, unsigned n)
{
	if (n == 0)
		return NAN;
	qsort(s, n, sizeof *s, by_pace); /* what cannot be used is infinitely slow: it comes last */
	while (n > 0 && isinf(seconds_a_frame(&s[n - 1])))
		n--;
	if (n < WALLTIME_SAMPLES_MIN)
		return NAN;
	return seconds_a_frame(&s[(unsigned)ceil(percentile * n) - 1]) * margin;
}

int walltime_choose(
	const struct walltime_limits *l, int64_t frames, double frame_s, int64_t too_short_s, int64_t *ret_s)
{
	int64_t want = l->first_s;

	if (too_short_s >= l->max_s)
		return WALLTIME_EXHAUSTED;
	if (frames > 0 && !isnan(frame_s)) {
		double s = (double)l->startup_s + (double)frames * frame_s;
		want = s < (double)l->max_s ? (int64_t)ceil(s - 1e-6) : l->max_s;
		if (want < l->min_s)
			want = l->min_s;
	}
	if (too_short_s > 0 && want < 2 * too_short_s)
		want = 2 * too_short_s;
	*ret_s = want < l->max_s ? want : l->max_s;
	return 0;
}
