#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "core/token.h"
#include "service/accounts.h"
#include "service/sign_in_limits.h"
#include "store/audit.h"

/* What people do with their own account. */

enum { SESSIONS_MOST = 100 };

/* As it stands in the database: who asks was found without the hash. */
static int read_account(struct service *s, const struct user *u, struct user *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	if (store_begin(s->store, STORE_READ, &tx, e) < 0)
		return -1;
	int r = store_user_get(tx, u->id, ret, e);
	if (r != 0 || *ret->password_hash)
		return r <= 0 ? r : err_set(e, ERR_NOT_FOUND, "no such account");
	return err_set(e, ERR_CONFLICT,
		"this account has no password that could be changed: an administrator can give it one");
}

static int check_present(struct service *s, const char *address, const struct user *u, const char *present,
	int *ret_wait_s, struct err *e)
{
	struct sign_in_try t;

	int counted = sign_in_try(s, address, u->email, &t, e);
	*ret_wait_s = t.wait_s;
	if (counted < 0)
		return -1;
	if (!password_verify(u->password_hash, present))
		return err_set(e, ERR_FORBIDDEN, "the present password is another one");
	sign_in_passed(s, &t);
	return 0;
}

static int new_session(char ret_session[64], uint8_t ret_hash[SHA256_BYTES], struct err *e)
{
	uint8_t random[32];

	random_bytes(random, sizeof random);
	base64url_encode(random, sizeof random, ret_session, 64);
	return token_hash(ret_session, ret_hash, e);
}

int account_change_password(struct service *s, const char *address, const struct user *u, const char *present,
	const char *password, char ret_session[64], int *ret_wait_s, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char hash[PASSWORD_HASH_BYTES], actor[48];
	uint8_t session[SHA256_BYTES];
	int64_t now = clock_wall_ms();
	struct user was, is;

	*ret_wait_s = 0;
	if (account_password_ok(password, e) < 0 || read_account(s, u, &was, e) < 0 ||
		check_present(s, address, &was, present, ret_wait_s, e) < 0)
		return -1;
	if (strcmp(password, present) == 0)
		return err_set(e, ERR_FIELD, "password must be another one than the present");
	snprintf(actor, sizeof actor, "user:%s", u->id);
	if (password_hash(password, hash, e) < 0 || new_session(ret_session, session, e) < 0 ||
		store_begin(s->store, STORE_WRITE, &tx, e) < 0)
		return -1;
	/* Somebody may have given it another one, or disabled it, while this one was hashed. */
	int r = store_user_get(tx, u->id, &is, e);
	if (r != 0 || is.disabled || strcmp(is.password_hash, was.password_hash) != 0)
		return r < 0 ? -1 : err_set(e, ERR_CONFLICT, "the account was changed meanwhile: try again");
	if (store_user_set_password(tx, u->id, hash, false, e) < 0 ||
		store_session_insert(tx, session, u->id, now, now + s->opt.session_ttl_ms, e) < 0 ||
		store_audit(tx, actor, "user_password", u->id, "own", now, e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int account_sign_out_everywhere(struct service *s, const struct user *u, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char actor[48];

	snprintf(actor, sizeof actor, "user:%s", u->id);
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || store_sessions_end(tx, u->id, e) < 0 ||
		store_audit(tx, actor, "sign_out_all", u->id, "", clock_wall_ms(), e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int account_write_sessions(
	struct tx *tx, const struct user *u, const char *present, struct json_w *w, struct err *e)
{
	struct session sessions[SESSIONS_MOST];
	uint8_t hash[SHA256_BYTES] = { 0 };
	unsigned n;

	if ((present && token_hash(present, hash, e) < 0) ||
		store_sessions_of_user(tx, u->id, clock_wall_ms(), sessions, SESSIONS_MOST, &n, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_arr(w, "sessions");
	for (unsigned i = 0; i < n; i++) {
		json_w_obj(w, NULL);
		json_w_time(w, "since", sessions[i].created_ms);
		json_w_time(w, "until", sessions[i].expires_ms);
		json_w_bool(w, "present", present && memcmp(sessions[i].sha256, hash, sizeof hash) == 0);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
	json_w_obj_end(w);
	return 0;
}
