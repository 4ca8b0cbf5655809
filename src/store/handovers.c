#include "store/handovers.h"

#include "store/store_tx.h"

#define HANDOVER_COLUMNS "id, owner, created_ms, expires_ms, claimed_ms, ended_ms, done"

static int one(struct tx *tx, const char *sql, const struct db_arg *args, struct handover *h, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db, sql, args, &rows, e);

	if (r != 0)
		return r;
	*h = (struct handover){ .created_ms = db_int(&rows, 2),
		.expires_ms = db_int(&rows, 3),
		.claimed_ms = db_int(&rows, 4),
		.ended_ms = db_int(&rows, 5),
		.done = db_int(&rows, 6) != 0 };
	db_copy(&rows, 0, h->id, sizeof h->id);
	db_copy(&rows, 1, h->owner, sizeof h->owner);
	return 0;
}

int store_handover_insert(
	struct tx *tx, const struct handover *h, const uint8_t code_sha256[SHA256_BYTES], struct err *e)
{
	return db_run(tx->db,
		"INSERT INTO handovers (id, owner, code_sha256, created_ms, expires_ms) VALUES (?, ?, ?, ?, "
		"?)",
		DB_ARGS(DB_S(h->id), DB_S(h->owner), DB_B(code_sha256, SHA256_BYTES), DB_I(h->created_ms),
			DB_I(h->expires_ms)),
		e);
}

int store_handover_get(struct tx *tx, const char *id, struct handover *ret, struct err *e)
{
	return one(tx, "SELECT " HANDOVER_COLUMNS " FROM handovers WHERE id = ?", DB_ARGS(DB_S(id)), ret, e);
}

int store_handover_by_code(
	struct tx *tx, const uint8_t code_sha256[SHA256_BYTES], struct handover *ret, struct err *e)
{
	return one(tx, "SELECT " HANDOVER_COLUMNS " FROM handovers WHERE code_sha256 = ?",
		DB_ARGS(DB_B(code_sha256, SHA256_BYTES)), ret, e);
}

int store_handover_claim(
	struct tx *tx, const struct handover *h, const uint8_t session_sha256[SHA256_BYTES], struct err *e)
{
	int changed = 0;

	if (db_run_n(tx->db,
		    "UPDATE handovers SET session_sha256 = ?, claimed_ms = ?, expires_ms = ? "
		    "WHERE id = ? AND claimed_ms IS NULL AND ended_ms IS NULL",
		    DB_ARGS(DB_B(session_sha256, SHA256_BYTES), DB_I(h->claimed_ms), DB_I(h->expires_ms),
			    DB_S(h->id)),
		    &changed, e) < 0)
		return -1;
	return changed == 1 ? 0 : STORE_NONE;
}

int store_handover_end(struct tx *tx, const char *id, bool done, int64_t now_ms, struct err *e)
{
	int changed = 0;

	if (db_run_n(tx->db, "UPDATE handovers SET ended_ms = ?, done = ? WHERE id = ? AND ended_ms IS NULL",
		    DB_ARGS(DB_I(now_ms), DB_I(done), DB_S(id)), &changed, e) < 0)
		return -1;
	return changed == 1 ? 0 : STORE_NONE;
}

int store_handovers_live(struct tx *tx, const char *owner, int64_t now_ms, int64_t *ret, struct err *e)
{
	DB_ROWS rows;

	if (db_first(tx->db,
		    "SELECT count(*) FROM handovers WHERE owner = ? AND ended_ms IS NULL AND expires_ms > ?",
		    DB_ARGS(DB_S(owner), DB_I(now_ms)), &rows, e) < 0)
		return -1;
	*ret = db_int(&rows, 0);
	return 0;
}

int store_handovers_expire(struct tx *tx, int64_t before_ms, struct err *e)
{
	return db_run(tx->db, "DELETE FROM handovers WHERE expires_ms <= ?", DB_ARGS(DB_I(before_ms)), e);
}
