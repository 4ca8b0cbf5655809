#pragma once

#include "base/crypto.h"
#include "core/job.h"
#include "store/store.h"

/* One try to analyse a job on a cluster. Its token works from insertion until it ends. */
enum { RUN_ID_BYTES = 65, ATTEMPT_LOG_BYTES = 4096 };

struct attempt {
	char id[ATTEMPT_ID_BYTES], job[ID_BYTES];
	int n;
	uint8_t nonce[16], token_sha256[SHA256_BYTES];
	char cluster_id[96], run_id[RUN_ID_BYTES], outcome[12], step[24], error_kind[32],
		error_text[JOB_TEXT_BYTES];
	int64_t created_ms, submitted_ms, checked_in_ms, heartbeat_ms, ended_ms; /* 0: not yet */
	int percent, strikes;
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
/* Attempts that may have left something on the cluster, oldest first: those that were handed over, and those
 * that ended before the cluster's answer was written down. */
int store_attempts_open(struct tx *tx, struct attempt *out, unsigned max, unsigned *ret_n, struct err *e);

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

/* Nothing of it is left on the cluster; @log "" keeps what is there. An erased job gets no log again. */
int store_attempt_forgotten(struct tx *tx, const char *id, const char *log, int64_t now_ms, struct err *e);

/* The log of an attempt for the operator, malloc'd; NULL where empty. */
int store_attempt_log(struct tx *tx, const char *id, char **ret, struct err *e);
