#include "service/checkin.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "core/token.h"
#include "service/attempt_run.h"
#include "service/work_order.h"

int attempt_authenticate(
	struct tx *tx, const char *attempt, const char *token, struct attempt *ret, struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	char job[ID_BYTES];
	int n, r = STORE_NONE;

	if (attempt_id_split(attempt, job, &n))
		r = store_attempt_get(tx, attempt, ret, e);
	if (r < 0 || token_hash(token, hash, e) < 0)
		return -1;
	if (r == STORE_NONE || !secret_equal(hash, ret->token_sha256, SHA256_BYTES))
		return err_set(e, ERR_NOT_FOUND, "no such attempt");
	return 0;
}

int attempt_current(const struct job *job, const struct attempt *a, struct err *e)
{
	if (a->ended_ms || job->attempt != a->n || job->state != JOB_PROCESSING)
		return err_set(e, ERR_CONFLICT, "this attempt is over");
	if (job->cancel_requested)
		return err_set(e, ERR_CONFLICT, "the job is being cancelled");
	return 0;
}

int attempt_key_open(struct service *s, const char *key, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char id[ATTEMPT_ID_BYTES];
	struct attempt a;
	struct job job;

	/* "jobs/<job>/<n>/<name>" */
	const char *n = str_starts(key, "jobs/") ? strchr(key + 5, '/') : NULL;
	const char *name = n ? strchr(n + 1, '/') : NULL;
	if (!name || snprintf(id, sizeof id, "%.*s-%.*s", (int)(n - key - 5), key + 5, (int)(name - n - 1),
			     n + 1) >= (int)sizeof id)
		return err_set(e, ERR_CONFLICT, "this is no output of an attempt");
	if (store_begin(s->store, STORE_READ, &tx, e) < 0)
		return -1;
	int r = store_attempt_get(tx, id, &a, e);
	if (r == 0)
		r = store_job_get(tx, a.job, &job, e);
	if (r != 0)
		return r < 0 ? -1 : err_set(e, ERR_CONFLICT, "this is no output of an attempt");
	return attempt_current(&job, &a, e);
}

/* Begin a write transaction with the attempt and its job, both checked. */
static int open_attempt(struct service *s, const char *attempt, const char *token, struct tx **tx,
	struct attempt *a, struct job *job, struct err *e)
{
	if (store_begin(s->store, STORE_WRITE, tx, e) < 0 ||
		attempt_authenticate(*tx, attempt, token, a, e) < 0)
		return -1;
	if (store_job_get(*tx, a->job, job, e) != 0)
		return err_set(e, ERR_NOT_FOUND, "no such attempt");
	return attempt_current(job, a, e);
}

int checkin(struct service *s, const char *attempt, const char *token, const char *run_id, struct buf *order,
	struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct attempt a;
	struct job job;
	struct video videos[VIEW_COUNT];
	unsigned n;

	if (attempt_run_id_check(run_id, e) < 0 || open_attempt(s, attempt, token, &tx, &a, &job, e) < 0)
		return -1;
	int r = attempt_run_bind(tx, &job, &a, run_id, clock_wall_ms(), e);
	if (r == STORE_NONE)
		return err_set(e, ERR_CONFLICT, "another run of this attempt checked in first");
	if (r < 0 || store_job_videos(tx, job.id, videos, &n, e) < 0 || store_commit(&tx, e) < 0)
		return -1;
	if (n != VIEW_COUNT)
		return err_set(e, ERR_CORRUPT, "job %s lacks a video", job.id);
	return work_order_write(s, &job, &a, videos, n, order, e);
}

int heartbeat(struct service *s, const char *attempt, const char *token, const char *run_id, const char *step,
	int percent, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct attempt a;
	struct job job;

	if (attempt_run_id_check(run_id, e) < 0 || open_attempt(s, attempt, token, &tx, &a, &job, e) < 0)
		return -1;
	if (strcmp(a.run_id, run_id) != 0)
		return err_set(e, ERR_CONFLICT, "another run of this attempt checked in");
	if (attempt_run_progress(tx, &job, &a, step, percent, clock_wall_ms(), e) < 0)
		return -1;
	return store_commit(&tx, e);
}
