#include "store/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "store/migrations.h"
#include "store/store_tx.h"

enum { POOL = 8, BUSY_MS = 5000, BUSY_FAST_MS = 250 };

struct store {
	char path[4096];
	pthread_mutex_t lock;
	struct db *idle[POOL];
	unsigned idle_n;
	void (*on_commit)(void *);
	void *on_commit_arg;
};

static void close_db_p(struct db **db)
{
	db_close(*db);
}

int store_open(const char *path, bool create, struct store **ret, struct err *e)
{
	if (!create && !fsx_exists(path))
		return err_set(
			e, ERR_NOT_FOUND, "no database at %s: start gaitd once, or check data.dir", path);
	CLEANUP(close_db_p) struct db *db = NULL;
	if (db_open(path, create, BUSY_MS, &db, e) < 0)
		return -1;
	if (migrations_apply(db, e) < 0)
		return err_wrap(e, "%s", path);
	struct store *s = calloc(1, sizeof *s);
	if (!s || !str_copy(s->path, sizeof s->path, path)) {
		free(s);
		return err_set(e, ERR_NOMEM, "store");
	}
	pthread_mutex_init(&s->lock, NULL);
	s->idle[s->idle_n++] = TAKE(db);
	*ret = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->idle_n; i++)
		db_close(s->idle[i]);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static int borrow(struct store *s, struct db **ret, struct err *e)
{
	struct db *db = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->idle_n > 0)
		db = s->idle[--s->idle_n];
	pthread_mutex_unlock(&s->lock);
	if (!db && db_open(s->path, false, BUSY_MS, &db, e) < 0)
		return -1;
	*ret = db;
	return 0;
}

