#include "store/migrations.h"

#include <stdio.h>

#include "base/fault.h"

int migrations_count(void)
{
	int n = 0;

	while (migrations[n].name)
		n++;
	return n;
}

int migrations_version(struct db *db, int *ret, struct err *e)
{
	DB_ROWS rows;

	if (db_first(db, "PRAGMA user_version", DB_NO_ARGS, &rows, e) < 0)
		return -1;
	*ret = (int)db_int(&rows, 0);
	return 0;
}

/* One migration and its number in one transaction: a crash leaves the old schema whole. */
static int apply_one(struct db *db, int n, struct err *e)
{
	char set_version[64], *message = NULL;

	if (db_begin(db, true, e) < 0)
		return -1;
	int version;
	if (migrations_version(db, &version, e) < 0) {
		db_rollback(db);
		return -1;
	}
	if (version > n) { /* another process was quicker */
		db_rollback(db);
		return 0;
	}
	snprintf(set_version, sizeof set_version, "PRAGMA user_version = %d", n + 1);
	if (sqlite3_exec(db_handle(db), migrations[n].sql, NULL, NULL, &message) != SQLITE_OK ||
		sqlite3_exec(db_handle(db), set_version, NULL, NULL, &message) != SQLITE_OK) {
		(void)err_set(e, ERR_INTERNAL, "schema %d: %s", n + 1, message ? message : "failed");
		sqlite3_free(message);
		db_rollback(db);
		return -1;
	}
	FAULT_POINT("migrations.before_commit");
	return db_commit(db, e);
}

int migrations_apply(struct db *db, struct err *e)
{
	int version;

	if (migrations_version(db, &version, e) < 0)
		return -1;
	if (version < 0)
		return err_set(e, ERR_CORRUPT, "the database has the impossible schema %d: it is not gaitd's",
			version);
	if (version > migrations_count())
		return err_set(e, ERR_SCHEMA,
			"the database has schema %d, this program knows up to %d: run the newer gaitd, "
			"or restore the backup made before the update",
			version, migrations_count());
	for (int n = version; n < migrations_count(); n++)
		if (apply_one(db, n, e) < 0)
			return -1;
	return 0;
}
