#pragma once

#include "figure.h"
#include "skeleton.h"

/* The figure in one pose as a signed distance field, and the light that it blocks. */

/* A part's axis in the world and a radius that bounds it. */
struct segment {
	struct vec3 a, ab; /* start, and the way to the end */
	float inv_len2;    /* 1 / |ab|^2; 0 for a point */
	float radius;
};

/* A part that casts shadows, with the tapering radii of its capsule. */
struct blocker {
	struct segment seg;
	float ra, dr;
	int group;
};

struct field {
	const struct figure *figure;
	struct skeleton pose;
	struct segment seg[FIGURE_PARTS_MAX];
	struct blocker blocker[FIGURE_PARTS_MAX];
	int blockers;
	struct vec3 centre; /* of the body */
	float radius;       /* around it, all parts and the margin of blending within */
	float height;
};

/* The parts that may be near a group of rays, laid out for the inner loop. */
struct near_list {
	int n; /* entries, in the order of their groups */
	float ax[FIGURE_PARTS_MAX], ay[FIGURE_PARTS_MAX], az[FIGURE_PARTS_MAX];
	float bx[FIGURE_PARTS_MAX], by[FIGURE_PARTS_MAX], bz[FIGURE_PARTS_MAX];
	float inv[FIGURE_PARTS_MAX], ra[FIGURE_PARTS_MAX], dr[FIGURE_PARTS_MAX];
	int part[FIGURE_PARTS_MAX];             /* index into the figure */
	int others[FIGURE_PARTS_MAX], n_others; /* positions of parts that are no capsules */
	float t_near, t_far;                    /* along the middle ray */
};

/**
 * field_pose() - put the figure into a pose
 * @f  filled; borrows @figure
 */
void field_pose(struct field *f, const struct figure *figure, const struct skeleton *pose, float height);

/**
 * field_near() - the parts that a thin cone of rays can touch
 * @origin, @dir   the middle ray, @dir of length 1
 * @spread         tangent of the cone's half angle
 * Return          the number of parts
 */
int field_near(const struct field *f, struct vec3 origin, struct vec3 dir, float spread, struct near_list *l);

/* Distance from @p to the figure's surface; @l must not be empty. */
float field_distance(const struct field *f, const struct near_list *l, struct vec3 p);

/**
 * field_surface() - what is at a point of the surface
 * @normal  of length 1
 * Return   index of the nearest part
 */
int field_surface(const struct field *f, const struct near_list *l, struct vec3 p, struct vec3 *normal);

/* Light from direction @to_light that reaches @p: 0 to 1, with a penumbra that widens with the distance. */
float field_light(const struct field *f, struct vec3 p, struct vec3 to_light, float from);

/* Open share of the sky over @p with normal @n; parts of group @skip do not count (-1: all do). */
float field_openness(const struct field *f, struct vec3 p, struct vec3 n, int skip);
