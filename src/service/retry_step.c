#include "service/retry_step.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/retry.h"
#include "service/worker.h"
#include "store/jobs.h"

enum { UNREACHABLE_MS = 120000 };

/* Nothing is said of a hiccup. */
static int tell(struct tx *tx, const struct job *seen, const struct err *why, int64_t now, struct err *e)
{
	struct job job;

	if (now - seen->updated_ms < UNREACHABLE_MS)
		return 0;
	if (store_job_get(tx, seen->id, &job, e) != 0)
		return -1;
	if (job.state != JOB_PROCESSING || job.phase != PHASE_STAGING || job.cancel_requested)
		return 0;
	return store_job_note(tx, &job,
		why->kind == ERR_UNAVAILABLE || why->kind == ERR_TIMEOUT
			? "The computing centre cannot be reached, trying again."
			: "The computing centre cannot take the analysis at present, trying again.",
		now, e);
}

int retry_step_cluster(
	struct service *s, const struct job *job, const char *lease, const struct err *why, struct err *e)
{
	struct err cause = { 0 };
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(s->store, STORE_WRITE, &tx, &cause) < 0 ||
			tell(tx, job, why, clock_wall_ms(), &cause) < 0 || store_commit(&tx, &cause) < 0)
			service_log_failure("job.note_failed", job->id, &cause);
	}
	return retry_step_later(s, job, lease, e);
}

int retry_step_later(struct service *s, const struct job *job, const char *lease, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t now = clock_wall_ms(), pause = (now - job->updated_ms) / 2;

	pause = pause < 1000 ? 1000 : pause > 300000 ? 300000 : pause;
	pause = retry_delay_ms(1, pause, pause, service_random());
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_job_release(tx, job->id, lease, now + pause, e) < 0)
		return -1;
	return store_commit(&tx, e);
}

static int64_t until_due(struct service *s)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t due;

	if (store_begin(s->store, STORE_READ, &tx, NULL) < 0 || store_next_due(tx, &due, NULL) < 0)
		return 1000;
	int64_t most = s->opt.poll_interval_ms * 5, wait = due == INT64_MAX ? most : due - clock_wall_ms();
	/* A job that is due but not claimable (the cluster is full) is no reason to spin; nor is a jump of
	 * the clock a reason to sleep long. */
	return wait < 200 ? 200 : wait > most ? most : wait;
}

void *retry_step_loop(
	struct service *s, struct wake *w, const char *event, int (*step)(struct service *, struct err *))
{
	int failures = 0;

	while (!wake_stopping(w)) {
		struct err e = { 0 };
		int r = step(s, &e);
		if (r < 0) {
			service_log_failure(event, "", &e);
			failures++;
			(void)wake_wait(w, retry_delay_ms(failures, 500, 30000, service_random()));
			continue;
		}
		failures = 0;
		if (r == WORKER_IDLE)
			(void)wake_wait(w, until_due(s));
	}
	return NULL;
}
