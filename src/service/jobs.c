#include "service/jobs.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strv.h"
#include "store/audit.h"
#include "store/old_videos.h"

int jobs_get(struct service *s, struct tx *tx, const struct user *who, const char *id, struct job *ret,
	struct err *e)
{
	int64_t ordinal;
	int r = STORE_NONE;

	(void)s;
	if (id_ok(id))
		r = store_job_get(tx, id, ret, e);
	else if (who && str_to_i64(id, 1, INT64_MAX, &ordinal))
		r = store_job_by_ordinal(tx, who->id, ordinal, ret, e);
	if (r < 0)
		return -1;
	if (r == STORE_NONE || (who && !account_is_staff(who) && strcmp(ret->owner, who->id) != 0))
		return err_set(e, ERR_NOT_FOUND, "no such job");
	return 0;
}

/* Begin a change of a job that @who may change. */
static int begin_job(struct service *s, const struct user *who, const char *id, struct tx **tx,
	struct job *job, struct err *e)
{
	return store_begin(s->store, STORE_WRITE, tx, e) < 0 || jobs_get(s, *tx, who, id, job, e) < 0 ? -1
												      : 0;
}

int jobs_cancel(struct service *s, const struct user *who, const char *actor, const char *id, struct job *ret,
	struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t now = clock_wall_ms();

	if (begin_job(s, who, id, &tx, ret, e) < 0)
		return -1;
	if (ret->state == JOB_CANCELLED)
		return 0;
	if (job_state_terminal(ret->state))
		return err_set(e, ERR_CONFLICT, "the job is over (%s): nothing is left to cancel",
			job_state_name(ret->state));
	const struct job_change c = { .to = JOB_CANCELLED };
	int r = ret->state == JOB_QUEUED ? store_job_change(tx, ret, &c, now, e)
					 : store_job_want_cancel(tx, ret, now, e);
	if (r < 0 || store_audit(tx, actor, "job_cancel", ret->id, "", now, e) < 0 ||
		store_commit(&tx, e) < 0)
		return -1;
	wake_poke(&s->worker);
	return 0;
}

int jobs_rerun(struct service *s, const struct user *who, const char *actor, const char *id, struct job *ret,
	struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t now = clock_wall_ms();
	const struct job_change c = {
		.to = JOB_QUEUED, .fresh_start = true, .text = "Asked to be analysed again."
	};

	if (begin_job(s, who, id, &tx, ret, e) < 0)
		return -1;
	if (ret->erased)
		return err_set(e, ERR_CONFLICT, "the videos of this job were erased: upload them again");
	if (!job_state_terminal(ret->state))
		return err_set(e, ERR_CONFLICT, "the job is not over yet (%s)", job_state_name(ret->state));
	if (store_job_change(tx, ret, &c, now, e) < 0 ||
		store_audit(tx, actor, "job_rerun", ret->id, "", now, e) < 0 || store_commit(&tx, e) < 0)
		return -1;
	wake_poke(&s->worker);
	return 0;
}

/* Replaced videos that never came out of the spool; their blobs went with all others. */
static int remove_old_spooled(struct service *s, struct tx *tx, const char *id, struct err *e)
{
	struct old_video old[16];
	char path[4096];
	unsigned n = ARRAY_LEN(old);

	while (n == ARRAY_LEN(old)) {
		if (store_old_videos_of_job(tx, id, old, ARRAY_LEN(old), &n, e) < 0)
			return -1;
		for (unsigned i = 0; i < n; i++) {
			if (*old[i].spool_name &&
				service_spool_path(s, old[i].spool_name, path, sizeof path, e) == 0)
				unlink(path);
			if (store_old_video_done(tx, &old[i], e) < 0)
				return -1;
		}
	}
	return 0;
}

/* The second half of an erasure; may be repeated. */
static int remove_blobs(struct service *s, const char *id, struct err *e)
{
	char prefix[BLOB_KEY_BYTES], path[4096];
	struct video videos[VIEW_COUNT];
	unsigned n;

	snprintf(prefix, sizeof prefix, "jobs/%s/", id);
	if (s->blob->ops->remove_prefix(s->blob, prefix, e) < 0)
		return err_wrap(e, "erase %s", id);
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || store_job_videos(tx, id, videos, &n, e) < 0)
		return -1;
	for (unsigned i = 0; i < n; i++)
		if (*videos[i].spool_name &&
			service_spool_path(s, videos[i].spool_name, path, sizeof path, e) == 0)
			unlink(path);
	if (remove_old_spooled(s, tx, id, e) < 0)
		return -1;
	if (store_erase_done(tx, id, e) < 0 || store_commit(&tx, e) < 0)
		return -1;
	struct err why = { 0 };
	if (store_purge(s->store, &why) < 0) /* a later checkpoint does it */
		service_log_failure("job.purge_put_off", id, &why);
	return 0;
}

int jobs_erase(struct service *s, const struct user *who, const char *actor, const char *id, struct err *e)
{
	struct job job;
	int64_t now = clock_wall_ms();
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (begin_job(s, who, id, &tx, &job, e) < 0)
			return -1;
		if (!job.erased && (store_job_erase(tx, &job, now, e) < 0 ||
					   store_audit(tx, actor, "job_erase", job.id, "", now, e) < 0 ||
					   store_commit(&tx, e) < 0))
			return -1;
	}
	log_event(LOG_INFO, "job.erased", LOG_S("job", job.id));
	return remove_blobs(s, job.id, e);
}

int jobs_finish_erasures(struct service *s, struct err *e)
{
	char ids[16][ID_BYTES];
	unsigned n;
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(s->store, STORE_READ, &tx, e) < 0 ||
			store_erased_pending(tx, ids, ARRAY_LEN(ids), &n, e) < 0)
			return -1;
	}
	for (unsigned i = 0; i < n; i++)
		if (remove_blobs(s, ids[i], e) < 0)
			return -1;
	return 0;
}
