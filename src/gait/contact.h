#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "gait/cycles.h"
#include "gait/events.h"
#include "gait/passes.h"
#include "gait/track.h"

/**
 * contact_flat_angle() - heel to toe from the horizontal while the foot lies flat, degrees, toe up positive
 * The median over 15…35 % of @foot's cycles. A foot that stands steeper than FLAT_STEEP on its toe there was
 * never flat: then the typical -5° of pose engines' points takes its place (measured on recordings of several
 * engines).
 * @never_flat  whether that happened
 * Return       NaN where there is no cycle
 * Errors       ERR_NOMEM
 */
int contact_flat_angle(const struct track *t, const struct passes *p, const struct cycles *c, enum side foot,
	double *ret_deg, bool *never_flat, struct err *e);

/**
 * contact_judge() - the foot's angle at each heel strike of the side view, and what that makes of it
 * Against the flat foot: above 8° the heel lands first, below -1.6° the toes, between them the whole foot.
 * Source  Altman & Davis 2012 (thresholds, there for running)
 */
void contact_judge(
	const struct track *t, const struct passes *p, const double flat_deg[SIDES], struct events *ev);

const char *contact_name(enum contact c);
