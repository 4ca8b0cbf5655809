#include "http/reply.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "http/internal.h"

static int first_answer(struct http_req *r, struct err *e)
{
	if (r->answer.kind == ANSWER_NONE)
		return 0;
	return err_set(e, ERR_INTERNAL, "a request of %s was answered twice", r->route->pattern);
}

static int set_type(struct http_req *r, const char *type, struct err *e)
{
	if (type && !str_copy(r->answer.type, sizeof r->answer.type, type))
		return err_set(e, ERR_INTERNAL, "media type too long");
	return 0;
}

int http_reply_header(struct http_req *r, const char *name, const char *value, struct err *e)
{
	return answer_header(&r->answer, name, value, e);
}

void http_reply_retry_after(struct http_req *r, int seconds)
{
	r->answer.retry_after_s = seconds;
}

int http_reply_buf(struct http_req *r, int status, const char *type, struct buf *body, struct err *e)
{
	if (first_answer(r, e) || set_type(r, type, e))
		return -1;
	buf_deinit(&r->answer.body);
	r->answer.body = *body;
	buf_init(body, body->max);
	r->answer.kind = ANSWER_BUF;
	r->answer.status = status;
	return HTTP_ANSWERED;
}

int http_reply_json(struct http_req *r, int status, struct buf *json, struct err *e)
{
	return http_reply_buf(r, status, "application/json", json, e);
}

int http_reply_text(struct http_req *r, int status, const char *type, const char *text, struct err *e)
{
	if (first_answer(r, e) || set_type(r, type, e))
		return -1;
	r->answer.kind = ANSWER_TEXT;
	r->answer.status = status;
	r->answer.text = text;
	return HTTP_ANSWERED;
}

int http_reply_empty(struct http_req *r, int status, struct err *e)
{
	return http_reply_text(r, status, NULL, "", e);
}

int http_reply_problem(
	struct http_req *r, const struct err *cause, const struct field_errors *fields, struct err *e)
{
	int status = err_http_status(cause->kind);

	if (first_answer(r, e))
		return -1;
	if (status >= 500)
		log_event(status == 500 ? LOG_ERROR : LOG_WARN, "http.failed", LOG_S("id", r->id),
			LOG_S("kind", err_kind_name(cause->kind)), LOG_S("cause", cause->msg));
	return answer_problem(&r->answer, status, NULL, cause, fields, r->id, e) ? -1 : HTTP_ANSWERED;
}

int http_reply_pull(struct http_req *r, int status, const char *type, int64_t size_bytes,
	ssize_t (*read)(void *ctx, char *out, size_t max), void (*release)(void *ctx), void *ctx,
	struct err *e)
{
	if (first_answer(r, e) || set_type(r, type, e)) {
		if (release)
			release(ctx);
		return -1;
	}
	r->answer.kind = ANSWER_PULL;
	r->answer.status = status;
	r->answer.length = size_bytes;
	r->answer.read = read;
	r->answer.release = release;
	r->answer.ctx = ctx;
	return HTTP_ANSWERED;
}

/* Is @tag (without quotes) in a list like `"a", W/"b"` or `*`? Weak comparison (RFC 9110, 2022, 8.8.3.2). */
static bool tag_listed(const char *list, const char *tag)
{
	size_t len = strlen(tag);

	while (*list) {
		list += strspn(list, " \t,");
		if (*list == '*')
			return true;
		if (str_starts(list, "W/"))
			list += 2;
		if (*list != '"')
			return false;
		const char *close = strchr(list + 1, '"');
		if (!close)
			return false;
		if ((size_t)(close - list - 1) == len && memcmp(list + 1, tag, len) == 0)
			return true;
		list = close + 1;
	}
	return false;
}

/* Set ETag; where the client has that version already, 304. */
static int offer_etag(struct http_req *r, const char *tag, struct err *e)
{
	const char *have = http_req_header(r, "If-None-Match");
	char quoted[160];

	if (snprintf(quoted, sizeof quoted, "\"%s\"", tag) >= (int)sizeof quoted || strpbrk(tag, "\" "))
		return err_set(e, ERR_INTERNAL, "unusable entity tag");
	if (answer_header(&r->answer, "ETag", quoted, e))
		return -1;
	return have && tag_listed(have, tag) ? http_reply_empty(r, 304, e) : HTTP_OK;
}

int http_reply_etag(struct http_req *r, const char *tag, struct err *e)
{
	if (first_answer(r, e))
		return -1;
	r->answer.cacheable = true;
	if (answer_header(&r->answer, "Cache-Control", "private, no-cache", e))
		return -1;
	return offer_etag(r, tag, e);
}

enum range_kind { RANGE_NONE, RANGE_PART, RANGE_OUTSIDE };

/* One "bytes=first-last", "bytes=first-" or "bytes=-count"; what cannot be read is ignored, as the RFC says.
 */
static enum range_kind parse_range(const char *text, int64_t size, int64_t *ret_from, int64_t *ret_len)
{
	char first[24] = "", last[24] = "";
	int64_t from = 0, to = size - 1;

