#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "gait/keypoints.h"

/* A stick figure whose truth is known: the body moves evenly, each foot stands still for `stance` of the
 * stride and then swings to its next place. No renderer, no engine: what a test wants to go wrong it puts in
 * itself. */
struct synth {
	enum view view;
	double fps, seconds, cadence, height_m, step_m, width_m, stance;
	double start_s, stop_s; /* stands before and after; stop 0: walks to the end */
	double lag;             /* left heel strike later than half a stride, in strides */
	int dir;                /* side: +1 right, -1 left; front: +1 towards the camera, -1 away */
	bool treadmill;
	double px_per_m, noise_px;
	int width, height;
	double drop; /* share of points that are missing */
	uint64_t seed;
	size_t swap_from, swap_to; /* frames with left and right legs exchanged */
};

/* An adult at a walk, 1.70 m, 110 steps/min, steps of 0.65 m, 30 frames a second, 5 s, no noise. */
struct synth synth_adult(enum view view);

/* Fill an empty set; fails the test where memory is out. */
void synth_fill(const struct synth *s, struct keypoints *k);

/* Time of the n-th heel strike of @foot, and of its toe-off after that. */
double synth_strike(const struct synth *s, enum side foot, int n);
double synth_toe_off(const struct synth *s, enum side foot, int n);
double synth_stride_s(const struct synth *s);

/* Uniform in (0, 1). */
double synth_uniform(uint64_t *state);

/* |have - want| <= tolerance, with both in the message. */
#define near(have, want, tolerance)                                                                          \
	do {                                                                                                 \
		double have_ = (have), want_ = (want);                                                       \
		if (!(have_ - want_ <= (tolerance) && want_ - have_ <= (tolerance)))                         \
			fail_msg("%s is %.6g, not %.6g ± %g", #have, have_, want_, (double)(tolerance));     \
	} while (0)
