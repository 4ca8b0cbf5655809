#include "service/worker.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "core/token.h"
#include "service/attempt_end.h"
#include "service/attempt_plan.h"
#include "service/retry_step.h"

static int claim(struct service *s, enum claim what, char *lease, struct job *job, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	service_new_lease(s, lease, LEASE_BYTES);
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0)
		return -1;
	int r = store_claim(tx, what, s->opt.max_in_flight, lease, clock_wall_ms(), job, e);
	return r != 0 ? r : store_commit(&tx, e);
}

/* Queued → staging, with a new attempt whose token is known to nobody yet. One transaction, no I/O. */
static int dispatch(struct service *s, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char lease[LEASE_BYTES], token[TOKEN_BYTES];
	struct job job;
	struct attempt a = { 0 };
	int64_t now = clock_wall_ms();

	service_new_lease(s, lease, sizeof lease);
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0)
		return -1;
	int r = store_claim(tx, CLAIM_DISPATCH, s->opt.max_in_flight, lease, now, &job, e);
	if (r != 0)
		return r;
	a.n = job.attempt + 1;
	a.created_ms = now;
	a.relay = s->opt.relay;
	attempt_id_make(job.id, a.n, a.id);
	memcpy(a.job, job.id, ID_BYTES);
	random_bytes(a.nonce, sizeof a.nonce);
	const struct job_change c = {
		.to = JOB_PROCESSING, .phase = PHASE_STAGING, .new_attempt = true, .lease = lease
	};
	if (token_for_attempt(s->key, a.id, a.nonce, token, e) < 0 ||
		token_hash(token, a.token_sha256, e) < 0 || store_job_change(tx, &job, &c, now, e) != 0 ||
		store_attempt_insert(tx, &a, e) < 0 || store_commit(&tx, e) < 0)
		return -1;
	secret_wipe(token, sizeof token);
	log_event(LOG_INFO, "job.dispatched", LOG_S("job", job.id), LOG_I("attempt", a.n));
	wake_poke(&s->stager);
	return WORKER_WORKED;
}

/* The cluster answered: write it down, unless the check-in or a cancel was quicker. */
static int submitted(struct service *s, const struct job *claimed, const char *lease, const char *attempt,
	const char *cluster_id, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct job job;
	int64_t now = clock_wall_ms();
	const struct job_change c = { .to = JOB_PROCESSING, .phase = PHASE_SUBMITTED, .lease = lease };

	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_attempt_submitted(tx, attempt, cluster_id, now, e) < 0 ||
		store_job_get(tx, claimed->id, &job, e) != 0)
		return -1;
	if (job.state == JOB_PROCESSING && job.phase == PHASE_STAGING &&
		store_job_change(tx, &job, &c, now, e) < 0)
		return -1;
	if (store_job_release(tx, job.id, lease, now, e) < 0)
		return -1;
	log_event(LOG_INFO, "attempt.submitted", LOG_S("attempt", attempt), LOG_S("cluster_id", cluster_id));
	return store_commit(&tx, e);
}

/* The cluster refused for good. */
static int refused(struct service *s, const struct job *claimed, const char *attempt, const struct err *why,
	struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct job job;
	struct attempt a;
	const struct attempt_failure f = { .kind = "submission_refused",
		.outcome = "error",
		.log = why->msg,
		.text = "The computing centre did not accept the analysis. The operators have been told." };

	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || store_job_get(tx, claimed->id, &job, e) != 0 ||
		store_attempt_get(tx, attempt, &a, e) != 0 ||
		/* Not where it runs all the same: then its check-in says more than the answer that we got. */
		(job.state == JOB_PROCESSING && job.phase == PHASE_STAGING && job.attempt == a.n &&
			attempt_failed(s, tx, &job, &a, &f, clock_wall_ms(), e) < 0))
		return -1;
	return store_commit(&tx, e);
}

static int submit(struct service *s, struct err *e)
{
	char lease[LEASE_BYTES], attempt[ATTEMPT_ID_BYTES], token[TOKEN_BYTES],
		cluster_id[CLUSTER_ID_BYTES] = "";
	struct job job;
	struct attempt a;
	int r = claim(s, CLAIM_SUBMIT, lease, &job, e);

	if (r != 0)
		return r;
	attempt_id_make(job.id, job.attempt, attempt);
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(s->store, STORE_READ, &tx, e) < 0 ||
			store_attempt_get(tx, attempt, &a, e) != 0)
			return retry_step_later(s, &job, lease, e);
	}
	r = attempt_plan_or_end(s, &a, e);
	if (r != 0)
		return r < 0 ? retry_step_later(s, &job, lease, e) : WORKER_WORKED;
	if (token_for_attempt(s->key, a.id, a.nonce, token, e) < 0)
		return -1;
	const struct cluster_job order = { .attempt = attempt,
		.token = token,
		.callback_url = s->opt.callback_url,
		.walltime_s = a.walltime_s,
		.want_gpu = s->opt.want_gpu,
		.relay = a.relay };
	FAULT_POINT("worker.before_submit");
	r = s->cluster->ops->submit(s->cluster, &order, cluster_id, e);
	FAULT_POINT("worker.after_submit");
	secret_wipe(token, sizeof token);
	if (r == 0)
		return submitted(s, &job, lease, attempt, cluster_id, e);
	service_log_failure("cluster.submit_failed", job.id, e);
	struct err why = *e;
	return err_may_retry(why.kind) ? retry_step_cluster(s, &job, lease, &why, e)
				       : refused(s, &job, attempt, &why, e);
}

static int cancel(struct service *s, struct err *e)
{
	char lease[LEASE_BYTES], attempt[ATTEMPT_ID_BYTES] = "";
	struct job job;
	int r = claim(s, CLAIM_CANCEL, lease, &job, e);

	if (r != 0)
		return r;
	if (job.state == JOB_PROCESSING) {
		attempt_id_make(job.id, job.attempt, attempt);
		if (s->cluster->ops->cancel(s->cluster, attempt, e) < 0) {
			service_log_failure("cluster.cancel_failed", job.id, e);
			return retry_step_later(s, &job, lease, e);
		}
	}
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t now = clock_wall_ms();
	const struct attempt_end end = { .outcome = "cancelled", .score = NAN };
	const struct job_change c = { .to = JOB_CANCELLED };
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || store_job_get(tx, job.id, &job, e) != 0)
		return -1;
	if (!job_state_terminal(job.state) && store_job_change(tx, &job, &c, now, e) < 0)
		return -1;
	if (*attempt && store_attempt_end(tx, attempt, &end, now, e) < 0)
		return -1;
	log_event(LOG_INFO, "job.cancelled", LOG_S("job", job.id));
	return store_commit(&tx, e);
}

int worker_once(struct service *s, struct err *e)
{
	int (*const steps[])(struct service *, struct err *) = { cancel, submit, dispatch };
	int outcome = WORKER_IDLE;

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		int r = steps[i](s, e);
		if (r < 0)
			return -1;
		if (r == 0)
			outcome = WORKER_WORKED;
	}
	return outcome;
}

void *worker_main(void *service)
{
	struct service *s = service;

	return retry_step_loop(s, &s->worker, "worker.failed", worker_once);
}
