#include "gait/spatial.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "gait/anthropometry.h"
#include "gait/num.h"

#define WALKING    0.014 /* of the height: how much lower the eyes are than standing */
#define NOSE_BELOW 0.02  /* of the height */
#define ANKLE      0.039 /* of the height: the ankle over the floor (Winter 2009, figure 4.1) */
#define FLAT_FROM  0.10  /* of the stride after heel strike */
#define FLAT_TO    0.30
#define PLACED     0.35 /* a foot that moves more than this share of mid-hip's way does not stand */
#define FRONT_FROM 0.15
#define FRONT_TO   0.45

/* Height of the eyes over the lowest foot point, as pixels a unit of body height; NaN where not seen. */
static double body_px(const struct track *t, double eyes_share, size_t f)
{
	double floor = INFINITY, eyes = 0;
	int n = 0;

	for (int s = 0; s < SIDES; s++) {
		floor = fmin(floor, t->y[body_legs[s].heel][f]);
		floor = fmin(floor, t->y[body_legs[s].toe][f]);
	}
	const enum body_point eye[] = { BODY_L_EYE, BODY_R_EYE };
	for (size_t i = 0; i < ARRAY_LEN(eye); i++)
		if (!isnan(t->y[eye[i]][f])) {
			eyes += t->y[eye[i]][f];
			n++;
		}
	if (!isfinite(floor))
		return NAN;
	double eyes_over = eyes_share - WALKING - (t->no_feet ? ANKLE : 0);
	return n > 0 ? (eyes / n - floor) / eyes_over
		     : (t->y[BODY_NOSE][f] - floor) / (eyes_over - NOSE_BELOW);
}

static double leg_px(const struct track *t, enum side s, size_t f)
{
	const struct body_leg *l = &body_legs[s];

	return hypot(t->x[l->hip][f] - t->x[l->knee][f], t->y[l->hip][f] - t->y[l->knee][f]) +
	       hypot(t->x[l->knee][f] - t->x[l->ankle][f], t->y[l->knee][f] - t->y[l->ankle][f]);
}

struct fit {
	double *x, *y, *scratch, *block;
	double eyes, leg; /* of the height */
	size_t n, known;
	bool from_legs;
};

static void fit_deinit(struct fit *w)
{
	free(w->block);
}

/* Time and body height in pixels over the pass. */
static int fit_init(
	struct fit *w, const struct track *t, const struct pass *p, double age_months, struct err *e)
{
	w->eyes = anthropometry_eyes(age_months);
	w->leg = anthropometry_thigh_and_shank(age_months);
	w->n = p->to - p->from;
	w->block = malloc((w->n + 1) * 3 * sizeof *w->block);
	if (!w->block)
		return err_set(e, ERR_NOMEM, "no memory for the scale of %zu frames", w->n);
	w->x = w->block;
	w->y = w->block + w->n;
	w->scratch = w->block + 2 * w->n;
	for (size_t i = 0; i < w->n; i++) {
		w->x[i] = (double)(p->from + i) / t->fps;
		w->y[i] = body_px(t, w->eyes, p->from + i);
		w->known += isnan(w->y[i]) ? 0 : 1;
	}
	w->from_legs = w->known < w->n / 4;
	for (size_t i = 0; w->from_legs && i < w->n; i++)
		w->y[i] = p->leg_px / w->leg;
	return 0;
}

static double centre(const struct track *t, const struct pass *p, struct fit *w)
{
	if (t->width > 0)
		return 0.5 * t->width;
	for (size_t i = 0; i < w->n; i++)
		w->scratch[i] = t->x[BODY_MID_HIP][p->from + i];
	return num_quantile(w->scratch, w->n, 0.5);
}

int scale_side(const struct track *t, const struct pass *p, const struct patient *who, struct scale *ret,
	struct err *e)
{
	struct fit w __attribute__((cleanup(fit_deinit))) = { 0 };

	*ret = (struct scale){ .at0 = NAN, .slope = NAN };
	if (!(who->height_m > 0))
		return 0;
	if (fit_init(&w, t, p, who->age_months, e) < 0)
		return -1;
	num_line_robust(w.x, w.y, w.n, w.scratch, &ret->at0, &ret->slope);
	ret->at0 /= who->height_m;
	ret->slope /= who->height_m;
	ret->from_legs = w.from_legs;
	ret->centre_px = centre(t, p, &w);
	return 0;
}

int scale_front(const struct track *t, const struct pass *p, const struct patient *who, struct scale *ret,
	struct err *e)
{
	struct fit w __attribute__((cleanup(fit_deinit))) = { 0 };

