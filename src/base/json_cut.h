#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"

/* A member of a JSON object as it stands in the text. */
struct json_piece {
	struct strv name, value; /* the name without quotes; the value without blanks around it */
};

/**
 * json_cut() - the members of one JSON object, without a tree of what is in them
 * For texts of many megabytes whose members have readers of their own. The values are only measured: strings
 * and brackets are followed, everything else about them is for their readers to refuse.
 * @max_depth  arrays and objects nested deeper are refused, the object itself being one level
 * @out        @max places; borrowed from @text
 * Return      how many members; -1 with ERR_INVALID (no such object, a name twice or with an escape in it,
 * text behind it) or ERR_TOO_LARGE (more than @max members)
 */
int json_cut(const char *text, size_t len, int max_depth, struct json_piece *out, int max, struct err *e);
