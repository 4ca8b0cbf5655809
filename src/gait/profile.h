#pragma once

#include <stdbool.h>

#include "gait/angles.h"
#include "gait/norms.h"

/* How far the curves are from a reference population's mean: Movement Analysis Profile and Gait Profile
 * Score, over the sagittal curves that a side view shows (hip, knee, ankle), not the nine of the original. */
struct profile {
	const char *source;           /* of the reference; NULL: none for this person */
	double gvs[SIDES][JOINTS];    /* Gait Variable Score: RMS difference, degrees; NaN where unknown */
	double gps[SIDES], gps_whole; /* RMS of the side's scores; of both sides' */
};

/**
 * profile_make() - compare
 * Source  Baker 2009 (Gait Profile Score and Movement Analysis Profile)
 */
void profile_make(struct curve (*curves)[JOINTS], const struct patient *p, struct profile *ret);
