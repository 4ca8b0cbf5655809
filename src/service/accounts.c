#include "service/accounts.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "core/mail_address.h"
#include "core/token.h"
#include "service/sign_in_limits.h"
#include "service/status_cache.h"
#include "store/audit.h"

static int unknown(struct err *e)
{
	return err_set(e, ERR_UNAUTHENTICATED, "sign in, or send a valid API token");
}

static int by_secret(struct service *s, const char *secret, bool session, struct user *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	uint8_t hash[SHA256_BYTES];
	int64_t now = clock_wall_ms();

	if (token_hash(secret, hash, e) < 0)
		return -1;
	if (status_cache_user(s->status_cache, hash, now, ret) == 0)
		return 0;
	int64_t generation = status_cache_generation(s->status_cache);
	if (store_begin(s->store, STORE_READ_FAST, &tx, e) < 0)
		return -1;
	int r = session ? store_session_user(tx, hash, now, ret, e) : store_token_user(tx, hash, now, ret, e);
	if (r == 0)
		status_cache_keep_user(s->status_cache, generation, hash, ret);
	return r == STORE_NONE ? unknown(e) : r;
}

int account_by_token(struct service *s, const char *token, struct user *ret, struct err *e)
{
	return str_starts(token, "gt_") ? by_secret(s, token, false, ret, e) : unknown(e);
}

int account_by_session(struct service *s, const char *session, struct user *ret, struct err *e)
{
	return by_secret(s, session, true, ret, e);
}

/* Not kept in memory: a hand-over that its owner ends is over at once. */
int account_by_handover(struct service *s, const char *session, struct user *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	uint8_t hash[SHA256_BYTES];

	if (token_hash(session, hash, e) < 0 || store_begin(s->store, STORE_READ_FAST, &tx, e) < 0)
		return -1;
	int r = store_handover_user(tx, hash, clock_wall_ms(), ret, e);
	return r == STORE_NONE ? err_set(e, ERR_UNAUTHENTICATED, "this hand-over is over") : r;
}

/* What an unknown address is checked against, so that it takes as long as a known one. */
static const char *decoy_hash(void)
{
	static char hash[PASSWORD_HASH_BYTES];
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	if (!*hash && password_hash("no account has this password", hash, NULL) < 0)
		*hash = '\0';
	pthread_mutex_unlock(&lock);
	return hash;
}

