#include "field.h"

/* Parts beyond this distance from the rays cannot change the surface by blending, m. */
#define MARGIN .05f

static float largest(struct vec3 v)
{
	return fmaxf(v.x, fmaxf(v.y, v.z));
}

void field_pose(struct field *f, const struct figure *figure, const struct skeleton *pose, float height)
{
	f->figure = figure;
	f->pose = *pose;
	f->height = height;
	f->blockers = 0;
	for (int i = 0; i < figure->parts; i++) {
		const struct part *p = &figure->part[i];
		const struct bone_pose *b = &pose->bone[p->bone];
		struct segment *s = &f->seg[i];

		s->a = v_add(b->at, m_out(&b->axes, p->a));
		s->ab = m_out(&b->axes, v_sub(p->b, p->a));
		float len2 = v_dot(s->ab, s->ab);
		s->inv_len2 = len2 > 1e-12f ? 1 / len2 : 0;
		s->radius = p->shape == SHAPE_CAPSULE ? fmaxf(p->ra, p->rb) : largest(p->radii);
		if (p->shadow) {
			float ra = p->shape == SHAPE_CAPSULE ? p->ra : .85f * s->radius;
			float rb = p->shape == SHAPE_CAPSULE ? p->rb : ra;

			f->blocker[f->blockers++] = (struct blocker){ *s, ra, rb - ra, p->group };
		}
	}
	f->centre = v3(pose->bone[BONE_PELVIS].at.x, pose->bone[BONE_PELVIS].at.y, .5f * height);
	f->radius = 0;
	for (int i = 0; i < figure->parts; i++) {
		struct vec3 a = v_sub(f->seg[i].a, f->centre), b = v_add(a, f->seg[i].ab);

		f->radius = fmaxf(f->radius, fmaxf(v_len(a), v_len(b)) + f->seg[i].radius + MARGIN);
	}
}

/* Nearest approach of the ray (o, unit d) to a segment: distance, and where on both (@h in 0..1, @t). */
static float ray_segment(struct vec3 o, struct vec3 d, const struct segment *s, float *h, float *t)
{
	struct vec3 r = v_sub(o, s->a);
	float b = v_dot(d, s->ab), c = v_dot(s->ab, s->ab), dr = v_dot(d, r), e = v_dot(s->ab, r),
	      den = c - b * b;

	*h = den > 1e-8f ? clampf((e - b * dr) / den, 0, 1) : 0;
	*t = b * *h - dr;
	return v_len(v_sub(v_mad(r, d, *t), v_mul(s->ab, *h)));
}

static void append(struct near_list *l, const struct field *f, int i)
{
	const struct part *p = &f->figure->part[i];
	const struct segment *s = &f->seg[i];
	int n = l->n++;

	l->ax[n] = s->a.x;
	l->ay[n] = s->a.y;
	l->az[n] = s->a.z;
	l->bx[n] = s->ab.x;
	l->by[n] = s->ab.y;
	l->bz[n] = s->ab.z;
	l->inv[n] = s->inv_len2;
	l->ra[n] = p->ra;
	l->dr[n] = p->rb - p->ra;
	l->part[n] = i;
	if (p->shape != SHAPE_CAPSULE)
		l->others[l->n_others++] = n;
}

int field_near(const struct field *f, struct vec3 origin, struct vec3 dir, float spread, struct near_list *l)
{
	l->n = l->n_others = 0;
	l->t_near = 1e9f;
	l->t_far = 0;
	struct vec3 to = v_sub(f->centre, origin);
	float along = v_dot(to, dir);
	if (v_len(v_mad(to, dir, -along)) > f->radius + along * spread)
		return 0;
	for (int i = 0; i < f->figure->parts; i++) {
		const struct segment *s = &f->seg[i];
		float h, t, reach = s->radius + MARGIN;

		if (ray_segment(origin, dir, s, &h, &t) > reach + t * spread)
			continue;
		float ta = v_dot(v_sub(s->a, origin), dir), tb = ta + v_dot(s->ab, dir);
		l->t_near = fminf(l->t_near, fminf(ta, tb) - reach);
		l->t_far = fmaxf(l->t_far, fmaxf(ta, tb) + reach);
		append(l, f, i);
	}
	return l->n;
}

