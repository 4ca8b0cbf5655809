#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* SQLite under all of src/store: connections, transactions, statements. Only src/store includes this file. */

/* One bound value; made by the DB_… macros, borrowed until the statement has run. */
struct db_arg {
	enum { DB_ARG_END, DB_ARG_TEXT, DB_ARG_INT, DB_ARG_REAL, DB_ARG_BLOB, DB_ARG_NULL } type;
	const void *p;
	int64_t n; /* the integer, or the length of the blob */
	double d;
};

/* A NULL text binds NULL. */
#define DB_S(v)                                                                                              \
	{                                                                                                    \
		.type = DB_ARG_TEXT, .p = (v)                                                                \
	}
#define DB_I(v)                                                                                              \
	{                                                                                                    \
		.type = DB_ARG_INT, .n = (int64_t)(v)                                                        \
	}
#define DB_D(v)                                                                                              \
	{                                                                                                    \
		.type = DB_ARG_REAL, .d = (v)                                                                \
	}
#define DB_B(v, len)                                                                                         \
	{                                                                                                    \
		.type = DB_ARG_BLOB, .p = (v), .n = (int64_t)(len)                                           \
	}
#define DB_N                                                                                                 \
	{                                                                                                    \
		.type = DB_ARG_NULL                                                                          \
	}
#define DB_ARGS(...) ((const struct db_arg[]){ __VA_ARGS__, { .type = DB_ARG_END } })
#define DB_NO_ARGS   ((const struct db_arg[]){ { .type = DB_ARG_END } })

struct db;

/**
 * db_open() - one connection: WAL, synchronous=FULL, foreign keys, a busy time-out
 * @create  make the file where it is absent (mode 0600)
 */
int db_open(const char *path, bool create, int busy_ms, struct db **ret, struct err *e);
void db_close(struct db *db);
sqlite3 *db_handle(struct db *db);

/* Statements are prepared once a connection: @sql must be a string literal (its address is the key). */

/* Run to the end. Return 0; -1 (ERR_BUSY, ERR_NOSPACE, ERR_IO, ERR_CORRUPT, ERR_CONFLICT on a constraint) */
int db_run(struct db *db, const char *sql, const struct db_arg *args, struct err *e);
/* The same, with the number of changed rows. */
int db_run_n(struct db *db, const char *sql, const struct db_arg *args, int *ret_changed, struct err *e);

/* A cursor over rows: db_first() 0 with a row, 1 without, -1; db_next() likewise. Always db_done() it. */
struct db_rows {
	sqlite3_stmt *st;
	struct db *db;
};
enum { DB_NONE = 1 };
int db_first(struct db *db, const char *sql, const struct db_arg *args, struct db_rows *ret, struct err *e);
int db_next(struct db_rows *r, struct err *e);
void db_done(struct db_rows *r);
#define DB_ROWS __attribute__((cleanup(db_done))) struct db_rows

/* Columns of the present row, counted from 0. Text is "" for NULL and lives until the next step. */
const char *db_text(struct db_rows *r, int column);
int64_t db_int(struct db_rows *r, int column);
double db_real(struct db_rows *r, int column); /* NaN for NULL */
bool db_is_null(struct db_rows *r, int column);
/* Copy a blob of exactly @len bytes; zeros otherwise. */
void db_blob(struct db_rows *r, int column, void *out, int len);
/* Copy text; what does not fit is a damaged row and gives "". */
void db_copy(struct db_rows *r, int column, char *out, size_t size);

int db_begin(struct db *db, bool write, struct err *e);
int db_commit(struct db *db, struct err *e);
void db_rollback(struct db *db);
