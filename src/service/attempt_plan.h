#pragma once

#include "service/service.h"
#include "store/attempts.h"

/* What is decided for an attempt just before it is handed over. */

enum { PLAN_EXHAUSTED = 1 };

/**
 * attempt_plan() - choose the walltime, once an attempt
 * In the caller's write transaction; @a gets engine, frames and walltime_s. Does nothing where that was done.
 * Return 0; PLAN_EXHAUSTED where the longest walltime that is allowed was not enough before; -1
 */
int attempt_plan(struct service *s, struct tx *tx, struct attempt *a, struct err *e);

/* The same in a transaction of its own; where it is exhausted, the job ends with words that say so, and 1 is
 * returned. */
int attempt_plan_or_end(struct service *s, struct attempt *a, struct err *e);

/**
 * video_describe() - how many frames has a video?
 * Asks the pose engine (cluster.pose_path), a child that locks itself in before it reads hostile bytes.
 * Return  frames; 0 where that cannot be told
 */
int64_t video_describe(struct service *s, const char *path);
