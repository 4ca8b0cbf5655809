#include "store/attempts.h"

#include <stdio.h>
#include <string.h>

#include "store/store_tx.h"

#define ATTEMPT_COLUMNS                                                                                      \
	"id, job, n, nonce, token_sha256, cluster_id, run_id, created_ms, submitted_ms, checked_in_ms, "     \
	"heartbeat_ms, "                                                                                     \
	"ended_ms, outcome, step, percent, strikes, error_kind, error_text, result_sha256, engine, frames, " \
	"walltime_s, relay, relayed_ms, never_runs_ms"

static void read_attempt(struct db_rows *r, struct attempt *a)
{
	*a = (struct attempt){ .n = (int)db_int(r, 2),
		.created_ms = db_int(r, 7),
		.submitted_ms = db_int(r, 8),
		.checked_in_ms = db_int(r, 9),
		.heartbeat_ms = db_int(r, 10),
		.ended_ms = db_int(r, 11),
		.percent = (int)db_int(r, 14),
		.strikes = (int)db_int(r, 15),
		.frames = db_int(r, 20),
		.walltime_s = db_int(r, 21),
		.relay = db_int(r, 22) != 0,
		.relayed_ms = db_int(r, 23),
		.never_runs_ms = db_int(r, 24) };
	db_copy(r, 0, a->id, sizeof a->id);
	db_copy(r, 1, a->job, sizeof a->job);
	db_blob(r, 3, a->nonce, sizeof a->nonce);
	db_blob(r, 4, a->token_sha256, SHA256_BYTES);
	db_copy(r, 5, a->cluster_id, sizeof a->cluster_id);
	db_copy(r, 6, a->run_id, sizeof a->run_id);
	db_copy(r, 12, a->outcome, sizeof a->outcome);
	db_copy(r, 13, a->step, sizeof a->step);
	db_copy(r, 16, a->error_kind, sizeof a->error_kind);
	db_copy(r, 17, a->error_text, sizeof a->error_text);
	db_blob(r, 18, a->result_sha256, SHA256_BYTES);
	db_copy(r, 19, a->engine, sizeof a->engine);
}

int store_attempt_insert(struct tx *tx, const struct attempt *a, struct err *e)
{
	return db_run(tx->db,
		"INSERT INTO attempts (id, job, n, nonce, token_sha256, created_ms, relay) VALUES (?, ?, ?, "
		"?, ?, ?, ?)",
		DB_ARGS(DB_S(a->id), DB_S(a->job), DB_I(a->n), DB_B(a->nonce, sizeof a->nonce),
			DB_B(a->token_sha256, SHA256_BYTES), DB_I(a->created_ms), DB_I(a->relay)),
		e);
}

int store_attempt_get(struct tx *tx, const char *id, struct attempt *ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(
		tx->db, "SELECT " ATTEMPT_COLUMNS " FROM attempts WHERE id = ?", DB_ARGS(DB_S(id)), &rows, e);

	if (r == 0)
		read_attempt(&rows, ret);
	return r;
}

