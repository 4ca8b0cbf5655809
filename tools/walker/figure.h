#pragma once

#include <stdint.h>

#include "skeleton.h"

/* The walker's flesh and clothes: tapered capsules and ellipsoids on bones, blended smoothly within a limb.
 */

enum material { MAT_SKIN, MAT_SHIRT, MAT_TROUSERS, MAT_SHOE, MAT_HAIR, MAT_LIP };
enum shape { SHAPE_CAPSULE, SHAPE_ELLIPSOID, SHAPE_HAIR_CAP };

/* Limbs that touch must not melt together: blending stays within a group, and towards the trunk. */
enum group {
	GROUP_TRUNK,
	GROUP_LEG,
	GROUP_ARM = GROUP_LEG + SIDE_COUNT,
	GROUP_COUNT = GROUP_ARM + SIDE_COUNT
};

struct part {
	enum shape shape;
	enum bone bone;
	enum material mat;
	int group;
	struct vec3 a, b;  /* ends of the capsule's axis, or twice the centre; m in the bone's frame */
	float ra, rb;      /* radii at the ends */
	struct vec3 radii; /* of an ellipsoid */
	float blend;       /* width of the smooth join */
	int shadow;        /* large enough to cast a shadow */
};

enum { FIGURE_PARTS_MAX = 128 };

struct palette {
	struct vec3 shirt, trousers, skin, hair, shoe; /* linear RGB */
};

struct figure {
	struct part part[FIGURE_PARTS_MAX]; /* in the order of their groups */
	int parts;
	struct palette colours;
};

/**
 * figure_build() - dress a body
 * @seed  picks the colours; 1 is the figure that pose engines were tried on
 */
void figure_build(struct figure *f, const struct body *body, uint32_t seed);
