#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/strv.h"

/* What the first bytes of a connection say, before anything is taken from the socket. Pure. */

enum peek_result { PEEK_MORE, PEEK_REQUEST, PEEK_MALFORMED, PEEK_LONG_TARGET, PEEK_LONG_HEADERS };

enum { PEEK_TARGET_BYTES = 4096, PEEK_HEADER_BYTES = 8192 };

/**
 * peek_request() - is there a whole request header in @bytes?
 * @ret_method, @ret_path  set on PEEK_REQUEST, pointing into @bytes; the path without query, undecoded
 * Source  RFC 9112 (2022), 2.2 and 3
 */
enum peek_result peek_request(const char *bytes, size_t len, struct strv *ret_method, struct strv *ret_path);
