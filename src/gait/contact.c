#include "gait/contact.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "gait/num.h"

#define DEGREES      (180 / M_PI)
#define FLAT_FROM    0.15 /* of the cycle */
#define FLAT_TO      0.35
#define FLAT_TYPICAL (-5.0)
#define FLAT_STEEP   (-22.0)
#define HEEL_FIRST   8.0
#define TOE_FIRST    (-1.6)
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

int contact_flat_angle(const struct track *t, const struct passes *p, const struct cycles *c, enum side foot,
	double *ret_deg, bool *never_flat, struct err *e)
{
	CLEANUP(free_p) double *of_cycle = malloc((c->count + 1) * sizeof *of_cycle);
	size_t n = 0;

	if (!of_cycle)
		return err_set(e, ERR_NOMEM, "no memory for %zu strides", c->count);
	for (size_t i = 0; i < c->count; i++) {
		const struct cycle *k = &c->list[i];
		double look[LOOKS];
		if (k->foot != foot)
			continue;
		for (int j = 0; j < LOOKS; j++) {
			double part = FLAT_FROM + (FLAT_TO - FLAT_FROM) * j / (LOOKS - 1);
			look[j] = foot_deg(
				t, foot, p->pass[k->pass].dir, k->start_s + part * (k->end_s - k->start_s));
		}
		of_cycle[n++] = num_quantile(look, LOOKS, 0.5);
	}
	*ret_deg = num_quantile(of_cycle, n, 0.5);
	*never_flat = *ret_deg < FLAT_STEEP;
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
