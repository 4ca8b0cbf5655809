#pragma once

#include <stddef.h>

#include "base/err.h"
#include "pose/image.h"
#include "pose/nn.h"

/* Where people are in a frame: BlazePose's detector (Bazarevsky 2020), its boxes decoded and merged. */

struct detection {
	float hip_x, hip_y; /* middle of the hips */
	float top_x, top_y; /* on the circle round the whole body, above the head */
	float score;        /* 0–1 */
};

#define DETECTOR_MAX 16

/* Radius of the circle round the body: about half a person's height. Upright pixels. */
float detection_size(const struct detection *d);

/* The square that the landmark model wants for this person. */
struct roi detection_roi(const struct detection *d);

/* Bits of nn_open(): boxes, scores. */
#define DETECTOR_OUTPUTS (1U << 0 | 1U << 1)

/**
 * detector_run() - people inside one square of a frame
 * @n       the detector's network, with DETECTOR_OUTPUTS
 * @window  what to look at; beyond the frame it is black
 * @out     at most DETECTOR_MAX, the surest first, upright pixels
 * Return   their number; -1 and @e
 * Source   MediaPipe pose_detection_cpu.pbtxt: SSD anchors of strides 8, 16, 32, 32, 32, weighted
 *          suppression at an overlap of 0.3, score 0.5 (2023)
 */
int detector_run(struct nn *n, const struct image *im, const struct roi *window,
	struct detection out[DETECTOR_MAX], struct err *e);

/* Add the detections of @more that are not in @all yet; the surer one of a pair stays. */
size_t detector_merge(
	struct detection *all, size_t n, size_t max, const struct detection *more, size_t nmore);