static void give_back(struct store *s, struct db *db)
{
	pthread_mutex_lock(&s->lock);
	if (s->idle_n < POOL) {
		s->idle[s->idle_n++] = db;
		db = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	db_close(db);
}

int store_begin(struct store *s, enum store_mode mode, struct tx **ret, struct err *e)
{
	bool write = mode == STORE_WRITE || mode == STORE_WRITE_FAST;
	bool fast = mode == STORE_READ_FAST || mode == STORE_WRITE_FAST;
	struct tx *tx = calloc(1, sizeof *tx);

	if (!tx)
		return err_set(e, ERR_NOMEM, "transaction");
	*tx = (struct tx){ .store = s, .write = write };
	if (borrow(s, &tx->db, e) < 0) {
		free(tx);
		return -1;
	}
	sqlite3_busy_timeout(db_handle(tx->db), fast ? BUSY_FAST_MS : BUSY_MS);
	if (db_begin(tx->db, write, e) < 0) {
		give_back(s, tx->db);
		free(tx);
		return -1;
	}
	*ret = tx;
	return 0;
}

void store_end(struct tx *tx)
{
	if (!tx)
		return;
	db_rollback(tx->db);
	give_back(tx->store, tx->db);
	free(tx);
}

int store_commit(struct tx **slot, struct err *e)
{
	struct tx *tx = *slot;
	struct store *s = tx->store;

	int r = db_commit(tx->db, e);
	bool news = r == 0 && tx->write;
	*slot = NULL;
	store_end(tx);
	if (news && s->on_commit)
		s->on_commit(s->on_commit_arg);
	return r;
}

void store_on_commit(struct store *s, void (*fn)(void *arg), void *arg)
{
	s->on_commit = fn;
	s->on_commit_arg = arg;
}

/* An alias of its connection: there is nothing else to keep. */
static struct db *watch_db(struct store_watch *w)
{
	return (struct db *)(void *)w;
}

int store_watch_open(struct store *s, struct store_watch **ret, struct err *e)
{
	struct db *db = NULL;

	if (db_open(s->path, false, BUSY_FAST_MS, &db, e) < 0)
		return -1;
	*ret = (struct store_watch *)(void *)db;
	return 0;
}

void store_watch_close(struct store_watch *w)
{
	db_close(watch_db(w));
}

int store_watch_version(struct store_watch *w, int64_t *ret, struct err *e)
{
	DB_ROWS rows;

	if (db_first(watch_db(w), "PRAGMA data_version", DB_NO_ARGS, &rows, e) < 0)
		return -1;
	*ret = db_int(&rows, 0);
	return 0;
}

int store_schema_version(struct store *s, int *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	return store_begin(s, STORE_READ, &tx, e) < 0 ? -1 : migrations_version(tx->db, ret, e);
}

int store_newest_schema(void)
{
	return migrations_count();
}

int store_purge(struct store *s, struct err *e)
{
	struct db *db;

	if (borrow(s, &db, e) < 0)
		return -1;
	sqlite3_busy_timeout(db_handle(db), BUSY_MS);
	int rc = sqlite3_wal_checkpoint_v2(db_handle(db), NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	give_back(s, db);
	return rc == SQLITE_OK ? 0
			       : err_set(e, rc == SQLITE_BUSY ? ERR_BUSY : ERR_IO, "checkpoint: %s",
					 sqlite3_errstr(rc));
}

int store_check(struct store *s, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	DB_ROWS rows = { 0 };
	DB_ROWS orphans = { 0 };

	if (store_begin(s, STORE_READ, &tx, e) < 0 ||
		db_first(tx->db, "PRAGMA integrity_check(5)", DB_NO_ARGS, &rows, e) < 0)
		return -1;
	if (strcmp(db_text(&rows, 0), "ok") != 0)
		return err_set(e, ERR_CORRUPT, "integrity check: %.300s", db_text(&rows, 0));
	int r = db_first(tx->db, "PRAGMA foreign_key_check", DB_NO_ARGS, &orphans, e);
	if (r == 0)
		return err_set(e, ERR_CORRUPT, "a row of %s points at a missing row of %s",
			db_text(&orphans, 0), db_text(&orphans, 2));
	return r < 0 ? -1 : 0;
}

/* The whole of @from's present snapshot. A step that finds the source changed begins again from the start,
 * and beside a busy gaitd it would for ever: so the source stands still in a transaction of its own. */
static int copy_pages(
	struct db *from, struct db *dest, void (*progress)(int percent, void *arg), void *arg, struct err *e)
{
	int version; /* the first read takes the snapshot */

	if (db_begin(from, false, e) < 0 || migrations_version(from, &version, e) < 0)
		return -1;
	sqlite3_backup *b = sqlite3_backup_init(db_handle(dest), "main", db_handle(from), "main");
	if (!b)
		return err_set(e, ERR_IO, "backup: %s", sqlite3_errmsg(db_handle(dest)));
	int rc;
	while ((rc = sqlite3_backup_step(b, 256)) == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED) {
		int all = sqlite3_backup_pagecount(b);
		if (progress && all > 0)
			progress((all - sqlite3_backup_remaining(b)) * 100 / all, arg);
		if (rc != SQLITE_OK)
			sqlite3_sleep(20);
	}
	sqlite3_backup_finish(b);
	db_rollback(from);
	return rc == SQLITE_DONE ? 0
				 : err_set(e, rc == SQLITE_FULL ? ERR_NOSPACE : ERR_IO, "backup: %s",
					   sqlite3_errstr(rc));
}

int store_backup(
	struct store *s, const char *to, void (*progress)(int percent, void *arg), void *arg, struct err *e)
{
	CLEANUP(close_db_p) struct db *from = NULL;
	CLEANUP(close_db_p) struct db *dest = NULL;

	if (fsx_exists(to))
		return err_set(e, ERR_CONFLICT, "%s exists already: name a new file", to);
	if (db_open(s->path, false, BUSY_MS, &from, e) < 0 || db_open(to, true, BUSY_MS, &dest, e) < 0)
		return -1;
	int r = copy_pages(from, dest, progress, arg, e);
	db_close(TAKE(dest));
	if (r < 0) {
		unlink(to);
		return -1;
	}
	if (progress)
		progress(100, arg);
	return 0;
}

int store_meta_get(struct tx *tx, const char *name, char *out, unsigned long size, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db, "SELECT value FROM meta WHERE name = ?", DB_ARGS(DB_S(name)), &rows, e);

	if (r == 0)
		db_copy(&rows, 0, out, size);
	return r;
}

int store_meta_set(struct tx *tx, const char *name, const char *value, struct err *e)
{
	return db_run(tx->db,
		"INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
		DB_ARGS(DB_S(name), DB_S(value)), e);
}
