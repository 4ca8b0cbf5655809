#include "room.h"

#include "noise.h"

const struct vec3 room_lamp = { 1.55f, 1.46f, 1.30f };

struct room_point room_hit(const struct room *r, struct vec3 from, struct vec3 dir)
{
	const float o[3] = { from.x, from.y, from.z }, d[3] = { dir.x, dir.y, dir.z };
	const float lo[3] = { r->x0, r->y0, 0 }, hi[3] = { r->x1, r->y1, r->height };
	float t = 1e9f;
	int axis = 2;

	for (int i = 0; i < 3; i++) {
		if (fabsf(d[i]) < 1e-6f)
			continue;
		float q = ((d[i] > 0 ? hi[i] : lo[i]) - o[i]) / d[i];
		if (q < t) {
			t = q;
			axis = i;
		}
	}
	float sign = d[axis] > 0 ? -1 : 1;

	return (struct room_point){ v_mad(from, dir, t),
		v3(axis == 0 ? sign : 0, axis == 1 ? sign : 0, axis == 2 ? sign : 0) };
}

static int inside(float a, float b, float a0, float a1, float b0, float b1)
{
	return a > a0 && a < a1 && b > b0 && b < b1;
}

static struct vec3 floor_colour(struct vec3 p)
{
	float wide = .14f, length = 1.7f, row = floorf(p.y / wide);
	float x = (p.x + length * noise_cell((int)row, 3, 7)) / length, column = floorf(x);
	float id = noise_cell((int)row, (int)column, 11);
	float grain = noise_fbm(v3(p.x * 1.6f + id * 40, p.y * 34, id * 9));
	struct vec3 c = v_mix(v3(.30f, .205f, .13f), v3(.46f, .335f, .22f), .55f * id + .55f * grain);

	c = v_mul(c, .93f + .14f * noise_at(v3(p.x * 9, p.y * 90, 3)));
	if (fabsf(p.y / wide - row - .5f) > .488f || fabsf(x - column - .5f) > .4988f)
		c = v_mul(c, .55f); /* joints */
	return c;
}

/* Distance inward from the edges of the door's panel; negative outside. */
static float panel(float s, float z)
{
	return fminf(fminf(s - .2f, .78f - s), fminf(z - .25f, 1.85f - z));
}

static struct vec3 door_colour(float s, float z)
{
	if (!inside(s, z, .07f, .91f, -1, 2.02f))
		return v3(.74f, .73f, .70f); /* frame */
	struct vec3 c = v_mul(v3(.47f, .34f, .23f), .85f + .3f * noise_fbm(v3(s * 22, z * 1.7f, 2)));
	float in = panel(s, z);

	if (in > 0 && in < .02f)
		c = v_mul(c, .7f);
	return hypotf(s - .83f, z - 1.02f) < .03f ? v3(.6f, .58f, .5f) : c;
}

static struct vec3 picture_colour(float s, float z)
{
	if (!inside(s, z, .04f, .96f, .04f, .66f))
		return v3(.10f, .09f, .08f);
	float t = smoothf(.28f, .55f, noise_fbm(v3(s * 3, z * 5, 8)) + (z - .35f) * .5f);

	return v_mix(v3(.15f, .28f, .42f), v3(.75f, .62f, .36f), t);
}

static struct vec3 wall_colour(const struct scene *sc, const struct room_point *p)
{
	int back = fabsf(p->normal.y) > .5f;
	float s = back ? p->at.x : p->at.y, z = p->at.z;
	float door = s - (back ? sc->room.door_x : sc->room.door_y);
	float picture = s - (back ? sc->room.picture_x : sc->room.picture_y);
	struct vec3 c = back ? v3(.62f, .645f, .64f) : v3(.66f, .63f, .57f);

	if (inside(door, z, 0, .98f, -1, 2.08f))
		return door_colour(door, z);
	if (inside(picture, z, 0, 1, 1.25f, 1.95f))
		return picture_colour(picture, z - 1.25f);
	if (z < .10f) /* skirting */
		return z > .092f ? v3(.4f, .4f, .4f) : v3(.80f, .80f, .78f);
	s += (float)(sc->seed % 1000);
	return v_mul(c,
		.96f + .07f * noise_fbm(v3(s * 2.2f, z * 2.2f, 5)) + .02f * noise_at(v3(s * 60, z * 60, 1)));
}

/* Corners are darker: what the far walls take from the sky of light. */
static float corners(const struct room *r, const struct room_point *p)
{
	float dark = 1;

	if (p->normal.y > -.5f)
		dark -= .35f * expf(-5 * (r->y1 - p->at.y + .02f));
	if (p->normal.z < .5f)
		dark -= .35f * expf(-5 * (p->at.z + .02f));
	if (p->normal.x < .5f)
		dark -= .3f * expf(-5 * (p->at.x - r->x0));
	if (p->normal.x > -.5f)
		dark -= .3f * expf(-5 * (r->x1 - p->at.x));
	if (p->normal.z > -.5f)
		dark -= .2f * expf(-4 * (r->height - p->at.z));
	return fmaxf(dark, .2f);
}

struct room_light room_shade(const struct scene *s, const struct room_point *p)
{
	const struct room *r = &s->room;
	int is_floor = p->normal.z > .5f, is_ceiling = p->normal.z < -.5f;
	struct vec3 c = is_floor     ? floor_colour(p->at)
			: is_ceiling ? v3(.75f, .75f, .73f)
				     : wall_colour(s, p);
	struct vec3 sky = is_floor     ? v3(.50f, .51f, .54f)
			  : is_ceiling ? v3(.62f, .58f, .52f)
				       : v3(.54f, .53f, .52f);
	float dx = p->at.x - .5f * (r->x0 + r->x1), dy = p->at.y + 1.5f,
	      fall = 1 / (1 + .018f * (dx * dx + dy * dy));
	float facing = fmaxf(0, v_dot(p->normal, s->to_light));

	return (struct room_light){ v_mul(v_had(c, sky), corners(r, p) * (.6f + .4f * fall)),
		v_mul(v_had(c, room_lamp), facing * fall * .62f) };
}
