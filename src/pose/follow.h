#pragma once

#include "base/err.h"
#include "pose/landmarks.h"
#include "pose/nn.h"
#include "pose/track.h"

/* Frame by frame after the walker: each frame's points say where the next frame's square lies; the tracks of
 * the first look seed it, and take it back where it slips onto somebody else. */
struct follow {
	struct nn *model;
	const struct tracks *tracks;
	bool has_roi;
	struct roi roi;
	double agreed_s; /* when the points last lay where the tracks had the walker */
};

void follow_init(struct follow *f, struct nn *model, const struct tracks *tracks);

/**
 * follow_frame() - the walker's points in the frame at time @t
 * @ret  set on 0 and 1
 * Return 0 found; FOLLOW_NOBODY not in this frame (ret->found is false); -1 and @e
 */
#define FOLLOW_NOBODY 1
int follow_frame(struct follow *f, const struct image *im, double t, struct body25 *ret, struct err *e);
