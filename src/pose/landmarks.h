#pragma once

#include "base/err.h"
#include "pose/image.h"
#include "pose/nn.h"

/* The 33 points of BlazePose on one person, and their BODY_25 form. */

#define LANDMARKS      33
#define BODY25         25
#define BODY25_MID_HIP 8

struct landmarks {
	float presence;                   /* 0–1: is there a person in the square at all? */
	float x[LANDMARKS], y[LANDMARKS]; /* upright pixels */
	float confidence[LANDMARKS];      /* visible and inside the square */
	struct roi next;                  /* where to look in the following frame */
};

struct body25 {
	bool found;
	float x[BODY25], y[BODY25], confidence[BODY25]; /* points without one: all zero */
};

/* Bits of nn_open(): points, presence, heat maps. */
#define LANDMARKS_OUTPUTS (1U << 0 | 1U << 1 | 1U << 3)

/**
 * landmarks_run() - the points of the person in @r
 * Errors  ERR_INTERNAL, ERR_CONFIG where the network is none of points
 * Source  MediaPipe pose_landmarks_to… graphs: points refined by the heat maps' 7 × 7 neighbourhood (2023)
 */
int landmarks_run(
	struct nn *n, const struct image *im, const struct roi *r, struct landmarks *ret, struct err *e);

/* Is there somebody in the square at all? With the hips out of the picture the rest is guesswork. */
bool landmarks_credible(const struct landmarks *l, const struct image *im);

/**
 * landmarks_to_body25() - OpenPose's BODY_25 layout
 * Neck and hip middle are the means of their sides; BlazePose has no small toes: confidence 0.
 * Source  OpenPose output format, 1.7 (2020)
 */
void landmarks_to_body25(const struct landmarks *l, struct body25 *ret);
