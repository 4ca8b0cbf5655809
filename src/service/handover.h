#pragma once

#include "core/handover_code.h"
#include "service/service.h"
#include "store/accounts.h"
#include "store/handovers.h"
#include "store/uploads.h"

/* Videos that another device brings (docs/adr/0025-hand-over.md): who is signed in opens a hand-over and
 * shows its code; a device that has the code gets a session that may bring uploads of this hand-over, and
 * nothing else of the account.
 *
 *     waiting --claim--> claimed --done--> done
 *        |                  |
 *        +--- 10 minutes ---+--- an hour ---> expired;   both --end--> cancelled
 */

enum { HANDOVER_UPLOADS = 8 };

enum handover_state {
	HANDOVER_WAITING,
	HANDOVER_CLAIMED,
	HANDOVER_DONE,
	HANDOVER_CANCELLED,
	HANDOVER_EXPIRED,
};
enum handover_state handover_state(const struct handover *h, int64_t now_ms);
const char *handover_state_name(enum handover_state s);

/* @ret_code is told here only. ERR_RATE where too many are open. */
int handover_open(struct service *s, const struct user *who, struct handover *ret,
	char ret_code[HANDOVER_CODE_SHOWN_BYTES], struct err *e);

/**
 * handover_claim() - exchange a code for a session, once
 * @address      the client's, for the limit of guesses
 * @ret_session  the cookie's secret; only its hash is stored
 * Errors        ERR_NOT_FOUND (no such code), ERR_CONFLICT (used before), ERR_GONE (expired or cancelled),
 *               ERR_RATE (@ret_wait_s says how long)
 */
int handover_claim(struct service *s, const char *address, const char *code, struct handover *ret,
	char ret_session[64], int *ret_wait_s, struct err *e);

/* One that @who opened, or whose session @who is; ERR_NOT_FOUND. */
int handover_get(struct tx *tx, const struct user *who, const char *id, struct handover *ret, struct err *e);

/* Its owner's: the session is dead from here on. Its device's, which has brought what it has (@done). */
int handover_end(struct service *s, const struct user *who, const char *id, bool done, struct err *e);

/* How much of @u is here: more than is acknowledged, while a request is at it. */
int64_t handover_received(const struct service *s, const struct upload_row *u);
