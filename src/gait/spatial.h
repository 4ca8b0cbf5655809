#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "gait/cycles.h"
#include "gait/passes.h"
#include "gait/patient.h"
#include "gait/track.h"

/* Pixels a metre at the walker's depth as a line in time: scale(t) = at0 + slope · t. The camera's axis is
 * taken to pass through the middle of the image. NaN without a height. */
struct scale {
	double at0, slope; /* px/m, px/m/s */
	double centre_px;
	bool from_legs; /* no face was seen: thigh + shank instead */
};

/**
 * scale_side() - from the eyes' (or nose's) height over the lowest foot point
 * Eyes stand at 0.936 of an adult's height, lower in a child's (anthropometry.h), and by 0.014 on average in
 * walking, where the body moves 4.6 cm up and down below its standing height (Saunders, Inman & Eberhart
 * 1953); the nose is 0.02 below the eyes. A robust line over the pass, so that an oblique path is followed.
 * @who       without a height there is no scale; the age gives the proportions
 * Errors     ERR_NOMEM
 */
int scale_side(const struct track *t, const struct pass *p, const struct patient *who, struct scale *ret,
	struct err *e);

/**
 * scale_front() - the same for a walk along the camera's axis
 * Depth changes at a steady pace there, so 1/scale is the line: at0 and slope are of metres a pixel.
 */
int scale_front(const struct track *t, const struct pass *p, const struct patient *who, struct scale *ret,
	struct err *e);

/* Where the feet stood. One entry a heel strike. */
struct placement {
	enum side foot;
	size_t pass;
	size_t strike; /* index of its heel strike in the view's events */
	double time_s; /* of the heel strike */
	double x_m;    /* side: along the walk, dir · x; front: to the image's right; NaN where not seen */
	double moved;  /* side: how far the flat foot moved, as a share of mid-hip's way in that time */
};

/**
 * placements_side() - the heel's place while the foot lies flat, 10…30 % of the stride after heel strike
 * placements_front() - the ankle's place across the path, 15…45 % after it
 * @out     room for @max; Return the count
 */
size_t placements_side(const struct track *t, const struct pass *p, const struct scale *s,
	const struct events *ev, double stride_s, size_t pass, struct placement *out, size_t max);
size_t placements_front(const struct track *t, const struct scale *s, const struct events *ev,
	double stride_s, size_t pass, struct placement *out, size_t max);

/* Speed along the path between two moments of a pass, m/s: mid-hip's way over the time. Over whole strides
 * what the body does within one cancels (a fitted line's slope would keep a part of it). NaN where the body
 * does not cross the image or is not seen. */
double speed_side(
	const struct track *t, const struct pass *p, const struct scale *s, double from_s, double to_s);

/**
 * step_widths() - sideways distance of each foot's place from the line between the other foot's neighbours
 * @pl   placements_front() of one pass
 * @out  @n widths, metres; NaN where a neighbour is missing
 * Source  Huxham 2006
 */
void step_widths(const struct placement *pl, size_t n, double *out);
