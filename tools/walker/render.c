#include "render.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "noise.h"
#include "room.h"
#include "shade.h"

enum { TILE = 8, TONES = 4096, GRAIN = 4096, STEPS = 56 };
enum { NOTHING = -1 }; /* no part of the walker */

struct background {
	int width, height;
	struct room_light *light; /* a pixel each */
	uint8_t *rgb;             /* the same, as it is without the walker */
	uint8_t tone[TONES];      /* from the square root of light to 8 bits */
	int8_t *grain; /* a row of film grain, three equal values a pixel, long enough for any start */
};

/* ---- tones and grain ---- */

/* A soft shoulder, then the sRGB curve (a power of 2.2 is near enough to it). */
static void make_tones(uint8_t tone[TONES])
{
	for (int i = 0; i < TONES; i++) {
		double x = i / (TONES - 1.);

		x = 4.2 * x * x;
		x *= (1 + .16 * x) / (1 + .42 * x);
		tone[i] = (uint8_t)clampd(pow(x, 1 / 2.2) * 255 + .5, 0, 255);
	}
}

static uint8_t tone_of(const struct background *b, float light)
{
	return b->tone[(int)(sqrtf(clampf(.25f * light, 0, 1)) * (TONES - 1))];
}

static void put(const struct background *b, struct vec3 light, uint8_t *rgb)
{
	rgb[0] = tone_of(b, light.x);
	rgb[1] = tone_of(b, light.y);
	rgb[2] = tone_of(b, light.z);
}

static void make_grain(struct background *b, uint32_t seed)
{
	for (int i = 0; i < GRAIN + b->width; i++) {
		uint32_t h = noise_hash(noise_hash((uint32_t)i) + seed);
		int g = (int)((h & 3) + (h >> 8 & 3) + (h >> 16 & 3)) - 4; /* -4..5, mostly -2..2 */

		for (int c = 0; c < 3; c++)
			b->grain[3 * i + c] = (int8_t)(g / 2);
	}
}

static void add_grain(const struct background *b, int frame, uint8_t *rgb)
{
	for (int y = 0; y < b->height; y++) {
		uint32_t start = noise_hash((uint32_t)frame * 65537u + (uint32_t)y) % GRAIN;
		const int8_t *restrict grain = b->grain + (size_t)3 * start;
		uint8_t *restrict row = rgb + (size_t)3 * (size_t)b->width * (size_t)y;

		for (int i = 0; i < 3 * b->width; i++) {
			int v = row[i] + grain[i];

			v = v < 0 ? 0 : v;
			row[i] = (uint8_t)(v > 255 ? 255 : v);
		}
	}
}

/* ---- the empty room ---- */

struct room_job {
	const struct scene *scene;
	const struct camera *camera;
	struct background *out;
	atomic_int next_row;
};

static void room_row(const struct room_job *j, int y)
{
	struct background *b = j->out;

	for (int x = 0; x < b->width; x++) {
		size_t at = (size_t)y * (size_t)b->width + (size_t)x;
		struct room_light sum = { { 0, 0, 0 }, { 0, 0, 0 } };

		for (int k = 0; k < 4; k++) { /* a rotated grid of samples smooths upright and level edges */
			static const float ox[] = { .375f, .875f, .125f, .625f },
					   oy[] = { .125f, .375f, .625f, .875f };
			struct vec3 ray = camera_ray(j->camera, (float)x + ox[k], (float)y + oy[k]);
			struct room_point p = room_hit(&j->scene->room, j->camera->at, ray);
			struct room_light l = room_shade(j->scene, &p);

			sum.ambient = v_mad(sum.ambient, l.ambient, .25f);
			sum.lamp = v_mad(sum.lamp, l.lamp, .25f);
		}
		b->light[at] = sum;
		put(b, v_add(sum.ambient, sum.lamp), b->rgb + 3 * at);
	}
}

static void *room_worker(void *arg)
{
	struct room_job *j = arg;
	int y;

	while ((y = atomic_fetch_add(&j->next_row, 1)) < j->out->height)
		room_row(j, y);
	return NULL;
}

void background_free(struct background *b)
{
	if (!b)
		return;
	free(b->light);
	free(b->rgb);
	free(b->grain);
	free(b);
}
DEFINE_CLEANUP(struct background *, background_free)

