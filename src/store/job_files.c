#include <string.h>

#include "store/events.h"
#include "store/jobs.h"
#include "store/outbox.h"
#include "store/store_tx.h"

/* What hangs on a job besides its state: outputs, idempotency keys, erasure. */

int store_job_erase(struct tx *tx, struct job *job, int64_t now_ms, struct err *e)
{
	if (!job_state_terminal(job->state))
		return err_set(e, ERR_CONFLICT, "the job is %s: cancel it first, then erase it",
			job_state_name(job->state));
	if (db_run(tx->db,
		    "UPDATE jobs SET erased_ms = ?, version = version + 1, updated_ms = ?1, age_months = "
		    "NULL, sex = NULL, "
		    "ethnicity = NULL, height_cm = NULL, weight_kg = NULL, email = NULL, role = NULL, "
		    "email_score = NULL, "
		    "hint_front_x = NULL, hint_front_y = NULL, hint_side_x = NULL, hint_side_y = NULL, notes "
		    "= NULL, "
		    "walking_aid = NULL, orthosis = NULL, footwear = NULL, score = NULL, result_attempt = 0, "
		    "release = '', shown_attempt = 0, shown_score = NULL, subject = NULL, error_text = '' "
		    "WHERE id = ?2",
		    DB_ARGS(DB_I(now_ms), DB_S(job->id)), e) < 0 ||
		db_run(tx->db,
			"UPDATE attempts SET log = '', score = NULL, result_sha256 = NULL, error_text = '' "
			"WHERE job = ?",
			DB_ARGS(DB_S(job->id)), e) < 0 ||
		db_run(tx->db, "DELETE FROM outputs WHERE job = ?", DB_ARGS(DB_S(job->id)), e) < 0 ||
		db_run(tx->db, "DELETE FROM releases WHERE job = ?", DB_ARGS(DB_S(job->id)), e) < 0 ||
		store_outbox_drop(tx, job->id, e) < 0)
		return -1;
	job->erased = true;
	job->version++;
	return store_event_add(
		tx, job, "note", "", 0, "Videos, results and patient facts were erased.", now_ms, e);
}

int store_erased_pending(struct tx *tx, char out[][ID_BYTES], unsigned max, unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT id FROM jobs WHERE erased_ms IS NOT NULL AND EXISTS (SELECT 1 FROM videos WHERE job "
		"= jobs.id) LIMIT ?",
		DB_ARGS(DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		db_copy(&rows, 0, out[(*ret_n)++], ID_BYTES);
	return r < 0 ? -1 : 0;
}

int store_erase_done(struct tx *tx, const char *job, struct err *e)
{
	return db_run(tx->db,
		"DELETE FROM videos WHERE job = ?1 AND NOT EXISTS (SELECT 1 FROM attempts WHERE job = ?1 AND "
		"submitted_ms IS NOT NULL AND forgotten_ms IS NULL)",
		DB_ARGS(DB_S(job)), e);
}

int store_idempotency_find(struct tx *tx, const char *user, const char *key,
	const uint8_t sha256[SHA256_BYTES], char ret_job[ID_BYTES], struct err *e)
{
	uint8_t known[SHA256_BYTES];
	DB_ROWS rows;
	int r = db_first(tx->db, "SELECT request_sha256, job FROM idempotency WHERE user = ? AND key = ?",
		DB_ARGS(DB_S(user), DB_S(key)), &rows, e);

	if (r != 0)
		return r;
	db_blob(&rows, 0, known, SHA256_BYTES);
	if (memcmp(known, sha256, SHA256_BYTES) != 0)
		return err_set(
			e, ERR_FIELD, "this Idempotency-Key came with another request before: use a new key");
	db_copy(&rows, 1, ret_job, ID_BYTES);
	return 0;
}

int store_idempotency_add(struct tx *tx, const char *user, const char *key,
	const uint8_t sha256[SHA256_BYTES], const char *job, int64_t now_ms, struct err *e)
{
	return db_run(tx->db,
		"INSERT INTO idempotency (user, key, request_sha256, job, created_ms) VALUES (?, ?, ?, ?, ?)",
		DB_ARGS(DB_S(user), DB_S(key), DB_B(sha256, SHA256_BYTES), DB_S(job), DB_I(now_ms)), e);
}

int store_idempotency_expire(struct tx *tx, int64_t before_ms, struct err *e)
{
	return db_run(tx->db, "DELETE FROM idempotency WHERE created_ms < ?", DB_ARGS(DB_I(before_ms)), e);
}

int store_output_add(struct tx *tx, const char *job, int attempt, const struct output *o, struct err *e)
{
	return db_run(tx->db,
		"INSERT INTO outputs (job, attempt, name, blob_key, bytes, sha256) VALUES (?, ?, ?, ?, ?, ?) "
		"ON CONFLICT (job, attempt, name) DO UPDATE SET blob_key = excluded.blob_key, bytes = "
		"excluded.bytes, "
		"sha256 = excluded.sha256",
		DB_ARGS(DB_S(job), DB_I(attempt), DB_S(o->name), DB_S(o->blob_key), DB_I(o->bytes),
			DB_B(o->sha256, SHA256_BYTES)),
		e);
}

static void read_output(struct db_rows *rows, struct output *o)
{
	db_copy(rows, 0, o->name, sizeof o->name);
	db_copy(rows, 1, o->blob_key, sizeof o->blob_key);
	o->bytes = db_int(rows, 2);
	db_blob(rows, 3, o->sha256, SHA256_BYTES);
}

int store_output_get(
	struct tx *tx, const char *job, int attempt, const char *name, struct output *ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT name, blob_key, bytes, sha256 FROM outputs WHERE job = ? AND attempt = ? AND name = "
		"?",
		DB_ARGS(DB_S(job), DB_I(attempt), DB_S(name)), &rows, e);

	if (r == 0)
		read_output(&rows, ret);
	return r;
}

int store_outputs_list(struct tx *tx, const char *job, int attempt, struct output *out, unsigned max,
	unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT name, blob_key, bytes, sha256 FROM outputs WHERE job = ? AND attempt = ? ORDER BY "
		"name LIMIT ?",
		DB_ARGS(DB_S(job), DB_I(attempt), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		read_output(&rows, &out[(*ret_n)++]);
	return r < 0 ? -1 : 0;
}
