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

#define AUDIT_COLUMNS "seq, at_ms, actor, action, object, detail"

/* The page that begins with the first row of @rows; @r is what db_first() said. */
static int read_page(struct db_rows *rows, int r, struct audit_entry *out, unsigned *ret_n, struct err *e)
{
	for (*ret_n = 0; r == 0; r = db_next(rows, e)) {
		struct audit_entry *a = &out[(*ret_n)++];
		*a = (struct audit_entry){ .seq = db_int(rows, 0), .at_ms = db_int(rows, 1) };
		db_copy(rows, 2, a->actor, sizeof a->actor);
		db_copy(rows, 3, a->action, sizeof a->action);
		db_copy(rows, 4, a->object, sizeof a->object);
		db_copy(rows, 5, a->detail, sizeof a->detail);
	}
	return r < 0 ? -1 : 0;
}

int store_audit_list(
	struct tx *tx, int64_t before, struct audit_entry *out, unsigned max, unsigned *ret_n, struct err *e)
{
	const struct audit_filter all = { .before = before };

	return store_audit_find(tx, &all, out, max, ret_n, e);
}

/* A statement for each shape, so that each walks the index that has its order. */
int store_audit_find(struct tx *tx, const struct audit_filter *f, struct audit_entry *out, unsigned max,
	unsigned *ret_n, struct err *e)
{
	int64_t before = f->before ? f->before : INT64_MAX;
	DB_ROWS rows = { 0 };
	int r;

	if (f->about)
		r = db_first(tx->db,
			"SELECT " AUDIT_COLUMNS " FROM audit WHERE seq IN (SELECT seq FROM audit WHERE "
			"object = ?1 UNION SELECT seq FROM audit WHERE actor IN (?1, 'user:' || ?1)) AND seq "
			"< ?2 AND (?3 IS NULL OR action = ?3) ORDER BY seq DESC LIMIT ?4",
			DB_ARGS(DB_S(f->about), DB_I(before), DB_S(f->action), DB_I(max)), &rows, e);
	else if (f->action)
		r = db_first(tx->db,
			"SELECT " AUDIT_COLUMNS
			" FROM audit WHERE action = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
			DB_ARGS(DB_S(f->action), DB_I(before), DB_I(max)), &rows, e);
	else
		r = db_first(tx->db,
			"SELECT " AUDIT_COLUMNS " FROM audit WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2",
			DB_ARGS(DB_I(before), DB_I(max)), &rows, e);
	return read_page(&rows, r, out, ret_n, e);
}
