#pragma once

#include <stddef.h>

#include "gait/keypoints.h"

/* Does somebody walk, or only stand in view? Judged from three things in windows of 2 s, each as a share of
 * the person's size: how far the hips travel, how far the distance between the ankles changes, and how much
 * the distance from neck to ankles grows or shrinks (walking along the camera's axis). */
enum { MOTION_FEATURES = 5 };

struct motion {
	double walked; /* sum of sizes over the frames of windows with movement */
	/* of the window that runs */
	size_t window, block, frames;
	double sizes;
	struct {
		double sum; /* of the block that runs */
		size_t n;
		double low, high; /* of the blocks before; low > high: none yet */
	} feature[MOTION_FEATURES];
};

/**
 * motion_add() - go on with a frame of the same person
 * Blocks of 0.2 s are averaged before their extremes are taken, so that the jitter of key points is not
 * taken for movement; ankles are told apart by distance only, so that exchanged labels are not either.
 * @m      starts as zero
 * @frame  rises from call to call
 * @size   the person's, pixels
 */
void motion_add(struct motion *m, const struct person *p, size_t frame, double fps, double size);

/* Close the last window. Return sum of sizes × frames in which the person walked. */
double motion_end(struct motion *m);
