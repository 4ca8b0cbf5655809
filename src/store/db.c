#include "store/db.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/strv.h"

enum { STATEMENTS = 128 };

struct db {
	sqlite3 *h;
	/* Open addressing over the literal's address; a literal's address never changes. */
	struct {
		const char *sql;
		sqlite3_stmt *st;
	} cache[STATEMENTS];
};

static int fail(struct db *db, int rc, const char *what, struct err *e)
{
	enum err_kind kind = ERR_IO;

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		kind = ERR_BUSY;
		break;
	case SQLITE_FULL:
		kind = ERR_NOSPACE;
		break;
	case SQLITE_NOMEM:
		kind = ERR_NOMEM;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		kind = ERR_CORRUPT;
		break;
	case SQLITE_CONSTRAINT:
		kind = ERR_CONFLICT;
		break;
	case SQLITE_ERROR:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
		kind = ERR_INTERNAL;
		break;
	default:
		break;
	}
	return err_set(
		e, kind, "database: %.60s: %s", what, db->h ? sqlite3_errmsg(db->h) : sqlite3_errstr(rc));
}

static int pragma(struct db *db, const char *sql, struct err *e)
{
	int rc = sqlite3_exec(db->h, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : fail(db, rc, sql, e);
}

/* Two that change a fresh file's journal at once: SQLite answers one of them with "locked" at the spot,
 * whatever its busy handler says, since neither could go on. Once the other is done there is nothing left to
 * change. */
static int use_wal(struct db *db, int busy_ms, struct err *e)
{
	static const struct timespec pause = { .tv_nsec = 5000000 };
	const int64_t until_ms = clock_mono_ms() + busy_ms;
	int rc;

	while (((rc = sqlite3_exec(db->h, "PRAGMA journal_mode=WAL", NULL, NULL, NULL)) & 0xff) ==
			SQLITE_BUSY &&
		clock_mono_ms() < until_ms)
		(void)nanosleep(&pause, NULL);
	return rc == SQLITE_OK ? 0 : fail(db, rc, "PRAGMA journal_mode=WAL", e);
}

int db_open(const char *path, bool create, int busy_ms, struct db **ret, struct err *e)
{
	struct db *db = calloc(1, sizeof *db);

	if (!db)
		return err_set(e, ERR_NOMEM, "database connection");
	if (create) {
		/* Made by hand so that nobody else can ever read it; SQLite would use the umask. */
		int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
		if (fd < 0) {
			free(db);
			return err_errno(e, ERR_IO, "create %s", path);
		}
		close(fd);
	}
	int rc = sqlite3_open_v2(path, &db->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK) {
		(void)fail(db, rc, path, e);
		db_close(db);
		return -1;
	}
	sqlite3_extended_result_codes(db->h, 1);
	sqlite3_busy_timeout(db->h, busy_ms);
	if (use_wal(db, busy_ms, e) < 0 || pragma(db, "PRAGMA synchronous=FULL", e) < 0 ||
		pragma(db, "PRAGMA foreign_keys=ON", e) < 0 ||
		pragma(db, "PRAGMA trusted_schema=OFF", e) < 0 ||
		/* What is erased is overwritten, not only given free. */
		pragma(db, "PRAGMA secure_delete=ON", e) < 0 ||
		pragma(db, "PRAGMA temp_store=MEMORY", e) < 0) {
		db_close(db);
		return -1;
	}
	*ret = db;
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(db->cache[i].st);
	sqlite3_close(db->h);
	free(db);
}

sqlite3 *db_handle(struct db *db)
{
	return db->h;
}

static int statement(struct db *db, const char *sql, sqlite3_stmt **ret, struct err *e)
{
	size_t i = ((uintptr_t)sql >> 4) * 2654435761u % STATEMENTS;

	for (size_t seen = 0; db->cache[i].sql && db->cache[i].sql != sql; i = (i + 1) % STATEMENTS)
		if (++seen == STATEMENTS)
			return err_set(e, ERR_INTERNAL, "database: more than %d statements", STATEMENTS);
	if (!db->cache[i].sql) {
		int rc =
			sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &db->cache[i].st, NULL);
		if (rc != SQLITE_OK)
			return fail(db, rc, sql, e);
		db->cache[i].sql = sql;
	}
	*ret = db->cache[i].st;
	return 0;
}

