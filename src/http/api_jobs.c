#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strv.h"
#include "http/api.h"
#include "service/attempt_end.h"
#include "service/jobs.h"
#include "service/releases.h"
#include "service/status_cache.h"

/* Jobs: list, one, its files, and what may be done with it. */

enum { PAGE_DEFAULT = 20, PAGE_MOST = 100, SEARCH_MOST = 254 };

struct list {
	struct service *svc;
	const struct user *who;
	struct job_filter filter;
	unsigned limit;
};

static int write_list(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	struct list *l = arg;
	CLEANUP(free_p) struct job *jobs = calloc(PAGE_MOST + 1, sizeof *jobs);
	struct jobs_view view = { .svc = l->svc, .staff = account_is_staff(l->who) };
	unsigned n;

	if (!jobs)
		return err_set(e, ERR_NOMEM, "list");
	/* One more than asked for tells whether there is a next page. */
	if (store_jobs_list(tx, &l->filter, jobs, l->limit + 1, &n, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_arr(w, "jobs");
	for (unsigned i = 0; i < n && i < l->limit; i++)
		if (jobs_write(&view, tx, &jobs[i], w, e) < 0)
			return -1;
	json_w_arr_end(w);
	json_w_str(w, "next", n > l->limit ? jobs[l->limit - 1].id : NULL);
	if (view.staff) {
		int64_t waiting;
		if (store_releases_waiting(tx, &waiting, e) < 0)
			return -1;
		json_w_int(w, "waiting", waiting);
	}
	json_w_obj_end(w);
	return 0;
}

/* Whose jobs: submitters see their own; staff everybody's, their own or one account's. */
static int read_owner(struct http_req *r, const struct user *who, const char **ret, struct err *e)
{
	const char *owner = http_req_query(r, "owner");

	if (owner && !id_ok(owner))
		return err_set(e, ERR_FIELD, "owner: must be the id of an account");
	if (!account_is_staff(who) && owner && strcmp(owner, who->id) != 0)
		return err_set(e, ERR_FORBIDDEN, "other accounts' jobs are for staff");
	*ret = !account_is_staff(who) || http_req_query(r, "mine") ? who->id : owner;
	return 0;
}

static int list_jobs(struct http_req *r, const char *search, struct err *e)
{
	const struct user *who = api_user(r);
	const char *status = http_req_query(r, "status"), *limit = http_req_query(r, "limit");
	const char *release = http_req_query(r, "release");
	struct list l = { .svc = api_service(r), .who = who, .limit = PAGE_DEFAULT };
	int64_t n;

	l.filter = (struct job_filter){ .before = http_req_query(r, "before"),
		.subject = http_req_query(r, "subject"),
		.search = search };
	if (read_owner(r, who, &l.filter.owner, e) < 0)
		return -1;
	if (l.filter.before && !id_ok(l.filter.before))
		return err_set(e, ERR_FIELD, "before: must be the `next` of an earlier page");
	if (l.filter.subject && !id_ok(l.filter.subject))
		return err_set(e, ERR_FIELD, "subject: must be the id of a subject");
	l.filter.open = status && strcmp(status, "open") == 0;
	l.filter.by_state = status && !l.filter.open;
	if (l.filter.by_state && !job_state_parse(status, &l.filter.state))
		return err_set(e, ERR_FIELD, "status: there is no status %.40s", status);
	if (release && (!*release || !release_parse(release, &l.filter.release)))
		return err_set(
			e, ERR_FIELD, "release: must be direct, waiting, released, withheld or withdrawn");
	if (limit && !str_to_i64(limit, 1, PAGE_MOST, &n))
		return err_set(e, ERR_FIELD, "limit: must be from 1 to %d", PAGE_MOST);
	if (limit)
		l.limit = (unsigned)n;
	return api_reply_json(r, 200, write_list, &l, e);
}

int api_jobs_list(struct http_req *r, struct err *e)
{
	return list_jobs(r, NULL, e);
}

int api_jobs_search(struct http_req *r, struct err *e)
{
	const char *text = http_req_query(r, "q");

	if (!text || !*text || strlen(text) > SEARCH_MOST)
		return err_set(e, ERR_FIELD, "q: must have 1 to %d bytes", SEARCH_MOST);
	return list_jobs(r, text, e);
}

/* Send a status answer, or 304 where the client has it. */
static int send_status(struct http_req *r, const char *tag, struct buf *answer, struct err *e)
{
	int known = *tag ? http_reply_etag(r, tag, e) : HTTP_OK;

	return known != HTTP_OK ? known : http_reply_json(r, 200, answer, e);
}

/* The status answer. Its ETag is the job's version; a queued job has none, since its place changes without
 * it. */
int api_job_get(struct http_req *r, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct service *s = api_service(r);
	const struct user *who = api_user(r);
	const char *id = http_req_param(r, "id");
	struct buf out BUF_CLEANUP;
	struct json_w w;
	struct job job;
	char tag[STATUS_TAG_BYTES] = "";
	struct jobs_view view = { .svc = s, .staff = account_is_staff(who), .with_parts = true };

	buf_init(&out, 1 << 20);
	if (status_cache_job(s->status_cache, who, id, tag, &out) == 0)
		return send_status(r, tag, &out, e);
	int64_t generation = status_cache_generation(s->status_cache);
	json_w_init(&w, &out);
	if (store_begin(s->store, STORE_READ_FAST, &tx, e) < 0 || jobs_get(s, tx, who, id, &job, e) < 0 ||
		jobs_write(&view, tx, &job, &w, e) < 0 || json_w_end(&w, e) < 0)
		return -1;
	if (job.state != JOB_QUEUED)
		snprintf(tag, sizeof tag, "%s.%lld.%d", job.id + 16, (long long)job.version, (int)who->role);
	if (!view.stale)
		status_cache_keep_job(s->status_cache, generation, who, &job, tag, &out);
	return send_status(r, tag, &out, e);
}

struct stored {
	struct blob *blob;
	const char *key;
};

static int gone(struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "the file is not in the store any more");
}

static int open_part(void *arg, int64_t offset, int64_t len, void **ret_ctx, struct err *e)
{
	const struct stored *s = arg;
	struct blob_reader *reader = NULL;
	int rc = s->blob->ops->open(s->blob, s->key, offset, len, &reader, e);

	*ret_ctx = reader;
	return rc <= 0 ? rc : gone(e);
}

/* A stored file through gaitd, whatever the store is: from a descriptor where it has one. */
static int send_output(struct http_req *r, const struct output *o, bool inline_ok, struct err *e)
{
	struct stored stored = { api_service(r)->blob, o->blob_key };
	struct blob_reader *reader = NULL;
	char tag[SHA256_HEX_BYTES];

	/* No byte yet: which ones are wanted is the request's affair. */
	int rc = stored.blob->ops->open(stored.blob, stored.key, 0, 0, &reader, e);
	if (rc != 0)
		return rc < 0 ? -1 : gone(e);
	hex_encode(o->sha256, SHA256_BYTES, tag);
	const bool is_local = reader->fd >= 0;
	const struct http_file file = { .fd = is_local ? fcntl(reader->fd, F_DUPFD_CLOEXEC, 3) : -1,
		.size_bytes = o->bytes,
		.type = attempt_output_type(o->name),
		.etag = tag,
		.download = inline_ok ? NULL : o->name,
		.part = { open_part, api_pull_blob, api_close_blob, &stored } };
	reader->close(reader);
	if (is_local && file.fd < 0)
		return err_errno(e, ERR_IO, "open %s", o->name);
	return http_reply_file(r, &file, e);
}

static int send_named(struct http_req *r, const char *name, bool inline_ok, struct err *e)
{
	struct service *s = api_service(r);
	struct job job;
	struct output o;
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(s->store, STORE_READ, &tx, e) < 0 ||
			jobs_get(s, tx, api_user(r), http_req_param(r, "id"), &job, e) < 0)
			return -1;
		if (job.erased)
			return err_set(e, ERR_NOT_FOUND, "the results of this job were erased");
		int attempt = release_readable(api_user(r), &job);
		if (attempt == 0)
			return release_refuse(&job, e);
		int rc = store_output_get(tx, job.id, attempt, name, &o, e);
		if (rc != 0)
			return rc < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "this job has no file of that name");
	}
	return send_output(r, &o, inline_ok, e);
}

