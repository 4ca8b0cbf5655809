#include "pose/track.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TRACKS    64
#define MAX_AGE_S     1.6F /* a track unseen for longer is over */
#define GATE_BASE     0.5F /* in radii of the body (about half its height) */
#define GATE_STILL    1.6F /* radii a second: a walk or slow run whose direction is not known yet */
#define GATE_MOVING   0.7F /* the same once it is */
#define MIN_LIKENESS  0.55F
#define SEVERAL_SHARE 0.5F
#define MIN_OTHER_S   1.0
#define WALKS_RADII   1.0F /* moved that far: certainly walks */
#define STANDS_RADII  0.5F /* moved no farther: stands, or sways */
#define REJOIN_RADII  1.5F

void tracks_deinit(struct tracks *ts)
{
	for (size_t i = 0; i < ts->n; i++)
		free(ts->list[i].points);
	free(ts->list);
	*ts = (struct tracks){ 0 };
}

static const struct track_point *last(const struct track *t)
{
	return &t->points[t->n - 1];
}

static struct detection moved(const struct detection *d, float dx, float dy)
{
	struct detection r = *d;

	r.hip_x += dx;
	r.hip_y += dy;
	r.top_x += dx;
	r.top_y += dy;
	return r;
}

/* The body at time @t by the movement between points @a and @b, for at most a second. */
static struct detection extrapolate(
	const struct track_point *a, const struct track_point *b, const struct track_point *from, double t)
{
	double span = b->t - a->t, ahead = fmax(-1.0, fmin(1.0, t - from->t));
	float w = span > 0 ? (float)(ahead / span) : 0;

	return moved(&from->d, w * (b->d.hip_x - a->d.hip_x), w * (b->d.hip_y - a->d.hip_y));
}

static struct detection predict(const struct track *tr, double t)
{
	if (tr->n < 2)
		return last(tr)->d;
	return extrapolate(&tr->points[tr->n - 2], last(tr), last(tr), t);
}

/* Distance of a detection from a track's prediction in units of its gate; 1 and more: not this one. */
static float misfit(const struct track *tr, double t, const struct detection *d)
{
	struct detection p = predict(tr, t);
	float size = detection_size(&last(tr)->d), other = detection_size(d), age = (float)(t - last(tr)->t);
	float gate = size * (GATE_BASE + (tr->n < 2 ? GATE_STILL : GATE_MOVING) * age);

	if (age > MAX_AGE_S || fminf(size, other) < MIN_LIKENESS * fmaxf(size, other))
		return INFINITY;
	return hypotf(d->hip_x - p.hip_x, d->hip_y - p.hip_y) / gate;
}

static int append(struct track *tr, double t, const struct detection *d, struct err *e)
{
	if (tr->n == tr->cap) {
		size_t cap = tr->cap ? 2 * tr->cap : 16;
		struct track_point *more = realloc(tr->points, cap * sizeof *more);
		if (!more)
			return err_set(e, ERR_NOMEM, "tracks");
		tr->points = more;
		tr->cap = cap;
	}
	tr->points[tr->n++] = (struct track_point){ t, *d };
	return 0;
}

static int start(struct tracks *ts, double t, const struct detection *d, struct err *e)
{
	if (ts->n == MAX_TRACKS)
		return 0; /* a crowd: those seen first are enough to say so */
	if (!ts->list) {
		ts->list = calloc(MAX_TRACKS, sizeof *ts->list);
		if (!ts->list)
			return err_set(e, ERR_NOMEM, "tracks");
	}
	int r = append(&ts->list[ts->n], t, d, e);
	ts->n += r == 0;
	return r;
}

int tracks_add(struct tracks *ts, double t, const struct detection *d, size_t n, struct err *e)
{
	bool placed[DETECTOR_MAX * 4] = { false };
	size_t before = ts->n;

	if (n > sizeof placed)
		n = sizeof placed;
	for (;;) { /* the best pair first, then the next best of what is left */
		size_t best_track = 0, best = n;
		float least = 1;
		for (size_t i = 0; i < before; i++)
			for (size_t k = 0; k < n && last(&ts->list[i])->t < t; k++) {
				float m = placed[k] ? INFINITY : misfit(&ts->list[i], t, &d[k]);
				if (m < least) {
					least = m;
					best_track = i;
					best = k;
				}
			}
		if (best == n)
			break;
		placed[best] = true;
		if (append(&ts->list[best_track], t, &d[best], e) < 0)
			return -1;
	}
	for (size_t k = 0; k < n; k++)
		if (!placed[k] && start(ts, t, &d[k], e) < 0)
			return -1;
	return 0;
}

