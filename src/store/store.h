#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The state of the house: one SQLite file, opened by gaitd's threads and by gaitctl beside it.
 *
 * A transaction borrows a connection from a small pool:
 *     CLEANUP(store_tx_p) struct tx *tx = NULL;
 *     if (store_begin(s, STORE_WRITE, &tx, e) < 0) …
 *     … store_…(tx, …) …
 *     return store_commit(&tx, e);
 * A transaction that is not committed is rolled back when it goes out of scope. No I/O but SQLite's own
 * belongs between begin and commit. */

struct store;
struct tx;

enum store_mode {
	STORE_READ,       /* a consistent snapshot */
	STORE_READ_FAST,  /* the same for the API loop: waits 250 ms at most */
	STORE_WRITE,      /* BEGIN IMMEDIATE; waits 5 s at most */
	STORE_WRITE_FAST, /* waits 250 ms at most, then ERR_BUSY (503) */
};

enum { STORE_NONE = 1 };

/**
 * store_open() - open the database, bring it to the newest schema
 * @create  make it where it is absent; gaitctl passes false
 * Errors   ERR_SCHEMA where a newer gaitd wrote it (nothing is changed), ERR_CORRUPT, ERR_NOT_FOUND, ERR_IO
 */
int store_open(const char *path, bool create, struct store **ret, struct err *e);
void store_close(struct store *s);

int store_begin(struct store *s, enum store_mode mode, struct tx **ret, struct err *e);
int store_commit(struct tx **tx, struct err *e);
void store_end(struct tx *tx); /* give a read back, or roll a write back */

static inline void store_tx_p(struct tx **tx)
{
	store_end(*tx);
	*tx = NULL;
}

static inline void store_close_p(struct store **s)
{
	store_close(*s);
}

/* Poked after every commit that this process makes: the hub's way to learn of news at once. May be NULL. */
void store_on_commit(struct store *s, void (*fn)(void *arg), void *arg);

/* A connection of its own that only looks whether anybody, this process included, committed something: its
 * version (PRAGMA data_version) differs from the last one then. One thread at a time. */
struct store_watch;
int store_watch_open(struct store *s, struct store_watch **ret, struct err *e);
void store_watch_close(struct store_watch *w);
int store_watch_version(struct store_watch *w, int64_t *ret, struct err *e);

static inline void store_watch_close_p(struct store_watch **w)
{
	store_watch_close(*w);
}

int store_schema_version(struct store *s, int *ret, struct err *e);
int store_newest_schema(void);

/**
 * store_purge() - make what was deleted or overwritten vanish from the files, the write-ahead log included
 * Return 0; -1 with ERR_BUSY where a long reader is in the way: the old pages go with a later checkpoint
 * Source SQLite documentation, "PRAGMA wal_checkpoint", "PRAGMA secure_delete" (3.40, 2022)
 */
int store_purge(struct store *s, struct err *e);

/* PRAGMA integrity_check and foreign_key_check; the first complaints go into @e (ERR_CORRUPT). */
int store_check(struct store *s, struct err *e);

/* Online backup into a new file (0600), consistent while gaitd writes. @progress may be NULL. */
int store_backup(
	struct store *s, const char *to, void (*progress)(int percent, void *arg), void *arg, struct err *e);

/* Small named values (the server's own secrets are files, not these). */
int store_meta_get(struct tx *tx, const char *name, char *out, unsigned long size, struct err *e);
int store_meta_set(struct tx *tx, const char *name, const char *value, struct err *e);
