#pragma once

#include "store/store.h"

/* Who did what: append-only, also in SQL. No secrets, no patient facts. */
struct audit_entry {
	int64_t seq, at_ms;
	char actor[300], action[32], object[64], detail[256];
};

/* @actor "user:ID", "os:NAME" (gaitctl), "attempt:ID", "gaitd" */
int store_audit(struct tx *tx, const char *actor, const char *action, const char *object, const char *detail,
	int64_t now_ms, struct err *e);
/* Newest first, seq < @before (0: from the newest). */
int store_audit_list(
	struct tx *tx, int64_t before, struct audit_entry *out, unsigned max, unsigned *ret_n, struct err *e);
