#include "store/accounts.h"

#include <string.h>

#include "base/cleanup.h"
#include "store/store_tx.h"

#define USER_COLUMNS                                                                                         \
	"u.id, u.email, u.role, u.password_hash, u.email_confirmed_ms, u.disabled_ms, u.created_ms, "        \
	"u.last_sign_in_ms, u.password_given"

static const char *const role_names[] = { "submitter", "staff", "admin" };

const char *role_name(enum role r)
{
	return role_names[r];
}

bool role_parse(const char *name, enum role *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(role_names); i++)
		if (strcmp(name, role_names[i]) == 0) {
			*ret = (enum role)i;
			return true;
		}
	return false;
}

static int read_user(struct db_rows *r, struct user *u, struct err *e)
{
	*u = (struct user){ .email_confirmed = !db_is_null(r, 4),
		.disabled = !db_is_null(r, 5),
		.created_ms = db_int(r, 6),
		.last_sign_in_ms = db_int(r, 7),
		.password_given = db_int(r, 8) != 0,
		.until_ms = db_int(r, 9) };
	db_copy(r, 0, u->id, sizeof u->id);
	db_copy(r, 1, u->email, sizeof u->email);
	db_copy(r, 3, u->password_hash, sizeof u->password_hash);
	if (!role_parse(db_text(r, 2), &u->role))
		return err_set(e, ERR_CORRUPT, "user %s has an unknown role", u->id);
	return 0;
}

static int one_user(
	struct tx *tx, const char *sql, const struct db_arg *args, struct user *ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db, sql, args, &rows, e);

	return r != 0 ? r : read_user(&rows, ret, e);
}

int store_user_insert(struct tx *tx, const struct user *u, struct err *e)
{
	struct user other;
	int r = store_user_by_email(tx, u->email, &other, e);

	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(e, ERR_CONFLICT, "there is an account with this address already");
	return db_run(tx->db,
		"INSERT INTO users (id, email, role, password_hash, email_confirmed_ms, created_ms, "
		"password_given) VALUES (?, ?, ?, ?, ?, ?, ?)",
		DB_ARGS(DB_S(u->id), DB_S(u->email), DB_S(role_name(u->role)),
			DB_S(*u->password_hash ? u->password_hash : NULL),
			{ .type = u->email_confirmed ? DB_ARG_INT : DB_ARG_NULL, .n = u->created_ms },
			DB_I(u->created_ms), DB_I(u->password_given)),
		e);
}

int store_user_get(struct tx *tx, const char *id, struct user *ret, struct err *e)
{
	return one_user(
		tx, "SELECT " USER_COLUMNS ", 0 FROM users u WHERE u.id = ?", DB_ARGS(DB_S(id)), ret, e);
}

int store_user_by_email(struct tx *tx, const char *email, struct user *ret, struct err *e)
{
	return one_user(tx, "SELECT " USER_COLUMNS ", 0 FROM users u WHERE u.email = ?", DB_ARGS(DB_S(email)),
		ret, e);
}

