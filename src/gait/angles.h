#pragma once

#include <stddef.h>

#include "base/err.h"
#include "gait/cycles.h"
#include "gait/passes.h"
#include "gait/track.h"

enum joint { JOINT_HIP, JOINT_KNEE, JOINT_ANKLE, JOINTS };
enum { CURVE_POINTS = 101 };

/* A joint's angle over the cycle, 0…100 % from heel strike to heel strike, degrees, flexion positive
 * (ankle: dorsiflexion). NaN below one cycle; sd NaN below two. */
struct curve {
	double mean[CURVE_POINTS], sd[CURVE_POINTS];
	size_t n;               /* cycles in it */
	double range, range_sd; /* largest minus smallest of each cycle: mean and SD over cycles */
};

/**
 * angles_curves() - hip, knee and ankle in the sagittal plane of the image
 * thigh = atan2(dir·(knee - hip)), shank = atan2(dir·(ankle - knee)) from the vertical, trunk = lean of
 * neck over mid-hip, foot = heel to toe from the horizontal; hip = thigh + trunk, knee = thigh - shank,
 * ankle = foot - shank, less the foot's own angle while it is flat (median of 15…35 % of the cycle).
 * Cycles with gaps are left out of the joint concerned.
 * @ret    [side][joint]
 * Errors  ERR_NOMEM
 * Source  Winter 2009, section 3.3; docs/gait-methods.md, section 5
 */
int angles_curves(const struct track *t, const struct passes *p, const struct cycles *c,
	struct curve ret[SIDES][JOINTS], struct err *e);

const char *joint_name(enum joint j);
