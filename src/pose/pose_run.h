#pragma once

#include "base/err.h"
#include "pose/options.h"

struct pose_cost {
	double wall_s, cpu_s; /* cpu: of all threads */
};

/* A whole run: look, choose the walker, follow, write. */
struct pose_result {
	size_t frames, frames_with_person;
	double fps;
	bool several;
	struct pose_cost cost;
};

/**
 * pose_run() - do what the command line asks for
 * @ret    set on 0
 * Return  0 done; POSE_NOBODY: no walking person in the video, nothing written; -1 and @e
 */
#define POSE_NOBODY 1
int pose_run(const struct pose_options *o, struct pose_result *ret, struct err *e);

/* What was spent since; since the process began for zeros. */
struct pose_cost pose_cost_since(struct pose_cost begun);

/* What @n runs of the model alone cost, on noise. */
int pose_bench(const struct pose_options *o, int n, struct pose_cost *ret, struct err *e);
