#pragma once

#include "base/crypto.h"
#include "core/job.h"
#include "core/walltime.h"
#include "store/store.h"

/* One try to analyse a job on a cluster. Its token works from insertion until it ends. */
enum { RUN_ID_BYTES = 65, ATTEMPT_LOG_BYTES = 4096 };

struct attempt {
	char id[ATTEMPT_ID_BYTES], job[ID_BYTES];
	int n;
	uint8_t nonce[16], token_sha256[SHA256_BYTES];
	char cluster_id[96], run_id[RUN_ID_BYTES], outcome[12], step[24], error_kind[32],
		error_text[JOB_TEXT_BYTES], engine[32];
	int64_t created_ms, submitted_ms, checked_in_ms, heartbeat_ms, ended_ms; /* 0: not yet */
	int64_t relayed_ms, never_runs_ms;                                       /* 0: no */
	int64_t walltime_s, frames;                                              /* 0: not known yet */
	int percent, strikes;
	bool relay;
	uint8_t result_sha256[SHA256_BYTES];
};

int store_attempt_insert(struct tx *tx, const struct attempt *a, struct err *e);
/* Return 0, STORE_NONE, -1 */
int store_attempt_get(struct tx *tx, const char *id, struct attempt *ret, struct err *e);
int store_attempts_of_job(
	struct tx *tx, const char *job, struct attempt *out, unsigned max, unsigned *ret_n, struct err *e);
/* Does any attempt that is not forgotten yet have this token? Return 0, STORE_NONE, -1 */
int store_attempt_token_known(struct tx *tx, const uint8_t sha256[SHA256_BYTES], struct err *e);
/* How many of the job's latest ended attempts failed with @error_kind, one after the other. */
int store_attempts_in_a_row(struct tx *tx, const char *job, const char *error_kind, int *ret, struct err *e);
/* A page of the attempts that may have left something on the cluster, oldest first: those that were handed
 * over, and those that ended before the cluster's answer was written down. @after: the last id of the page
 * before, "" for the first. */
int store_attempts_open(
	struct tx *tx, const char *after, struct attempt *out, unsigned max, unsigned *ret_n, struct err *e);
/* How many attempts failed with @error_kind since then; how many wait though they can never run. */
int store_attempts_failed(
	struct tx *tx, const char *error_kind, int64_t since_ms, int64_t *ret, struct err *e);
int store_attempts_never_run(struct tx *tx, int64_t *ret, struct err *e);
/* The latest attempts of @engine that succeeded and whose frames are known. */
int store_walltime_samples(struct tx *tx, const char *engine, struct walltime_sample *out, unsigned max,
	unsigned *ret_n, struct err *e);
/* The longest walltime that was not enough for the job; 0: none. */
int store_walltime_too_short(struct tx *tx, const char *job, int64_t *ret_s, struct err *e);

/* What was decided for it before it is handed over: engine, frames, walltime_s of @a. */
int store_attempt_plan(struct tx *tx, const struct attempt *a, struct err *e);
/* Its work order and videos lie on the cluster. */
int store_attempt_relayed(struct tx *tx, const char *id, int64_t now_ms, struct err *e);
/* The scheduler says that it can never run; @since_ms 0: not any more. */
int store_attempt_never_runs(struct tx *tx, const char *id, int64_t since_ms, struct err *e);
int store_attempt_submitted(
	struct tx *tx, const char *id, const char *cluster_id, int64_t now_ms, struct err *e);
/* Bind the run id if none is bound yet. Return 0 bound (now or before, the same); STORE_NONE another one is;
 * -1 */
int store_attempt_bind(struct tx *tx, struct attempt *a, const char *run_id, int64_t now_ms, struct err *e);
int store_attempt_progress(
	struct tx *tx, const char *id, const char *step, int percent, int64_t now_ms, struct err *e);
int store_attempt_strikes(struct tx *tx, const char *id, int strikes, struct err *e);

/* @outcome complete, error, cancelled or lost; the token is dead from here on. */
struct attempt_end {
	const char *outcome, *error_kind, *error_text, *log; /* NULL: "" */
	const uint8_t *result_sha256;                        /* NULL: none */
	double score;                                        /* NaN: none */
};
int store_attempt_end(
	struct tx *tx, const char *id, const struct attempt_end *end, int64_t now_ms, struct err *e);

/* Nothing of it is left on the cluster; @log "" keeps what is there, and the words about a lost one stay in
 * front of it. An erased job gets no log again. */
int store_attempt_forgotten(struct tx *tx, const char *id, const char *log, int64_t now_ms, struct err *e);

/* The log of an attempt for the operator, malloc'd; NULL where empty. */
int store_attempt_log(struct tx *tx, const char *id, char **ret, struct err *e);
