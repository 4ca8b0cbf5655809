#include "shade.h"

#include "noise.h"
#include "room.h"

/* What the surface is made of where the eye meets it. */
struct look {
	struct vec3 colour;
	float shine, gloss; /* strength and sharpness of the highlight */
	float wrap;         /* how far light reaches round the edge: skin glows a little */
};

static const struct look skin_like = { { 0, 0, 0 }, .055f, 14, .25f };

/* Is a point of trunk or hip covered by the shirt? The hem hangs a little below the waist. */
static enum material cloth_at(const struct field *f, const struct part *part, struct vec3 p)
{
	if (part->mat != MAT_SHIRT && part->mat != MAT_TROUSERS)
		return part->mat;
	if (part->bone != BONE_PELVIS && part->bone != BONE_THORAX)
		return part->mat;
	const struct bone_pose *b = &f->pose.bone[BONE_PELVIS];
	float k = 1 / f->pose.scale[BONE_PELVIS];
	struct vec3 q = v_mul(m_in(&b->axes, v_sub(p, b->at)), k);

	return q.z < -.035f + .004f * sinf(q.y * 60) ? MAT_TROUSERS : MAT_SHIRT;
}

/* Folds: noise fixed to the bone and drawn out along it bends the normal. */
static struct look cloth(
	const struct field *f, const struct part *part, enum material m, struct vec3 q, struct vec3 *n)
{
	const struct mat3 *axes = &f->pose.bone[part->bone].axes;
	struct vec3 w = v_had(q, m == MAT_SHIRT ? v3(9, 11, 4) : v3(13, 13, 6)), g;
	float e = .15f, depth = m == MAT_SHIRT ? 2.2f : 1.6f;

	w.x += (float)part->bone * 3.1f;
	float here = noise_fbm(w);
	g.x = noise_fbm(v3(w.x + e, w.y, w.z)) - here;
	g.y = noise_fbm(v3(w.x, w.y + e, w.z)) - here;
	g.z = noise_fbm(v3(w.x, w.y, w.z + e)) - here;
	*n = v_norm(v_sub(*n, m_out(axes, v_mul(g, depth))));
	struct vec3 c = m == MAT_SHIRT ? f->figure->colours.shirt : f->figure->colours.trousers;
	c = v_mul(c, .88f + .2f * here + .10f * (noise_at(v_mul(q, 260)) - .5f));
	if (m == MAT_SHIRT && part->bone == BONE_THORAX && q.z > .455f && hypotf(q.x + .01f, q.y) < .085f)
		c = v_mul(c, .7f); /* collar */
	return (struct look){ c, .015f, 6, .08f };
}

static struct look shoe(const struct field *f, const struct part *part, struct vec3 q)
{
	int toes = part->bone >= BONE_TOES && part->bone < BONE_UPPER_ARM;
	float above_sole = toes ? q.z : q.z + .08f;
	struct vec3 c = v_mul(f->figure->colours.shoe, .9f + .2f * noise_at(v_mul(q, 90)));

	if (above_sole < .021f)
		c = v3(.78f, .77f, .74f);
	else if (!toes && above_sole > .045f && q.x > .02f && q.x < .095f && fabsf(q.y) < .022f &&
		 sinf(q.x * 420) > 0)
		c = v3(.8f, .8f, .78f); /* laces */
	return (struct look){ c, .10f, 20, .08f };
}

static struct look hair(const struct field *f, struct vec3 q, struct vec3 *n)
{
	float strand = noise_at(v3(q.x * 30, atan2f(q.y, q.z + .05f) * 55, q.z * 25));

	*n = v_norm(v_mad(*n, f->pose.bone[BONE_HEAD].axes.y, .5f * (strand - .5f)));
	return (struct look){ v_mul(f->figure->colours.hair, .6f + .9f * strand), .12f, 18, .08f };
}

/* Eye, lid and socket around the place of an eye; @y is the distance from the face's middle. */
static void eye(struct vec3 q, float y, struct look *k)
{
	float a = (y - .032f) / .0155f, b = (q.z - .006f - .0015f * (1 - a * a)) / .0068f, r2 = a * a + b * b;
	float iris = hypotf(y - .032f, q.z - .006f);

	if (r2 < 1) {
		k->colour = iris < .0029f   ? v3(.01f, .01f, .01f)
			    : iris < .0062f ? v3(.10f, .06f, .03f)
					    : v3(.72f, .70f, .68f);
		if (b > .55f)
			k->colour = v_mul(k->colour, .5f);
		k->shine = .25f;
		k->gloss = 60;
	} else if (r2 < 1.5f && b > 0) {
		k->colour = v_mul(k->colour, .35f);
	} else if (r2 < 3.2f) {
		k->colour = v_mul(k->colour, .86f);
	}
}

