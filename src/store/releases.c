#include "store/releases.h"

#include "store/store_tx.h"

int store_release_begin(struct tx *tx, const struct job *job, int64_t now_ms, struct err *e)
{
	return db_run(tx->db, "INSERT INTO releases (job, attempt, state, at_ms) VALUES (?, ?, ?, ?)",
		DB_ARGS(DB_S(job->id), DB_I(job->result_attempt), DB_S(release_name(job->release)),
			DB_I(now_ms)),
		e);
}

static int read_state(struct db_rows *rows, int column, enum release_state *ret, struct err *e)
{
	return release_parse(db_text(rows, column), ret)
		       ? 0
		       : err_set(e, ERR_CORRUPT, "unknown release %s", db_text(rows, column));
}

int store_release_get(struct tx *tx, const char *job, int attempt, struct release *ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT state, times, at_ms, actor, comment, reason FROM releases WHERE job = ? AND attempt "
		"= ?",
		DB_ARGS(DB_S(job), DB_I(attempt)), &rows, e);

	if (r != 0)
		return r;
	ret->attempt = attempt;
	ret->times = (int)db_int(&rows, 1);
	ret->at_ms = db_int(&rows, 2);
	db_copy(&rows, 3, ret->actor, sizeof ret->actor);
	db_copy(&rows, 4, ret->comment, sizeof ret->comment);
	db_copy(&rows, 5, ret->reason, sizeof ret->reason);
	return read_state(&rows, 0, &ret->state, e);
}

int store_release_state(struct tx *tx, const char *job, int attempt, enum release_state *ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db, "SELECT state FROM releases WHERE job = ? AND attempt = ?",
		DB_ARGS(DB_S(job), DB_I(attempt)), &rows, e);

	*ret = RELEASE_NONE;
	return r < 0 ? -1 : r == STORE_NONE ? 0 : read_state(&rows, 0, ret, e);
}

int store_release_change(
	struct tx *tx, struct job *job, const struct release *r, int64_t now_ms, struct err *e)
{
	job->version++;
	job->updated_ms = now_ms;
	if (db_run(tx->db,
		    "UPDATE releases SET state = ?3, times = ?4, at_ms = ?5, actor = ?6, comment = ?7, "
		    "reason "
		    "= ?8 WHERE job = ?1 AND attempt = ?2",
		    DB_ARGS(DB_S(job->id), DB_I(r->attempt), DB_S(release_name(r->state)), DB_I(r->times),
			    DB_I(r->at_ms), DB_S(r->actor), DB_S(r->comment), DB_S(r->reason)),
		    e) < 0)
		return -1;
	return db_run(tx->db,
		"UPDATE jobs SET release = ?2, shown_attempt = ?3, shown_score = ?4, shown_demonstration = "
		"?5, version = ?6, updated_ms = ?7 WHERE id = ?1",
		DB_ARGS(DB_S(job->id), DB_S(release_name(job->release)), DB_I(job->shown_attempt),
			DB_D(job->shown_score), DB_I(job->shown_demonstration), DB_I(job->version),
			DB_I(now_ms)),
		e);
}

int store_releases_waiting(struct tx *tx, int64_t *ret, struct err *e)
{
	DB_ROWS rows;

	if (db_first(tx->db, "SELECT count(*) FROM jobs WHERE release = ?",
		    DB_ARGS(DB_S(release_name(RELEASE_WAITING))), &rows, e) < 0)
		return -1;
	*ret = db_int(&rows, 0);
	return 0;
}