int api_job_result(struct http_req *r, struct err *e)
{
	return send_named(r, "result.json", true, e);
}

int api_job_file(struct http_req *r, struct err *e)
{
	return send_named(r, http_req_param(r, "name"), http_req_query(r, "inline") != NULL, e);
}

struct changed {
	struct jobs_view view;
	struct job job;
};

static int write_changed(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	struct changed *c = arg;

	return jobs_write(&c->view, tx, &c->job, w, e);
}

int api_reply_job(struct http_req *r, int status, const struct job *job, struct err *e)
{
	struct changed c = { .view = { .svc = api_service(r) }, .job = *job };

	return api_reply_json(r, status, write_changed, &c, e);
}

int api_job_cancel(struct http_req *r, struct err *e)
{
	struct job job;
	char actor[64];

	api_actor(r, actor);
	if (jobs_cancel(api_service(r), api_user(r), actor, http_req_param(r, "id"), &job, e) < 0)
		return -1;
	return api_reply_job(r, 202, &job, e);
}

int api_job_rerun(struct http_req *r, struct err *e)
{
	struct job job;
	char actor[64];

	api_actor(r, actor);
	if (jobs_rerun(api_service(r), api_user(r), actor, http_req_param(r, "id"), &job, e) < 0)
		return -1;
	return api_reply_job(r, 202, &job, e);
}

int api_job_erase(struct http_req *r, struct err *e)
{
	char actor[64];

	api_actor(r, actor);
	if (jobs_erase(api_service(r), api_user(r), actor, http_req_param(r, "id"), e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}
