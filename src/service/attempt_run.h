#pragma once

#include "service/service.h"
#include "store/attempts.h"
#include "store/jobs.h"

/* What is learned of an attempt that runs, the same whether it says so itself (service/checkin.h) or its
 * files on the cluster do (a relayed one). In the caller's write transaction, with job and attempt as read in
 * it. */

/* Is it a run id? ERR_FIELD where not. */
int attempt_run_id_check(const char *run_id, struct err *e);

/* It runs under @run_id. Return 0; STORE_NONE where another run was first: this one does not count; -1 */
int attempt_run_bind(
	struct tx *tx, struct job *job, struct attempt *a, const char *run_id, int64_t now_ms, struct err *e);

/* @step [a-z_]{1,23}, @percent 0 to 100: else ERR_FIELD */
int attempt_run_progress(struct tx *tx, struct job *job, const struct attempt *a, const char *step,
	int percent, int64_t now_ms, struct err *e);