bool tracks_alone(const struct tracks *ts, double t, struct detection *ret)
{
	size_t live = 0;

	for (size_t i = 0; i < ts->n; i++) {
		if (t - last(&ts->list[i])->t > (double)MAX_AGE_S)
			continue;
		*ret = predict(&ts->list[i], t);
		live++;
	}
	return live == 1;
}

bool tracks_calm(const struct tracks *ts, double t)
{
	for (size_t i = 0; i < ts->n; i++)
		if (t - last(&ts->list[i])->t <= (double)MAX_AGE_S && ts->list[i].n < 3)
			return false;
	return ts->n > 0;
}

static double seconds(const struct track *tr)
{
	return last(tr)->t - tr->points[0].t;
}

/* Mean size over the points [from, to). */
static float mean_size(const struct track *tr, size_t from, size_t to)
{
	float sum = 0;

	for (size_t i = from; i < to; i++)
		sum += detection_size(&tr->points[i].d);
	return sum / (float)(to - from);
}

/* How far the body went, in its own radii: across the picture, or nearer and farther. The size of a single
 * detection jumps by a fifth, so its change is taken between the means of a track's thirds. */
static float movement(const struct track *tr)
{
	float x0 = INFINITY, x1 = -INFINITY, approach = 0;

	for (size_t i = 0; i < tr->n; i++) {
		x0 = fminf(x0, tr->points[i].d.hip_x);
		x1 = fmaxf(x1, tr->points[i].d.hip_x);
	}
	if (tr->n >= 6)
		approach = fabsf(logf(mean_size(tr, tr->n - tr->n / 3, tr->n) / mean_size(tr, 0, tr->n / 3)));
	/* 30 % larger is about as telling as a step to the side. */
	return (x1 - x0) / mean_size(tr, 0, tr->n) + 3 * approach;
}

static void weigh(struct track *tr)
{
	tr->size = mean_size(tr, 0, tr->n);
	tr->weight = tr->size * ((float)seconds(tr) + 0.25F) * (1 + fminf(2, movement(tr)));
	tr->chosen = false;
}

/* The track whose body is nearest to the hint when it is first seen; a hand's breadth beyond it counts. */
static bool hinted(const struct tracks *ts, const float *hint, size_t *ret)
{
	float least = 1.2F;
	bool found = false;
	double first = INFINITY;

	for (size_t i = 0; i < ts->n; i++)
		first = fmin(first, ts->list[i].points[0].t);
	for (size_t i = 0; i < ts->n; i++) {
		const struct track_point *p = &ts->list[i].points[0];
		float off = hypotf(p->d.hip_x - hint[0], p->d.hip_y - hint[1]) / detection_size(&p->d);
		/* Who comes into view later is less likely meant. */
		off += (float)fmin(1.0, (p->t - first) * 0.2) + (ts->list[i].n < 2 ? 0.3F : 0);
		if (off < least) {
			least = off;
			*ret = i;
			found = true;
		}
	}
	return found;
}

/* Do the two share time? Then they are two people. */
static bool together(const struct track *a, const struct track *b)
{
	return a->points[0].t <= last(b)->t && b->points[0].t <= last(a)->t;
}

/* May @b be the walker of @a, gone for a while? Only a like size, and walking like it or found where it was
 * lost. */
static bool may_rejoin(const struct track *a, const struct track *b)
{
	if (fminf(a->size, b->size) < MIN_LIKENESS * fmaxf(a->size, b->size) || b->n < 2)
		return false;
	if (movement(a) > WALKS_RADII && movement(b) > WALKS_RADII)
		return true;
	bool after = b->points[0].t > last(a)->t;
	const struct track_point *end = after ? last(a) : last(b),
				 *begin = after ? &b->points[0] : &a->points[0];
	return hypotf(end->d.hip_x - begin->d.hip_x, end->d.hip_y - begin->d.hip_y) < REJOIN_RADII * a->size;
}

