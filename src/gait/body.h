#pragma once

/* Words that every module of the measurement library shares.
 *
 * Coordinate frame of cleaned signals: image pixels, x to the right, y UP (the image's y is flipped on the
 * way in), one sample a frame, NaN where nothing is known. Time zero is the first frame. */

/* The points of OpenPose's BODY_25 (Cao 2021), which is also the order in which key points are stored. */
enum body_point {
	BODY_NOSE,
	BODY_NECK,
	BODY_R_SHOULDER,
	BODY_R_ELBOW,
	BODY_R_WRIST,
	BODY_L_SHOULDER,
	BODY_L_ELBOW,
	BODY_L_WRIST,
	BODY_MID_HIP,
	BODY_R_HIP,
	BODY_R_KNEE,
	BODY_R_ANKLE,
	BODY_L_HIP,
	BODY_L_KNEE,
	BODY_L_ANKLE,
	BODY_R_EYE,
	BODY_L_EYE,
	BODY_R_EAR,
	BODY_L_EAR,
	BODY_L_BIG_TOE,
	BODY_L_SMALL_TOE,
	BODY_L_HEEL,
	BODY_R_BIG_TOE,
	BODY_R_SMALL_TOE,
	BODY_R_HEEL,
	BODY_POINTS
};

enum side { SIDE_LEFT, SIDE_RIGHT, SIDES };
enum view { VIEW_FRONT, VIEW_SIDE, VIEWS };

/* The points of one leg, so that code for both legs is written once. */
struct body_leg {
	enum body_point hip, knee, ankle, heel, toe;
};

static const struct body_leg body_legs[SIDES] = {
	[SIDE_LEFT] = { BODY_L_HIP, BODY_L_KNEE, BODY_L_ANKLE, BODY_L_HEEL, BODY_L_BIG_TOE },
	[SIDE_RIGHT] = { BODY_R_HIP, BODY_R_KNEE, BODY_R_ANKLE, BODY_R_HEEL, BODY_R_BIG_TOE },
};

static inline enum side side_other(enum side s)
{
	return s == SIDE_LEFT ? SIDE_RIGHT : SIDE_LEFT;
}

static inline const char *side_name(enum side s)
{
	return s == SIDE_LEFT ? "left" : "right";
}

static inline const char *view_name(enum view v)
{
	return v == VIEW_FRONT ? "front" : "side";
}
