#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "service/attempt_end.h"
#include "service/retry_step.h"
#include "service/worker.h"

/* Videos go from the spool to the blob store. Each step may be repeated: the store takes the same content
 * under the same key again, and the spool file is dropped only after the row says that the store has it. */

struct polled {
	struct service *svc;
	const char *job;
};

/* Asked now and then during a long upload: is a cancel wanted, or does the house close? */
static int wants_stop(void *arg)
{
	struct polled *p = arg;
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct job job;

	if (wake_stopping(&p->svc->stager))
		return -1;
	if (store_begin(p->svc->store, STORE_READ, &tx, NULL) < 0 ||
		store_job_get(tx, p->job, &job, NULL) != 0)
		return 0;
	return job.cancel_requested ? -1 : 0;
}

static int stage_one(struct service *s, const struct job *job, const struct video *v, struct err *e)
{
	char key[BLOB_KEY_BYTES], path[4096];
	struct polled polled = { .svc = s, .job = job->id };
	struct blob_stat want = { .bytes = v->bytes };

	job_input_key(job->id, v, key);
	memcpy(want.sha256, v->sha256, SHA256_BYTES);
	if (service_spool_path(s, v->spool_name, path, sizeof path, e) < 0 ||
		s->blob->ops->put_file(s->blob, key, path, &want, wants_stop, &polled, e) < 0)
		return err_wrap(e, "%s video", view_name(v->view));
	FAULT_POINT("stager.after_put");
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_video_staged(tx, job->id, v->view, key, e) < 0 || store_commit(&tx, e) < 0)
		return -1;
	FAULT_POINT("stager.before_unlink");
	unlink(path);
	return 0;
}

/* The spooled video is gone or damaged, or its key in the store is taken: no retry brings it back. */
static int give_up(struct service *s, const char *id, const struct err *why, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct job job;
	struct attempt a;
	char attempt[ATTEMPT_ID_BYTES];
	const struct attempt_failure f = { .kind = "checksum_mismatch",
		.outcome = "error",
		.log = why->msg,
		.text = "A stored video was damaged. Please upload both videos again." };

	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || store_job_get(tx, id, &job, e) != 0)
		return -1;
	attempt_id_make(job.id, job.attempt, attempt);
	if (store_attempt_get(tx, attempt, &a, e) != 0 ||
		attempt_failed(s, tx, &job, &a, &f, clock_wall_ms(), e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int stager_once(struct service *s, struct err *e)
{
	char lease[LEASE_BYTES];
	struct job job;
	struct video videos[VIEW_COUNT];
	unsigned n = 0;

	service_new_lease(s, lease, sizeof lease);
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(s->store, STORE_WRITE, &tx, e) < 0)
			return -1;
		int r = store_claim(tx, CLAIM_STAGE, s->opt.max_in_flight, lease, clock_wall_ms(), &job, e);
		if (r != 0)
			return r;
		if (store_job_videos(tx, job.id, videos, &n, e) < 0 || store_commit(&tx, e) < 0)
			return -1;
	}
	for (unsigned i = 0; i < n; i++) {
		if (*videos[i].blob_key || stage_one(s, &job, &videos[i], e) == 0)
			continue;
		struct err why = *e;
		struct polled polled = { .svc = s, .job = job.id };
		/* Whether somebody asked us to stop, or the key holds something else, is told by one kind. */
		if (why.kind == ERR_CORRUPT || why.kind == ERR_NOT_FOUND ||
			(why.kind == ERR_CONFLICT && wants_stop(&polled) == 0))
			return give_up(s, job.id, &why, e);
		service_log_failure("job.staging_failed", job.id, &why);
		return retry_step_later(s, &job, lease, e);
	}
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_job_release(tx, job.id, lease, clock_wall_ms(), e) < 0 || store_commit(&tx, e) < 0)
		return -1;
	wake_poke(&s->worker);
	return WORKER_WORKED;
}

void *stager_main(void *service)
{
	struct service *s = service;

	return retry_step_loop(s, &s->stager, "stager.failed", stager_once);
}
