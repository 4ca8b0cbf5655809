#pragma once

#include "store/store.h"

/* Who did what: append-only, also in SQL. No secrets, no patient facts. */
struct audit_entry {
	int64_t seq, at_ms;
	char actor[300], action[32], object[64], detail[256];
};

/* @actor "user:ID", "os:NAME" (gaitctl), "attempt:ID", "handover:ID", "gaitd" */
int store_audit(struct tx *tx, const char *actor, const char *action, const char *object, const char *detail,
	int64_t now_ms, struct err *e);
struct audit_filter {
	int64_t before;     /* a seq; 0: from the newest */
	const char *about;  /* NULL, or who did it or what it was done to: a user's or job's id, an actor */
	const char *action; /* NULL: any */
};
/* Newest first. */
int store_audit_find(struct tx *tx, const struct audit_filter *f, struct audit_entry *out, unsigned max,
	unsigned *ret_n, struct err *e);
/* All, seq < @before (0: from the newest). */
int store_audit_list(
	struct tx *tx, int64_t before, struct audit_entry *out, unsigned max, unsigned *ret_n, struct err *e);