/* Distances to the capsules' surfaces; a loop that compilers turn into vector code. */
static void capsule_distances(const struct near_list *l, struct vec3 p, float *restrict d)
{
	for (int i = 0; i < l->n; i++) {
		float x = p.x - l->ax[i], y = p.y - l->ay[i], z = p.z - l->az[i];
		float h = (x * l->bx[i] + y * l->by[i] + z * l->bz[i]) * l->inv[i];

		h = h < 0 ? 0 : h;
		h = h > 1 ? 1 : h;
		x -= h * l->bx[i];
		y -= h * l->by[i];
		z -= h * l->bz[i];
		d[i] = sqrtf(x * x + y * y + z * z) - (l->ra[i] + l->dr[i] * h);
	}
}

/* Distance to an ellipsoid, good near the surface (after I. Quilez, "ellipsoid - distance", 2008). */
static float ellipsoid_distance(const struct field *f, int i, struct vec3 p)
{
	const struct part *e = &f->figure->part[i];
	const struct bone_pose *b = &f->pose.bone[e->bone];
	struct vec3 local = m_in(&b->axes, v_sub(p, b->at)), q = v_sub(local, e->a), r = e->radii;
	struct vec3 u = v3(q.x / r.x, q.y / r.y, q.z / r.z), v = v3(u.x / r.x, u.y / r.y, u.z / r.z);
	float k0 = v_len(u), k1 = v_len(v), d = k1 > 1e-6f ? k0 * (k0 - 1) / k1 : -r.x;

	if (e->shape ==
		SHAPE_HAIR_CAP) { /* hair ends at a slanted, uneven line over forehead, ear and neck */
		float s = f->pose.scale[BONE_HEAD];
		float edge = .0035f * s * sinf(local.y * 70 / s) * sinf(local.y * 190 / s + 1);

		d = fmaxf(d, .74f * (local.x - .080f * s) - .67f * (local.z - .078f * s) + edge);
	}
	return d;
}

static void all_distances(const struct field *f, const struct near_list *l, struct vec3 p, float *d)
{
	capsule_distances(l, p, d);
	for (int i = 0; i < l->n_others; i++)
		d[l->others[i]] = ellipsoid_distance(f, l->part[l->others[i]], p);
}

/* Smooth minimum: quadratic join of width @k; *@w is the weight of @b in it (for normals). */
static inline float join(float a, float b, float k, float *w)
{
	float h = k - fabsf(a - b);

	if (h <= 0) {
		*w = a < b ? 0 : 1;
		return a < b ? a : b;
	}
	h /= k;
	*w = a < b ? .5f * h : 1 - .5f * h;
	return (a < b ? a : b) - .25f * h * h * k;
}

/* The join between the trunk and a limb: wide at the hip, narrower at the shoulder. */
static float limb_blend(const struct field *f, int group)
{
	return (group < GROUP_ARM ? .035f : .021f) * f->pose.scale[BONE_PELVIS];
}

float field_distance(const struct field *f, const struct near_list *l, struct vec3 p)
{
	float d[FIGURE_PARTS_MAX], group[GROUP_COUNT], w;

	all_distances(f, l, p, d);
	for (int g = 0; g < GROUP_COUNT; g++)
		group[g] = 9;
	for (int i = 0; i < l->n; i++) {
		const struct part *e = &f->figure->part[l->part[i]];
		float *g = &group[e->group];

		*g = *g > 8 ? d[i] : join(*g, d[i], e->blend, &w);
	}
	float best = group[GROUP_TRUNK];
	for (int g = GROUP_LEG; g < GROUP_COUNT; g++)
		best = fminf(best, join(group[GROUP_TRUNK], group[g], limb_blend(f, g), &w));
	return best;
}

