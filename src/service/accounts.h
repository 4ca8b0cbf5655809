#pragma once

#include "service/service.h"
#include "store/accounts.h"

/* Who asks, and what they may see. Every rule about rights stands here; the web app only mirrors them. */

/* The user behind an API token or a session cookie. Return 0; -1 with ERR_UNAUTHENTICATED (never says why).
 * Quick: one hash and one query, fit for the event loop. */
int account_by_token(struct service *s, const char *token, struct user *ret, struct err *e);
int account_by_session(struct service *s, const char *session, struct user *ret, struct err *e);
/* The account in so far as a device may bring its uploads: ret->handover says of which hand-over. */
int account_by_handover(struct service *s, const char *session, struct user *ret, struct err *e);

/**
 * account_sign_in() - check e-mail and password, open a session
 * Takes about 60 ms (Argon2id), also for unknown addresses, so that time does not tell whether one exists.
 * @address      the client's, for the rate limit
 * @ret_session  the cookie's secret; only its hash is stored
 * Errors        ERR_UNAUTHENTICATED, ERR_RATE (by address and by account; @ret_wait_s says how long)
 */
int account_sign_in(struct service *s, const char *address, const char *email, const char *password,
	char ret_session[64], struct user *ret, int *ret_wait_s, struct err *e);
int account_sign_out(struct service *s, const char *session, struct err *e);

/**
 * account_change_password() - by its owner, who knows the present one
 * All sessions end; a new one takes the place of the one that asked. API tokens go on.
 * @ret_session  the new session's secret
 * Errors        ERR_FORBIDDEN (the present password is another one), ERR_FIELD (the new one), ERR_CONFLICT
 * (the account has none), ERR_RATE as of account_sign_in(): both count the same failures
 */
int account_change_password(struct service *s, const char *address, const struct user *u, const char *present,
	const char *password, char ret_session[64], int *ret_wait_s, struct err *e);
/* End all sessions of the account. */
int account_sign_out_everywhere(struct service *s, const struct user *u, struct err *e);
/* The account's open sessions as JSON; @present is the secret of the one that asks, or NULL. */
struct json_w;
int account_write_sessions(
	struct tx *tx, const struct user *u, const char *present, struct json_w *w, struct err *e);

static inline bool account_is_staff(const struct user *u)
{
	return u->role != ROLE_SUBMITTER;
}

/* Users and tokens, for admins and gaitctl. @actor as in store/audit.h. */
int account_add(struct service *s, const char *actor, const char *email, enum role role, const char *password,
	struct user *ret, struct err *e); /* password NULL: none; ERR_FIELD, ERR_CONFLICT */
int account_set_role(struct service *s, const char *actor, const char *id, enum role role, struct err *e);
int account_set_password(
	struct service *s, const char *actor, const char *id, const char *password, struct err *e);
int account_set_disabled(struct service *s, const char *actor, const char *id, bool disabled, struct err *e);
int token_add(struct service *s, const char *actor, const char *user, const char *name, int64_t expires_ms,
	char ret_token[64], char ret_id[ID_BYTES], struct err *e);
int token_revoke(struct service *s, const char *actor, const char *id, struct err *e);

/* "At least 12 characters" and the like; -1 with ERR_FIELD. */
int account_password_ok(const char *password, struct err *e);

/* Failed sign-ins within the last @window_ms, by address and by account. Thread-safe. */
struct sign_in_limits;
int sign_in_limits_new(int64_t window_ms, struct sign_in_limits **ret, struct err *e);
void sign_in_limits_free(struct sign_in_limits *l);
