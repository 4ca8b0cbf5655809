#include "store/uploads.h"

#include <string.h>

#include "store/store_tx.h"

#define UPLOAD_COLUMNS                                                                                       \
	"id, owner, spool_name, bytes, offset, metadata, view, container, sha256, created_ms, expires_ms, "  \
	"handover"

static void read_upload(struct db_rows *r, struct upload_row *u)
{
	*u = (struct upload_row){ .bytes = db_int(r, 3),
		.offset = db_int(r, 4),
		.view = -1,
		.whole = !db_is_null(r, 8),
		.created_ms = db_int(r, 9),
		.expires_ms = db_int(r, 10) };
	db_copy(r, 0, u->id, sizeof u->id);
	db_copy(r, 1, u->owner, sizeof u->owner);
	db_copy(r, 2, u->spool_name, sizeof u->spool_name);
	db_copy(r, 5, u->metadata, sizeof u->metadata);
	for (int v = 0; v < VIEW_COUNT; v++)
		if (strcmp(db_text(r, 6), view_name((enum view)v)) == 0)
			u->view = v;
	db_copy(r, 7, u->container, sizeof u->container);
	db_blob(r, 8, u->sha256, SHA256_BYTES);
	db_copy(r, 11, u->handover, sizeof u->handover);
}

int store_upload_insert(struct tx *tx, const struct upload_row *u, struct err *e)
{
	const struct db_arg sum = DB_B(u->sha256, SHA256_BYTES), none = DB_N;

	return db_run(tx->db,
		"INSERT INTO uploads (" UPLOAD_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		DB_ARGS(DB_S(u->id), DB_S(u->owner), DB_S(u->spool_name), DB_I(u->bytes), DB_I(u->offset),
			DB_S(u->metadata), DB_S(u->view < 0 ? NULL : view_name((enum view)u->view)),
			DB_S(u->whole ? u->container : NULL), u->whole ? sum : none, DB_I(u->created_ms),
			DB_I(u->expires_ms), DB_S(*u->handover ? u->handover : NULL)),
		e);
}

int store_upload_get(struct tx *tx, const char *id, struct upload_row *ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(
		tx->db, "SELECT " UPLOAD_COLUMNS " FROM uploads WHERE id = ?", DB_ARGS(DB_S(id)), &rows, e);

	if (r == 0)
		read_upload(&rows, ret);
	return r;
}

int store_upload_advance(struct tx *tx, const struct upload_row *u, struct err *e)
{
	const struct db_arg sum = DB_B(u->sha256, SHA256_BYTES), none = DB_N;
	int changed = 0;

	if (db_run_n(tx->db,
		    "UPDATE uploads SET offset = ?, expires_ms = ?, container = ?, sha256 = ? WHERE id = ?",
		    DB_ARGS(DB_I(u->offset), DB_I(u->expires_ms), DB_S(u->whole ? u->container : NULL),
			    u->whole ? sum : none, DB_S(u->id)),
		    &changed, e) < 0)
		return -1;
	return changed == 1 ? 0 : STORE_NONE;
}

int store_upload_delete(struct tx *tx, const char *id, struct err *e)
{
	int changed = 0;

	if (db_run_n(tx->db, "DELETE FROM uploads WHERE id = ?", DB_ARGS(DB_S(id)), &changed, e) < 0)
		return -1;
	return changed == 1 ? 0 : STORE_NONE;
}

int store_uploads_count(struct tx *tx, const char *owner, int64_t *ret, struct err *e)
{
	DB_ROWS rows;

	if (db_first(tx->db, "SELECT count(*) FROM uploads WHERE owner = ?", DB_ARGS(DB_S(owner)), &rows, e) <
		0)
		return -1;
	*ret = db_int(&rows, 0);
	return 0;
}

int store_uploads_list(struct tx *tx, int64_t now_ms, const char *after, struct upload_row *out, unsigned max,
	unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT " UPLOAD_COLUMNS " FROM uploads WHERE expires_ms <= ? AND id > ? ORDER BY id LIMIT ?",
		DB_ARGS(DB_I(now_ms), DB_S(after), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		read_upload(&rows, &out[(*ret_n)++]);
	return r < 0 ? -1 : 0;
}

int store_uploads_of_handover(struct tx *tx, const char *handover, struct upload_row *out, unsigned max,
	unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT " UPLOAD_COLUMNS " FROM uploads WHERE handover = ? ORDER BY id LIMIT ?",
		DB_ARGS(DB_S(handover), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		read_upload(&rows, &out[(*ret_n)++]);
	return r < 0 ? -1 : 0;
}
