#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "http/api.h"
#include "http/multipart.h"
#include "service/intake.h"
#include "service/jobs.h"

/* POST /upload: the parser feeds the intake, nothing is held in memory. */

struct upload {
	struct intake *intake;
	struct multipart *parser;
};

static int on_field(void *ctx, const char *name, const char *value, size_t len, struct err *e)
{
	struct upload *u = ctx;

	return intake_field(u->intake, name, value, len, e);
}

static int on_file_begin(void *ctx, const char *name, const char *filename, const char *type, struct err *e)
{
	struct upload *u = ctx;

	(void)filename, (void)type; /* what a client says about its file is never believed */
	return intake_file_begin(u->intake, name, e);
}

static int on_file_data(void *ctx, const void *bytes, size_t len, struct err *e)
{
	struct upload *u = ctx;

	return intake_file_data(u->intake, bytes, len, e);
}

static int on_file_end(void *ctx, struct err *e)
{
	struct upload *u = ctx;

	return intake_file_end(u->intake, e);
}

int api_upload_begin(struct http_req *r, struct err *e)
{
	static const struct multipart_hooks hooks = { on_field, on_file_begin, on_file_data, on_file_end };
	const struct api *api = http_req_app(r);
	const struct multipart_limits limits = { .max_fields_bytes = (size_t)api->max_field_bytes,
		.max_file_bytes = (uint64_t)api->svc->opt.max_video_bytes + 1 };
	const char *type = http_req_header(r, "Content-Type");

	if (http_req_set_max_body(r, api->max_body_bytes, e) < 0)
		return -1;
	struct upload *u = calloc(1, sizeof *u);
	if (!u)
		return err_set(e, ERR_NOMEM, "upload");
	http_req_set_state(r, u);
	if (multipart_new(type ? type : "", &limits, &hooks, u, &u->parser, e) < 0)
		return -1;
	return intake_begin(api->svc, api_user(r), http_req_content_length(r),
		http_req_header(r, "Idempotency-Key"), &u->intake, e);
}

int api_upload_data(struct http_req *r, const void *bytes, size_t len, struct err *e)
{
	struct upload *u = http_req_state(r);

	return multipart_feed(u->parser, bytes, len, e);
}

int api_reply_intake(struct http_req *r, struct intake *in, struct err *e)
{
	struct field_errors errors = { .n = 0 };
	struct job job;
	char location[128];
	int outcome = intake_commit(in, &job, &errors, e);

	if (outcome < 0)
		return -1;
	if (outcome == INTAKE_FIELDS) {
		struct err cause = { 0 };
		err_set(&cause, ERR_FIELD, "%u field%s cannot be used", errors.n + errors.more,
			errors.n + errors.more == 1 ? "" : "s");
		return http_reply_problem(r, &cause, &errors, e);
	}
	snprintf(location, sizeof location, "/api/v1/jobs/%s", job.id);
	if (http_reply_header(r, "Location", location, e) < 0)
		return -1;
	return api_reply_job(r, 202, &job, e);
}

int api_upload_end(struct http_req *r, struct err *e)
{
	struct upload *u = http_req_state(r);

	return multipart_end(u->parser, e) < 0 ? -1 : api_reply_intake(r, u->intake, e);
}

void api_upload_done(struct http_req *r)
{
	struct upload *u = http_req_state(r);

	if (!u)
		return;
	multipart_free(u->parser);
	intake_free(u->intake);
	free(u);
}
