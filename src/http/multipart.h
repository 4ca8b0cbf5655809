#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A streaming parser of multipart/form-data (RFC 7578, 2015; RFC 2046, 1996, 5.1), pushed piece by piece.
 * What it reports does not depend on where the pieces are cut. Pure: no I/O, no libmicrohttpd. Refused:
 * nested multipart, a field twice, a part without name, a transfer encoding other than 7bit, 8bit or binary,
 * `filename*`, an end without the closing boundary. */

struct multipart;

struct multipart_limits {            /* 0 takes the default in brackets */
	unsigned max_parts;          /* (32) */
	size_t max_header_bytes;     /* of one part (4096) */
	size_t max_fields_bytes;     /* of all text fields together (65536) */
	uint64_t max_file_bytes;     /* of one file (524288000) */
	uint64_t max_overhead_bytes; /* preamble and epilogue together (65536) */
};

/* Text fields are handed over whole, files as they come. Strings are valid during the call. A hook that
 * returns -1 and sets @e ends the parsing with that error. */
struct multipart_hooks {
	/* @value is NUL-terminated behind @len; it may hold any bytes. */
	int (*field)(void *ctx, const char *name, const char *value, size_t len, struct err *e);
	/* @filename as the client says, for display only; @type "" where none was sent. */
	int (*file_begin)(void *ctx, const char *name, const char *filename, const char *type, struct err *e);
	int (*file_data)(void *ctx, const void *bytes, size_t len, struct err *e);
	int (*file_end)(void *ctx, struct err *e);
};

/**
 * multipart_new() - a parser for one body
 * @content_type  the request's header: multipart/form-data with a boundary of 1 to 70 characters; copied
 * @hooks, @ctx   borrowed
 * Return         0 and *@ret (multipart_free()); -1 with ERR_MEDIA (not multipart/form-data), ERR_INVALID
 * (boundary)
 */
int multipart_new(const char *content_type, const struct multipart_limits *limits,
	const struct multipart_hooks *hooks, void *ctx, struct multipart **ret, struct err *e);
void multipart_free(struct multipart *m);

static inline void multipart_free_p(struct multipart **m)
{
	multipart_free(*m);
}

/**
 * multipart_feed() - the next piece of the body
 * Return  0; -1 with ERR_INVALID (malformed), ERR_TOO_LARGE (a limit) or the hook's error; then every further
 * call fails the same way
 */
int multipart_feed(struct multipart *m, const void *bytes, size_t len, struct err *e);

/* The body is over. Return 0; -1 with ERR_INVALID where the closing boundary never came. */
int multipart_end(struct multipart *m, struct err *e);
