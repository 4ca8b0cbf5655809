#include "http/answer.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/strv.h"
#include "core/field_errors.h"

enum { HEADERS_MAX_BYTES = 8192, HEADERS_MAX = 12, PROBLEM_MAX_BYTES = 32768 };

void answer_init(struct answer *a)
{
	*a = (struct answer){ .kind = ANSWER_NONE, .fd = -1 };
	buf_init(&a->headers, HEADERS_MAX_BYTES);
	buf_init(&a->body, 0);
}

void answer_drop_content(struct answer *a)
{
	close_p(&a->fd);
	a->fd = -1;
	if (a->kind == ANSWER_PULL && a->release)
		a->release(a->ctx);
	a->release = NULL;
	a->kind = ANSWER_NONE;
	buf_deinit(&a->body);
	buf_init(&a->body, 0);
}

void answer_deinit(struct answer *a)
{
	answer_drop_content(a);
	buf_deinit(&a->headers);
}

static bool is_token(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("!#$%&'*+-.^_`|~", *s))
			return false;
	return true;
}

int answer_header(struct answer *a, const char *name, const char *value, struct err *e)
{
	if (!is_token(name))
		return err_set(e, ERR_INTERNAL, "answer header with a wrong name");
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(e, ERR_INTERNAL, "control character in the answer header %s", name);
	if (a->headers_n == HEADERS_MAX)
		return err_set(e, ERR_INTERNAL, "more than %d answer headers", HEADERS_MAX);
	if (buf_reserve(&a->headers, strlen(name) + strlen(value) + 2, e))
		return err_wrap(e, "answer header %s", name);
	(void)buf_add(&a->headers, name, strlen(name) + 1, e); /* cannot fail: reserved */
	(void)buf_add(&a->headers, value, strlen(value) + 1, e);
	a->headers_n++;
	return 0;
}

static void standing_headers(const struct answer *a, const struct answer_standing *standing,
	void (*each)(void *ctx, const char *name, const char *value), void *ctx)
{
	each(ctx, "X-Request-Id", standing->request_id);
	each(ctx, "X-Content-Type-Options", "nosniff");
	each(ctx, "Referrer-Policy", "no-referrer");
	each(ctx, "Content-Security-Policy",
		/* wasm: the app's own pose engine (docs/adr/0026); no script is made at run time. */
		a->page ? "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
			  "img-src 'self' data: "
			  "blob:; "
			  "media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
			  "worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
			: "default-src 'none'; frame-ancestors 'none'");
	if (a->page)
		each(ctx, "Permissions-Policy", "camera=(self), microphone=(), geolocation=()");
	if (!a->cacheable)
		each(ctx, "Cache-Control", "no-store");
	if (standing->hsts)
		each(ctx, "Strict-Transport-Security", "max-age=31536000");
	if (a->type[0])
		each(ctx, "Content-Type", a->type);
	if (a->close)
		each(ctx, "Connection", "close");
}

void answer_each_header(const struct answer *a, const struct answer_standing *standing,
	void (*each)(void *ctx, const char *name, const char *value), void *ctx)
{
	const char *p = a->headers.data;

	standing_headers(a, standing, each, ctx);
	if (a->retry_after_s > 0) {
		char text[16];

		snprintf(text, sizeof text, "%d", a->retry_after_s);
		each(ctx, "Retry-After", text);
	}
	for (unsigned i = 0; i < a->headers_n; i++) {
		const char *value = p + strlen(p) + 1;

		each(ctx, p, value);
		p = value + strlen(value) + 1;
	}
}

struct raw_out {
	struct buf *out;
	struct err *e;
	bool failed;
};

static void raw_header(void *ctx, const char *name, const char *value)
{
	struct raw_out *raw = ctx;

	if (!raw->failed && buf_addf(raw->out, raw->e, "%s: %s\r\n", name, value))
		raw->failed = true;
}

