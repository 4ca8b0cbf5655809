#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "pose/landmarks.h"

/* From a video's own frame times to a constant rate. Pure: no video needed. */
struct timeline {
	const double *times; /* borrowed: the source frames' times, ascending */
	size_t ntimes;
	double start_s, fps; /* of the output: frame k is at start_s + k / fps */
	double source_fps;   /* usual rate of the source */
	size_t frames;       /* of the output */
	bool variable;       /* the source's intervals differ: frames are placed by time */
	bool reduced;        /* the source has more frames a second than are used */
	size_t gaps;         /* intervals of the source longer than TIMELINE_MAX_GAP_S and 1.5 frames */
	double max_gap_s;    /* key points are interpolated over no longer interval */
};

/* Shorter gaps are filled linearly, longer ones stay empty (Stenum 2021). */
#define TIMELINE_MAX_GAP_S 0.12

/**
 * timeline_plan() - settle the output's rate
 * @times    ascending, seconds; borrowed for the timeline's life
 * @max_fps  more are thinned to a half, a third, …
 * Errors    ERR_MEDIA under 2 frames or without an extent in time
 */
int timeline_plan(const double *times, size_t n, double max_fps, struct timeline *ret, struct err *e);

/* The source frame nearest to time @t. */
size_t timeline_nearest(const struct timeline *tl, double t);

double timeline_at(const struct timeline *tl, size_t output_frame);

/* Does any output frame need source frame @i? All are needed unless the rate is reduced. */
bool timeline_needs(const struct timeline *tl, size_t i);

/* Output frame @k's key points: those of the source frame at its time, or interpolated between its two
 * neighbours; not found where one of them is missing or they lie too far apart. @poses: one a source frame.
 */
void timeline_pose(const struct timeline *tl, const struct body25 *poses, size_t k, struct body25 *ret);
