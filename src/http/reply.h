#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "core/field_errors.h"
#include "http/http.h"

/* Answers. Each is legal once a request, from begin(), data() or end(); all return HTTP_ANSWERED, or -1 and
 * @e (then the caller returns -1 and a problem document is sent instead). Every answer carries X-Request-Id
 * and the security headers; API answers are `no-store` unless the route or http_reply_etag() says otherwise.
 */

/* Before the answer: one more header (Location, Set-Cookie, Retry-After …). Both are copied. At most 8.
 * Values with control characters are refused. */
int http_reply_header(struct http_req *r, const char *name, const char *value, struct err *e);

/* Before a problem document of 429 or 503: its Retry-After in place of the usual 5 s. */
void http_reply_retry_after(struct http_req *r, int seconds);

/* The whole of @body, which is empty afterwards (taken over, not copied). @type as in "application/json". */
int http_reply_buf(struct http_req *r, int status, const char *type, struct buf *body, struct err *e);
int http_reply_json(struct http_req *r, int status, struct buf *json, struct err *e);
/* Text that outlives the request (literals): not copied. */
int http_reply_text(struct http_req *r, int status, const char *type, const char *text, struct err *e);
int http_reply_empty(struct http_req *r, int status, struct err *e);

/**
 * http_reply_etag() - give the coming answer an ETag, and answer 304 where the client has it
 * @tag     without quotes; printable ASCII
 * Return   HTTP_ANSWERED: If-None-Match matched, 304 is on its way, return at once; HTTP_OK: go on and
 * answer; -1 and @e.  The answer says `private, no-cache`: kept, but asked for again each time. Source   RFC
 * 9110 (2022), 8.8.3, 13.1.2
 */
int http_reply_etag(struct http_req *r, const char *tag, struct err *e);

/* What http_reply_file() sends. */
struct http_file {
	int fd;               /* taken over, also on failure; -1: the bytes come from @part */
	int64_t size_bytes;   /* of the whole file */
	const char *type;     /* media type */
	const char *etag;     /* without quotes; NULL: none */
	const char *download; /* file name for Content-Disposition: attachment; NULL: inline */
	/* For a store behind a network (HTTP_BLOCKING routes only): open(arg, …) once for just the bytes that
	 * are sent, unless none are; then as http_reply_pull() with what it put into *ret_ctx. */
	struct http_part {
		int (*open)(void *arg, int64_t offset, int64_t len, void **ret_ctx, struct err *e);
		ssize_t (*read)(void *ctx, char *out, size_t max);
		void (*release)(void *ctx);
		void *arg;
	} part;
};

/**
 * http_reply_file() - bytes of a file, with one Range, If-Range and If-None-Match
 * Answers  200, 206, 304 or 416; several ranges at once are answered by the whole file
 * Source   RFC 9110 (2022), 14
 */
int http_reply_file(struct http_req *r, const struct http_file *file, struct err *e);

/**
 * http_reply_pull() - a body that comes piece by piece from @read (a store behind a network, say)
 * @size_bytes  -1: unknown, sent chunked
 * @read        fills up to @max bytes; returns how many, 0 at the end, -1 to break the connection off.
 *              May wait only where the route is HTTP_BLOCKING
 * @release     called once with @ctx, also when this call fails; may be NULL
 */
int http_reply_pull(struct http_req *r, int status, const char *type, int64_t size_bytes,
	ssize_t (*read)(void *ctx, char *out, size_t max), void (*release)(void *ctx), void *ctx,
	struct err *e);

/* A problem document (RFC 9457, 2023) from @cause and, where not NULL, every wrong field. */
int http_reply_problem(
	struct http_req *r, const struct err *cause, const struct field_errors *fields, struct err *e);
