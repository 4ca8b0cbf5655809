#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

/* Header fields of multipart bodies and their parameters. Pure. */

/**
 * mp_param_next() - the next `; name=value` of a header value
 * @rest   in: behind the media type or disposition; out: behind the parameter
 * @name   the parameter's name, as sent
 * @value  replaced by its value: of a quoted string without quotes and with \" and \\ undone (RFC 2045,
 * 1996, 5.1; other backslashes stay, as browsers mean them) Return  1 found; 0 at the end; -1 with
 * ERR_INVALID or ERR_TOO_LARGE
 */
int mp_param_next(struct strv *rest, struct strv *name, struct buf *value, struct err *e);

/**
 * mp_boundary() - the boundary of a Content-Type header
 * @out    replaced by it, 1 to 70 characters of RFC 2046 (1996), 5.1.1
 * Return  0; -1 with ERR_MEDIA (another type) or ERR_INVALID
 */
int mp_boundary(const char *content_type, struct buf *out, struct err *e);

/* What the header of one part says. */
struct mp_part {
	struct buf name, filename, type;
	bool has_name, has_filename;
};

void mp_part_init(struct mp_part *p, size_t max_bytes);
void mp_part_deinit(struct mp_part *p);

/* @block: all header lines, each with CR LF. Errors ERR_INVALID: malformed, no name, nested multipart, an
 * encoding other than 7bit, 8bit, binary, `name*` or `filename*` (RFC 7578, 2015, 4.2). */
int mp_part_parse(struct mp_part *p, struct strv block, struct err *e);
