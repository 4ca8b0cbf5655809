#include "store/accounts.h"
#include "store/store_tx.h"

/* Sessions: who is signed in. store_session_user() stands beside the tokens' in accounts.c. */

int store_session_insert(struct tx *tx, const uint8_t sha256[SHA256_BYTES], const char *user, int64_t now_ms,
	int64_t expires_ms, struct err *e)
{
	if (db_run(tx->db, "UPDATE users SET last_sign_in_ms = ? WHERE id = ?",
		    DB_ARGS(DB_I(now_ms), DB_S(user)), e) < 0)
		return -1;
	return db_run(tx->db,
		"INSERT INTO sessions (sha256, user, created_ms, expires_ms) VALUES (?, ?, ?, ?)",
		DB_ARGS(DB_B(sha256, SHA256_BYTES), DB_S(user), DB_I(now_ms), DB_I(expires_ms)), e);
}

int store_session_delete(struct tx *tx, const uint8_t sha256[SHA256_BYTES], struct err *e)
{
	return db_run(
		tx->db, "DELETE FROM sessions WHERE sha256 = ?", DB_ARGS(DB_B(sha256, SHA256_BYTES)), e);
}

int store_sessions_expire(struct tx *tx, int64_t now_ms, struct err *e)
{
	return db_run(tx->db, "DELETE FROM sessions WHERE expires_ms <= ?", DB_ARGS(DB_I(now_ms)), e);
}

int store_sessions_end(struct tx *tx, const char *user, struct err *e)
{
	/* Devices that bring its videos as well: when it was does not matter any more. */
	if (db_run(tx->db,
		    "UPDATE handovers SET ended_ms = coalesce(claimed_ms, created_ms) WHERE owner = ? AND "
		    "ended_ms "
		    "IS NULL",
		    DB_ARGS(DB_S(user)), e) < 0)
		return -1;
	return db_run(tx->db, "DELETE FROM sessions WHERE user = ?", DB_ARGS(DB_S(user)), e);
}

int store_sessions_of_user(struct tx *tx, const char *user, int64_t now_ms, struct session *out, unsigned max,
	unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT sha256, created_ms, expires_ms FROM sessions WHERE user = ? AND expires_ms > ? "
		"ORDER BY created_ms DESC LIMIT ?",
		DB_ARGS(DB_S(user), DB_I(now_ms), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e)) {
		struct session *s = &out[(*ret_n)++];
		*s = (struct session){ .created_ms = db_int(&rows, 1), .expires_ms = db_int(&rows, 2) };
		db_blob(&rows, 0, s->sha256, SHA256_BYTES);
	}
	return r < 0 ? -1 : 0;
}
