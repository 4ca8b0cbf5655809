#pragma once

#include <stdint.h>

#include "service/accounts.h"

/* Return 0 or the seconds to wait. Counting a failure and asking are separate, so that success costs nothing.
 */
int sign_in_wait_s(struct sign_in_limits *l, const char *key, unsigned most, int64_t now_ms);
void sign_in_failed(struct sign_in_limits *l, const char *key, int64_t now_ms);
void sign_in_succeeded(struct sign_in_limits *l, const char *key);
