#pragma once

#include <stdint.h>

/* How long an attempt may take: start-up + frames × seconds a frame as learned from attempts that succeeded,
 * within limits. Pure: the same facts give the same answer. */

struct walltime_limits {
	int64_t startup_s; /* before the first frame: the scheduler's prologue, the image, the download */
	int64_t first_s;   /* where nothing is learned yet */
	int64_t min_s, max_s;
};

/* One attempt that succeeded. */
struct walltime_sample {
	int64_t run_ms; /* from the check-in to the end */
	int64_t frames; /* of both videos */
};

enum {
	WALLTIME_SAMPLES = 100,   /* as many of the latest are looked at */
	WALLTIME_SAMPLES_MIN = 5, /* fewer teach nothing */
	WALLTIME_EXHAUSTED = 1,
};

/**
 * walltime_learn() - seconds a frame that nearly every attempt stays below
 * The 90th percentile (nearest rank) times 1.5: one slow node among many does not count, a busy day does.
 * @s      reordered; samples without frames or time are left out
 * Return  seconds a frame; NaN below WALLTIME_SAMPLES_MIN usable samples
 */
double walltime_learn(struct walltime_sample *s, unsigned n);

/**
 * walltime_choose() - the walltime of the next attempt
 * @frames        of both videos, or more than they can have; 0: unknown
 * @frame_s       of walltime_learn(), may be NaN
 * @too_short_s   the longest walltime that was not enough for this job, 0: none. The next is at least twice
 * as long, or the limit Return         0 and *@ret_s; WALLTIME_EXHAUSTED where the limit was not enough
 * either
 */
int walltime_choose(
	const struct walltime_limits *l, int64_t frames, double frame_s, int64_t too_short_s, int64_t *ret_s);
