#pragma once

#include "scene.h"

/* The empty room: floor boards, walls with a door and a picture, ceiling. */

/* Light that leaves a point of the room towards any eye, apart by its source, so that the walker's shadow
 * can be put in. Linear RGB. */
struct room_light {
	struct vec3 ambient, lamp;
};

/* A point on the room's surface and its normal. */
struct room_point {
	struct vec3 at, normal;
};

/* Where a ray that starts in the room meets it. */
struct room_point room_hit(const struct room *r, struct vec3 from, struct vec3 dir);

struct room_light room_shade(const struct scene *s, const struct room_point *p);

/* Colour of the main lamp. */
extern const struct vec3 room_lamp;
