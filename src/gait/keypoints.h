#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gait/body.h"

/* Key points as a pose engine wrote them: BODY_25, image pixels, x right, y DOWN, confidence 0…1; a point
 * that was not seen is (0, 0, 0). Every text comes from outside and is refused with its reason. */
struct keypoint {
	float x, y, c;
};

struct person {
	struct keypoint p[BODY_POINTS];
};

enum {
	KEYPOINTS_MAX_FRAMES = 108000, /* 30 minutes at 60 a second */
	KEYPOINTS_MAX_PEOPLE = 64,     /* in one frame */
	KEYPOINTS_MAX_TOTAL = 432000,  /* people × frames: 130 MB */
	KEYPOINTS_MAX_TEXT = 1 << 20,  /* bytes of one frame's JSON, and of meta.json */
};

struct keypoints {
	double fps;        /* frames a second; 0 until known */
	int width, height; /* of the image, pixels; 0: unknown */
	char engine[64];   /* "" : unknown */
	bool several;      /* the engine could not tell for sure whom to follow */
	size_t frames, people;
	uint32_t *first; /* frames + 1 indices into person: frame f has first[f] … first[f + 1] - 1 */
	struct person *person;
	size_t cap_frames, cap_people;
};

void keypoints_init(struct keypoints *k);
void keypoints_deinit(struct keypoints *k);
#define KEYPOINTS_CLEANUP __attribute__((cleanup(keypoints_deinit)))

/**
 * keypoints_meta() - take fps, width, height, engine and the flag several_people from meta.json
 * Errors  ERR_INVALID: not JSON; fps outside 5…1000; a size outside 16…16384 (absent sizes stay 0)
 */
int keypoints_meta(struct keypoints *k, const char *text, size_t len, struct err *e);

/**
 * keypoints_add() - append one frame from OpenPose's JSON (version 1.x)
 * Errors  ERR_INVALID: not JSON, no "people", other than 75 numbers a person, a number that is no pixel or
 *         no confidence; ERR_TOO_LARGE: more than KEYPOINTS_MAX_…; ERR_NOMEM. On failure nothing is added.
 * Source  OpenPose, doc/02_output.md (2021): pose_keypoints_2d = x0, y0, c0, x1, …
 */
int keypoints_add(struct keypoints *k, const char *text, size_t len, struct err *e);

/* Append a frame without people: the engine left its file out. */
int keypoints_add_empty(struct keypoints *k, struct err *e);
