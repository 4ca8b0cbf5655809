#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "http/api.h"
#include "http/multipart.h"
#include "service/intake.h"

/* POST /jobs: a job from two resumable uploads. The fields of the upload form, with the ids of the uploads in
 * place of the files; the intake judges them alike. */

int api_job_begin(struct http_req *r, struct err *e)
{
	const struct api *api = http_req_app(r);
	struct intake *in = NULL;

	if (http_req_set_max_body(r, api->max_field_bytes, e) < 0 ||
		intake_begin_uploaded(api->svc, api_user(r), http_req_header(r, "Idempotency-Key"), &in, e) <
			0)
		return -1;
	http_req_set_state(r, in);
	return 0;
}

/* Text, or a number as it is written. */
static int take_member(struct intake *in, const struct json *v, struct err *e)
{
	struct buf text BUF_CLEANUP;

	buf_init(&text, 64 << 10);
	if (json_is_num(v)) {
		if (json_print(v, &text, e) < 0)
			return -1;
	} else if (!json_str(v, NULL)) {
		return err_set(e, ERR_INVALID, "%.40s is neither text nor a number", json_name(v));
	} else if (buf_adds(&text, json_str(v, ""), e) < 0) {
		return -1;
	}
	return intake_field(in, json_name(v), text.data, text.len, e);
}

static int take_json(struct http_req *r, struct intake *in, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;

	if (api_body(r, &body, e) < 0)
		return -1;
	for (const struct json *v = json_first(body); v; v = json_next(v))
		if (take_member(in, v, e) < 0)
			return -1;
	return 0;
}

static int on_field(void *in, const char *name, const char *value, size_t len, struct err *e)
{
	return intake_field(in, name, value, len, e);
}

static int on_file_begin(void *in, const char *name, const char *filename, const char *type, struct err *e)
{
	(void)filename, (void)type;
	return intake_file_begin(in, name, e);
}

static int on_file_data(void *in, const void *bytes, size_t len, struct err *e)
{
	return intake_file_data(in, bytes, len, e);
}

static int on_file_end(void *in, struct err *e)
{
	return intake_file_end(in, e);
}

static int take_form(struct http_req *r, struct intake *in, const char *type, struct err *e)
{
	static const struct multipart_hooks hooks = { on_field, on_file_begin, on_file_data, on_file_end };
	const struct api *api = http_req_app(r);
	const struct multipart_limits limits = { .max_fields_bytes = (size_t)api->max_field_bytes,
		.max_file_bytes = (uint64_t)api->max_field_bytes };
	struct strv body = http_req_body(r);
	struct multipart *parser = NULL;

	if (multipart_new(type, &limits, &hooks, in, &parser, e) < 0)
		return -1;
	int rc = multipart_feed(parser, body.p, body.n, e) < 0 ? -1 : multipart_end(parser, e);
	multipart_free(parser);
	return rc;
}

int api_job_end(struct http_req *r, struct err *e)
{
	const char *type = http_req_header(r, "Content-Type");
	struct strv bare = strv_trim((struct strv){ type, type ? strcspn(type, ";") : 0 });
	struct intake *in = http_req_state(r);
	int rc;

	if (strv_ieq(bare, "application/json"))
		rc = take_json(r, in, e);
	else if (strv_ieq(bare, "multipart/form-data"))
		rc = take_form(r, in, type, e);
	else
		return err_set(e, ERR_MEDIA, "the body must be application/json or multipart/form-data");
	return rc < 0 ? -1 : api_reply_intake(r, in, e);
}

void api_job_done(struct http_req *r)
{
	intake_free(http_req_state(r));
}
