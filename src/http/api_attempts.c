#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "http/api.h"
#include "http/multipart.h"
#include "service/checkin.h"
#include "service/completion.h"

/* What attempts call. Their bearer is the attempt's token, checked by the service layer. */

static int bearer(struct http_req *r, const char **ret, struct err *e)
{
	*ret = http_req_bearer(r);
	return *ret ? 0 : err_set(e, ERR_UNAUTHENTICATED, "the attempt's token is missing");
}

int api_checkin(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	struct buf order BUF_CLEANUP;
	const char *token, *run_id;

	buf_init(&order, 128 << 10);
	if (bearer(r, &token, e) < 0 || api_body(r, &body, e) < 0 ||
		api_text(body, "run_id", &run_id, e) < 0 ||
		checkin(api_service(r), http_req_param(r, "id"), token, run_id, &order, e) < 0)
		return -1;
	return http_reply_json(r, 200, &order, e);
}

int api_heartbeat(struct http_req *r, struct err *e)
{
	CLEANUP(json_free_p) struct json *body = NULL;
	const char *token, *run_id, *step;
	int64_t percent;

	if (bearer(r, &token, e) < 0 || api_body(r, &body, e) < 0 ||
		api_text(body, "run_id", &run_id, e) < 0 || api_text(body, "step", &step, e) < 0 ||
		api_int_or(body, "percent", -1, &percent, e) < 0)
		return -1;
	if (percent < 0 || percent > 100)
		return err_set(e, ERR_FIELD, "percent must be from 0 to 100");
	if (heartbeat(api_service(r), http_req_param(r, "id"), token, run_id, step, (int)percent, e) < 0)
		return -1;
	return http_reply_empty(r, 204, e);
}

enum { FIELDS = 6, RESULT_MAX_BYTES = 32 << 20 };
static const char *const field_names[FIELDS] = { "job_id", "attempt", "run_id", "status", "score", "error" };

struct posted {
	struct multipart *parser;
	char *fields[FIELDS];
	struct buf result;
};

static int on_field(void *ctx, const char *name, const char *value, size_t len, struct err *e)
{
	struct posted *p = ctx;

	for (int i = 0; i < FIELDS; i++)
		if (strcmp(name, field_names[i]) == 0) {
			p->fields[i] = strndup(value, len);
			return p->fields[i] ? 0 : err_set(e, ERR_NOMEM, "completion");
		}
	return err_set(e, ERR_FIELD, "%.60s is not a field of a completion", name);
}

static int on_file_begin(void *ctx, const char *name, const char *filename, const char *type, struct err *e)
{
	(void)ctx, (void)filename, (void)type;
	return strcmp(name, "result") == 0
		       ? 0
		       : err_set(e, ERR_FIELD, "%.60s is not a file of a completion", name);
}

static int on_file_data(void *ctx, const void *bytes, size_t len, struct err *e)
{
	struct posted *p = ctx;

	return buf_add(&p->result, bytes, len, e);
}

static int on_file_end(void *ctx, struct err *e)
{
	(void)ctx, (void)e;
	return 0;
}

int api_completion_begin(struct http_req *r, struct err *e)
{
	static const struct multipart_hooks hooks = { on_field, on_file_begin, on_file_data, on_file_end };
	static const struct multipart_limits limits = { .max_parts = 16, .max_file_bytes = RESULT_MAX_BYTES };
	const char *token, *type = http_req_header(r, "Content-Type");

	if (bearer(r, &token, e) < 0 || completion_known(api_service(r), token, e) < 0)
		return -1;
	struct posted *p = calloc(1, sizeof *p);
	if (!p)
		return err_set(e, ERR_NOMEM, "completion");
	http_req_set_state(r, p);
	buf_init(&p->result, RESULT_MAX_BYTES);
	return multipart_new(type ? type : "", &limits, &hooks, p, &p->parser, e);
}

int api_completion_data(struct http_req *r, const void *bytes, size_t len, struct err *e)
{
	struct posted *p = http_req_state(r);

	return multipart_feed(p->parser, bytes, len, e);
}

int api_completion_end(struct http_req *r, struct err *e)
{
	struct posted *p = http_req_state(r);
	const char *token;

	if (multipart_end(p->parser, e) < 0 || bearer(r, &token, e) < 0)
		return -1;
	const struct completion c = { .job = p->fields[0],
		.attempt = p->fields[1],
		.run_id = p->fields[2],
		.status = p->fields[3],
		.score = p->fields[4],
		.error = p->fields[5],
		.result = { buf_str(&p->result), p->result.len } };
	if (completion_apply(api_service(r), token, &c, e) < 0)
		return -1;
	return http_reply_text(r, 200, "application/json", "{\"accepted\":true}", e);
}

void api_completion_done(struct http_req *r)
{
	struct posted *p = http_req_state(r);

	if (!p)
		return;
	multipart_free(p->parser);
	buf_deinit(&p->result);
	for (int i = 0; i < FIELDS; i++)
		free(p->fields[i]);
	free(p);
}