int render_background(
	const struct scene *s, enum view view, int threads, struct background **ret, struct err *e)
{
	const struct camera *c = &s->camera[view];
	CLEANUP(background_free_p) struct background *b = calloc(1, sizeof *b);
	size_t pixels = (size_t)c->width * (size_t)c->height;
	pthread_t helper[64];
	int helpers = 0;

	if (!b)
		return err_set(e, ERR_NOMEM, "background");
	b->width = c->width;
	b->height = c->height;
	b->light = malloc(pixels * sizeof *b->light);
	b->rgb = malloc(3 * pixels);
	b->grain = malloc((size_t)3 * (size_t)(GRAIN + c->width));
	if (!b->light || !b->rgb || !b->grain)
		return err_set(e, ERR_NOMEM, "background of %dx%d", c->width, c->height);
	make_tones(b->tone);
	make_grain(b, s->seed);
	struct room_job job = { .scene = s, .camera = c, .out = b };
	/* A thread that cannot be made is no failure: this one does all that is left. */
	while (helpers < threads - 1 && helpers < (int)ARRAY_LEN(helper) &&
		!pthread_create(&helper[helpers], NULL, room_worker, &job))
		helpers++;
	room_worker(&job);
	for (int i = 0; i < helpers; i++)
		pthread_join(helper[i], NULL);
	*ret = TAKE(b);
	return 0;
}

/* ---- the walker ---- */

void canvas_free(struct canvas *c)
{
	if (!c)
		return;
	free(c->rgb);
	free(c->light);
	free(c->seen);
	free(c);
}
DEFINE_CLEANUP(struct canvas *, canvas_free)

int canvas_new(int width, int height, struct canvas **ret, struct err *e)
{
	CLEANUP(canvas_free_p) struct canvas *c = calloc(1, sizeof *c);
	size_t pixels = (size_t)width * (size_t)height;

	if (!c)
		return err_set(e, ERR_NOMEM, "picture");
	c->rgb = malloc(3 * pixels);
	c->light = malloc(pixels * sizeof *c->light);
	c->seen = malloc(pixels);
	if (!c->rgb || !c->light || !c->seen)
		return err_set(e, ERR_NOMEM, "picture of %dx%d", width, height);
	*ret = TAKE(c);
	return 0;
}

/* The picture and the tile of it under work. */
struct work {
	const struct scene *scene;
	enum view view;
	const struct camera *camera;
	const struct background *back;
	const struct field *field;
	struct canvas *canvas;
	struct near_list near;
	int x0, y0, x1, y1;
	int shadowed; /* the room here may lie in the walker's shadow */
};

static size_t pixel(const struct work *w, int x, int y)
{
	return (size_t)y * (size_t)w->back->width + (size_t)x;
}

/* The room behind, darkened by the walker where it may be. */
static struct vec3 room_behind(const struct work *w, int x, int y)
{
	const struct room_light *l = &w->back->light[pixel(w, x, y)];

	if (!w->shadowed)
		return v_add(l->ambient, l->lamp);
	struct vec3 ray = camera_ray(w->camera, (float)x + .5f, (float)y + .5f);
	struct room_point p = room_hit(&w->scene->room, w->camera->at, ray);
	float open = field_openness(w->field, p.at, p.normal, -1);

	return v_mad(v_mul(l->ambient, open), l->lamp, field_light(w->field, p.at, w->scene->to_light, 0));
}

/* Follow one ray to the walker; @hit is written where it meets it. */
static int march(const struct work *w, struct vec3 ray, struct vec3 *hit)
{
	float s = fmaxf(w->near.t_near, .05f);

	for (int i = 0; i < STEPS && s < w->near.t_far; i++) {
		*hit = v_mad(w->camera->at, ray, s);
		float d = field_distance(w->field, &w->near, *hit);

		if (d < .0007f)
			return 1;
		s += .96f * d;
	}
	return 0;
}

/* Light through one image point; *@seen tells what is there. */
static struct vec3 sample(const struct work *w, float x, float y, int8_t *seen)
{
	struct vec3 ray = camera_ray(w->camera, x, y), hit, n;

	if (w->near.n == 0 || !march(w, ray, &hit)) {
		*seen = NOTHING;
		return room_behind(w, (int)x, (int)y);
	}
	int part = field_surface(w->field, &w->near, hit, &n);
	*seen = (int8_t)w->field->figure->part[part].group;
	return shade_walker(w->scene, w->view, w->field, &w->near, part, n, hit, ray);
}

