#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct person;

/* In which order a pose engine writes its points. keypoints_layout.def maps each onto BODY_25.
 * Source  BODY_25, BODY_25B, COCO-18: OpenPose, src/openpose/pose/poseParameters.cpp and doc/02_output.md
 *         (2021); COCO-17: Lin 2014, the "keypoints" of category person; MediaPipe: BlazePose's 33 landmarks
 *         (Bazarevsky 2020) */
enum layout {
	LAYOUT_BY_COUNT, /* unknown: the count of numbers decides; BODY_25B, with as many as BODY_25, must be
			    told */
	LAYOUT_BODY_25,
	LAYOUT_BODY_25B,
	LAYOUT_COCO_18,
	LAYOUT_COCO_17,
	LAYOUT_MEDIAPIPE_33,
	LAYOUTS
};

enum { LAYOUT_MAX_NUMBERS = 165 };

/* What a message says where a name is wanted. */
extern const char layout_names[];

const char *layout_name(enum layout l); /* "" for LAYOUT_BY_COUNT */
bool layout_of_name(const char *name, enum layout *ret);

/**
 * layout_map() - numbers of one person, in @l's order, to BODY_25
 * x, y, confidence a point; MediaPipe's may also be x, y, z, visibility[, presence], and then confidence is
 * visibility × presence. A point that is missing in the layout, or whose confidence is 0, becomes (0, 0, 0);
 * a neck or mid-hip that is missing becomes the mean of shoulders or hips with the smaller confidence.
 * @l      LAYOUT_BY_COUNT: set to what the count says
 * Errors  ERR_INVALID: a count that does not fit; a number that is no coordinate or no confidence
 */
int layout_map(enum layout *l, const double *v, size_t count, struct person *ret, struct err *e);
