#pragma once

#include "base/crypto.h"
#include "core/ids.h"
#include "store/store.h"

/* Hand-overs of an account's videos to another device; who holds the session is store_handover_user(). */

struct handover {
	char id[ID_BYTES], owner[ID_BYTES];
	int64_t created_ms, expires_ms;
	int64_t claimed_ms, ended_ms; /* 0: not yet */
	bool done;
};

int store_handover_insert(
	struct tx *tx, const struct handover *h, const uint8_t code_sha256[SHA256_BYTES], struct err *e);
/* Return 0, STORE_NONE, -1 */
int store_handover_get(struct tx *tx, const char *id, struct handover *ret, struct err *e);
int store_handover_by_code(
	struct tx *tx, const uint8_t code_sha256[SHA256_BYTES], struct handover *ret, struct err *e);
/* Writes claimed_ms and expires_ms. STORE_NONE where it was claimed or ended before. */
int store_handover_claim(
	struct tx *tx, const struct handover *h, const uint8_t session_sha256[SHA256_BYTES], struct err *e);
/* STORE_NONE where it had ended before. */
int store_handover_end(struct tx *tx, const char *id, bool done, int64_t now_ms, struct err *e);
int store_handovers_live(struct tx *tx, const char *owner, int64_t now_ms, int64_t *ret, struct err *e);
int store_handovers_expire(struct tx *tx, int64_t before_ms, struct err *e);