int store_users_list(struct tx *tx, struct user *out, unsigned max, unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db, "SELECT " USER_COLUMNS ", 0 FROM users u ORDER BY u.id LIMIT ?",
		DB_ARGS(DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		if (read_user(&rows, &out[(*ret_n)++], e) < 0)
			return -1;
	return r < 0 ? -1 : 0;
}

/* No id is above '~'. */
int store_users_find(struct tx *tx, const char *text, const char *before, struct user *out, unsigned max,
	unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT " USER_COLUMNS
		", 0 FROM users u WHERE u.id < ?1 AND (?2 IS NULL OR instr(lower(u.email), "
		"lower(?2)) > 0) ORDER BY u.id DESC LIMIT ?3",
		DB_ARGS(DB_S(before ? before : "~"), DB_S(text), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		if (read_user(&rows, &out[(*ret_n)++], e) < 0)
			return -1;
	return r < 0 ? -1 : 0;
}

int store_user_set_role(struct tx *tx, const char *id, enum role role, struct err *e)
{
	return db_run(tx->db, "UPDATE users SET role = ? WHERE id = ?",
		DB_ARGS(DB_S(role_name(role)), DB_S(id)), e);
}

int store_user_set_password(struct tx *tx, const char *id, const char *hash, bool given, struct err *e)
{
	if (db_run(tx->db, "UPDATE users SET password_hash = ?, password_given = ? WHERE id = ?",
		    DB_ARGS(DB_S(hash), DB_I(given), DB_S(id)), e) < 0)
		return -1;
	return store_sessions_end(tx, id, e);
}

int store_user_set_disabled(struct tx *tx, const char *id, bool disabled, int64_t now_ms, struct err *e)
{
	if (db_run(tx->db, "UPDATE users SET disabled_ms = iif(?, ?, NULL) WHERE id = ?",
		    DB_ARGS(DB_I(disabled), DB_I(now_ms), DB_S(id)), e) < 0)
		return -1;
	return store_sessions_end(tx, id, e);
}

int store_token_insert(
	struct tx *tx, const struct api_token *t, const uint8_t sha256[SHA256_BYTES], struct err *e)
{
	return db_run(tx->db,
		"INSERT INTO tokens (id, user, name, sha256, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?, "
		"?)",
		DB_ARGS(DB_S(t->id), DB_S(t->user), DB_S(t->name), DB_B(sha256, SHA256_BYTES),
			DB_I(t->created_ms),
			{ .type = t->expires_ms ? DB_ARG_INT : DB_ARG_NULL, .n = t->expires_ms }),
		e);
}

int store_token_revoke(struct tx *tx, const char *id, int64_t now_ms, struct err *e)
{
	int changed;

	if (db_run_n(tx->db, "UPDATE tokens SET revoked_ms = ? WHERE id = ? AND revoked_ms IS NULL",
		    DB_ARGS(DB_I(now_ms), DB_S(id)), &changed, e) < 0)
		return -1;
	return changed ? 0 : STORE_NONE;
}

int store_tokens_list(
	struct tx *tx, const char *user, struct api_token *out, unsigned max, unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT id, user, name, created_ms, expires_ms, revoked_ms FROM tokens WHERE ?1 IS NULL OR "
		"user = ?1 ORDER BY id DESC LIMIT ?2",
		DB_ARGS(DB_S(user), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e)) {
		struct api_token *t = &out[(*ret_n)++];
		*t = (struct api_token){ .created_ms = db_int(&rows, 3),
			.expires_ms = db_int(&rows, 4),
			.revoked_ms = db_int(&rows, 5) };
		db_copy(&rows, 0, t->id, sizeof t->id);
		db_copy(&rows, 1, t->user, sizeof t->user);
		db_copy(&rows, 2, t->name, sizeof t->name);
	}
	return r < 0 ? -1 : 0;
}

int store_token_user(
	struct tx *tx, const uint8_t sha256[SHA256_BYTES], int64_t now_ms, struct user *ret, struct err *e)
{
	return one_user(tx,
		"SELECT " USER_COLUMNS ", t.expires_ms FROM tokens t JOIN users u ON u.id = t.user WHERE "
		"t.sha256 = ? AND t.revoked_ms IS NULL "
		"AND (t.expires_ms IS NULL OR t.expires_ms > ?) AND u.disabled_ms IS NULL",
		DB_ARGS(DB_B(sha256, SHA256_BYTES), DB_I(now_ms)), ret, e);
}

int store_session_user(
	struct tx *tx, const uint8_t sha256[SHA256_BYTES], int64_t now_ms, struct user *ret, struct err *e)
{
	return one_user(tx,
		"SELECT " USER_COLUMNS ", s.expires_ms FROM sessions s JOIN users u ON u.id = s.user WHERE "
		"s.sha256 = ? AND s.expires_ms > ? "
		"AND u.disabled_ms IS NULL",
		DB_ARGS(DB_B(sha256, SHA256_BYTES), DB_I(now_ms)), ret, e);
}

int store_handover_user(
	struct tx *tx, const uint8_t sha256[SHA256_BYTES], int64_t now_ms, struct user *ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT " USER_COLUMNS
		", h.expires_ms, h.id FROM handovers h JOIN users u ON u.id = h.owner WHERE "
		"h.session_sha256 = ? AND h.expires_ms > ? AND h.ended_ms IS NULL AND u.disabled_ms IS NULL",
		DB_ARGS(DB_B(sha256, SHA256_BYTES), DB_I(now_ms)), &rows, e);

	if (r != 0)
		return r;
	if (read_user(&rows, ret, e) < 0)
		return -1;
	db_copy(&rows, 10, ret->handover, sizeof ret->handover);
	return 0;
}
