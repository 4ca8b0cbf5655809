#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "service/attempt_end.h"
#include "service/attempt_plan.h"
#include "service/relay.h"
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

/* The attempt under work, and what went wrong with it where something did. */
struct staging {
	struct service *svc;
	struct job job;
	struct attempt a;
	char lease[LEASE_BYTES];
	struct video videos[VIEW_COUNT];
	unsigned n;
	struct polled polled;
	struct relay relay;
	bool cluster_failed; /* not the store */
};

static int stage_one(struct staging *g, struct video *v, struct err *e)
{
	struct service *s = g->svc;
	char key[BLOB_KEY_BYTES], path[4096];
	struct blob_stat want = { .bytes = v->bytes };

	job_input_key(g->job.id, v, key);
	memcpy(want.sha256, v->sha256, SHA256_BYTES);
	if (service_spool_path(s, v->spool_name, path, sizeof path, e) < 0)
		return -1;
	if (v->frames == 0)
		v->frames = video_describe(s, path);
	if (s->blob->ops->put_file(s->blob, key, path, &want, wants_stop, &g->polled, e) < 0)
		return err_wrap(e, "%s video", view_name(v->view));
	FAULT_POINT("stager.after_put");
	/* While there is a copy at hand. */
	if (g->a.relay && relay_video(&g->relay, v, path, e) < 0) {
		g->cluster_failed = true;
		return -1;
	}
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_video_frames(tx, g->job.id, v->view, v->frames, e) < 0 ||
		store_video_staged(tx, g->job.id, v->view, key, e) < 0 || store_commit(&tx, e) < 0)
		return -1;
	FAULT_POINT("stager.before_unlink");
	unlink(path);
	snprintf(v->blob_key, sizeof v->blob_key, "%s", key);
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

static int begin(struct staging *g, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct service *s = g->svc;
	char attempt[ATTEMPT_ID_BYTES];

	service_new_lease(s, g->lease, sizeof g->lease);
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0)
		return -1;
	int r = store_claim(tx, CLAIM_STAGE, s->opt.max_in_flight, g->lease, clock_wall_ms(), &g->job, e);
	if (r != 0)
		return r;
	attempt_id_make(g->job.id, g->job.attempt, attempt);
	if (store_job_videos(tx, g->job.id, g->videos, &g->n, e) < 0)
		return -1;
	if (store_attempt_get(tx, attempt, &g->a, e) != 0)
		return err_set(e, ERR_CORRUPT, "job %s lacks its attempt", g->job.id);
	g->polled = (struct polled){ .svc = s, .job = g->job.id };
	g->relay = (struct relay){
		.svc = s, .job = &g->job, .attempt = &g->a, .poll = wants_stop, .poll_arg = &g->polled
	};
	return store_commit(&tx, e);
}

static int stop_short(struct staging *g, struct err *e)
{
	struct err why = *e;

	/* Whether somebody asked us to stop, or the key holds something else, is told by one kind. */
	if (why.kind == ERR_CORRUPT || why.kind == ERR_NOT_FOUND ||
		(why.kind == ERR_CONFLICT && !g->cluster_failed && wants_stop(&g->polled) == 0))
		return give_up(g->svc, g->job.id, &why, e);
	service_log_failure("job.staging_failed", g->job.id, &why);
	return g->cluster_failed ? retry_step_cluster(g->svc, &g->job, g->lease, &why, e)
				 : retry_step_later(g->svc, &g->job, g->lease, e);
}

/* The node will not come for its files: they are brought. */
static int relay_all(struct staging *g, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	g->cluster_failed = true;
	if (relay_rest(&g->relay, g->videos, g->n, e) < 0)
		return -1;
	FAULT_POINT("stager.relayed");
	if (store_begin(g->svc->store, STORE_WRITE, &tx, e) < 0 ||
		store_attempt_relayed(tx, g->a.id, clock_wall_ms(), e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int stager_once(struct service *s, struct err *e)
{
	struct staging g = { .svc = s };
	int r = begin(&g, e);

	if (r != 0)
		return r;
	for (unsigned i = 0; i < g.n; i++)
		if (!*g.videos[i].blob_key && stage_one(&g, &g.videos[i], e) < 0)
			return stop_short(&g, e);
	r = attempt_plan_or_end(s, &g.a, e);
	if (r != 0)
		return r < 0 ? retry_step_later(s, &g.job, g.lease, e) : WORKER_WORKED;
	if (g.a.relay && relay_all(&g, e) < 0)
		return stop_short(&g, e);
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_job_release(tx, g.job.id, g.lease, clock_wall_ms(), e) < 0 || store_commit(&tx, e) < 0)
		return -1;
	wake_poke(&s->worker);
	return WORKER_WORKED;
}

void *stager_main(void *service)
{
	struct service *s = service;

	return retry_step_loop(s, &s->stager, "stager.failed", stager_once);
}
