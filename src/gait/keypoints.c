#include "gait/keypoints.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gait/keypoints_parts.h"

enum { JSON_DEPTH = 8 };
#define NORMALIZED_REACH 3.0f  /* further out, numbers without a name are pixels */
#define NORMALIZED_MAX   10.0f /* further out, numbers with that name are no coordinates */

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

struct keypoints_mark keypoints_mark(const struct keypoints *k)
{
	return (struct keypoints_mark){ k->frames, k->people, k->layout, k->reach };
}

int keypoints_back(struct keypoints *k, const struct keypoints_mark *m)
{
	k->frames = m->frames;
	k->people = m->people;
	k->layout = m->layout;
	k->reach = m->reach;
	return -1;
}

int keypoints_room_frames(struct keypoints *k, size_t more, struct err *e)
{
	if (more > KEYPOINTS_MAX_FRAMES || k->frames + more > KEYPOINTS_MAX_FRAMES)
		return err_set(e, ERR_TOO_LARGE, "more than %d frames", KEYPOINTS_MAX_FRAMES);
	if (k->frames + more + 1 <= k->cap_frames)
		return 0;
	size_t cap = k->cap_frames ? k->cap_frames : 512;
	while (cap < k->frames + more + 1)
		cap *= 2;
	uint32_t *first = realloc(k->first, cap * sizeof *first);
	if (!first)
		return err_set(e, ERR_NOMEM, "no memory for %zu frames", cap);
	first[0] = 0;
	k->first = first;
	k->cap_frames = cap;
	return 0;
}

int keypoints_room_person(struct keypoints *k, size_t waiting, struct err *e)
{
	size_t have = k->people + waiting;

	if (have >= KEYPOINTS_MAX_TOTAL)
		return err_set(e, ERR_TOO_LARGE, "more than %d people in all", KEYPOINTS_MAX_TOTAL);
	if (have < k->cap_people)
		return 0;
	size_t cap = have + have / 2 + 256;
	struct person *person = realloc(k->person, cap * sizeof *person);
	if (!person)
		return err_set(e, ERR_NOMEM, "no memory for %zu people", cap);
	k->person = person;
	k->cap_people = cap;
	return 0;
}

int keypoints_put(struct keypoints *k, size_t waiting, const double *v, size_t count, struct err *e)
{
	struct person *person = &k->person[k->people + waiting];

	if (layout_map(&k->layout, v, count, person, e) < 0)
		return -1;
	for (int i = 0; i < BODY_POINTS; i++) {
		const struct keypoint *p = &person->p[i];
		if (p->c > 0)
			k->reach = fmaxf(k->reach, fmaxf(fabsf(p->x), fabsf(p->y)));
	}
	return 0;
}

void keypoints_close(struct keypoints *k, size_t count)
{
	k->people += count;
	k->first[++k->frames] = (uint32_t)k->people;
}

static int read_person(struct keypoints *k, struct json_pull *p, size_t waiting, struct err *e)
{
	static const char *const names[] = { "pose_keypoints_2d", NULL };
	double v[LAYOUT_MAX_NUMBERS];
	uint32_t seen = 0;
	size_t count = 0;
	bool list = false;

	if (json_pull_kind(p) != JSON_OBJECT)
		return json_pull_skip(p, e) < 0 ? -1 : err_set(e, ERR_INVALID, "no pose_keypoints_2d");
	int r = json_pull_object(p, e);
	while (r >= 0 && (r = json_pull_member(p, names, &seen, e)) > 0) {
		list = json_pull_kind(p) == JSON_ARRAY;
		r = list ? json_pull_nums(p, v, LAYOUT_MAX_NUMBERS, &count, e) : json_pull_skip(p, e);
	}
	if (r < 0)
		return -1;
	if (!list)
		return err_set(e, ERR_INVALID, "no list named pose_keypoints_2d");
	return keypoints_put(k, waiting, v, count, e);
}