static int bind(struct db *db, sqlite3_stmt *st, const struct db_arg *args, const char *sql, struct err *e)
{
	int n = 0, rc = SQLITE_OK;

	for (; args->type != DB_ARG_END && rc == SQLITE_OK; args++) {
		n++;
		switch (args->type) {
		case DB_ARG_TEXT:
			rc = sqlite3_bind_text(st, n, args->p, -1, SQLITE_STATIC);
			break;
		case DB_ARG_INT:
			rc = sqlite3_bind_int64(st, n, args->n);
			break;
		case DB_ARG_REAL:
			rc = isnan(args->d) ? sqlite3_bind_null(st, n) : sqlite3_bind_double(st, n, args->d);
			break;
		case DB_ARG_BLOB:
			rc = sqlite3_bind_blob64(st, n, args->p, (sqlite3_uint64)args->n, SQLITE_STATIC);
			break;
		case DB_ARG_NULL:
		case DB_ARG_END:
			rc = sqlite3_bind_null(st, n);
			break;
		}
	}
	if (rc == SQLITE_OK && n != sqlite3_bind_parameter_count(st))
		return err_set(e, ERR_INTERNAL, "database: %d values for %d places: %.60s", n,
			sqlite3_bind_parameter_count(st), sql);
	return rc == SQLITE_OK ? 0 : fail(db, rc, sql, e);
}

int db_first(struct db *db, const char *sql, const struct db_arg *args, struct db_rows *ret, struct err *e)
{
	*ret = (struct db_rows){ 0 };
	if (statement(db, sql, &ret->st, e) < 0)
		return -1;
	ret->db = db;
	if (bind(db, ret->st, args, sql, e) < 0)
		return -1;
	return db_next(ret, e);
}

int db_next(struct db_rows *r, struct err *e)
{
	int rc = sqlite3_step(r->st);

	if (rc == SQLITE_ROW)
		return 0;
	if (rc == SQLITE_DONE)
		return DB_NONE;
	return fail(r->db, rc, sqlite3_sql(r->st), e);
}

void db_done(struct db_rows *r)
{
	if (!r->st)
		return;
	sqlite3_reset(r->st);
	sqlite3_clear_bindings(r->st);
	r->st = NULL;
}

int db_run_n(struct db *db, const char *sql, const struct db_arg *args, int *ret_changed, struct err *e)
{
	DB_ROWS rows = { 0 };
	int r = db_first(db, sql, args, &rows, e);

	if (r < 0)
		return -1;
	if (ret_changed)
		*ret_changed = sqlite3_changes(db->h);
	return 0;
}

int db_run(struct db *db, const char *sql, const struct db_arg *args, struct err *e)
{
	return db_run_n(db, sql, args, NULL, e);
}

const char *db_text(struct db_rows *r, int column)
{
	const unsigned char *text = sqlite3_column_text(r->st, column);

	return text ? (const char *)text : "";
}

int64_t db_int(struct db_rows *r, int column)
{
	return sqlite3_column_int64(r->st, column);
}

double db_real(struct db_rows *r, int column)
{
	return db_is_null(r, column) ? NAN : sqlite3_column_double(r->st, column);
}

bool db_is_null(struct db_rows *r, int column)
{
	return sqlite3_column_type(r->st, column) == SQLITE_NULL;
}

void db_blob(struct db_rows *r, int column, void *out, int len)
{
	const void *p = sqlite3_column_blob(r->st, column);

	if (p && sqlite3_column_bytes(r->st, column) == len)
		memcpy(out, p, (size_t)len);
	else
		memset(out, 0, (size_t)len);
}

void db_copy(struct db_rows *r, int column, char *out, size_t size)
{
	(void)str_copy(out, size, db_text(r, column));
}

int db_begin(struct db *db, bool write, struct err *e)
{
	if (FAULT_FAILS("store.begin"))
		return err_set(e, ERR_BUSY, "database: busy");
	return write ? db_run(db, "BEGIN IMMEDIATE", DB_NO_ARGS, e) : db_run(db, "BEGIN", DB_NO_ARGS, e);
}

int db_commit(struct db *db, struct err *e)
{
	FAULT_POINT("store.before_commit");
	if (FAULT_FAILS("store.commit"))
		return err_set(e, ERR_NOSPACE, "database: disk full");
	if (db_run(db, "COMMIT", DB_NO_ARGS, e) < 0)
		return -1;
	FAULT_POINT("store.after_commit");
	return 0;
}

void db_rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->h))
		(void)db_run(db, "ROLLBACK", DB_NO_ARGS, NULL);
}
