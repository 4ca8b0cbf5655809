#pragma once

#include <stddef.h>

#include "pose/detector.h"

/* Everybody in a frame, by one or more runs of the detector. */

#define SURVEY_MAX (2 * DETECTOR_MAX)

/**
 * survey_frame() - look everywhere
 * @detector  network with outputs 0 and 1
 * @all       SURVEY_MAX; *@count of them so far, more afterwards; the surer of two finds of one person stays
 * A wide picture is taken in squares of its height: nobody is larger than that, and the whole at once makes
 * people too small for the detector.
 */
int survey_frame(
	struct nn *detector, const struct image *im, struct detection *all, size_t *count, struct err *e);

/* The same inside one square. */
int survey_window(struct nn *detector, const struct image *im, const struct roi *window,
	struct detection *all, size_t *count, struct err *e);
