#include "store/subjects.h"

#include "base/crypto.h"
#include "store/store_tx.h"

#define SUBJECT_COLUMNS                                                                                      \
	"s.id, s.owner, s.code, s.created_ms, (SELECT count(*) FROM jobs j WHERE j.subject = s.id)"

static void read_subject(struct db_rows *r, struct subject *s)
{
	*s = (struct subject){ .created_ms = db_int(r, 3), .jobs = db_int(r, 4) };
	db_copy(r, 0, s->id, sizeof s->id);
	db_copy(r, 1, s->owner, sizeof s->owner);
	db_copy(r, 2, s->code, sizeof s->code);
}

int store_subject_ensure(struct tx *tx, const char *owner, const char *code, int64_t now_ms,
	char ret_id[ID_BYTES], struct err *e)
{
	uint8_t random[ID_RANDOM_BYTES];
	{
		DB_ROWS rows;
		int r = db_first(tx->db, "SELECT id FROM subjects WHERE owner = ? AND code = ?",
			DB_ARGS(DB_S(owner), DB_S(code)), &rows, e);
		if (r < 0)
			return -1;
		if (r == 0) {
			db_copy(&rows, 0, ret_id, ID_BYTES);
			return 0;
		}
	}
	random_bytes(random, sizeof random);
	id_make(now_ms, random, ret_id);
	return db_run(tx->db, "INSERT INTO subjects (id, owner, code, created_ms) VALUES (?, ?, ?, ?)",
		DB_ARGS(DB_S(ret_id), DB_S(owner), DB_S(code), DB_I(now_ms)), e);
}

int store_subject_get(struct tx *tx, const char *id, struct subject *ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db, "SELECT " SUBJECT_COLUMNS " FROM subjects s WHERE s.id = ?",
		DB_ARGS(DB_S(id)), &rows, e);

	if (r == 0)
		read_subject(&rows, ret);
	return r;
}

int store_subjects_list(
	struct tx *tx, const char *owner, struct subject *out, unsigned max, unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT " SUBJECT_COLUMNS
		" FROM subjects s WHERE ?1 IS NULL OR s.owner = ?1 ORDER BY s.code LIMIT ?2",
		DB_ARGS(DB_S(owner), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		read_subject(&rows, &out[(*ret_n)++]);
	return r < 0 ? -1 : 0;
}

int store_subject_rename(struct tx *tx, const char *id, const char *code, struct err *e)
{
	if (db_run(tx->db, "UPDATE subjects SET code = ? WHERE id = ?", DB_ARGS(DB_S(code), DB_S(id)), e) ==
		0)
		return 0;
	if (e && e->kind == ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT, "there is a subject with this code already");
	return -1;
}

int store_subject_delete(struct tx *tx, const char *id, struct err *e)
{
	if (db_run(tx->db, "DELETE FROM subjects WHERE id = ?", DB_ARGS(DB_S(id)), e) == 0)
		return 0;
	if (e && e->kind == ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT, "jobs belong to this subject: erase them first");
	return -1;
}