/* Does the pixel lie on an edge: another limb or a sharp change of light beside it? */
static int on_edge(const struct work *w, int x, int y)
{
	static const int dx[] = { 1, -1, 0, 0 }, dy[] = { 0, 0, 1, -1 };
	const int8_t *seen = w->canvas->seen;
	const struct vec3 *light = w->canvas->light;
	size_t here = pixel(w, x, y);

	for (int k = 0; k < 4; k++) {
		int u = x + dx[k], v = y + dy[k];

		if (u < 0 || v < 0 || u >= w->back->width || v >= w->back->height)
			continue;
		size_t there = pixel(w, u, v);
		if (seen[there] != seen[here])
			return 1;
		if (seen[here] == NOTHING)
			continue;
		float a = light[here].x + light[here].y + light[here].z;
		float b = light[there].x + light[there].y + light[there].z;
		if (fabsf(a - b) > .12f * (a + b))
			return 1;
	}
	return 0;
}

/* The pixel again from four samples. */
static struct vec3 refined(const struct work *w, int x, int y)
{
	static const float ox[] = { .375f, .875f, .125f, .625f }, oy[] = { .125f, .375f, .625f, .875f };
	struct vec3 sum = v3(0, 0, 0);
	int8_t seen;

	for (int k = 0; k < 4; k++)
		sum = v_mad(sum, sample(w, (float)x + ox[k], (float)y + oy[k], &seen), .25f);
	return sum;
}

/* May the walker shade the room's point behind the tile's middle? */
static int may_shadow(const struct work *w, struct vec3 ray)
{
	struct room_point p = room_hit(&w->scene->room, w->camera->at, ray);
	const struct field *f = w->field;
	struct vec3 to = v_sub(p.at, f->centre);
	float size = f->height / 1.72f, along = -v_dot(to, w->scene->to_light);
	struct vec3 nearest = v_mad(to, w->scene->to_light, along);

	if (to.x * to.x + to.y * to.y < size * size)
		return 1;
	return along > -size && hypotf(nearest.x, nearest.y) < .75f * size && fabsf(nearest.z) < 1.2f * size;
}

/* First pass: one sample a pixel. */
static void tile_sample(struct work *w)
{
	struct canvas *c = w->canvas;

	if (w->near.n == 0 && !w->shadowed)
		return;
	for (int y = w->y0; y < w->y1; y++) {
		for (int x = w->x0; x < w->x1; x++) {
			size_t at = pixel(w, x, y);

			c->light[at] = sample(w, (float)x + .5f, (float)y + .5f, &c->seen[at]);
			put(w->back, c->light[at], c->rgb + 3 * at);
		}
	}
}

/* Second pass: edges again, smoothly. Needs the first pass of the neighbouring tiles. */
static void tile_refine(struct work *w)
{
	if (w->near.n == 0)
		return;
	for (int y = w->y0; y < w->y1; y++) {
		for (int x = w->x0; x < w->x1; x++) {
			if (on_edge(w, x, y))
				put(w->back, refined(w, x, y), w->canvas->rgb + 3 * pixel(w, x, y));
		}
	}
}

static void each_tile(struct work *w, void (*pass)(struct work *))
{
	const struct background *b = w->back;

	for (w->y0 = 0; w->y0 < b->height; w->y0 += TILE) {
		w->y1 = w->y0 + TILE < b->height ? w->y0 + TILE : b->height;
		for (w->x0 = 0; w->x0 < b->width; w->x0 += TILE) {
			w->x1 = w->x0 + TILE < b->width ? w->x0 + TILE : b->width;
			struct vec3 middle = camera_ray(
				w->camera, .5f * (float)(w->x0 + w->x1), .5f * (float)(w->y0 + w->y1));

			field_near(w->field, w->camera->at, middle, .75f * TILE / w->camera->focal, &w->near);
			w->shadowed = may_shadow(w, middle);
			pass(w);
		}
	}
}

void render_frame(const struct scene *s, enum view view, const struct background *b, const struct field *f,
	int frame, struct canvas *c)
{
	struct work w = {
		.scene = s, .view = view, .camera = &s->camera[view], .back = b, .field = f, .canvas = c
	};
	size_t pixels = (size_t)b->width * (size_t)b->height;

	memcpy(c->rgb, b->rgb, 3 * pixels);
	memset(c->seen, NOTHING, pixels);
	each_tile(&w, tile_sample);
	each_tile(&w, tile_refine);
	add_grain(b, frame, c->rgb);
}
