#include "gait/cycles.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "gait/num.h"

#define STRIDE_LEAST 0.6 /* of the pass's median */
#define STRIDE_MOST  1.5
#define STEP_LEAST   0.5 /* of the median step */
#define STEP_MOST    1.6
#define OTHER_LEAST  0.25 /* of the stride: where the other foot may land */
#define OTHER_MOST   0.75

void cycles_deinit(struct cycles *c)
{
	free(c->list);
	*c = (struct cycles){ 0 };
}

/* The one event of @foot and @kind in (from, to) of @pass; NaN where there is none or more than one. */
static double only_one(
	const struct events *ev, size_t pass, enum side foot, enum event_kind kind, double from, double to)
{
	double found = NAN;

	/* Events are sorted: the search starts at the first one after @from. */
	size_t lo = 0, hi = ev->count;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (ev->list[mid].time_s <= from)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = lo; i < ev->count && ev->list[i].time_s < to; i++) {
		const struct event *v = &ev->list[i];
		if (v->pass != pass || v->foot != foot || v->kind != kind)
			continue;
		if (!isnan(found))
			return NAN;
		found = v->time_s;
	}
	return found;
}

static bool make_one(const struct events *ev, const struct event *a, const struct event *b, double median_s,
	struct cycle *ret)
{
	double t = b->time_s - a->time_s;
	enum side other = side_other(a->foot);

	if (!(t >= STRIDE_LEAST * median_s && t <= STRIDE_MOST * median_s))
		return false;
	*ret = (struct cycle){ .foot = a->foot,
		.pass = a->pass,
		.strike = (size_t)(a - ev->list),
		.start_s = a->time_s,
		.end_s = b->time_s };
	ret->other_heel_strike_s = only_one(ev, a->pass, other, EVENT_HEEL_STRIKE, a->time_s, b->time_s);
	double at = (ret->other_heel_strike_s - a->time_s) / t;
	if (!(at >= OTHER_LEAST && at <= OTHER_MOST))
		return false;
	ret->other_toe_off_s =
		only_one(ev, a->pass, other, EVENT_TOE_OFF, a->time_s - 0.1 * t, ret->other_heel_strike_s);
	ret->toe_off_s = only_one(ev, a->pass, a->foot, EVENT_TOE_OFF, a->time_s + 0.3 * t, b->time_s);
	return true;
}

int cycles_make(const struct events *ev, struct cycles *ret, struct err *e)
{
	const struct event *last[SIDES] = { NULL, NULL };
	size_t pass = (size_t)-1;
	double median = NAN;

	*ret = (struct cycles){ .list = malloc((ev->count + 1) * sizeof *ret->list) };
	if (!ret->list)
		return err_set(e, ERR_NOMEM, "no memory for %zu strides", ev->count);
	for (size_t i = 0; i < ev->count; i++) {
		const struct event *v = &ev->list[i];
		if (v->kind != EVENT_HEEL_STRIKE)
			continue;
		if (v->pass != pass) {
			pass = v->pass;
			median = events_stride_s(ev, pass);
			last[SIDE_LEFT] = last[SIDE_RIGHT] = NULL;
		}
		if (last[v->foot] && make_one(ev, last[v->foot], v, median, &ret->list[ret->count])) {
			ret->of_foot[v->foot]++;
			ret->count++;
		}
		last[v->foot] = v;
	}
	return 0;
}

size_t steps_make(const struct events *ev, struct step *out, size_t max)
{
	const struct event *last = NULL;
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < ev->count && n < max; i++) {
		const struct event *v = &ev->list[i];
		if (v->kind != EVENT_HEEL_STRIKE)
			continue;
		if (last && last->pass == v->pass && last->foot != v->foot)
			out[n++] = (struct step){ v->foot, v->pass, i, last->time_s, v->time_s };
		last = v;
	}
	if (n == 0)
		return 0;
	CLEANUP(free_p) double *time = malloc(n * sizeof *time);
	if (!time)
		return n; /* the plausibility of each step is then not looked at; nothing is invented */
	for (size_t i = 0; i < n; i++)
		time[i] = out[i].end_s - out[i].start_s;
	double median = num_quantile(time, n, 0.5);
	for (size_t i = 0; i < n; i++) {
		double t = out[i].end_s - out[i].start_s;
		if (t >= STEP_LEAST * median && t <= STEP_MOST * median)
			out[kept++] = out[i];
	}
	return kept;
}
