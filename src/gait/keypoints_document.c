#include "gait/keypoints_document.h"

#include <math.h>

#include "gait/keypoints_parts.h"

enum { DOCUMENT_DEPTH = 16, FRAMES = ABOUT_MEMBERS + 1 };
enum { PEOPLE = 1, LANDMARKS, NUMBER };
enum { X = 1, Y, Z, VISIBILITY, PRESENCE };

/* One landmark of MediaPipe as x, y, z, visibility, presence; presence is 1 where it is not told. */
static int read_landmark(double v[5], struct json_pull *p, struct err *e)
{
	static const char *const names[] = { "x", "y", "z", "visibility", "presence", NULL };
	const uint32_t wanted = 1u << (X - 1) | 1u << (Y - 1) | 1u << (VISIBILITY - 1);
	uint32_t seen = 0;
	int r = json_pull_object(p, e);

	v[Z - 1] = 0;
	v[PRESENCE - 1] = 1;
	while (r >= 0 && (r = json_pull_member(p, names, &seen, e)) > 0)
		r = json_pull_num(p, &v[r - 1], e);
	if (r < 0)
		return -1;
	if ((seen & wanted) != wanted)
		return err_set(e, ERR_INVALID, "without x, y or visibility");
	return 0;
}

/* The rest of a list of landmarks whose first is next. */
static int read_landmarks(struct keypoints *k, struct json_pull *p, size_t waiting, struct err *e)
{
	double v[LAYOUT_MAX_NUMBERS];
	size_t n = 0;
	int r = 1;

	do {
		if (n >= LAYOUT_MAX_NUMBERS / 5)
			return err_set(e, ERR_INVALID, "more than 33 landmarks");
		if (read_landmark(v + 5 * n, p, e) < 0)
			return err_wrap(e, "landmark %zu", n);
		n++;
	} while ((r = json_pull_element(p, e)) > 0);
	if (r < 0)
		return -1;
	if (n != LAYOUT_MAX_NUMBERS / 5)
		return err_set(e, ERR_INVALID, "%zu landmarks instead of 33", n);
	return keypoints_put(k, waiting, v, 5 * n, e);
}

static int read_group(struct keypoints *k, struct json_pull *p, size_t waiting, bool outer, struct err *e)
{
	if (waiting >= KEYPOINTS_MAX_PEOPLE)
		return err_set(e, ERR_TOO_LARGE, "more than %d people in a frame", KEYPOINTS_MAX_PEOPLE);
	if (keypoints_room_person(k, waiting, e) < 0)
		return -1;
	if (outer) {
		int r = json_pull_array(p, e);
		if (r < 0 || (r = json_pull_element(p, e)) < 0)
			return -1;
		if (r == 0)
			return err_set(e, ERR_INVALID, "0 landmarks instead of 33");
	}
	return read_landmarks(k, p, waiting, e);
}

/* One person's landmarks, or a list of such lists, or an empty list. */
static int read_groups(struct keypoints *k, struct json_pull *p, size_t *ret_count, struct err *e)
{
	size_t n = 0;
	int r = json_pull_array(p, e);

	while (r >= 0 && (r = json_pull_element(p, e)) > 0) {
		bool outer = json_pull_kind(p) == JSON_ARRAY;
		if (n > 0 && !outer)
			return err_set(e, ERR_INVALID, "lists and landmarks mixed");
		if (read_group(k, p, n, outer, e) < 0)
			return err_wrap(e, "person %zu", n);
		n++;
		if (!outer)
			break;
	}
	*ret_count = n;
	return r < 0 ? -1 : 0;
}

struct frame {
	size_t count;
	double number; /* NaN: the next */
};