/* Direction in which the distance to part @i grows, at @p. */
static struct vec3 part_gradient(const struct field *f, int i, struct vec3 p)
{
	const struct segment *s = &f->seg[i];
	struct vec3 v = v_sub(p, s->a), g;

	if (f->figure->part[i].shape == SHAPE_CAPSULE)
		return v_norm(v_mad(v, s->ab, -clampf(v_dot(v, s->ab) * s->inv_len2, 0, 1)));
	float e = .0008f, d = ellipsoid_distance(f, i, p);
	g.x = ellipsoid_distance(f, i, v3(p.x + e, p.y, p.z)) - d;
	g.y = ellipsoid_distance(f, i, v3(p.x, p.y + e, p.z)) - d;
	g.z = ellipsoid_distance(f, i, v3(p.x, p.y, p.z + e)) - d;
	return v_norm(g);
}

int field_surface(const struct field *f, const struct near_list *l, struct vec3 p, struct vec3 *normal)
{
	float d[FIGURE_PARTS_MAX], group[GROUP_COUNT], least = 9, best, w;
	struct vec3 grad[GROUP_COUNT], n;
	int nearest = l->part[0];

	all_distances(f, l, p, d);
	for (int g = 0; g < GROUP_COUNT; g++) {
		group[g] = 9;
		grad[g] = v3(0, 0, 1);
	}
	for (int i = 0; i < l->n; i++) {
		const struct part *e = &f->figure->part[l->part[i]];
		int g = e->group;

		if (d[i] < least) {
			least = d[i];
			nearest = l->part[i];
		}
		if (d[i] > .12f && group[g] < 8)
			continue; /* too far to blend at the surface */
		group[g] = group[g] > 8 ? (w = 1, d[i]) : join(group[g], d[i], e->blend, &w);
		if (w > 0)
			grad[g] = v_mix(grad[g], part_gradient(f, l->part[i], p), w);
	}
	best = group[GROUP_TRUNK];
	n = grad[GROUP_TRUNK];
	for (int g = GROUP_LEG; g < GROUP_COUNT; g++) {
		float joined = join(group[GROUP_TRUNK], group[g], limb_blend(f, g), &w);

		if (joined < best) {
			best = joined;
			n = v_mix(grad[GROUP_TRUNK], grad[g], w);
		}
	}
	*normal = v_norm(n);
	return nearest;
}

float field_light(const struct field *f, struct vec3 p, struct vec3 to_light, float from)
{
	struct vec3 to = v_sub(f->centre, p);
	float light = 1, along = v_dot(to, to_light);

	if (v_len(v_mad(to, to_light, -along)) > f->radius + .08f * fmaxf(0, along))
		return 1; /* the light passes the whole figure */
	for (int i = 0; i < f->blockers; i++) {
		const struct blocker *b = &f->blocker[i];
		float h, t, d = ray_segment(p, to_light, &b->seg, &h, &t);

		if (t < from)
			continue;
		float x = (d - (b->ra + b->dr * h)) / (.012f + .075f * t);
		if (x < 1)
			light = fminf(light, smoothf(-1, 1, x));
	}
	return light;
}

float field_openness(const struct field *f, struct vec3 p, struct vec3 n, int skip)
{
	float open = 1;

	for (int i = 0; i < f->blockers; i++) {
		const struct blocker *b = &f->blocker[i];

		if (b->group == skip || (skip >= 0 && b->group == GROUP_TRUNK))
			continue;
		struct vec3 v = v_sub(p, b->seg.a);
		struct vec3 to =
			v_sub(v_mul(b->seg.ab, clampf(v_dot(v, b->seg.ab) * b->seg.inv_len2, 0, 1)), v);
		float d2 = v_dot(to, to), facing = v_dot(to, n), r2 = b->seg.radius * b->seg.radius;

		if (d2 > 1.2f || facing <= 0)
			continue;
		open *= 1 - clampf(.42f * facing / sqrtf(d2) * r2 / (d2 + .6f * r2), 0, .7f);
	}
	return open;
}
