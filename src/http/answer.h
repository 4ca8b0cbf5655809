#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* An answer before it is handed to libmicrohttpd: handlers on any thread fill it, the connection's thread
 * sends it. */

struct http_stream;

enum answer_kind { ANSWER_NONE, ANSWER_BUF, ANSWER_TEXT, ANSWER_FILE, ANSWER_PULL, ANSWER_STREAM };

struct answer {
	enum answer_kind kind;
	int status;
	bool close;     /* the connection ends after it */
	bool cacheable; /* no no-store of ours */
	bool page;      /* of the web app: its own content security policy */
	int retry_after_s;
	unsigned headers_n;
	char type[96];
	struct buf headers;     /* "Name\0value\0" … */
	struct buf body;        /* ANSWER_BUF */
	const char *text;       /* ANSWER_TEXT */
	int fd;                 /* ANSWER_FILE */
	int64_t offset, length; /* of the file; ANSWER_PULL: length or -1 */
	ssize_t (*read)(void *ctx, char *out, size_t max);
	void (*release)(void *ctx);
	void *ctx;
	struct http_stream *stream;
};

void answer_init(struct answer *a);
void answer_deinit(struct answer *a);

/* Forget the content, keep the headers asked for. */
void answer_drop_content(struct answer *a);

int answer_header(struct answer *a, const char *name, const char *value, struct err *e);

/* Calls @each for every header that goes out, the standing ones included. */
struct answer_standing {
	const char *request_id;
	bool hsts;
};
void answer_each_header(const struct answer *a, const struct answer_standing *standing,
	void (*each)(void *ctx, const char *name, const char *value), void *ctx);

/**
 * answer_raw() - the whole answer as it goes over the wire, with Connection: close
 * For refusals in the midst of a body, where libmicrohttpd takes no answer. Only for the kinds BUF and TEXT.
 */
int answer_raw(const struct answer *a, const struct answer_standing *standing, bool head, struct buf *out,
	struct err *e);

/* The problem document of RFC 9457 (2023) as ANSWER_BUF. */
struct field_errors;
int answer_problem(struct answer *a, int status, const char *title, const struct err *cause,
	const struct field_errors *fields, const char *request_id, struct err *e);

/* "Content Too Large" for 413 … (RFC 9110, 2022, 15) */
const char *answer_reason(int status);
