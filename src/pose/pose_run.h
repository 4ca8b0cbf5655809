#pragma once

#include "base/err.h"
#include "pose/options.h"

/* A whole run: look, choose the walker, follow, write. */
struct pose_result {
	size_t frames, frames_with_person;
	double fps, elapsed_s, cpu_s;
	bool several;
};

/**
 * pose_run() - do what the command line asks for
 * @ret    set on 0
 * Return  0 done; POSE_NOBODY: no walking person in the video, nothing written; -1 and @e
 */
#define POSE_NOBODY 1
int pose_run(const struct pose_options *o, struct pose_result *ret, struct err *e);

/* Milliseconds of the processor for one of @n runs of the model alone, on noise. */
int pose_bench(const struct pose_options *o, int n, double *ret_ms, struct err *e);
