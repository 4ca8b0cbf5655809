#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "gait/track.h"

/* A stretch of walking: legs move, the direction stays. Standing, turning and absence lie between passes. */
struct pass {
	size_t from, to; /* frames [from, to) */
	int dir; /* side: +1 to the image's right, -1 to its left; front: +1 towards the camera, -1 away */
	double leg_px;   /* thigh + shank within the pass */
	double speed_px; /* side: mean speed of mid-hip in dir, pixels a second; front: 0 */
	bool travels;    /* side: mid-hip crosses the image; false on a treadmill or a panning camera */
};

enum { PASSES_MAX = 32 };

struct passes {
	struct pass pass[PASSES_MAX];
	size_t count;
	bool side_on; /* the body is seen from its side for most of the walking */
	bool moving;  /* legs move anywhere at all */
};

/**
 * passes_find_side() - stretches of walking seen from the side
 * Walking: the ankles' horizontal distance changes by at least 0.25 leg lengths within a second; the feet
 * point to one side (toe ahead of heel); where the body travels at all, it travels at least at 0.3 of the
 * pass's own median speed (so that standing before and after is left out).
 * Errors  ERR_NOMEM. Nothing found is count = 0.
 * Source  docs/gait-methods.md, section 2
 */
int passes_find_side(const struct track *t, struct passes *ret, struct err *e);

/**
 * passes_find_front() - stretches of walking towards or away from the camera
 * Walking: the ankles' vertical distance over the hip-to-ankle height changes by at least 0.07 within a
 * second (0.12 where that height does not change evenly). Direction: the sign of the change of that height.
 */
int passes_find_front(const struct track *t, struct passes *ret, struct err *e);