static void join(struct tracks *ts, size_t walker)
{
	for (size_t i = 0; i < ts->n; i++) {
		struct track *t = &ts->list[i];
		bool alone = true;
		for (size_t k = 0; k < ts->n; k++)
			alone = alone && (k == i || !ts->list[k].chosen || !together(t, &ts->list[k]));
		if (i != walker && alone && may_rejoin(&ts->list[walker], t))
			t->chosen = true;
	}
}

/* Could @t as well be the one who is meant? Not who stands while the other clearly walks. */
static bool is_rival(const struct track *walker, const struct track *t)
{
	if (movement(walker) > WALKS_RADII && movement(t) < STANDS_RADII)
		return false;
	return t->weight > SEVERAL_SHARE * walker->weight;
}

int tracks_choose(struct tracks *ts, const float *hint, struct track_choice *ret)
{
	*ret = (struct track_choice){ 0 };
	if (ts->n == 0)
		return TRACK_NOBODY;
	for (size_t i = 0; i < ts->n; i++) {
		weigh(&ts->list[i]);
		if (ts->list[i].weight > ts->list[ret->walker].weight)
			ret->walker = i;
	}
	if (hint) {
		ret->hint_used = hinted(ts, hint, &ret->walker);
		ret->hint_missed = !ret->hint_used;
	}
	ts->list[ret->walker].chosen = true;
	join(ts, ret->walker);
	ret->people = 1;
	for (size_t i = 0; i < ts->n; i++) {
		const struct track *t = &ts->list[i];
		if (t->chosen || seconds(t) < MIN_OTHER_S)
			continue;
		ret->people++;
		ret->several |= !ret->hint_used && is_rival(&ts->list[ret->walker], t);
	}
	return 0;
}

static bool place_at(const struct track *tr, double t, double beyond_s, struct detection *ret)
{
	const struct track_point *p = tr->points;

	if (t < p[0].t || t > last(tr)->t) {
		bool early = t < p[0].t;
		if (early ? p[0].t - t > beyond_s : t - last(tr)->t > beyond_s)
			return false;
		if (tr->n < 2)
			*ret = p[0].d;
		else
			*ret = early ? extrapolate(&p[0], &p[1], &p[0], t) : predict(tr, t);
		return true;
	}
	size_t i = 0;
	while (i + 1 < tr->n && p[i + 1].t < t)
		i++;
	if (i + 1 >= tr->n) {
		*ret = p[i].d;
		return true;
	}
	float w = (float)((t - p[i].t) / (p[i + 1].t - p[i].t));
	const struct detection *a = &p[i].d, *b = &p[i + 1].d;
	*ret = (struct detection){ a->hip_x + w * (b->hip_x - a->hip_x), a->hip_y + w * (b->hip_y - a->hip_y),
		a->top_x + w * (b->top_x - a->top_x), a->top_y + w * (b->top_y - a->top_y),
		fminf(a->score, b->score) };
	return true;
}

/* How far @t lies outside a track's time, seconds; 0 inside. */
static double outside(const struct track *tr, double t)
{
	return fmax(0, fmax(tr->points[0].t - t, t - last(tr)->t));
}

bool track_at(const struct tracks *ts, double t, double beyond_s, struct detection *ret)
{
	double least = INFINITY;
	bool found = false;

	for (size_t i = 0; i < ts->n; i++) {
		double off = outside(&ts->list[i], t);
		if (!ts->list[i].chosen || off >= least)
			continue;
		if (place_at(&ts->list[i], t, beyond_s, ret)) {
			least = off;
			found = true;
		}
	}
	return found;
}

bool track_is_other(const struct tracks *ts, double t, float x, float y, float within)
{
	struct detection d;
	float walker = track_at(ts, t, 0, &d) ? hypotf(d.hip_x - x, d.hip_y - y) : INFINITY;

	for (size_t i = 0; i < ts->n; i++)
		if (!ts->list[i].chosen && place_at(&ts->list[i], t, 0, &d) &&
			hypotf(d.hip_x - x, d.hip_y - y) < fminf(within, walker))
			return true;
	return false;
}
