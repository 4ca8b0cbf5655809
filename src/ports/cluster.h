#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "ports/probe.h"

/* Where attempts run. The one rule: the scheduler's word only raises a suspicion, the attempt's own status
 * file is what counts; "unknown" never means "failed" by itself. Drivers: drivers/cluster_local,
 * drivers/cluster_pbs. */

struct cluster;

enum { CLUSTER_ATTEMPT_BYTES = 48, CLUSTER_ID_BYTES = 96, CLUSTER_NONE = 1 };

/* What is needed to run one attempt. All text is borrowed. */
struct cluster_job {
	const char *attempt; /* [a-z0-9-], unique for ever; the job's name at the scheduler */
	const char *token;   /* the attempt's bearer; a secret: never in an argument list or environment */
	const char *callback_url; /* https://host/api/v1, without a final slash */
	int64_t walltime_s;
	bool want_gpu;
	/* The node reaches neither gaitd nor the store: its work order and videos were put() beforehand, it
	 * leaves run id and progress in its folder (struct cluster_status) and its outputs there for get().
	 */
	bool relay;
};

struct cluster_file {
	int64_t bytes;
	uint8_t sha256[SHA256_BYTES];
};

enum cluster_state {
	CLUSTER_UNKNOWN, /* not found, or could not be told now */
	CLUSTER_QUEUED,
	CLUSTER_RUNNING,
	CLUSTER_FINISHED, /* no longer running; look at `outcome` */
};

struct cluster_status {
	char attempt[CLUSTER_ATTEMPT_BYTES]; /* in: which */
	enum cluster_state state;
	bool has_outcome; /* the attempt's own status file was there; the fields below are its words */
	int exit_code;
	char error_kind[32]; /* "" or as in the completion: "pose_failed", "walltime", "node_misconfigured" …
			      */
	char error_text[256];
	char result_sha256[65]; /* of result.json, or "" */
	/* UNKNOWN only because the scheduler did not answer, or is moving it: says nothing, ask again. */
	bool untold;
	/* FINISHED without an outcome: how, by the scheduler's word: "walltime", "memory", "deleted", "node",
	 * "" */
	char end[16];
	bool never_runs; /* queued, or ended unrun, by the scheduler's word for ever: `detail` says why */
	/* Of a relayed attempt, as far as it is: "" and 0 before. */
	char run_id[65], step[24];
	int percent;
	char detail[128]; /* for the operator: the scheduler's comment, "supervisor is gone" … */
};

struct cluster_ops {
	const char *name;
	/**
	 * submit() - hand an attempt over; repeatable without harm
	 * A second call for the same attempt finds the first submission and returns its id.
	 * @ret_id  the scheduler's id of it, for people and logs
	 * Return   0; -1 with a may-retry kind (unreachable, busy) or a final one (refused by the scheduler)
	 */
	int (*submit)(struct cluster *c, const struct cluster_job *job, char ret_id[CLUSTER_ID_BYTES],
		struct err *e);
	/* All attempts of interest in one call: @s[i].attempt is given, the rest is filled in. */
	int (*status)(struct cluster *c, struct cluster_status *s, unsigned n, struct err *e);
	/* Ask it to end; 0 also where it is not running (any more). */
	int (*cancel)(struct cluster *c, const char *attempt, struct err *e);
	/* The last bytes of the attempt's log into @out (its cap bounds them). 0 also where there is none. */
	int (*log)(struct cluster *c, const char *attempt, struct buf *out, struct err *e);
	/* Remove what a finished attempt left behind; 0 also where nothing is left. */
	int (*forget)(struct cluster *c, const char *attempt, struct err *e);
	/**
	 * put(), get() - files of an attempt whose node has no way out (struct cluster_job, relay)
	 * put() makes the attempt's folder where there is none, before submit(); what arrived whole once is
	 * not sent again. get() writes the output to @fd from its start.
	 * @name   "order.json", "front.mp4", "result.json": [a-z0-9._-], 1 to 47 characters
	 * @want   size and SHA-256 of @path, checked at the other end before the name becomes visible
	 * @ret    size and SHA-256 of what was written to @fd
	 * @poll   called now and then with @poll_arg; a negative answer aborts with ERR_CONFLICT (cancelled)
	 * Return  0; CLUSTER_NONE (get: there is no such output); -1 (ERR_CORRUPT, ERR_TOO_LARGE beyond
	 * @max_bytes, ERR_NOSPACE, else may-retry kinds)
	 */
	int (*put)(struct cluster *c, const char *attempt, const char *name, const char *path,
		const struct cluster_file *want, int (*poll)(void *arg), void *poll_arg, struct err *e);
	int (*get)(struct cluster *c, const char *attempt, const char *name, int64_t max_bytes, int fd,
		struct cluster_file *ret, struct err *e);
	/* Can attempts run? Thorough: one on a compute node, which tries the way back. @p may be NULL. */
	int (*probe)(struct cluster *c, const struct probe *p, struct err *e);
	void (*close)(struct cluster *c);
};

struct cluster {
	const struct cluster_ops *ops;
};