	*ret = (struct scale){ .at0 = NAN, .slope = NAN };
	if (!(who->height_m > 0))
		return 0;
	if (fit_init(&w, t, p, who->age_months, e) < 0)
		return -1;
	if (w.from_legs) /* the standing leg faces the camera in full: the longer one of the two */
		for (size_t i = 0; i < w.n; i++)
			w.y[i] = fmax(leg_px(t, SIDE_LEFT, p->from + i), leg_px(t, SIDE_RIGHT, p->from + i)) /
				 w.leg;
	for (size_t i = 0; i < w.n; i++)
		w.y[i] = w.y[i] > 0 ? who->height_m / w.y[i] : NAN;
	num_line_robust(w.x, w.y, w.n, w.scratch, &ret->at0, &ret->slope);
	ret->from_legs = w.from_legs;
	ret->centre_px = centre(t, p, &w);
	return 0;
}

static double median_between(const double *v, const struct track *t, double from_s, double to_s)
{
	double some[64];
	size_t a = (size_t)ceil(fmax(0, from_s * t->fps)), b = (size_t)fmax(0, to_s * t->fps), n = 0;

	if (b >= t->n)
		return NAN;
	size_t step = 1 + (b > a ? (b - a) / ARRAY_LEN(some) : 0);
	for (size_t f = a; f <= b && n < ARRAY_LEN(some); f += step)
		some[n++] = v[f];
	return num_quantile(some, n, 0.5);
}

static bool is_strike(const struct event *v, size_t pass)
{
	return v->pass == pass && v->kind == EVENT_HEEL_STRIKE;
}

size_t placements_side(const struct track *t, const struct pass *p, const struct scale *s,
	const struct events *ev, double stride_s, size_t pass, struct placement *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < ev->count && n < max; i++) {
		const struct event *v = &ev->list[i];
		if (!is_strike(v, pass))
			continue;
		double from = v->time_s + FLAT_FROM * stride_s, to = v->time_s + FLAT_TO * stride_s;
		double mid = 0.5 * (from + to), scale = s->at0 + s->slope * mid;
		const double *heel = t->x[body_legs[v->foot].heel], *hip = t->x[BODY_MID_HIP];
		double moved = num_at(heel, t->n, to * t->fps) - num_at(heel, t->n, from * t->fps);
		double hip_moved = num_at(hip, t->n, to * t->fps) - num_at(hip, t->n, from * t->fps);
		double share = fabs(moved / hip_moved);
		double x = to * t->fps <= (double)p->to && share <= PLACED ? median_between(heel, t, from, to)
									   : NAN;
		out[n++] = (struct placement){ .foot = v->foot,
			.pass = pass,
			.strike = i,
			.time_s = v->time_s,
			.x_m = p->dir * (x - s->centre_px) / scale,
			.moved = share };
	}
	return n;
}

size_t placements_front(const struct track *t, const struct scale *s, const struct events *ev,
	double stride_s, size_t pass, struct placement *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < ev->count && n < max; i++) {
		const struct event *v = &ev->list[i];
		if (!is_strike(v, pass))
			continue;
		double from = v->time_s + FRONT_FROM * stride_s, to = v->time_s + FRONT_TO * stride_s;
		double mid = 0.5 * (from + to), metres_a_px = s->at0 + s->slope * mid;
		double x = median_between(t->x[body_legs[v->foot].ankle], t, from, to);
		out[n++] = (struct placement){ .foot = v->foot,
			.pass = pass,
			.strike = i,
			.time_s = v->time_s,
			.x_m = (x - s->centre_px) * metres_a_px };
	}
	return n;
}

static double along_m(const struct track *t, const struct pass *p, const struct scale *s, double time_s)
{
	double x = num_at(t->x[BODY_MID_HIP], t->n, time_s * t->fps);

	return p->dir * (x - s->centre_px) / (s->at0 + s->slope * time_s);
}

double speed_side(
	const struct track *t, const struct pass *p, const struct scale *s, double from_s, double to_s)
{
	if (!p->travels || !(to_s > from_s))
		return NAN;
	return (along_m(t, p, s, to_s) - along_m(t, p, s, from_s)) / (to_s - from_s);
}

void step_widths(const struct placement *pl, size_t n, double *out)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = NAN;
		if (i == 0 || i + 1 == n)
			continue;
		const struct placement *a = &pl[i - 1], *b = &pl[i], *c = &pl[i + 1];
		if (a->foot == b->foot || c->foot == b->foot || c->time_s - a->time_s <= 0)
			continue;
		double part = (b->time_s - a->time_s) / (c->time_s - a->time_s);
		/* Crossing over keeps no sign here and counts as a width all the same (Huxham 2006 reports
		 * the distance). */
		out[i] = fabs(b->x_m - (a->x_m + part * (c->x_m - a->x_m)));
	}
}
