#include "scene.h"

#define FIELD_OF_VIEW RAD(60) /* horizontal, as a phone's camera held sideways */
#define SIDE_MARGIN   1.3     /* free floor at the image's edges together, m */
#define FRONT_GAP     3.4     /* camera to walker at the near end, for an adult of 1.72 m */

static float focal_for(int width)
{
	return (float)(width / 2. / tan(FIELD_OF_VIEW / 2));
}

/* The least distance at which the whole height, with room above and below, is in the picture. */
static double distance_for(const struct camera *c, double height)
{
	return 1.3 * height * (double)c->focal / c->height;
}

static struct camera camera_for(const struct scene_params *p)
{
	return (struct camera){
		.up = v3(0, 0, 1), .focal = focal_for(p->width), .width = p->width, .height = p->height_px
	};
}

/* Square to the walkway, from the walker's right when it walks to the right. */
static void place_side(struct camera *c, const struct scene_params *p)
{
	double cover = (p->distance + SIDE_MARGIN) * (double)c->focal / c->width;

	c->at = v3d(p->distance / 2, -fmax(cover, distance_for(c, p->height)), .61 * p->height);
	c->ahead = v3(0, 1, 0);
	c->right = v3(1, 0, 0);
}

/* On the walkway's line, at one end. @along: the direction in which the camera looks, +1 or -1 in x. */
static void place_front(struct camera *c, const struct scene_params *p, double along)
{
	double gap = fmax(FRONT_GAP * p->height / 1.72, distance_for(c, p->height));

	c->at = v3d(along > 0 ? -gap : p->distance + gap, 0, .57 * p->height + .05);
	c->ahead = v_norm(v3d(along, 0, -.01));
	c->right = v3d(0, -along, 0);
	c->up = v_cross(c->right, c->ahead);
}

void scene_init(struct scene *s, const struct scene_params *p, double start_x)
{
	struct camera *side = &s->camera[VIEW_SIDE], *front = &s->camera[VIEW_FRONT];
	double along = p->front_toward ? -p->side_direction : p->side_direction;
	double d = p->distance;

	s->seed = p->seed;
	s->place.dir = p->side_direction;
	s->place.x0 = p->side_direction > 0 ? -start_x : d + start_x;
	*side = camera_for(p);
	*front = camera_for(p);
	place_side(side, p);
	place_front(front, p, along);
	/* Walls 2.6 m behind the walkway's far end and well behind the camera. */
	s->room = (struct room){
		.x0 = along > 0 ? front->at.x - 1.6f : -2.6f,
		.x1 = along > 0 ? (float)d + 2.6f : front->at.x + 1.6f,
		.y0 = fminf(-9.5f, side->at.y - 1),
		.y1 = 1.9f,
		.height = 3,
		.picture_x = (float)(d * .72 - .5),
		.door_x = .35f,
		.picture_y = .6f,
		.door_y = -1.1f,
	};
	s->to_light = v_norm(v3(.42f, -.55f, 1.15f));
}

struct vec3 camera_ray(const struct camera *c, float x, float y)
{
	float u = (x - .5f * (float)c->width) / c->focal, v = (.5f * (float)c->height - y) / c->focal;

	return v_norm(v_mad(v_mad(c->ahead, c->right, u), c->up, v));
}

struct vec3 camera_project(const struct camera *c, struct vec3 p)
{
	struct vec3 d = v_sub(p, c->at);
	float z = v_dot(d, c->ahead);

	return v3(.5f * (float)c->width + c->focal * v_dot(d, c->right) / z,
		.5f * (float)c->height - c->focal * v_dot(d, c->up) / z, z);
}