int store_attempts_of_job(
	struct tx *tx, const char *job, struct attempt *out, unsigned max, unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT " ATTEMPT_COLUMNS " FROM attempts WHERE job = ? ORDER BY n DESC LIMIT ?",
		DB_ARGS(DB_S(job), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		read_attempt(&rows, &out[(*ret_n)++]);
	return r < 0 ? -1 : 0;
}

int store_attempt_token_known(struct tx *tx, const uint8_t sha256[SHA256_BYTES], struct err *e)
{
	DB_ROWS rows;

	return db_first(tx->db,
		"SELECT 1 FROM attempts WHERE forgotten_ms IS NULL AND token_sha256 = ? LIMIT 1",
		DB_ARGS(DB_B(sha256, SHA256_BYTES)), &rows, e);
}

int store_attempts_in_a_row(struct tx *tx, const char *job, const char *error_kind, int *ret, struct err *e)
{
	DB_ROWS rows;

	if (db_first(tx->db,
		    "SELECT count(*) FROM attempts WHERE job = ?1 AND ended_ms IS NOT NULL AND n > (SELECT "
		    "coalesce(max(n), 0) FROM attempts WHERE job = ?1 AND ended_ms IS NOT NULL AND "
		    "error_kind <> ?2)",
		    DB_ARGS(DB_S(job), DB_S(error_kind)), &rows, e) < 0)
		return -1;
	*ret = (int)db_int(&rows, 0);
	return 0;
}

int store_attempts_open(
	struct tx *tx, const char *after, struct attempt *out, unsigned max, unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT " ATTEMPT_COLUMNS
		" FROM attempts WHERE forgotten_ms IS NULL AND id > ? AND (submitted_ms IS NOT NULL OR "
		"ended_ms IS NOT NULL) ORDER BY id LIMIT ?",
		DB_ARGS(DB_S(after), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		read_attempt(&rows, &out[(*ret_n)++]);
	return r < 0 ? -1 : 0;
}

static int one_number(struct tx *tx, const char *sql, const struct db_arg *args, int64_t *ret, struct err *e)
{
	DB_ROWS rows;

	if (db_first(tx->db, sql, args, &rows, e) < 0)
		return -1;
	*ret = db_int(&rows, 0);
	return 0;
}

int store_attempts_failed(
	struct tx *tx, const char *error_kind, int64_t since_ms, int64_t *ret, struct err *e)
{
	return one_number(tx,
		"SELECT count(*) FROM attempts WHERE error_kind = ?1 AND error_kind <> '' AND ended_ms >= ?2",
		DB_ARGS(DB_S(error_kind), DB_I(since_ms)), ret, e);
}

int store_attempts_never_run(struct tx *tx, int64_t *ret, struct err *e)
{
	return one_number(tx,
		"SELECT count(*) FROM attempts WHERE forgotten_ms IS NULL AND ended_ms IS NULL AND "
		"never_runs_ms IS NOT NULL",
		DB_NO_ARGS, ret, e);
}

int store_walltime_too_short(struct tx *tx, const char *job, int64_t *ret_s, struct err *e)
{
	return one_number(tx,
		"SELECT coalesce(max(walltime_s), 0) FROM attempts WHERE job = ? AND error_kind = 'walltime'",
		DB_ARGS(DB_S(job)), ret_s, e);
}

int store_walltime_samples(struct tx *tx, const char *engine, struct walltime_sample *out, unsigned max,
	unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT ended_ms - checked_in_ms, frames FROM attempts WHERE outcome = 'complete' AND engine "
		"= ? AND frames > 0 AND checked_in_ms IS NOT NULL ORDER BY ended_ms DESC LIMIT ?",
		DB_ARGS(DB_S(engine), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		out[(*ret_n)++] =
			(struct walltime_sample){ .run_ms = db_int(&rows, 0), .frames = db_int(&rows, 1) };
	return r < 0 ? -1 : 0;
}

int store_attempt_plan(struct tx *tx, const struct attempt *a, struct err *e)
{
	return db_run(tx->db, "UPDATE attempts SET engine = ?, frames = ?, walltime_s = ? WHERE id = ?",
		DB_ARGS(DB_S(a->engine), DB_I(a->frames), DB_I(a->walltime_s), DB_S(a->id)), e);
}

int store_attempt_relayed(struct tx *tx, const char *id, int64_t now_ms, struct err *e)
{
	return db_run(tx->db, "UPDATE attempts SET relayed_ms = ? WHERE id = ?",
		DB_ARGS(DB_I(now_ms), DB_S(id)), e);
}

int store_attempt_never_runs(struct tx *tx, const char *id, int64_t since_ms, struct err *e)
{
	return db_run(tx->db, "UPDATE attempts SET never_runs_ms = nullif(?, 0) WHERE id = ?",
		DB_ARGS(DB_I(since_ms), DB_S(id)), e);
}

int store_attempt_submitted(
	struct tx *tx, const char *id, const char *cluster_id, int64_t now_ms, struct err *e)
{
	return db_run(tx->db,
		"UPDATE attempts SET cluster_id = ?, submitted_ms = coalesce(submitted_ms, ?) WHERE id = ?",
		DB_ARGS(DB_S(cluster_id), DB_I(now_ms), DB_S(id)), e);
}

int store_attempt_bind(struct tx *tx, struct attempt *a, const char *run_id, int64_t now_ms, struct err *e)
{
	if (*a->run_id)
		return strcmp(a->run_id, run_id) == 0 ? 0 : STORE_NONE;
	if (db_run(tx->db,
		    "UPDATE attempts SET run_id = ?, checked_in_ms = ?2, heartbeat_ms = ?2, submitted_ms = "
		    "coalesce(submitted_ms, ?2) "
		    "WHERE id = ?3",
		    DB_ARGS(DB_S(run_id), DB_I(now_ms), DB_S(a->id)), e) < 0)
		return -1;
	snprintf(a->run_id, sizeof a->run_id, "%s", run_id);
	a->checked_in_ms = a->heartbeat_ms = now_ms;
	return 0;
}

int store_attempt_progress(
	struct tx *tx, const char *id, const char *step, int percent, int64_t now_ms, struct err *e)
{
	return db_run(tx->db,
		"UPDATE attempts SET step = ?, percent = ?, heartbeat_ms = ?, strikes = 0 WHERE id = ?",
		DB_ARGS(DB_S(step), DB_I(percent), DB_I(now_ms), DB_S(id)), e);
}

int store_attempt_strikes(struct tx *tx, const char *id, int strikes, struct err *e)
{
	return db_run(
		tx->db, "UPDATE attempts SET strikes = ? WHERE id = ?", DB_ARGS(DB_I(strikes), DB_S(id)), e);
}

int store_attempt_end(
	struct tx *tx, const char *id, const struct attempt_end *end, int64_t now_ms, struct err *e)
{
	return db_run(tx->db,
		"UPDATE attempts SET ended_ms = ?, outcome = ?, error_kind = ?, error_text = ?, log = ?, "
		"result_sha256 = ?, "
		"score = ? WHERE id = ? AND ended_ms IS NULL",
		DB_ARGS(DB_I(now_ms), DB_S(end->outcome), DB_S(end->error_kind ? end->error_kind : ""),
			DB_S(end->error_text ? end->error_text : ""), DB_S(end->log ? end->log : ""),
			DB_B(end->result_sha256, end->result_sha256 ? SHA256_BYTES : 0), DB_D(end->score),
			DB_S(id)),
		e);
}

int store_attempt_forgotten(struct tx *tx, const char *id, const char *log, int64_t now_ms, struct err *e)
{
	return db_run(tx->db,
		"UPDATE attempts SET forgotten_ms = ?1, log = iif(?2 <> '' AND NOT EXISTS (SELECT 1 FROM "
		"jobs "
		"WHERE id = attempts.job AND erased_ms IS NOT NULL), iif(outcome = 'lost' AND log <> '', log "
		"|| char(10), '') || ?2, log) WHERE id = ?3",
		DB_ARGS(DB_I(now_ms), DB_S(log), DB_S(id)), e);
}

int store_attempt_log(struct tx *tx, const char *id, char **ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(
		tx->db, "SELECT log FROM attempts WHERE id = ? AND log <> ''", DB_ARGS(DB_S(id)), &rows, e);

	*ret = NULL;
	if (r < 0)
		return -1;
	if (r == 0 && !(*ret = strdup(db_text(&rows, 0))))
		return err_set(e, ERR_NOMEM, "attempt log");
	return 0;
}
