#include "service/replace.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "base/log.h"
#include "base/strv.h"
#include "service/resumable.h"
#include "store/audit.h"
#include "store/old_videos.h"

static int check_upload(struct service *s, const struct upload_row *u, enum view view, struct err *e)
{
	char path[4096];
	int64_t size;

	if (!u->whole)
		return err_set(e, ERR_FIELD, "upload is not whole: %lld of %lld bytes are there",
			(long long)u->offset, (long long)u->bytes);
	if (u->view >= 0 && u->view != (int)view)
		return err_set(e, ERR_FIELD, "upload was sent as the video from the %s",
			view_name((enum view)u->view));
	if (service_spool_path(s, u->spool_name, path, sizeof path, e) < 0)
		return -1;
	if (fsx_size(path, &size, e) < 0 || size != u->bytes)
		return err_set(e, ERR_FIELD, "upload was lost on the server: send it again");
	return 0;
}

/* The same film again would bring the same result; one film for both views is a slip of the hand. */
static int check_content(
	const struct upload_row *u, enum view view, const struct video *videos, unsigned n, struct err *e)
{
	for (unsigned i = 0; i < n; i++)
		if (videos[i].bytes == u->bytes && memcmp(videos[i].sha256, u->sha256, SHA256_BYTES) == 0)
			return err_set(e, ERR_FIELD, "upload is the same file as the %s video%s",
				view_name(videos[i].view),
				videos[i].view == view ? " that is there: choose the new one" : "");
	return 0;
}

static const struct video *of_view(const struct video *videos, unsigned n, enum view view)
{
	for (unsigned i = 0; i < n; i++)
		if (videos[i].view == view)
			return &videos[i];
	return NULL;
}

static int check_job(const struct job *job, struct err *e)
{
	if (job->erased)
		return err_set(e, ERR_CONFLICT, "the videos of this job were erased: make a new one");
	if (!job_state_terminal(job->state))
		return err_set(e, ERR_CONFLICT, "the job is not over yet (%s)", job_state_name(job->state));
	return 0;
}

static int swap(struct service *s, struct tx *tx, const struct user *who, struct job *job, enum view view,
	const char *upload, const struct video *videos, unsigned n, int64_t now, struct err *e)
{
	struct upload_row u;
	char text[64];

	if (resumable_get(tx, who, upload, &u, e) < 0)
		return e->kind == ERR_NOT_FOUND
			       ? err_set(e, ERR_FIELD,
					 "upload: there is none of that id: it expired, or a job has it")
			       : -1;
	if (check_upload(s, &u, view, e) < 0 || check_content(&u, view, videos, n, e) < 0)
		return -1;
	struct video v = { .view = view, .bytes = u.bytes };
	memcpy(v.sha256, u.sha256, SHA256_BYTES);
	snprintf(v.container, sizeof v.container, "%s", u.container);
	snprintf(v.spool_name, sizeof v.spool_name, "%s", u.spool_name);
	snprintf(v.upload, sizeof v.upload, "%s", u.id);
	snprintf(text, sizeof text, "A new video from the %s: analysed again.", view_name(view));
	const struct job_change c = { .to = JOB_QUEUED, .fresh_start = true, .text = text };
	/* Whoever deletes the upload's row owns its file. */
	int r = store_upload_delete(tx, u.id, e);
	if (r != 0)
		return r < 0 ? -1 : err_set(e, ERR_CONFLICT, "the upload was removed meanwhile");
	return store_video_replace(tx, job->id, job->attempt, &v, e) < 0 ||
			       store_job_change(tx, job, &c, now, e) < 0
		       ? -1
		       : 0;
}

/* Clients know an upload's address better than its id. */
static const char *id_of(const char *upload)
{
	const char *slash = strrchr(upload, '/');

	return slash ? slash + 1 : upload;
}

int replace_video(struct service *s, const struct user *who, const char *actor, const char *id,
	enum view view, const char *upload, struct job *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct video videos[VIEW_COUNT];
	unsigned n;
	int64_t now = clock_wall_ms();

	upload = id_of(upload);
	if (!id_ok(upload))
		return err_set(e, ERR_FIELD, "upload must be the id of an upload");
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || jobs_get(s, tx, who, id, ret, e) < 0 ||
		store_job_videos(tx, ret->id, videos, &n, e) < 0)
		return -1;
	const struct video *present = of_view(videos, n, view);
	/* The answer was lost, and the request comes again; whatever became of the job since. */
	if (present && strcmp(present->upload, upload) == 0)
		return 0;
	if (check_job(ret, e) < 0)
		return -1;
	if (!present)
		return err_set(e, ERR_CORRUPT, "job %s lacks its %s video", ret->id, view_name(view));
	if (swap(s, tx, who, ret, view, upload, videos, n, now, e) < 0 ||
		store_audit(tx, actor, "video_replace", ret->id, view_name(view), now, e) < 0 ||
		store_commit(&tx, e) < 0)
		return -1;
	log_event(LOG_INFO, "video.replaced", LOG_S("job", ret->id), LOG_S("view", view_name(view)));
	wake_poke(&s->worker);
	return 0;
}

static int remove_one(struct service *s, const struct old_video *v, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char path[4096];

	if (*v->blob_key && s->blob->ops->remove(s->blob, v->blob_key, e) < 0)
		return err_wrap(e, "remove a replaced video of %s", v->job);
	if (*v->spool_name && service_spool_path(s, v->spool_name, path, sizeof path, e) == 0)
		unlink(path);
	FAULT_POINT("replace.removed");
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || store_old_video_done(tx, v, e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int replace_finish(struct service *s, struct err *e)
{
	struct old_video old[16];
	unsigned n;
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(s->store, STORE_READ, &tx, e) < 0 ||
			store_old_videos_idle(tx, old, ARRAY_LEN(old), &n, e) < 0)
			return -1;
	}
	for (unsigned i = 0; i < n; i++)
		if (remove_one(s, &old[i], e) < 0)
			return -1;
	return 0;
}
