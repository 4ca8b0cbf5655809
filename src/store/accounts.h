#pragma once

#include "base/crypto.h"
#include "core/ids.h"
#include "store/store.h"

/* Who may do what: users, their sessions and API tokens. Secrets are kept as hashes only. */

enum role { ROLE_SUBMITTER, ROLE_STAFF, ROLE_ADMIN };
const char *role_name(enum role r);
bool role_parse(const char *name, enum role *ret);

struct user {
	char id[ID_BYTES], email[255];
	enum role role;
	char password_hash[PASSWORD_HASH_BYTES]; /* "" where none */
	bool email_confirmed, disabled;
	bool password_given;                 /* by somebody else, and not changed since */
	int64_t created_ms, last_sign_in_ms; /* 0: never */
	int64_t until_ms;                    /* of the token or session that it was found by; 0: for ever */
	char handover[ID_BYTES]; /* "" for the account itself; else of a device that brings videos */
};

/* ERR_CONFLICT where the address is taken. */
int store_user_insert(struct tx *tx, const struct user *u, struct err *e);
int store_user_get(struct tx *tx, const char *id, struct user *ret, struct err *e);
int store_user_by_email(struct tx *tx, const char *email, struct user *ret, struct err *e);
int store_users_list(struct tx *tx, struct user *out, unsigned max, unsigned *ret_n, struct err *e);
/* Newest first, ids below @before (NULL: from the newest), @text somewhere in the address (NULL: all). */
int store_users_find(struct tx *tx, const char *text, const char *before, struct user *out, unsigned max,
	unsigned *ret_n, struct err *e);
int store_user_set_role(struct tx *tx, const char *id, enum role role, struct err *e);
/* It ends the sessions and hand-overs. @given: somebody else chose it. */
int store_user_set_password(struct tx *tx, const char *id, const char *hash, bool given, struct err *e);
/* Disabling ends the sessions and hand-overs and stops the tokens; enabling lets the tokens work again. */
int store_user_set_disabled(struct tx *tx, const char *id, bool disabled, int64_t now_ms, struct err *e);

struct api_token {
	char id[ID_BYTES], user[ID_BYTES], name[64];
	int64_t created_ms, expires_ms, revoked_ms; /* 0: never */
};

int store_token_insert(
	struct tx *tx, const struct api_token *t, const uint8_t sha256[SHA256_BYTES], struct err *e);
int store_token_revoke(
	struct tx *tx, const char *id, int64_t now_ms, struct err *e); /* STORE_NONE: no such */
/* The newest @max of @user's, or of all where @user is NULL; the newest first. */
int store_tokens_list(
	struct tx *tx, const char *user, struct api_token *out, unsigned max, unsigned *ret_n, struct err *e);
/* The enabled user behind a live token. Return 0, STORE_NONE, -1 */
int store_token_user(
	struct tx *tx, const uint8_t sha256[SHA256_BYTES], int64_t now_ms, struct user *ret, struct err *e);

struct session {
	uint8_t sha256[SHA256_BYTES];
	int64_t created_ms, expires_ms;
};

/* A session is a sign-in: the account's latest one, too. */
int store_session_insert(struct tx *tx, const uint8_t sha256[SHA256_BYTES], const char *user, int64_t now_ms,
	int64_t expires_ms, struct err *e);
int store_session_user(
	struct tx *tx, const uint8_t sha256[SHA256_BYTES], int64_t now_ms, struct user *ret, struct err *e);
/* The account whose hand-over that session is, as long as it is neither over nor ended. */
int store_handover_user(
	struct tx *tx, const uint8_t sha256[SHA256_BYTES], int64_t now_ms, struct user *ret, struct err *e);
int store_session_delete(struct tx *tx, const uint8_t sha256[SHA256_BYTES], struct err *e);
/* All of the user's, and its hand-overs. */
int store_sessions_end(struct tx *tx, const char *user, struct err *e);
/* Those that have not expired, newest first. */
int store_sessions_of_user(struct tx *tx, const char *user, int64_t now_ms, struct session *out, unsigned max,
	unsigned *ret_n, struct err *e);
int store_sessions_expire(struct tx *tx, int64_t now_ms, struct err *e);
