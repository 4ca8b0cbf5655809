#pragma once

#include <stddef.h>

#include "base/err.h"
#include "gait/cycles.h"
#include "gait/passes.h"
#include "gait/track.h"

/* Angles in the sagittal plane of the image. trunk: lean of the neck over mid-hip from the vertical, forward
 * positive; foot: heel to toe from the horizontal, toe up positive. */
enum joint { JOINT_HIP, JOINT_KNEE, JOINT_ANKLE, JOINT_TRUNK, JOINT_FOOT, JOINTS };
enum { CURVE_POINTS = 101 };

/* An extreme of each cycle's curve: mean and SD over cycles of its value (degrees) and place (% of cycle). */
struct extreme {
	double value, value_sd, at, at_sd;
};

/* A joint's angle over the cycle, 0…100 % from heel strike to heel strike, degrees, flexion positive
 * (ankle: dorsiflexion). NaN below one cycle; sd NaN below two. */
struct curve {
	double mean[CURVE_POINTS], sd[CURVE_POINTS];
	size_t n;               /* cycles in it */
	double range, range_sd; /* largest minus smallest of each cycle: mean and SD over cycles */
	struct extreme highest, lowest;
};

/* One cycle's angles [joint][point]; a joint that was not seen for the whole cycle is NaN throughout. */
typedef double cycle_curves[JOINTS][CURVE_POINTS];

/**
 * angles_of_cycles() - hip, knee, ankle, trunk and foot of each cycle in the sagittal plane of the image
 * thigh = atan2(dir·(knee - hip)), shank = atan2(dir·(ankle - knee)) from the vertical, trunk = lean of
 * neck over mid-hip, foot = heel to toe from the horizontal; hip = thigh + trunk, knee = thigh - shank,
 * ankle = rear foot - shank, foot and ankle less the foot's angle while it lies flat. At push-off the heel
 * rises over the ball while the toes stay on the floor, so the line from heel to toe tip is less steep than
 * the rear foot that the ankle joins: with the ball at 0.73 of the foot and toes that bend up to 30°, the
 * rear foot is steeper by 0.365 of the line's angle, at most 8° (heel_rise()).
 * @flat_deg  per side, the foot's image angle when it lies flat (contact.h)
 * @out       room for c->count
 * Source     Winter 2009, section 3.3; Carson 2001 (toe extension at push-off); docs/gait-methods.md, section
 * 5
 */
void angles_of_cycles(const struct track *t, const struct passes *p, const struct cycles *c,
	const double flat_deg[SIDES], cycle_curves *out);

/**
 * angles_at() - the angles of one leg in one frame, as in angles_of_cycles()
 * @c    the stride of this leg in which the frame lies; NULL: none, then the heel's rise is left out
 * @out  degrees, NaN where a point is not seen
 */
void angles_at(const struct track *t, enum side s, int dir, double frame, double flat_deg,
	const struct cycle *c, double out[JOINTS]);

/**
 * angles_average() - mean, SD and extremes over the cycles of each foot
 * @ret    [side][joint]
 * Errors  ERR_NOMEM
 */
int angles_average(const struct cycles *c, cycle_curves *all, struct curve ret[SIDES][JOINTS], struct err *e);

const char *joint_name(enum joint j);
