#pragma once

#include "store/db.h"

/* schema/NNNN_*.sql, compiled in by CMake, applied in order; PRAGMA user_version counts them. */
struct migration {
	const char *name, *sql;
};
extern const struct migration migrations[]; /* ends with a row of name NULL */
int migrations_count(void);

/* Return 0 with the newest schema; -1 with ERR_SCHEMA where the file is newer than this program. */
int migrations_apply(struct db *db, struct err *e);
int migrations_version(struct db *db, int *ret, struct err *e);