int answer_raw(const struct answer *a, const struct answer_standing *standing, bool head, struct buf *out,
	struct err *e)
{
	struct answer with_close = *a;
	struct raw_out raw = { out, e, false };
	const char *content = a->kind == ANSWER_TEXT  ? a->text
			      : a->kind == ANSWER_BUF ? buf_str(&a->body)
						      : "";
	size_t len = a->kind == ANSWER_BUF ? a->body.len : strlen(content);
	char date[CLOCK_TEXT_BYTES];

	with_close.close = true;
	clock_http(clock_wall_ms(), date);
	if (buf_addf(out, e, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Length: %zu\r\n", a->status,
		    answer_reason(a->status), date, len))
		return -1;
	answer_each_header(&with_close, standing, raw_header, &raw);
	if (raw.failed || buf_adds(out, "\r\n", e))
		return -1;
	return head ? 0 : buf_add(out, content, len, e);
}

/* "ERR_NOT_FOUND" → "urn:gaitd:error:not-found" */
static void problem_type(enum err_kind kind, char *out, size_t size)
{
	const char *name = err_kind_name(kind);

	snprintf(out, size, "urn:gaitd:error:%s", str_starts(name, "ERR_") ? name + 4 : name);
	for (char *p = out; *p; p++)
		*p = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
}

static void write_fields(struct json_w *w, const struct field_errors *fields)
{
	json_w_arr(w, "errors");
	for (unsigned i = 0; i < fields->n; i++) {
		json_w_obj(w, NULL);
		json_w_str(w, "field", fields->items[i].field);
		json_w_str(w, "reason", fields->items[i].reason);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
}

int answer_problem(struct answer *a, int status, const char *title, const struct err *cause,
	const struct field_errors *fields, const char *request_id, struct err *e)
{
	struct json_w w;
	char type[64];

	answer_drop_content(a);
	buf_init(&a->body, PROBLEM_MAX_BYTES);
	problem_type(cause->kind, type, sizeof type);
	json_w_init(&w, &a->body);
	json_w_obj(&w, NULL);
	json_w_str(&w, "type", type);
	json_w_str(&w, "title", title ? title : err_title(cause->kind));
	json_w_int(&w, "status", status);
	/* What failed inside (a path, a statement) is for the log; the request id leads there. */
	json_w_str(&w, "detail",
		status < 500 || status == 501 ? cause->msg
		: status == 503               ? "The server cannot do this now. Try again later."
				: "The server failed. Its log has the reason under the request id.");
	if (fields && fields->n > 0)
		write_fields(&w, fields);
	json_w_str(&w, "request_id", request_id);
	json_w_obj_end(&w);
	if (json_w_end(&w, e))
		return -1;
	a->kind = ANSWER_BUF;
	a->status = status;
	a->cacheable = false;
	(void)str_copy(a->type, sizeof a->type, "application/problem+json");
	if ((status == 429 || status == 503) && a->retry_after_s == 0)
		a->retry_after_s = 5;
	if (status == 401)
		return answer_header(a, "WWW-Authenticate", "Bearer realm=\"gaitd\"", e);
	return 0;
}

const char *answer_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} known[] = { { 200, "OK" }, { 202, "Accepted" }, { 400, "Bad Request" }, { 401, "Unauthorized" },
		{ 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 408, "Request Timeout" }, { 409, "Conflict" }, { 411, "Length Required" },
		{ 412, "Precondition Failed" }, { 413, "Content Too Large" }, { 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" }, { 416, "Range Not Satisfiable" },
		{ 417, "Expectation Failed" }, { 422, "Unprocessable Content" }, { 423, "Locked" },
		{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
		{ 460, "Checksum Mismatch" }, { 500, "Internal Server Error" }, { 501, "Not Implemented" },
		{ 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" } };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].status == status)
			return known[i].reason;
	return status < 400 ? "OK" : status < 500 ? "Refused" : "Failed";
}
