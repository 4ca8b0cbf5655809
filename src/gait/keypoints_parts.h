#pragma once

#include "base/json_pull.h"
#include "gait/keypoints.h"

/* For keypoints*.c only: what the readers of frames, documents and meta.json share. */

/* What meta.json may say, and a document beside its frames. Zero: not said. */
struct about {
	double fps;
	int width, height;
	char engine[64];
	bool several;
	enum layout layout;
	enum coordinates coordinates;
};

/* Names of its members, to stand first in a list for json_pull_member(). */
#define ABOUT_NAMES "fps", "width", "height", "engine", "flags", "layout", "coordinates"
enum { ABOUT_MEMBERS = 7 };

/* Read the value of member 1 … ABOUT_MEMBERS, as json_pull_member() counts. */
int about_read(struct about *a, int member, struct json_pull *p, struct err *e);
void about_apply(const struct about *a, struct keypoints *k);

/* Where a set was before something was added, to go back to on failure. */
struct keypoints_mark {
	size_t frames, people;
	enum layout layout;
	float reach;
};

struct keypoints_mark keypoints_mark(const struct keypoints *k);
int keypoints_back(struct keypoints *k, const struct keypoints_mark *m); /* always -1 */

/* Make room for more frames, or people behind the @waiting ones that belong to no frame yet. */
int keypoints_room_frames(struct keypoints *k, size_t more, struct err *e);
int keypoints_room_person(struct keypoints *k, size_t waiting, struct err *e);

/* Put numbers of one person into the place that keypoints_room_person() made. */
int keypoints_put(struct keypoints *k, size_t waiting, const double *v, size_t count, struct err *e);

/* Read a list of OpenPose's people to behind k->people; *@ret_count of them wait for their frame. */
int keypoints_people(struct keypoints *k, struct json_pull *p, size_t *ret_count, struct err *e);

/* The frame of @count waiting people; there is room for it. */
void keypoints_close(struct keypoints *k, size_t count);

/* COCO's results list (keypoints_results.c). */
int keypoints_results(struct keypoints *k, struct json_pull *p, struct err *e);
