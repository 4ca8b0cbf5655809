#pragma once

#include <stdint.h>

#include "skeleton.h"
#include "vec.h"

/* Where the walker, the room, the light and the two cameras are. One scene serves both views. */

enum view { VIEW_SIDE, VIEW_FRONT, VIEW_COUNT };

/* A pinhole camera; right, up and ahead are orthonormal. */
struct camera {
	struct vec3 at, right, up, ahead;
	float focal;       /* pixels */
	int width, height; /* pixels */
};

struct room {
	float x0, x1, y0, y1, height;
	float picture_x, door_x; /* left edges on the wall behind the walkway */
	float picture_y, door_y; /* and on the end walls */
};

struct scene {
	struct placement place;
	struct camera camera[VIEW_COUNT];
	struct room room;
	struct vec3 to_light; /* of the main lamp, length 1 */
	uint32_t seed;
};

struct scene_params {
	double distance; /* walked in the video, m */
	double height;   /* of the walker, m */
	int width, height_px;
	int side_direction; /* +1: to the right in the side view, -1: to the left */
	int front_toward;   /* 1: towards the front camera, 0: away from it */
	uint32_t seed;
};

/**
 * scene_init() - lay out room and cameras around a straight walk
 * @start_x  pelvis position in the walker's own frame where the video begins
 */
void scene_init(struct scene *s, const struct scene_params *p, double start_x);

/* Direction, of length 1, of the ray through image point (x, y); (0, 0) is the upper left corner. */
struct vec3 camera_ray(const struct camera *c, float x, float y);

/* Image point of a world point; z is its depth in metres. */
struct vec3 camera_project(const struct camera *c, struct vec3 p);
