#pragma once

#include "kinematics.h"
#include "vec.h"

/* The walker's bones in the world at one moment, and what is known about them. */

/* Of paired bones the right one comes first, so that BONE_X + side is the one of that side. */
enum bone {
	BONE_PELVIS,
	BONE_THORAX,
	BONE_HEAD,
	BONE_THIGH,
	BONE_SHANK = BONE_THIGH + SIDE_COUNT,
	BONE_FOOT = BONE_SHANK + SIDE_COUNT,
	BONE_TOES = BONE_FOOT + SIDE_COUNT,
	BONE_UPPER_ARM = BONE_TOES + SIDE_COUNT,
	BONE_FOREARM = BONE_UPPER_ARM + SIDE_COUNT,
	BONE_HAND = BONE_FOREARM + SIDE_COUNT,
	BONE_COUNT = BONE_HAND + SIDE_COUNT,
};

/* Joint at @at; the bone hangs along -z of @axes, x points forward, y to the walker's left. */
struct bone_pose {
	struct mat3 axes;
	struct vec3 at;
};

/* Sagittal angles, degrees. thigh: knee forward of the hip; hip: thigh plus the trunk's forward lean;
 * knee: flexion; ankle: dorsiflexion from the right angle of foot and shank. */
struct leg_angles {
	double thigh, hip, knee, ankle;
};

/* Degrees, in the walker's own planes. Trunk: mid hip to neck, forward and to the walker's left of the
 * vertical. Pelvis: the hip joints' line, the left one lower. Arm: shoulder to wrist, forward of the
 * vertical. */
struct posture {
	double trunk_lean, trunk_sway, pelvis_obliquity, arm[SIDE_COUNT];
};

/* Where on the floor the walker's own frame lies. */
struct placement {
	double x0;
	int dir; /* +1 walks along the world's +x, -1 along -x */
};

struct skeleton {
	struct bone_pose bone[BONE_COUNT];
	struct leg_angles leg[SIDE_COUNT];
	struct posture posture;
	float scale[BONE_COUNT]; /* skeleton_scale() of each */
};

enum { BODY25 = 25 };

/* Girth of a bone's flesh and clothes against the adult figure of figure.c. */
float skeleton_scale(const struct body *b, enum bone bone);

/**
 * skeleton_at() - the pose at time @t
 * @k   a solved gait
 * @t   s on kin's clock
 */
void skeleton_at(const struct kin *k, double t, struct placement place, struct skeleton *out);

/**
 * skeleton_body25() - key points in OpenPose's BODY_25 order, metres
 * Source  CMU OpenPose, doc/02_output.md (2019): 0 nose, 1 neck, 2-4 right arm, 5-7 left arm, 8 mid hip,
 *         9-11 right leg, 12-14 left leg, 15-18 eyes and ears, 19-21 left big toe, small toe, heel, 22-24
 * right
 */
void skeleton_body25(const struct skeleton *s, struct vec3 out[BODY25]);
