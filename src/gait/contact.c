#include "gait/contact.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "gait/num.h"

#define DEGREES      (180 / M_PI)
#define FLAT_FROM    0.15 /* of the cycle */
#define FLAT_TO      0.35
#define FLAT_TYPICAL (-2.0)
#define FLAT_STEEP   (-6.5)
#define COMES_DOWN   5.0 /* degrees: what a foot that lands on its heel turns until it lies */
#define HEEL_FIRST   5.0
#define TOE_FIRST    (-5.0)
enum { LOOKS = 9 }; /* within the flat part of a cycle */

const char *contact_name(enum contact c)
{
	static const char *const names[] = { "unknown", "heel", "flat", "toe" };

	return names[c];
}

static double foot_deg(const struct track *t, enum side foot, int dir, double time_s)
{
	const struct body_leg *l = &body_legs[foot];
	double frame = time_s * t->fps;

	if (t->no_feet)
		return NAN;
	double x = num_at(t->x[l->toe], t->n, frame) - num_at(t->x[l->heel], t->n, frame);
	double y = num_at(t->y[l->toe], t->n, frame) - num_at(t->y[l->heel], t->n, frame);

	return DEGREES * atan2(y, dir * x);
}

/* The foot's angle over the flat part of a cycle, degrees. */
static double lying_deg(const struct track *t, const struct cycle *c, int dir)
{
	double look[LOOKS];

	for (int i = 0; i < LOOKS; i++) {
		double part = FLAT_FROM + (FLAT_TO - FLAT_FROM) * i / (LOOKS - 1);
		look[i] = foot_deg(t, c->foot, dir, c->start_s + part * (c->end_s - c->start_s));
	}
	return num_quantile(look, LOOKS, 0.5);
}

int contact_flat_angle(const struct track *t, const struct passes *p, const struct cycles *c, enum side foot,
	double *ret_deg, bool *never_flat, struct err *e)
{
	CLEANUP(free_p) double *lying = malloc((c->count + 1) * sizeof *lying);
	CLEANUP(free_p) double *down = malloc((c->count + 1) * sizeof *down);
	size_t n = 0;

	if (!lying || !down)
		return err_set(e, ERR_NOMEM, "no memory for %zu strides", c->count);
	for (size_t i = 0; i < c->count; i++) {
		const struct cycle *k = &c->list[i];
		int dir = p->pass[k->pass].dir;
		if (k->foot != foot)
			continue;
		lying[n] = lying_deg(t, k, dir);
		down[n] = foot_deg(t, foot, dir, k->start_s) - lying[n];
		n++;
	}
	*ret_deg = num_quantile(lying, n, 0.5);
	*never_flat = *ret_deg < FLAT_STEEP && num_quantile(down, n, 0.5) < COMES_DOWN;
	if (*never_flat)
		*ret_deg = FLAT_TYPICAL;
	return 0;
}

void contact_judge(
	const struct track *t, const struct passes *p, const double flat_deg[SIDES], struct events *ev)
{
	for (size_t i = 0; i < ev->count; i++) {
		struct event *v = &ev->list[i];
		if (v->kind != EVENT_HEEL_STRIKE)
			continue;
		v->contact_deg = foot_deg(t, v->foot, p->pass[v->pass].dir, v->time_s) - flat_deg[v->foot];
		v->contact = isnan(v->contact_deg)         ? CONTACT_UNKNOWN
			     : v->contact_deg > HEEL_FIRST ? CONTACT_HEEL
			     : v->contact_deg < TOE_FIRST  ? CONTACT_TOE
							   : CONTACT_FLAT;
	}
}
