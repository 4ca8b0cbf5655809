#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "gait/keypoints_parts.h"

/* COCO's results list: one entry a person, which names its image. Entries come in any order. */

#define ID_MAX 9007199254740992.0 /* whole numbers are exact up to here */

struct entry {
	int64_t image;
	uint32_t at; /* the how-manieth person of the list */
};

struct entries {
	struct entry *list;
	size_t count, cap;
};

static void entries_deinit(struct entries *s)
{
	free(s->list);
}

/* The number that ends the name of an image, before its extension: "12.jpg", "walk_000012.png". */
static bool number_of_name(const char *name, int64_t *ret)
{
	const char *dot = strrchr(name, '.'), *end = dot ? dot : name + strlen(name), *from = end;

	while (from > name && from[-1] >= '0' && from[-1] <= '9')
		from--;
	return strv_to_i64((struct strv){ from, (size_t)(end - from) }, 0, INT64_C(1) << 53, ret);
}

static int read_image(struct json_pull *p, int64_t *ret, struct err *e)
{
	char name[256];
	double v;

	if (json_pull_kind(p) == JSON_STRING) {
		int r = json_pull_str(p, name, sizeof name, e);
		if (r < 0)
			return -1;
		if (r == JSON_PULL_LONG || !number_of_name(name, ret))
			return err_set(e, ERR_INVALID, "image_id has no number at the end of its name");
		return 0;
	}
	if (json_pull_num(p, &v, e) < 0)
		return err_wrap(e, "image_id");
	if (!(v >= 0 && v <= ID_MAX && floor(v) >= v))
		return err_set(e, ERR_INVALID, "image_id must be a whole number from 0");
	*ret = (int64_t)v;
	return 0;
}

/* Return 1 where it is a person, 0 where it is something else. */
static int read_entry(
	struct keypoints *k, struct json_pull *p, size_t waiting, int64_t *ret_image, struct err *e)
{
	static const char *const names[] = { "image_id", "category_id", "keypoints", NULL };
	double v[LAYOUT_MAX_NUMBERS], category = 1;
	uint32_t seen = 0;
	size_t count = 0;
	int r = json_pull_object(p, e);

	while (r >= 0 && (r = json_pull_member(p, names, &seen, e)) > 0)
		r = r == 1   ? read_image(p, ret_image, e)
		    : r == 2 ? json_pull_num(p, &category, e)
			     : json_pull_nums(p, v, LAYOUT_MAX_NUMBERS, &count, e);
	if (r < 0)
		return -1;
	if (!(seen & 1) || !(seen & 4))
		return err_set(e, ERR_INVALID, "no %s", seen & 1 ? "keypoints" : "image_id");
	if (category < 1 || category > 1)
		return 0;
	return keypoints_put(k, waiting, v, count, e) < 0 ? -1 : 1;
}

static int note(struct entries *s, int64_t image, struct err *e)
{
	if (s->count == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 1024;
		struct entry *list = realloc(s->list, cap * sizeof *list);
		if (!list)
			return err_set(e, ERR_NOMEM, "no memory for %zu entries", cap);
		s->list = list;
		s->cap = cap;
	}
	s->list[s->count] = (struct entry){ image, (uint32_t)s->count };
	s->count++;
	return 0;
}

static int by_image(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->image != y->image)
		return x->image < y->image ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* Bring the waiting people into the order of @s. */
static int sort(struct keypoints *k, struct entries *s, struct err *e)
{
	struct person *list = k->person + k->people;
	bool sorted = true;

	for (size_t i = 1; i < s->count && sorted; i++)
		sorted = s->list[i].image >= s->list[i - 1].image;
	if (sorted)
		return 0;
	CLEANUP(free_p) struct person *copy = malloc(s->count * sizeof *copy);
	if (!copy)
		return err_set(e, ERR_NOMEM, "no memory for %zu people", s->count);
	memcpy(copy, list, s->count * sizeof *copy);
	qsort(s->list, s->count, sizeof *s->list, by_image);
	for (size_t i = 0; i < s->count; i++)
		list[i] = copy[s->list[i].at];
	return 0;
}

static int make_frames(struct keypoints *k, const struct entries *s, struct err *e)
{
	/* Numbers of frames count from 0; ids of a data base are large. */
	int64_t first = s->list[0].image < KEYPOINTS_MAX_FRAMES ? 0 : s->list[0].image;
	int64_t span = s->list[s->count - 1].image - first + 1;

	if (span > KEYPOINTS_MAX_FRAMES)
		return err_set(
			e, ERR_TOO_LARGE, "numbers of image_id span more than %d", KEYPOINTS_MAX_FRAMES);
	if (keypoints_room_frames(k, (size_t)span, e) < 0)
		return -1;
	for (size_t i = 0; span > 0; span--, first++) {
		size_t n = 0;
		for (; i < s->count && s->list[i].image == first; i++)
			n++;
		if (n > KEYPOINTS_MAX_PEOPLE)
			return err_set(e, ERR_TOO_LARGE, "image %lld: more than %d people", (long long)first,
				KEYPOINTS_MAX_PEOPLE);
		keypoints_close(k, n);
	}
	return 0;
}

int keypoints_results(struct keypoints *k, struct json_pull *p, struct err *e)
{
	struct entries s __attribute__((cleanup(entries_deinit))) = { 0 };
	size_t n = 0;
	int r = json_pull_array(p, e);

	for (; r >= 0 && (r = json_pull_element(p, e)) > 0; n++) {
		int64_t image = 0;
		if (keypoints_room_person(k, s.count, e) < 0)
			return -1;
		if ((r = read_entry(k, p, s.count, &image, e)) < 0)
			return err_wrap(e, "entry %zu", n);
		if (r > 0 && note(&s, image, e) < 0)
			return -1;
	}
	if (r < 0)
		return -1;
	if (s.count == 0)
		return err_set(e, ERR_INVALID, "no entry of a person");
	return sort(k, &s, e) < 0 ? -1 : make_frames(k, &s, e);
}
