#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "http/api.h"
#include "service/releases.h"
#include "service/replace.h"

/* What staff do with results, and a video in place of another. */

/* The job as whoever asks sees it. */
struct answer {
	struct jobs_view view;
	struct job job;
};

static int write_answer(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	struct answer *a = arg;

	return jobs_write(&a->view, tx, &a->job, w, e);
}

static int reply(struct http_req *r, int status, struct answer *a, struct err *e)
{
	a->view.svc = api_service(r);
	a->view.staff = account_is_staff(api_user(r));
	return api_reply_json(r, status, write_answer, a, e);
}

int api_job_release(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	struct answer a = { .view = { 0 } };
	const char *comment;
	char actor[64];
	int64_t attempt;

	api_actor(r, actor);
	if (api_body(r, &body, e) < 0 || api_int_or(body, "attempt", 0, &attempt, e) < 0 ||
		api_text_or_none(body, "comment", &comment, e) < 0)
		return -1;
	if (attempt < 1 || attempt > INT32_MAX)
		return err_set(
			e, ERR_FIELD, "attempt must be the number of the attempt whose result is released");
	if (release_result(api_service(r), api_user(r), actor, http_req_param(r, "id"), (int)attempt,
		    comment ? comment : "", &a.job, e) < 0)
		return -1;
	return reply(r, 200, &a, e);
}

int api_job_withdraw(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	struct answer a = { .view = { 0 } };
	const char *reason;
	char actor[64];

	api_actor(r, actor);
	if (api_body(r, &body, e) < 0 || api_text(body, "reason", &reason, e) < 0 ||
		release_withdraw(
			api_service(r), api_user(r), actor, http_req_param(r, "id"), reason, &a.job, e) < 0)
		return -1;
	return reply(r, 200, &a, e);
}

int api_job_replace(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	struct answer a = { .view = { 0 } };
	const char *view = http_req_param(r, "view"), *upload;
	char actor[64];
	int v = 0;

	api_actor(r, actor);
	while (v < VIEW_COUNT && strcmp(view, view_name((enum view)v)) != 0)
		v++;
	if (v == VIEW_COUNT)
		return err_set(e, ERR_NOT_FOUND, "a job has a front and a side video");
	if (api_body(r, &body, e) < 0 || api_text(body, "upload", &upload, e) < 0 ||
		replace_video(api_service(r), api_user(r), actor, http_req_param(r, "id"), (enum view)v,
			upload, &a.job, e) < 0)
		return -1;
	return reply(r, 202, &a, e);
}
