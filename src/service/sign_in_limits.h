#pragma once

#include <stdint.h>

#include "service/accounts.h"

/**
 * sign_in_enter() - count a try, unless the limit is reached
 * Asking and counting are one step, and a try counts as a failure until it has succeeded: a storm of parallel
 * ones does not get past the limit.
 * @most   failures in the window
 * Return  0 counted; the seconds to wait, and nothing is counted
 */
int sign_in_enter(struct sign_in_limits *l, const char *key, unsigned most, int64_t now_ms);
/* Take one try back; forget all of them. */
void sign_in_undo(struct sign_in_limits *l, const char *key);
void sign_in_forgive(struct sign_in_limits *l, const char *key);
