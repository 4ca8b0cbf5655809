#include "gait/events.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "gait/num.h"
#include "gait/peaks.h"
#include "gait/rhythm.h"
#include "gait/strikes.h"

#define PROMINENCE          0.3  /* of the signal's peak-to-peak (5th to 95th percentile) */
#define SIDE_LEAST          0.1  /* leg lengths */
#define FRONT_LEAST         0.03 /* of the leg height */
#define SAME_FOOT           0.7  /* of the stride: the least between heel strikes of one foot */
#define OTHER_FOOT          0.28 /* and of different feet */
#define FRONT_SHIFT_TOWARDS 0.19 /* of the stride */
#define FRONT_SHIFT_AWAY    0.24
#define REPEATS             0.5 /* mean correlation of the movement with itself */
#define REPEATS_IN_PLACE    0.7 /* the same where nothing but the feet moves */
enum { PEAKS_MAX = 4096, STRIKES_IN_PLACE = 5 };

void events_deinit(struct events *ev)
{
	free(ev->list);
	*ev = (struct events){ 0 };
}

int events_add(struct events *ev, const struct event *event, struct err *e)
{
	if (ev->count >= EVENTS_MAX)
		return err_set(e, ERR_TOO_LARGE, "more than %d gait events", EVENTS_MAX);
	if (ev->count == ev->cap) {
		size_t cap = ev->cap ? 2 * ev->cap : 64;
		struct event *list = realloc(ev->list, cap * sizeof *list);
		if (!list)
			return err_set(e, ERR_NOMEM, "no memory for %zu gait events", cap);
		ev->list = list;
		ev->cap = cap;
	}
	ev->list[ev->count++] = *event;
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->time_s < y->time_s ? -1 : x->time_s > y->time_s;
}

void events_sort(struct events *ev)
{
	if (ev->count > 1)
		qsort(ev->list, ev->count, sizeof *ev->list, by_time);
}

static double spread(const double *v, size_t n, double *scratch)
{
	memcpy(scratch, v, n * sizeof *v);
	double high = num_quantile(scratch, n, 0.95);
	return high - num_quantile(scratch, n, 0.05);
}

double events_stride_s(const struct events *ev, size_t pass)
{
	double gap[256], last[SIDES] = { NAN, NAN };
	size_t n = 0;

	for (size_t i = 0; i < ev->count && n < ARRAY_LEN(gap); i++) {
		const struct event *v = &ev->list[i];
		if (v->pass != pass || v->kind != EVENT_HEEL_STRIKE)
			continue;
		if (!isnan(last[v->foot]))
			gap[n++] = v->time_s - last[v->foot];
		last[v->foot] = v->time_s;
	}
	return num_quantile(gap, n, 0.5);
}

/* Of two heel strikes of one foot in a row that are too close for a stride, or of two feet too close for the
 * quicker step of a limp, drop the lesser. */
static void alternate(struct event *list, size_t *count, double stride_s)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		struct event *last = kept > 0 ? &list[kept - 1] : NULL;
		double least = last && last->foot == list[i].foot ? SAME_FOOT : OTHER_FOOT;
		if (last && list[i].time_s - last->time_s < least * stride_s) {
			if (list[i].prominence > last->prominence)
				*last = list[i];
			continue;
		}
		list[kept++] = list[i];
	}
	*count = kept;
}

struct finder {
	const struct track *t;
	const struct pass *p;
	size_t pass, n;
	enum view view;
	double *signal, *other, *scratch;
	struct peak *peak;
	struct events found; /* of this pass and kind only */
};

static int add_peaks(
	struct finder *f, enum side foot, enum event_kind kind, int sign, double least, struct err *e)
{
	double delta = fmax(PROMINENCE * spread(f->signal, f->n, f->scratch), least);
	size_t n = isnan(delta) ? 0 : peaks_find(f->signal, f->n, sign, delta, f->peak, PEAKS_MAX);

	for (size_t i = 0; i < n && i < PEAKS_MAX; i++) {
		struct event v = { .view = f->view,
			.foot = foot,
			.kind = kind,
			.pass = f->pass,
			.time_s = ((double)f->p->from + f->peak[i].at) / f->t->fps,
			.prominence = f->peak[i].prominence,
			.contact_deg = NAN };
		if (events_add(&f->found, &v, e) < 0)
			return -1;
	}
	return 0;
}

static void finder_deinit(struct finder *f)
{
	free(f->signal);
	free(f->other);
	free(f->scratch);
	free(f->peak);
	events_deinit(&f->found);
}