static struct look skin(const struct field *f, const struct part *part, struct vec3 q)
{
	const struct palette *pal = &f->figure->colours;
	struct look k = skin_like;
	float y = fabsf(q.y);

	k.colour = v_mul(pal->skin, .94f + .12f * noise_fbm(v_mul(q, 25)));
	if (part->bone != BONE_HEAD)
		return k;
	if (q.x > .03f) {
		eye(q, y, &k);
		float brow = q.z - .0265f + .96f * (y - .03f) * (y - .03f);
		if (y > .013f && y < .053f && fabsf(brow) < .0045f - .0022f * smoothf(.035f, .053f, y))
			k.colour = v_mix(k.colour, v_mul(pal->hair, 1.3f), .85f);
		k.colour.x *= 1 + .10f * (1 - smoothf(0, .03f, hypotf(y - .040f, q.z + .03f))); /* cheek */
		if (hypotf(y - .007f, q.z + .0405f) < .0042f && q.x > .08f)
			k.colour = v_mul(k.colour, .4f); /* nostril */
	}
	if (part->shape == SHAPE_ELLIPSOID && q.x > -.006f && q.x < .02f && y > .055f && y < .08f &&
		q.z > -.03f && q.z < .06f)
		k.colour = v_mix(k.colour, pal->hair, .8f); /* side whiskers */
	return k;
}

static struct look lips(const struct field *f, struct vec3 q)
{
	struct vec3 c = v_mul(f->figure->colours.skin, fabsf(q.z + .0645f) < .0016f ? .36f : .72f);

	c.x *= 1.12f;
	return (struct look){ c, .08f, 20, .25f };
}

static struct look look_at(const struct field *f, const struct part *part, struct vec3 p, struct vec3 *n)
{
	const struct bone_pose *b = &f->pose.bone[part->bone];
	struct vec3 q = v_mul(m_in(&b->axes, v_sub(p, b->at)), 1 / f->pose.scale[part->bone]);
	enum material m = cloth_at(f, part, p);

	switch (m) {
	case MAT_SHIRT:
	case MAT_TROUSERS:
		return cloth(f, part, m, q, n);
	case MAT_SHOE:
		return shoe(f, part, q);
	case MAT_HAIR:
		return hair(f, q, n);
	case MAT_LIP:
		return lips(f, q);
	case MAT_SKIN:
		break;
	}
	return skin(f, part, q);
}

/* How open the surroundings are: creases near by from the field, other limbs from their shapes. */
static float openness(
	const struct field *f, const struct near_list *l, struct vec3 p, struct vec3 n, int group)
{
	float near = 1, far = field_openness(f, p, n, group);

	for (int i = 1; i <= 2; i++) {
		float h = .03f * (float)i;

		near -= fmaxf(0, h - field_distance(f, l, v_mad(p, n, h))) * (i == 1 ? 6.5f : 3.f);
	}
	return clampf(near, .25f, 1) * (.35f + .65f * far * far);
}

struct vec3 shade_walker(const struct scene *s, enum view view, const struct field *f,
	const struct near_list *l, int nearest, struct vec3 n, struct vec3 p, struct vec3 ray)
{
	const struct part *part = &f->figure->part[nearest];
	struct look k = look_at(f, part, p, &n);
	float open = openness(f, l, p, n, part->group), facing = v_dot(n, s->to_light);
	float lamp = clampf((facing + k.wrap) / (1 + k.wrap), 0, 1);
	float lit = lamp > 0 ? field_light(f, v_mad(p, n, .01f), s->to_light, .09f) : 0;
	struct vec3 half = v_norm(v_sub(s->to_light, ray)), fill = v_mul(s->camera[view].ahead, -1);

	fill = v_norm(v_add(fill, v3(.1f, .1f, .3f)));
	struct vec3 sky = v_mix(v3(.34f, .27f, .20f), v3(.60f, .61f, .63f), .5f + .5f * n.z);
	sky = v_mad(sky, v3(.26f, .27f, .29f), clampf(v_dot(n, fill), 0, 1));
	sky = v_mul(
		sky, open * (.55f + .45f * smoothf(-.05f, .5f, p.z))); /* the floor takes light from below */
	float highlight = powf(fmaxf(0, v_dot(n, half)), k.gloss) * k.shine * lit * 2.2f;
	float rim = powf(1 - clampf(-v_dot(n, ray), 0, 1), 4) * .06f * open;
	struct vec3 c = v_had(k.colour, v_mad(sky, room_lamp, lamp * lit * .80f));

	return v_mad(c, v3(1, .97f, .92f), highlight + rim);
}
