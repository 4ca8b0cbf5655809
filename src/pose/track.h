#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "pose/detector.h"

/* Who walks? Detections of a look at the whole video become tracks, and the tracks are weighed:
 * size × time in view × movement. Pure: no video needed. Upright pixels of the working image. */

struct track_point {
	double t;
	struct detection d;
};

struct track {
	struct track_point *points; /* ascending in time, at least one */
	size_t n, cap;
	bool chosen; /* set by tracks_choose(): the walker's */
	float size;  /* mean radius; set by tracks_choose() */
	float weight;
};

struct tracks {
	struct track *list;
	size_t n, cap;
};

struct track_choice {
	size_t walker; /* the track that decided */
	bool several;  /* another person is nearly as likely: the choice is a guess */
	bool hint_used, hint_missed;
	size_t people; /* tracks long enough to be somebody else, the walker included */
};

void tracks_deinit(struct tracks *ts);

/**
 * tracks_add() - the detections at time @t, later than all before
 * Each continues the track whose predicted place is nearest (within its gate), or starts one.
 */
int tracks_add(struct tracks *ts, double t, const struct detection *d, size_t n, struct err *e);

/* Is just one person in view lately? Then *@ret is where that person should be at @t. */
bool tracks_alone(const struct tracks *ts, double t, struct detection *ret);

/* Has everybody in view been seen three times or more? Then the next look can wait a little longer. */
bool tracks_calm(const struct tracks *ts, double t);

/**
 * tracks_choose() - mark the walker's tracks (several, where the walker leaves and comes back)
 * @hint  x, y where the walker is in the first frame, or NULL
 * Return 0 and *@ret; TRACK_NOBODY where there is no track
 */
#define TRACK_NOBODY 1
int tracks_choose(struct tracks *ts, const float *hint, struct track_choice *ret);

/**
 * track_at() - where the walker is at time @t by the chosen tracks
 * Between points linearly; up to @beyond_s outside a track by its last movement.
 * Return true and *@ret; false where no chosen track is near
 */
bool track_at(const struct tracks *ts, double t, double beyond_s, struct detection *ret);

/* Is somebody else nearer to (x, y) at time @t than @within pixels, and nearer than the walker? */
bool track_is_other(const struct tracks *ts, double t, float x, float y, float within);
