#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ports/cluster.h"

/* The embedded cluster: attempts run on this machine, each under a supervisor of its own (gait-supervise)
 * outside our process group. Nothing of a running attempt lives in this process: a driver that is opened
 * again, by a restarted gaitd or by gaitctl, finds all of them in the folder. */
struct cluster_local_options {
	const char *root;           /* one folder an attempt below it; made (0700) where absent */
	const char *supervise_path; /* gait-supervise */
	const char *script_path;    /* gait-job.pbs */
	/* NULL-terminated "GAIT_…=value" for the script: GAIT_POSE, GAIT_ANALYZE, GAIT_WEIGHTS, GAIT_MODEL,
	 * GAIT_ALLOW_DEMONSTRATION …; may be NULL. Only names that begin with GAIT_ reach it, besides PATH,
	 * HOME and TMPDIR. */
	const char *const *env;
	unsigned max_running;  /* at once; further ones wait in turn; 0: 1 */
	int64_t grace_ms;      /* from TERM to KILL; 0: 10 s */
	int64_t log_max_bytes; /* of one attempt's log; 0: 256 KB */
};

/**
 * cluster_local_open() - the driver over one folder
 * @o        borrowed for the call only; all text is copied
 * @ret      set on 0; caller closes with (*ret)->ops->close()
 * Return    0; -1 with ERR_CONFIG (an option is missing or no path), ERR_IO (the folder cannot be made)
 * Threads   submit, status, cancel, log and forget may run at the same time, in several processes too
 */
int cluster_local_open(const struct cluster_local_options *o, struct cluster **ret, struct err *e);
