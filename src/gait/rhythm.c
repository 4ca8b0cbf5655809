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