static int open_session(struct service *s, const struct user *u, char ret_session[64], struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	uint8_t random[32], hash[SHA256_BYTES];
	char actor[48];
	int64_t now = clock_wall_ms();

	random_bytes(random, sizeof random);
	base64url_encode(random, sizeof random, ret_session, 64);
	snprintf(actor, sizeof actor, "user:%s", u->id);
	if (token_hash(ret_session, hash, e) < 0 || store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_session_insert(tx, hash, u->id, now, now + s->opt.session_ttl_ms, e) < 0 ||
		store_audit(tx, actor, "sign_in", u->id, "", now, e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int account_sign_in(struct service *s, const char *address, const char *email, const char *password,
	char ret_session[64], struct user *ret, int *ret_wait_s, struct err *e)
{
	struct sign_in_try t;

	int counted = sign_in_try(s, address, email, &t, e);
	*ret_wait_s = t.wait_s;
	if (counted < 0)
		return -1;
	int known;
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(s->store, STORE_READ, &tx, e) < 0)
			return -1;
		known = store_user_by_email(tx, email, ret, e);
		if (known < 0)
			return -1;
	}
	bool usable = known == 0 && *ret->password_hash && !ret->disabled;
	bool right = password_verify(usable ? ret->password_hash : decoy_hash(), password);
	if (!usable || !right)
		return err_set(e, ERR_UNAUTHENTICATED, "e-mail or password is wrong");
	sign_in_passed(s, &t);
	return open_session(s, ret, ret_session, e);
}

int account_sign_out(struct service *s, const char *session, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	uint8_t hash[SHA256_BYTES];

	if (token_hash(session, hash, e) < 0 || store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_session_delete(tx, hash, e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int account_password_ok(const char *password, struct err *e)
{
	size_t len = strlen(password);

	if (len < 12 || len > 1024)
		return err_set(e, ERR_FIELD, "password must have 12 to 1024 characters");
	return 0;
}

int account_add(struct service *s, const char *actor, const char *email, enum role role, const char *password,
	struct user *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	*ret = (struct user){ .role = role,
		.email_confirmed = true,
		.password_given = password != NULL,
		.created_ms = clock_wall_ms() };
	if (!mail_address_ok(email) || !str_copy(ret->email, sizeof ret->email, email))
		return err_set(e, ERR_FIELD, "email is not an address that can be used");
	if (password &&
		(account_password_ok(password, e) < 0 || password_hash(password, ret->password_hash, e) < 0))
		return -1;
	service_new_id(ret->id);
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || store_user_insert(tx, ret, e) < 0 ||
		store_audit(tx, actor, "user_add", ret->id, role_name(role), ret->created_ms, e) < 0)
		return -1;
	return store_commit(&tx, e);
}

/* Open a transaction around a change of an existing user. */
static int begin_user(struct service *s, const char *id, struct tx **ret, struct err *e)
{
	struct user u;

	if (store_begin(s->store, STORE_WRITE, ret, e) < 0)
		return -1;
	int r = store_user_get(*ret, id, &u, e);
	return r == STORE_NONE ? err_set(e, ERR_NOT_FOUND, "no such account") : r;
}

int account_set_role(struct service *s, const char *actor, const char *id, enum role role, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	if (begin_user(s, id, &tx, e) < 0 || store_user_set_role(tx, id, role, e) < 0 ||
		store_audit(tx, actor, "user_role", id, role_name(role), clock_wall_ms(), e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int account_set_password(
	struct service *s, const char *actor, const char *id, const char *password, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char hash[PASSWORD_HASH_BYTES];

	if (account_password_ok(password, e) < 0 || password_hash(password, hash, e) < 0)
		return -1;
	if (begin_user(s, id, &tx, e) < 0 || store_user_set_password(tx, id, hash, true, e) < 0 ||
		store_audit(tx, actor, "user_password", id, "", clock_wall_ms(), e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int account_set_disabled(struct service *s, const char *actor, const char *id, bool disabled, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t now = clock_wall_ms();

	if (begin_user(s, id, &tx, e) < 0 || store_user_set_disabled(tx, id, disabled, now, e) < 0 ||
		store_audit(tx, actor, disabled ? "user_disable" : "user_enable", id, "", now, e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int token_add(struct service *s, const char *actor, const char *user, const char *name, int64_t expires_ms,
	char ret_token[64], char ret_id[ID_BYTES], struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct api_token t = { .created_ms = clock_wall_ms(), .expires_ms = expires_ms };
	uint8_t random[32], hash[SHA256_BYTES];

	if (!*name || !str_copy(t.name, sizeof t.name, name) || !str_is_clean_utf8(name, strlen(name)))
		return err_set(e, ERR_FIELD, "name must have 1 to 63 bytes");
	random_bytes(random, sizeof random);
	token_make(random, ret_token);
	service_new_id(t.id);
	snprintf(t.user, sizeof t.user, "%s", user);
	if (token_hash(ret_token, hash, e) < 0 || begin_user(s, user, &tx, e) < 0 ||
		store_token_insert(tx, &t, hash, e) < 0 ||
		store_audit(tx, actor, "token_add", t.id, user, t.created_ms, e) < 0)
		return -1;
	memcpy(ret_id, t.id, ID_BYTES);
	return store_commit(&tx, e);
}

int token_revoke(struct service *s, const char *actor, const char *id, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t now = clock_wall_ms();

	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0)
		return -1;
	int r = store_token_revoke(tx, id, now, e);
	if (r != 0)
		return r < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "no such token, or it was revoked before");
	return store_audit(tx, actor, "token_revoke", id, "", now, e) < 0 ? -1 : store_commit(&tx, e);
}
