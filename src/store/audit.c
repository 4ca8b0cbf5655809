#include "store/audit.h"

#include "store/store_tx.h"

int store_audit(struct tx *tx, const char *actor, const char *action, const char *object, const char *detail,
	int64_t now_ms, struct err *e)
{
	return db_run(tx->db,
		"INSERT INTO audit (at_ms, actor, action, object, detail) VALUES (?, ?, ?, ?, ?)",
		DB_ARGS(DB_I(now_ms), DB_S(actor), DB_S(action), DB_S(object), DB_S(detail ? detail : "")),
		e);
}

int store_audit_list(
	struct tx *tx, int64_t before, struct audit_entry *out, unsigned max, unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT seq, at_ms, actor, action, object, detail FROM audit WHERE ?1 = 0 OR seq < ?1 ORDER "
		"BY seq DESC LIMIT ?2",
		DB_ARGS(DB_I(before), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e)) {
		struct audit_entry *a = &out[(*ret_n)++];
		*a = (struct audit_entry){ .seq = db_int(&rows, 0), .at_ms = db_int(&rows, 1) };
		db_copy(&rows, 2, a->actor, sizeof a->actor);
		db_copy(&rows, 3, a->action, sizeof a->action);
		db_copy(&rows, 4, a->object, sizeof a->object);
		db_copy(&rows, 5, a->detail, sizeof a->detail);
	}
	return r < 0 ? -1 : 0;
}