static int finder_init(struct finder *f, struct err *e)
{
	f->n = f->p->to - f->p->from;
	f->signal = malloc((f->n + 1) * sizeof *f->signal);
	f->other = malloc((f->n + 1) * sizeof *f->other);
	f->scratch = malloc((f->n + 2 * EVENTS_MAX) * sizeof *f->scratch);
	f->peak = malloc(PEAKS_MAX * sizeof *f->peak);
	return f->signal && f->other && f->scratch && f->peak ? 0
							      : err_set(e, ERR_NOMEM, "no memory for events");
}

/* dir · (point - mid-hip) in leg lengths. */
static void relative_to_hip(const struct finder *f, enum body_point point, double *out)
{
	const double *x = f->t->x[point] + f->p->from, *hip = f->t->x[BODY_MID_HIP] + f->p->from;

	for (size_t i = 0; i < f->n; i++)
		out[i] = f->p->dir * (x[i] - hip[i]) / f->p->leg_px;
}

static int hand_over(struct finder *f, struct events *ret, struct err *e)
{
	for (size_t i = 0; i < f->found.count; i++)
		if (events_add(ret, &f->found.list[i], e) < 0)
			return -1;
	f->found.count = 0;
	return 0;
}

int events_side(const struct track *t, const struct passes *p, size_t pass, struct events *ret, struct err *e)
{
	struct finder f __attribute__((
		cleanup(finder_deinit))) = { .t = t, .p = &p->pass[pass], .pass = pass, .view = VIEW_SIDE };

	if (finder_init(&f, e) < 0)
		return -1;
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		relative_to_hip(&f, body_legs[s].heel, f.signal);
		if (add_peaks(&f, s, EVENT_HEEL_STRIKE, 1, SIDE_LEAST, e) < 0)
			return -1;
	}
	events_sort(&f.found);
	double stride_s = events_stride_s(&f.found, pass);
	alternate(f.found.list, &f.found.count, stride_s);
	relative_to_hip(&f, body_legs[SIDE_LEFT].heel, f.signal);
	relative_to_hip(&f, body_legs[SIDE_RIGHT].heel, f.other);
	if (!rhythm_is_walking(&f.found) ||
		!rhythm_repeats(f.signal, f.other, f.n, stride_s * t->fps, REPEATS))
		return 0;
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		relative_to_hip(&f, body_legs[s].heel, f.signal);
		strikes_refine(f.found.list, f.found.count, s, f.signal, f.n, (double)f.p->from / t->fps,
			t->fps, stride_s, f.scratch);
	}
	size_t strikes = f.found.count;
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		relative_to_hip(&f, body_legs[s].toe, f.signal);
		if (add_peaks(&f, s, EVENT_TOE_OFF, -1, SIDE_LEAST, e) < 0)
			return -1;
		toe_offs_refine(f.found.list + strikes, f.found.count - strikes, s, f.found.list, strikes,
			f.signal, f.n, (double)f.p->from / t->fps, t->fps, stride_s, f.scratch);
	}
	return hand_over(&f, ret, e);
}

int events_front(
	const struct track *t, const struct passes *p, size_t pass, struct events *ret, struct err *e)
{
	struct finder f __attribute__((
		cleanup(finder_deinit))) = { .t = t, .p = &p->pass[pass], .pass = pass, .view = VIEW_FRONT };

	if (finder_init(&f, e) < 0)
		return -1;
	for (size_t i = 0; i < f.n; i++) {
		size_t k = f.p->from + i;
		double left = t->y[BODY_L_ANKLE][k], right = t->y[BODY_R_ANKLE][k];
		f.signal[i] = (left - right) / (t->y[BODY_MID_HIP][k] - 0.5 * (left + right));
	}
	if (add_peaks(&f, SIDE_RIGHT, EVENT_HEEL_STRIKE, 1, FRONT_LEAST, e) < 0 ||
		add_peaks(&f, SIDE_LEFT, EVENT_HEEL_STRIKE, -1, FRONT_LEAST, e) < 0)
		return -1;
	events_sort(&f.found);
	double stride_s = events_stride_s(&f.found, pass);
	alternate(f.found.list, &f.found.count, stride_s);
	if (!f.p->travels && f.found.count < STRIKES_IN_PLACE)
		return 0;
	for (size_t i = 0; i < f.n; i++) /* the left foot's q is the right one's mirrored */
		f.other[i] = -f.signal[i];
	if (!rhythm_is_walking(&f.found) || !rhythm_repeats(f.other, f.signal, f.n, stride_s * t->fps,
						    f.p->travels ? REPEATS : REPEATS_IN_PLACE))
		return 0;
	double shift = f.p->dir < 0 ? FRONT_SHIFT_AWAY : FRONT_SHIFT_TOWARDS;
	for (size_t i = 0; i < f.found.count; i++)
		f.found.list[i].time_s -= shift * stride_s;
	return hand_over(&f, ret, e);
}
