#include <stdlib.h>

#include "base/cleanup.h"
#include "http/api.h"
#include "http/multipart.h"
#include "base/scorer_frame.h"
#include "service/analyses.h"

/* POST /analyses: a form or a JSON body into the service's hands, its answer back. */

struct analysing {
	struct analysis_request *request;
	struct multipart *parser; /* NULL: a JSON body */
};

static int on_field(void *ctx, const char *name, const char *value, size_t len, struct err *e)
{
	return analysis_field(((struct analysing *)ctx)->request, name, value, len, e);
}

static int on_file_begin(void *ctx, const char *name, const char *filename, const char *type, struct err *e)
{
	(void)filename, (void)type;
	return analysis_file_begin(((struct analysing *)ctx)->request, name, e);
}

static int on_file_data(void *ctx, const void *bytes, size_t len, struct err *e)
{
	return analysis_file_data(((struct analysing *)ctx)->request, bytes, len, e);
}

static int on_file_end(void *ctx, struct err *e)
{
	return analysis_file_end(((struct analysing *)ctx)->request, e);
}

static int open_form(struct analysing *a, const char *type, int64_t max_body, struct err *e)
{
	static const struct multipart_hooks hooks = { on_field, on_file_begin, on_file_data, on_file_end };
	const struct multipart_limits limits = {
		.max_parts = 16, .max_fields_bytes = 4096, .max_file_bytes = (uint64_t)max_body
	};

	if (multipart_new(type, &limits, &hooks, a, &a->parser, e) == 0)
		return 0;
	return e->kind == ERR_MEDIA
		       ? err_set(e, ERR_MEDIA, "the body must be multipart/form-data or application/json")
		       : -1;
}

int api_analysis_begin(struct http_req *r, struct err *e)
{
	const struct api *api = http_req_app(r);
	const char *header = http_req_header(r, "Content-Type"), *type = header ? header : "";
	int64_t most = api->svc->opt.max_analysis_bytes;
	bool json = strv_ieq(strv_trim((struct strv){ type, strcspn(type, ";") }), "application/json");

	if (http_req_set_max_body(r, most, e) < 0)
		return -1;
	struct analysing *a = calloc(1, sizeof *a);
	if (!a)
		return err_set(e, ERR_NOMEM, "analysis");
	http_req_set_state(r, a);
	if (!json && open_form(a, type, most, e) < 0)
		return -1;
	return analysis_begin(api->svc, api_user(r), !json, http_req_content_length(r), &a->request, e);
}

int api_analysis_data(struct http_req *r, const void *bytes, size_t len, struct err *e)
{
	struct analysing *a = http_req_state(r);

	return a->parser ? multipart_feed(a->parser, bytes, len, e)
			 : analysis_body(a->request, bytes, len, e);
}

int api_analysis_end(struct http_req *r, struct err *e)
{
	struct analysing *a = http_req_state(r);
	struct field_errors errors = { .n = 0 };
	struct buf text BUF_CLEANUP;

	buf_init(&text, SCORER_RESULT_MAX);
	if (a->parser && multipart_end(a->parser, e) < 0)
		return -1;
	int outcome = analysis_run(a->request, &text, &errors, e);
	/* Its place and memory are the next one's; a slow reader of the answer keeps neither. */
	analysis_free(a->request);
	a->request = NULL;
	if (outcome < 0)
		return -1;
	if (outcome == 0)
		return http_reply_json(r, 200, &text, e);
	struct err cause = { 0 };
	err_set(&cause, ERR_FIELD, "%u field%s cannot be used", errors.n + errors.more,
		errors.n + errors.more == 1 ? "" : "s");
	return http_reply_problem(r, &cause, &errors, e);
}

void api_analysis_done(struct http_req *r)
{
	struct analysing *a = http_req_state(r);

	if (!a)
		return;
	multipart_free(a->parser);
	analysis_free(a->request);
	free(a);
}
