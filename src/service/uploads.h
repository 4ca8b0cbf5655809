#pragma once

#include "base/err.h"
#include "core/ids.h"

/* How many uploads each account has under way. Thread-safe. */
struct uploads;
int uploads_new(struct uploads **ret, struct err *e);
void uploads_free(struct uploads *u);
/* One more for @user; -1 with ERR_RATE beyond @most. */
int uploads_enter(struct uploads *u, const char *user, unsigned most, struct err *e);
void uploads_leave(struct uploads *u, const char *user);
