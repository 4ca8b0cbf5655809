#pragma once

#include <stdint.h>

#include "base/err.h"

/* The supervisor's work once it stands alone: wait for a place, run the job script once, end it in time, say
 * the last word where the script left none. Only gait-supervise calls this. */
struct cluster_run {
	const char *dir;    /* the attempt's folder, absolute */
	const char *script; /* run as: bash SCRIPT DIR */
	unsigned slots;     /* how many attempts of this root may run at once */
	int64_t grace_ms;   /* from TERM to KILL */
	int64_t log_max_bytes;
};

/**
 * cluster_run_job() - from the lock to the last word
 * The caller holds the attempt's lock and has no children; signals may still have their defaults.
 * Order   `started` is durable before the script starts: after a crash in between it never runs, which the
 *         driver reports as an end without a word; it can never run twice.
 * Ends it at the wall-time limit of job.json, when the folder gets a `cancel`, and on SIGTERM: TERM to the
 * script's process group, KILL after the grace time. Every descendant is killed before the return, those in
 * process groups and sessions of their own too (PR_SET_CHILD_SUBREAPER).
 * Return  0 however the job ended; -1 where it could not be run: then the last word says so as well
 */
int cluster_run_job(const struct cluster_run *r, struct err *e);