static int read_frame(struct keypoints *k, struct json_pull *p, struct frame *ret, struct err *e)
{
	static const char *const names[] = { "people", "landmarks", "frame", NULL };
	uint32_t seen = 0;
	int r = json_pull_object(p, e);

	while (r >= 0 && (r = json_pull_member(p, names, &seen, e)) > 0) {
		if ((seen & 3) == 3)
			return err_set(e, ERR_INVALID, "both people and landmarks");
		r = r == PEOPLE      ? keypoints_people(k, p, &ret->count, e)
		    : r == LANDMARKS ? read_groups(k, p, &ret->count, e)
				     : json_pull_num(p, &ret->number, e);
	}
	if (r < 0)
		return -1;
	return seen & 3 ? 0 : err_set(e, ERR_INVALID, "neither people nor landmarks");
}

/* @from: the set's frames before this document. */
static int add_frame(struct keypoints *k, struct json_pull *p, size_t from, struct err *e)
{
	struct frame f = { 0, NAN };

	if (read_frame(k, p, &f, e) < 0)
		return -1;
	double next = (double)(k->frames - from), gap = isnan(f.number) ? 0 : f.number - next;
	if (!(gap >= 0) || floor(gap) < gap)
		return err_set(e, ERR_INVALID,
			"frame must be a whole number, from 0 and rising, but is %g where %g is next",
			f.number, next);
	size_t empty = gap < KEYPOINTS_MAX_FRAMES ? (size_t)gap : KEYPOINTS_MAX_FRAMES;
	if (keypoints_room_frames(k, empty + 1, e) < 0)
		return -1;
	for (size_t i = 0; i < empty; i++)
		keypoints_close(k, 0);
	keypoints_close(k, f.count);
	return 0;
}

static int read_frames(struct keypoints *k, struct json_pull *p, struct err *e)
{
	size_t from = k->frames, n = 0;
	int r = json_pull_array(p, e);

	for (; r >= 0 && (r = json_pull_element(p, e)) > 0; n++)
		if (add_frame(k, p, from, e) < 0)
			return err_wrap(e, "frame %zu", n);
	return r;
}

static int read_object(struct keypoints *k, struct json_pull *p, struct err *e)
{
	static const char *const names[] = { ABOUT_NAMES, "frames", NULL };
	const struct keypoints_mark before = keypoints_mark(k);
	struct json_pull frames = { 0 };
	struct about a = { 0 };
	uint32_t seen = 0;
	int r = json_pull_object(p, e);

	while (r >= 0 && (r = json_pull_member(p, names, &seen, e)) > 0) {
		if (r != FRAMES) {
			r = about_read(&a, r, p, e);
			continue;
		}
		frames = *p;
		k->layout = k->layout == LAYOUT_BY_COUNT ? a.layout : k->layout;
		r = read_frames(k, p, e);
	}
	if (r < 0)
		return -1;
	if (!frames.text)
		return err_set(e, ERR_INVALID, "no list named frames");
	/* A layout that stands behind the frames and is not what their counts said: once more. */
	if (before.layout == LAYOUT_BY_COUNT && a.layout != LAYOUT_BY_COUNT && a.layout != k->layout) {
		(void)keypoints_back(k, &before);
		k->layout = a.layout;
		if (read_frames(k, &frames, e) < 0)
			return -1;
	}
	about_apply(&a, k);
	return 0;
}

int keypoints_document(struct keypoints *k, const char *text, size_t len, struct err *e)
{
	const struct keypoints_mark before = keypoints_mark(k);
	struct json_pull p;
	int r;

	if (len > KEYPOINTS_MAX_DOCUMENT)
		return err_set(e, ERR_TOO_LARGE, "more than %d bytes", KEYPOINTS_MAX_DOCUMENT);
	json_pull_init(&p, text, len, DOCUMENT_DEPTH);
	r = json_pull_kind(&p) == JSON_ARRAY ? keypoints_results(k, &p, e) : read_object(k, &p, e);
	if (r < 0 || json_pull_end(&p, e) < 0 || keypoints_end(k, e) < 0)
		return keypoints_back(k, &before);
	return 0;
}
