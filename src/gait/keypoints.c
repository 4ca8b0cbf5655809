#include "gait/keypoints.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/strv.h"

enum { JSON_DEPTH = 8 };
#define PIXEL_MAX 100000.0 /* far beyond any image; keeps later arithmetic finite */

void keypoints_init(struct keypoints *k)
{
	*k = (struct keypoints){ 0 };
}

void keypoints_deinit(struct keypoints *k)
{
	free(k->first);
	free(k->person);
	*k = (struct keypoints){ 0 };
}

static int meta_size(const struct json *root, const char *name, int *ret, struct err *e)
{
	const struct json *v = json_get(root, name);

	if (!v)
		return 0;
	int64_t n = json_int(v, -1);
	if (n < 16 || n > 16384)
		return err_set(e, ERR_INVALID, "%s must be a whole number of pixels, 16 to 16384", name);
	*ret = (int)n;
	return 0;
}

int keypoints_meta(struct keypoints *k, const char *text, size_t len, struct err *e)
{
	struct json *root __attribute__((cleanup(json_free_p))) = NULL;
	int width = k->width, height = k->height;

	if (len > KEYPOINTS_MAX_TEXT)
		return err_set(e, ERR_TOO_LARGE, "more than %d bytes", KEYPOINTS_MAX_TEXT);
	if (json_parse(text, len, JSON_DEPTH, &root, e) < 0)
		return -1;
	double fps = json_num(json_get(root, "fps"), 0);
	if (!(fps >= 5 && fps <= 1000))
		return err_set(e, ERR_INVALID, "fps must be a number of frames a second, 5 to 1000");
	if (meta_size(root, "width", &width, e) < 0 || meta_size(root, "height", &height, e) < 0)
		return -1;
	const struct json *engine = json_get(root, "engine");
	const char *name = json_str(engine, json_str(json_get(engine, "name"), ""));
	if (!str_is_clean_utf8(name, strlen(name)) || !str_copy(k->engine, sizeof k->engine, name))
		return err_set(e, ERR_INVALID, "engine must be plain text of at most %zu bytes",
			sizeof k->engine - 1);
	for (const struct json *f = json_first(json_get(root, "flags")); f; f = json_next(f))
		k->several |= strcmp(json_str(f, ""), "several_people") == 0;
	k->fps = fps;
	k->width = width;
	k->height = height;
	return 0;
}

static int grow(struct keypoints *k, size_t people, struct err *e)
{
	if (k->frames >= KEYPOINTS_MAX_FRAMES)
		return err_set(e, ERR_TOO_LARGE, "more than %d frames", KEYPOINTS_MAX_FRAMES);
	if (people > KEYPOINTS_MAX_PEOPLE || k->people + people > KEYPOINTS_MAX_TOTAL)
		return err_set(e, ERR_TOO_LARGE, "more than %d people in a frame or %d in all",
			KEYPOINTS_MAX_PEOPLE, KEYPOINTS_MAX_TOTAL);
	if (k->frames + 2 > k->cap_frames) {
		size_t cap = k->cap_frames ? k->cap_frames * 2 : 512;
		uint32_t *first = realloc(k->first, cap * sizeof *first);
		if (!first)
			return err_set(e, ERR_NOMEM, "no memory for %zu frames", cap);
		first[0] = 0;
		k->first = first;
		k->cap_frames = cap;
	}
	if (k->people + people > k->cap_people) {
		size_t cap = k->cap_people + k->cap_people / 2 + people + 256;
		struct person *person = realloc(k->person, cap * sizeof *person);
		if (!person)
			return err_set(e, ERR_NOMEM, "no memory for %zu people", cap);
		k->person = person;
		k->cap_people = cap;
	}
	return 0;
}

static int read_point(struct keypoint *ret, const double v[3], size_t at, struct err *e)
{
	/* Engines overshoot the image's edge and a confidence of one by a little; more is damage. */
	if (!(fabs(v[0]) <= PIXEL_MAX && fabs(v[1]) <= PIXEL_MAX))
		return err_set(e, ERR_INVALID, "point %zu has no pixel coordinates", at);
	if (!(v[2] >= -0.001 && v[2] <= 2))
		return err_set(e, ERR_INVALID, "point %zu has a confidence outside 0 to 1", at);
	*ret = (struct keypoint){ (float)v[0], (float)v[1], (float)fmin(1, fmax(0, v[2])) };
	return 0;
}

static int read_person(struct person *ret, const struct json *person, struct err *e)
{
	const struct json *list = json_get(person, "pose_keypoints_2d");
	double v[3];
	size_t n = 0;

	if (!json_is_array(list))
		return err_set(e, ERR_INVALID, "a person without pose_keypoints_2d");
	for (const struct json *x = json_first(list); x; x = json_next(x), n++) {
		if (n >= 3 * (size_t)BODY_POINTS)
			return err_set(e, ERR_INVALID, "more than 75 numbers: not BODY_25");
		if (!json_is_num(x))
			return err_set(e, ERR_INVALID, "value %zu is not a number", n);
		v[n % 3] = json_num(x, 0);
		if (n % 3 == 2 && read_point(&ret->p[n / 3], v, n / 3, e) < 0)
			return -1;
	}
	if (n != 3 * (size_t)BODY_POINTS)
		return err_set(e, ERR_INVALID, "%zu numbers instead of 75: not BODY_25", n);
	return 0;
}

int keypoints_add(struct keypoints *k, const char *text, size_t len, struct err *e)
{
	struct json *root __attribute__((cleanup(json_free_p))) = NULL;

	if (len > KEYPOINTS_MAX_TEXT)
		return err_set(e, ERR_TOO_LARGE, "more than %d bytes", KEYPOINTS_MAX_TEXT);
	if (json_parse(text, len, JSON_DEPTH, &root, e) < 0)
		return -1;
	const struct json *people = json_get(root, "people");
	if (!json_is_array(people))
		return err_set(e, ERR_INVALID, "no list named people");
	size_t count = json_len(people), at = k->people;
	if (grow(k, count, e) < 0)
		return -1;
	for (const struct json *p = json_first(people); p; p = json_next(p), at++)
		if (read_person(&k->person[at], p, e) < 0)
			return err_wrap(e, "person %zu", at - k->people);
	k->people = at;
	k->first[++k->frames] = (uint32_t)k->people;
	return 0;
}

int keypoints_add_empty(struct keypoints *k, struct err *e)
{
	if (grow(k, 0, e) < 0)
		return -1;
	k->first[++k->frames] = (uint32_t)k->people;
	return 0;
}