int keypoints_people(struct keypoints *k, struct json_pull *p, size_t *ret_count, struct err *e)
{
	size_t n = 0;
	int r = json_pull_array(p, e);

	while (r >= 0 && (r = json_pull_element(p, e)) > 0) {
		if (n >= KEYPOINTS_MAX_PEOPLE)
			return err_set(
				e, ERR_TOO_LARGE, "more than %d people in a frame", KEYPOINTS_MAX_PEOPLE);
		if (keypoints_room_person(k, n, e) < 0)
			return -1;
		if (read_person(k, p, n, e) < 0)
			return err_wrap(e, "person %zu", n);
		n++;
	}
	*ret_count = n;
	return r;
}

static int read_frame(struct keypoints *k, struct json_pull *p, size_t *ret_count, struct err *e)
{
	static const char *const names[] = { "people", NULL };
	uint32_t seen = 0;
	bool list = false;
	int r = 0;

	if (json_pull_kind(p) == JSON_OBJECT)
		r = json_pull_object(p, e);
	else
		return json_pull_skip(p, e) < 0 ? -1 : err_set(e, ERR_INVALID, "no list named people");
	while (r >= 0 && (r = json_pull_member(p, names, &seen, e)) > 0) {
		list = json_pull_kind(p) == JSON_ARRAY;
		r = list ? keypoints_people(k, p, ret_count, e) : json_pull_skip(p, e);
	}
	if (r < 0 || json_pull_end(p, e) < 0)
		return -1;
	return list ? 0 : err_set(e, ERR_INVALID, "no list named people");
}

int keypoints_add(struct keypoints *k, const char *text, size_t len, struct err *e)
{
	struct keypoints_mark before = keypoints_mark(k);
	struct json_pull p;
	size_t count = 0;

	if (len > KEYPOINTS_MAX_TEXT)
		return err_set(e, ERR_TOO_LARGE, "more than %d bytes", KEYPOINTS_MAX_TEXT);
	json_pull_init(&p, text, len, JSON_DEPTH);
	if (keypoints_room_frames(k, 1, e) < 0 || read_frame(k, &p, &count, e) < 0)
		return keypoints_back(k, &before);
	keypoints_close(k, count);
	return 0;
}

int keypoints_add_empty(struct keypoints *k, struct err *e)
{
	if (keypoints_room_frames(k, 1, e) < 0)
		return -1;
	keypoints_close(k, 0);
	return 0;
}

static void to_pixels(struct keypoints *k)
{
	for (size_t i = 0; i < k->people; i++)
		for (int j = 0; j < BODY_POINTS; j++) {
			k->person[i].p[j].x *= (float)k->width;
			k->person[i].p[j].y *= (float)k->height;
		}
}

int keypoints_end(struct keypoints *k, struct err *e)
{
	bool small = k->reach > 0 && k->reach <= NORMALIZED_REACH;

	/* The measurement judges BlazePose's confidences differently, and goes by the engine's name. */
	if (k->layout == LAYOUT_MEDIAPIPE_33 && !k->engine[0])
		memcpy(k->engine, "mediapipe", sizeof "mediapipe");
	if (k->coordinates == COORDINATES_PIXELS || (k->coordinates == COORDINATES_UNKNOWN && !small))
		return 0;
	if (k->coordinates == COORDINATES_UNKNOWN && k->layout != LAYOUT_MEDIAPIPE_33)
		return err_set(e, ERR_INVALID,
			"no point lies further out than 3: coordinates must be told, \"pixels\" or "
			"\"normalized\"");
	if (k->reach > NORMALIZED_MAX)
		return err_set(e, ERR_INVALID, "coordinates are told to be normalized, but one is %g",
			(double)k->reach);
	if (k->width == 0 || k->height == 0)
		return err_set(e, ERR_INVALID, "%s is needed, because the coordinates are normalized",
			k->width == 0 ? "width" : "height");
	to_pixels(k);
	k->coordinates = COORDINATES_PIXELS;
	return 0;
}
