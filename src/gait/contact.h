#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "gait/cycles.h"
#include "gait/events.h"
#include "gait/passes.h"
#include "gait/track.h"

/**
 * contact_flat_angle() - heel to toe from the horizontal while the foot lies flat, degrees, toe up positive
 * The median over 15…35 % of @foot's cycles. A foot that stands steeper than -6.5° on its toe there, and did
 * not turn down on landing as one does that lands on its heel, was never flat: then the -2° that pose
 * engines' heel and toe points have of a flat foot takes its place (docs/validation.md: -0.6 to -3.5° in
 * rendered walks; down to -17° in a person in shoes, whose foot turns down by 25°).
 * @never_flat  whether that happened
 * Return       NaN where there is no cycle
 * Errors       ERR_NOMEM
 */
int contact_flat_angle(const struct track *t, const struct passes *p, const struct cycles *c, enum side foot,
	double *ret_deg, bool *never_flat, struct err *e);

/**
 * contact_judge() - the foot's angle at each heel strike of the side view, and what that makes of it
 * Against the flat foot: above 5° the heel lands first, below -5° the toes, between them the whole foot.
 * Source  foot strike angle: Altman & Davis 2012, with bounds (there 8° and -1.6°, in running, by markers)
 * set apart by what key points spread (3°)
 */
void contact_judge(
	const struct track *t, const struct passes *p, const double flat_deg[SIDES], struct events *ev);

const char *contact_name(enum contact c);
