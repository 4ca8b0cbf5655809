#include "gait/strikes.h"

#include <math.h>

#include "gait/num.h"

#define REST                                                                                                 \
	0.6 /* of the walking speed: somewhat past the middle between the body's speed and the ground's */
#define LEAVING    0.1  /* of the walking speed: the toe is no longer the ground's */
#define WITHIN     0.12 /* of the stride */
#define STAND_FROM 0.10 /* of the stride after the maximum: the foot stands */
#define STAND_TO   0.30

/* How fast the standing foot goes backwards under the body, a second; the median over the foot's strikes. */
static double walking_speed(const struct event *ev, size_t count, enum side foot, const double *signal,
	size_t n, double first_s, double fps, double stride_s, double *scratch)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (ev[i].foot != foot)
			continue;
		double at = ev[i].time_s - first_s;
		double a = num_at(signal, n, (at + STAND_FROM * stride_s) * fps);
		double b = num_at(signal, n, (at + STAND_TO * stride_s) * fps);
		scratch[found++] = (a - b) / ((STAND_TO - STAND_FROM) * stride_s);
	}
	return num_quantile(scratch, found, 0.5);
}

/* First fractional index from @at on where the slope (a frame) falls through @limit; NaN if not until @end.
 */
static double crossing(const double *signal, size_t n, double at, double end, double limit)
{
	double last = NAN;

	/* The slope between samples i and i + 1 belongs to i + 0.5. */
	for (size_t i = at > 1 ? (size_t)at - 1 : 0; i + 1 < n && (double)i + 0.5 <= end + 1; i++) {
		double slope = signal[i + 1] - signal[i];
		if (slope <= limit && last > limit) {
			double where = (double)i - 0.5 + (last - limit) / (last - slope);
			if (where >= at)
				return where <= end ? where : NAN;
		}
		last = slope;
	}
	return NAN;
}

/* Shifts of one foot's events that are alike within this factor of their median are their own; noise that hid
 * the place, or showed it somewhere else, gets the median. */
#define SHIFT_LEAST 0.5
#define SHIFT_MOST  1.8

static void shift_alike(
	struct event *ev, size_t count, enum side foot, enum event_kind kind, double *shift, double *scratch)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (ev[i].foot == foot && ev[i].kind == kind)
			scratch[n++] = shift[i];
	double median = num_quantile(scratch, n, 0.5);
	if (isnan(median))
		return;
	for (size_t i = 0; i < count; i++) {
		if (ev[i].foot != foot || ev[i].kind != kind)
			continue;
		double part = shift[i] / median;
		ev[i].time_s += part >= SHIFT_LEAST && part <= SHIFT_MOST ? shift[i] : median;
	}
}

void strikes_refine(struct event *ev, size_t count, enum side foot, const double *signal, size_t n,
	double first_s, double fps, double stride_s, double *scratch)
{
	double speed = walking_speed(ev, count, foot, signal, n, first_s, fps, stride_s, scratch);
	double *shift = scratch + count;

	if (!(speed > 0))
		return;
	for (size_t i = 0; i < count; i++) {
		double at = (ev[i].time_s - first_s) * fps;
		double rest = crossing(signal, n, at, at + WITHIN * stride_s * fps, -REST * speed / fps);
		shift[i] = (rest - at) / fps;
	}
	shift_alike(ev, count, foot, EVENT_HEEL_STRIKE, shift, scratch);
}

/* Last fractional index before @at, not before @begin, where the slope (a frame) rises through @limit. */
static double rise_before(const double *signal, size_t n, double at, double begin, double limit)
{
	for (size_t i = fmin(at, (double)n - 2) > 0 ? (size_t)fmin(at, (double)n - 2) : 0; i > 0; i--) {
		/* The slope between samples i and i + 1 belongs to i + 0.5. */
		double slope = signal[i] - signal[i - 1], next = signal[i + 1] - signal[i];
		if ((double)i - 0.5 < begin)
			return NAN;
		if (slope <= limit && next > limit) {
			double where = (double)i - 0.5 + (limit - slope) / (next - slope);
			return where <= at ? where : NAN;
		}
	}
	return NAN;
}

void toe_offs_refine(struct event *ev, size_t count, enum side foot, const struct event *strikes,
	size_t strike_count, const double *signal, size_t n, double first_s, double fps, double stride_s,
	double *scratch)
{
	double speed = walking_speed(strikes, strike_count, foot, signal, n, first_s, fps, stride_s, scratch);

	if (!(speed > 0) || n < 3)
		return;
	for (size_t i = 0; i < count; i++) {
		double at = (ev[i].time_s - first_s) * fps;
		if (ev[i].foot != foot || ev[i].kind != EVENT_TOE_OFF)
			continue;
		double left =
			rise_before(signal, n, at, at - WITHIN * stride_s * fps, -LEAVING * speed / fps);
		if (!isnan(left))
			ev[i].time_s = first_s + left / fps;
	}
}
