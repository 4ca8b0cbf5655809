#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gait/body.h"
#include "gait/keypoints_layout.h"

/* Key points as a pose engine wrote them, in BODY_25's order whatever the engine's own: image pixels, x
 * right, y DOWN, confidence 0…1; a point that was not seen, or that the engine does not know, is (0, 0, 0).
 * Every text comes from outside and is refused with its reason. */
struct keypoint {
	float x, y, c;
};

struct person {
	struct keypoint p[BODY_POINTS];
};

enum {
	KEYPOINTS_MAX_FRAMES = 108000,     /* 30 minutes at 60 a second */
	KEYPOINTS_MAX_PEOPLE = 64,         /* in one frame */
	KEYPOINTS_MAX_TOTAL = 432000,      /* people × frames: 130 MB */
	KEYPOINTS_MAX_TEXT = 1 << 20,      /* bytes of one frame's JSON, and of meta.json */
	KEYPOINTS_MAX_DOCUMENT = 64 << 20, /* bytes of a document (keypoints_document.h) */
};

enum coordinates {
	COORDINATES_UNKNOWN,
	COORDINATES_PIXELS,
	COORDINATES_NORMALIZED /* 0…1 over the image's width and height, a little beyond outside of it */
};

struct keypoints {
	double fps;         /* frames a second; 0 until known */
	int width, height;  /* of the image, pixels; 0: unknown */
	char engine[64];    /* "" : unknown */
	bool several;       /* the engine could not tell for sure whom to follow */
	enum layout layout; /* as told, or of the first person; set it before reading to overrule meta.json */
	enum coordinates coordinates;
	float reach; /* the largest |x| or |y| of a point that was seen */
	size_t frames, people;
	uint32_t *first; /* frames + 1 indices into person: frame f has first[f] … first[f + 1] - 1 */
	struct person *person;
	size_t cap_frames, cap_people;
};

void keypoints_init(struct keypoints *k);
void keypoints_deinit(struct keypoints *k);
#define KEYPOINTS_CLEANUP __attribute__((cleanup(keypoints_deinit)))

/**
 * keypoints_meta() - take what meta.json tells
 * fps; width, height; engine, a string or {"name": …}; flags, of which several_people; layout, one of
 * layout_names, unless @k has one; coordinates, "pixels" or "normalized". Other members are skipped.
 * Errors  ERR_INVALID: not JSON; fps outside 5…1000; a size outside 16…16384 (absent sizes stay 0); an
 *         unknown layout. On failure nothing is taken.
 */
int keypoints_meta(struct keypoints *k, const char *text, size_t len, struct err *e);

/**
 * keypoints_add() - append one frame from OpenPose's JSON (version 1.x)
 * Errors  ERR_INVALID: not JSON, no "people", a person whose count of numbers fits no layout, or another than
 *         those before; a number that is no coordinate or no confidence; ERR_TOO_LARGE: more than
 *         KEYPOINTS_MAX_…; ERR_NOMEM. On failure nothing is added.
 * Source  OpenPose, doc/02_output.md (2021): pose_keypoints_2d = x0, y0, c0, x1, …
 */
int keypoints_add(struct keypoints *k, const char *text, size_t len, struct err *e);

/* Append a frame without people: the engine left its file out. */
int keypoints_add_empty(struct keypoints *k, struct err *e);

/**
 * keypoints_end() - after the last frame: pixels, where the coordinates are normalized
 * They are where meta.json says so, or where it says nothing, the layout is MediaPipe's and no point lies
 * further out than 3, which is no person in pixels.
 * Errors  ERR_INVALID: normalized, and width or height unknown, or a point beyond 10; other layouts within 3
 *         (OpenPose's --keypoint_scale has several such scales, so meta.json must say which)
 */
int keypoints_end(struct keypoints *k, struct err *e);
