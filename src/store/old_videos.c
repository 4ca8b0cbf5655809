#include "store/old_videos.h"

#include <string.h>

#include "store/store_tx.h"

int store_video_replace(struct tx *tx, const char *job, int attempt, const struct video *video, struct err *e)
{
	const char *view = view_name(video->view);

	if (db_run(tx->db,
		    "INSERT INTO old_videos (job, view, n, attempt, sha256, spool_name, blob_key) SELECT "
		    "job, "
		    "view, n, ?3, sha256, spool_name, blob_key FROM videos WHERE job = ?1 AND view = ?2",
		    DB_ARGS(DB_S(job), DB_S(view), DB_I(attempt)), e) < 0 ||
		db_run(tx->db,
			"UPDATE videos SET n = n + 1, container = ?3, bytes = ?4, sha256 = ?5, spool_name = "
			"?6, upload = ?7, blob_key = NULL, frames = NULL WHERE job = ?1 AND view = ?2",
			DB_ARGS(DB_S(job), DB_S(view), DB_S(video->container), DB_I(video->bytes),
				DB_B(video->sha256, SHA256_BYTES), DB_S(video->spool_name),
				DB_S(video->upload)),
			e) < 0)
		return -1;
	return db_run(tx->db,
		video->view == VIEW_FRONT
			? "UPDATE jobs SET hint_front_x = NULL, hint_front_y = NULL WHERE id = ?"
			: "UPDATE jobs SET hint_side_x = NULL, hint_side_y = NULL WHERE id = ?",
		DB_ARGS(DB_S(job)), e);
}

static int list(struct tx *tx, const char *sql, const struct db_arg *args, struct old_video *out,
	unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db, sql, args, &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e)) {
		struct old_video *v = &out[(*ret_n)++];
		*v = (struct old_video){ .n = (int)db_int(&rows, 2),
			.view = strcmp(db_text(&rows, 1), "front") == 0 ? VIEW_FRONT : VIEW_SIDE };
		db_copy(&rows, 0, v->job, sizeof v->job);
		db_copy(&rows, 3, v->spool_name, sizeof v->spool_name);
		db_copy(&rows, 4, v->blob_key, sizeof v->blob_key);
	}
	return r < 0 ? -1 : 0;
}

int store_old_videos_idle(struct tx *tx, struct old_video *out, unsigned max, unsigned *ret_n, struct err *e)
{
	return list(tx,
		"SELECT o.job, o.view, o.n, o.spool_name, o.blob_key FROM old_videos o JOIN jobs j ON j.id = "
		"o.job WHERE j.result_attempt > o.attempt LIMIT ?",
		DB_ARGS(DB_I(max)), out, ret_n, e);
}

int store_old_videos_of_job(
	struct tx *tx, const char *job, struct old_video *out, unsigned max, unsigned *ret_n, struct err *e)
{
	return list(tx, "SELECT job, view, n, spool_name, blob_key FROM old_videos WHERE job = ? LIMIT ?",
		DB_ARGS(DB_S(job), DB_I(max)), out, ret_n, e);
}

int store_old_video_done(struct tx *tx, const struct old_video *v, struct err *e)
{
	return db_run(tx->db, "DELETE FROM old_videos WHERE job = ? AND view = ? AND n = ?",
		DB_ARGS(DB_S(v->job), DB_S(view_name(v->view)), DB_I(v->n)), e);
}

int store_old_video_sha256(
	struct tx *tx, const char *job, enum view view, int attempt, uint8_t ret[SHA256_BYTES], struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT sha256 FROM old_videos WHERE job = ? AND view = ? AND attempt >= ? ORDER BY attempt, "
		"n LIMIT 1",
		DB_ARGS(DB_S(job), DB_S(view_name(view)), DB_I(attempt)), &rows, e);

	if (r == 0)
		db_blob(&rows, 0, ret, SHA256_BYTES);
	return r;
}