	if (!str_starts(text, "bytes=") || strchr(text, ','))
		return RANGE_NONE;
	text += 6;
	const char *dash = strchr(text, '-');
	if (!dash || (size_t)(dash - text) >= sizeof first || !str_copy(last, sizeof last, dash + 1))
		return RANGE_NONE;
	memcpy(first, text, (size_t)(dash - text));
	if (!first[0]) { /* the last so many bytes */
		if (!str_to_i64(last, 0, INT64_MAX, &from))
			return RANGE_NONE;
		if (from == 0 || size == 0)
			return RANGE_OUTSIDE;
		from = from > size ? 0 : size - from;
	} else {
		if (!str_to_i64(first, 0, INT64_MAX, &from))
			return RANGE_NONE;
		if (last[0] && (!str_to_i64(last, 0, INT64_MAX, &to) || to < from))
			return RANGE_NONE;
		if (from >= size)
			return RANGE_OUTSIDE;
		if (to > size - 1)
			to = size - 1;
	}
	*ret_from = from;
	*ret_len = to - from + 1;
	return RANGE_PART;
}

/* If-Range: the part only of the version that the client has begun with. */
static bool range_holds(struct http_req *r, const struct http_file *file)
{
	const char *cond = http_req_header(r, "If-Range");

	if (!cond)
		return true;
	size_t len = strlen(cond);
	return file->etag && len >= 2 && strlen(file->etag) == len - 2 && cond[0] == '"' &&
	       memcmp(cond + 1, file->etag, len - 2) == 0;
}

/* attachment; filename="plain"; filename*=UTF-8''percent (RFC 6266, 2011; RFC 8187, 2017) */
static int add_disposition(struct http_req *r, const char *name, struct err *e)
{
	BUF_CLEANUP struct buf out;

	buf_init(&out, 2048);
	if (buf_adds(&out, "attachment; filename=\"", e))
		return -1;
	for (const char *p = name; *p; p++)
		if (buf_addc(&out, *p < 0x20 || *p > 0x7e || *p == '"' || *p == '\\' ? '_' : *p, e))
			return -1;
	if (buf_adds(&out, "\"; filename*=UTF-8''", e))
		return -1;
	for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
		bool plain = (*p >= '0' && *p <= '9') || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z') ||
			     *p == '.' || *p == '-' || *p == '_';

		if (plain ? buf_addc(&out, (char)*p, e) : buf_addf(&out, e, "%%%02X", *p))
			return -1;
	}
	return answer_header(&r->answer, "Content-Disposition", buf_str(&out), e);
}

static int answer_range(struct http_req *r, const struct http_file *file, enum range_kind kind, struct err *e)
{
	char range[80];

	if (kind == RANGE_OUTSIDE) {
		struct err cause;

		snprintf(range, sizeof range, "bytes */%lld", (long long)file->size_bytes);
		if (answer_header(&r->answer, "Content-Range", range, e))
			return -1;
		err_set(&cause, ERR_RANGE, "the file has %lld bytes", (long long)file->size_bytes);
		return http_reply_problem(r, &cause, NULL, e);
	}
	if (kind == RANGE_NONE)
		return HTTP_OK;
	snprintf(range, sizeof range, "bytes %lld-%lld/%lld", (long long)r->answer.offset,
		(long long)(r->answer.offset + r->answer.length - 1), (long long)file->size_bytes);
	r->answer.status = 206;
	return answer_header(&r->answer, "Content-Range", range, e);
}

/* The body of a HEAD is described, not fetched. */
static int pull_part(struct http_req *r, const struct http_part *part, struct err *e)
{
	void *ctx = NULL;

	if (strcmp(r->method, "HEAD") != 0 &&
		part->open(part->arg, r->answer.offset, r->answer.length, &ctx, e) < 0)
		return -1;
	r->answer.kind = ANSWER_PULL;
	r->answer.read = part->read;
	r->answer.release = ctx ? part->release : NULL;
	r->answer.ctx = ctx;
	return HTTP_ANSWERED;
}

static int reply_file(struct http_req *r, const struct http_file *file, int *fd, struct err *e)
{
	const char *range = http_req_header(r, "Range");
	enum range_kind kind = RANGE_NONE;
	int rc = HTTP_OK;

	if (first_answer(r, e) || (file->etag && (rc = offer_etag(r, file->etag, e))))
		return rc ? rc : -1;
	r->answer.status = 200;
	r->answer.offset = 0;
	r->answer.length = file->size_bytes;
	if (answer_header(&r->answer, "Accept-Ranges", "bytes", e) ||
		(file->download && add_disposition(r, file->download, e)))
		return -1;
	if (range && strcmp(r->method, "GET") == 0 && range_holds(r, file))
		kind = parse_range(range, file->size_bytes, &r->answer.offset, &r->answer.length);
	rc = answer_range(r, file, kind, e);
	if (rc)
		return rc;
	if (set_type(r, file->type, e))
		return -1;
	if (file->fd < 0 && r->answer.length > 0)
		return pull_part(r, &file->part, e);
	if (r->answer.length == 0) { /* nothing to send from a descriptor */
		r->answer.kind = ANSWER_TEXT;
		r->answer.text = "";
		return HTTP_ANSWERED;
	}
	r->answer.kind = ANSWER_FILE;
	r->answer.fd = take_fd(fd);
	return HTTP_ANSWERED;
}

int http_reply_file(struct http_req *r, const struct http_file *file, struct err *e)
{
	CLEANUP(close_p) int fd = file->fd;

	return reply_file(r, file, &fd, e);
}
