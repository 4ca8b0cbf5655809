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
/**
 * sign_in_try() - count a try of a password of an account from an address, within the settings' limits
 * Return  0 counted, and how it ended is said by one of: nothing (it failed), sign_in_passed(); -1 with
 * ERR_RATE
 */
struct sign_in_try {
	char by_address[128], by_account[300];
	int wait_s; /* with ERR_RATE */
};
int sign_in_try(
	struct service *s, const char *address, const char *email, struct sign_in_try *ret, struct err *e);
void sign_in_passed(struct service *s, const struct sign_in_try *t);

/* Take one try back; forget all of them. */
void sign_in_undo(struct sign_in_limits *l, const char *key);
void sign_in_forgive(struct sign_in_limits *l, const char *key);
