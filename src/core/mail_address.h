#pragma once

#include <stdbool.h>

/* Is @text a bare address that may stand in a header and an envelope? The conservative part of RFC 5321
 * (2008): dot-atom@hostname with at least one dot, no quoting, no comments, no literals, ASCII only, 254
 * bytes at most. */
bool mail_address_ok(const char *text);
