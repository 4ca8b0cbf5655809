#include "pose/timeline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define SAME_TIME 0.1 /* of an output interval: near enough to take a frame as it is */

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The usual interval: the mean of the middle half of all. Lost frames do not move it, as they would the mean;
 * and a clock that trembles leaves it where it is, as it would not the median. NAN where memory is out. */
static double usual_interval(const double *times, size_t n)
{
	CLEANUP(free_p) double *d = malloc((n - 1) * sizeof *d);
	size_t used = 0;
	double sum = 0;

	if (!d)
		return NAN;
	for (size_t i = 0; i + 1 < n; i++)
		if (times[i + 1] > times[i])
			d[used++] = times[i + 1] - times[i];
	if (used == 0)
		return 0;
	qsort(d, used, sizeof *d, ascending);
	size_t from = used / 4, to = used - used / 4;
	for (size_t i = from; i < to; i++)
		sum += d[i];
	return sum / (double)(to - from);
}

/* Containers round times (Matroska to 1 ms): name the rate that was meant. */
static double usual_rate(double fps, double tolerance)
{
	static const double usual[] = { 24000.0 / 1001, 24, 25, 30000.0 / 1001, 30, 48, 50, 60000.0 / 1001,
		60, 90, 100, 120000.0 / 1001, 120, 240 };
	double best = fps, off = tolerance * fps;

	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		if (fabs(usual[i] - fps) <= off) {
			off = fabs(usual[i] - fps);
			best = usual[i];
		}
	}
	return best;
}

int timeline_plan(const double *times, size_t n, double max_fps, struct timeline *ret, struct err *e)
{
	struct timeline tl = { .times = times, .ntimes = n };

	if (n < 2 || !(times[n - 1] > times[0]))
		return err_set(e, ERR_MEDIA, "it has %zu frame%s: a walk needs more", n, n == 1 ? "" : "s");
	double extent = times[n - 1] - times[0], usual = usual_interval(times, n);
	if (isnan(usual))
		return err_set(e, ERR_NOMEM, "timeline");
	tl.start_s = times[0];
	for (size_t i = 0; i + 1 < n; i++) {
		double d = times[i + 1] - times[i];
		/* 1.1 ms: what rounding to milliseconds does to both ends. */
		tl.variable |= fabs(d - usual) > fmax(0.2 * usual, 0.0011);
		tl.gaps += d > fmax(TIMELINE_MAX_GAP_S, 1.5 * usual);
	}
	tl.source_fps =
		tl.variable ? usual_rate(1 / usual, 0.02) : usual_rate((double)(n - 1) / extent, 0.0005);
	tl.fps = tl.source_fps;
	if (tl.fps > max_fps * 1.01) {
		tl.reduced = true;
		tl.fps /= ceil(tl.fps / max_fps - 0.01);
	}
	tl.frames = tl.variable || tl.reduced ? (size_t)floor(extent * tl.fps + 0.5) + 1 : n;
	tl.max_gap_s = fmax(TIMELINE_MAX_GAP_S, 1.5 / tl.fps);
	*ret = tl;
	return 0;
}

size_t timeline_nearest(const struct timeline *tl, double t)
{
	size_t lo = 0, hi = tl->ntimes - 1;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;
		if (tl->times[mid] <= t)
			lo = mid;
		else
			hi = mid;
	}
	return fabs(tl->times[hi] - t) < fabs(tl->times[lo] - t) ? hi : lo;
}

double timeline_at(const struct timeline *tl, size_t k)
{
	return tl->start_s + (double)k / tl->fps;
}

/* Source frames at the time of output frame @k: one twice, or the two it lies between. */
static void neighbours(const struct timeline *tl, size_t k, size_t *before, size_t *after)
{
	double t = timeline_at(tl, k);
	size_t i = timeline_nearest(tl, t);

	*before = *after = i;
	if (fabs(tl->times[i] - t) <= SAME_TIME / tl->fps)
		return;
	if (tl->times[i] < t && i + 1 < tl->ntimes)
		*after = i + 1;
	else if (tl->times[i] > t && i > 0)
		*before = i - 1;
}

bool timeline_needs(const struct timeline *tl, size_t i)
{
	double at = (tl->times[i] - tl->start_s) * tl->fps;

	if (!tl->reduced)
		return true;
	for (int step = -1; step <= 1; step++) {
		double k = floor(at + 0.5) + step;
		size_t before, after;
		if (k < 0 || k >= (double)tl->frames)
			continue;
		neighbours(tl, (size_t)k, &before, &after);
		if (before == i || after == i)
			return true;
	}
	return false;
}

void timeline_pose(const struct timeline *tl, const struct body25 *poses, size_t k, struct body25 *ret)
{
	size_t before, after;
	double t = timeline_at(tl, k);

	memset(ret, 0, sizeof *ret);
	if (!tl->variable && !tl->reduced) {
		*ret = poses[k];
		return;
	}
	neighbours(tl, k, &before, &after);
	const struct body25 *a = &poses[before], *b = &poses[after];
	double span = tl->times[after] - tl->times[before];
	if (!a->found || !b->found || span > tl->max_gap_s)
		return;
	float w = span > 0 ? (float)((t - tl->times[before]) / span) : 0;
	ret->found = true;
	for (int i = 0; i < BODY25; i++) {
		if (a->confidence[i] <= 0 || b->confidence[i] <= 0)
			continue;
		ret->x[i] = a->x[i] + w * (b->x[i] - a->x[i]);
		ret->y[i] = a->y[i] + w * (b->y[i] - a->y[i]);
		ret->confidence[i] = fminf(a->confidence[i], b->confidence[i]);
	}
}
