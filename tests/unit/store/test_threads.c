#include "kit.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

enum { WRITERS = 8, EACH = 25 };

struct writer {
	struct kit *k;
	enum store_mode mode;
	int done, busy, other;
};

/* Count up one named number, read and written in one transaction. */
static int count_up(struct store *s, enum store_mode mode, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char text[24] = "0";

	if (store_begin(s, mode, &tx, e) < 0 || store_meta_get(tx, "n", text, sizeof text, e) < 0)
		return -1;
	snprintf(text, sizeof text, "%ld", strtol(text, NULL, 10) + 1);
	if (store_meta_set(tx, "n", text, e) < 0)
		return -1;
	return store_commit(&tx, e);
}

static void *write_much(void *arg)
{
	struct writer *w = arg;

	for (int i = 0; i < EACH; i++) {
		struct err e = { 0 };
		if (count_up(w->k->s, w->mode, &e) == 0)
			w->done++;
		else if (e.kind == ERR_BUSY)
			w->busy++;
		else
			w->other++;
	}
	return NULL;
}

/* Writers wait for each other or are told to come again; none is lost, none is mixed up. */
static void writers_at_once(void **state)
{
	struct kit *k = *state;
	pthread_t ids[WRITERS];
	struct writer w[WRITERS];
	int done = 0;

	for (int i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){ .k = k, .mode = i % 2 ? STORE_WRITE_FAST : STORE_WRITE };
		assert_int_equal(pthread_create(&ids[i], NULL, write_much, &w[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(ids[i], NULL);
		assert_int_equal(w[i].other, 0);
		done += w[i].done;
	}
	assert_true(done > 0);
	assert_int_equal(kit_number(k, "SELECT value FROM meta WHERE name = 'n'"), done);
	assert_ok(store_check(k->s, &k->e), &k->e);
}

/* Behind a writer that does not end, the quick ones give up soon and say why. */
static void quick_ones_do_not_wait_long(void **state)
{
	struct kit *k = *state;
	struct tx *tx = NULL;

	kit_begin(k, STORE_WRITE);
	assert_ok(store_meta_set(k->tx, "n", "5", &k->e), &k->e);
	assert_fails(store_begin(k->s, STORE_WRITE_FAST, &tx, &k->e), &k->e, ERR_BUSY);
	/* Readers see the last commit meanwhile. */
	char text[24];
	assert_ok(store_begin(k->s, STORE_READ_FAST, &tx, &k->e), &k->e);
	assert_int_equal(store_meta_get(tx, "n", text, sizeof text, &k->e), STORE_NONE);
	store_end(tx);
	kit_commit(k);
}

struct background {
	struct kit *k;
	atomic_bool stop;
	atomic_int writes;
};

static void *write_on(void *arg)
{
	struct background *b = arg;

	while (!atomic_load(&b->stop)) {
		struct err e = { 0 };
		if (count_up(b->k->s, STORE_WRITE, &e) == 0)
			atomic_fetch_add(&b->writes, 1);
	}
	return NULL;
}

static void last_percent(int percent, void *arg)
{
	*(int *)arg = percent;
}

/* A backup of a database larger than one of its steps ends although somebody writes all the time, and is a
 * database as it was at one moment. */
static void backup_while_writing(void **state)
{
	struct kit *k = *state;
	struct background b = { .k = k };
	struct store *copy = NULL;
	pthread_t writer;
	char to[400];
	int percent = -1;

	assert_int_equal(
		kit_sql(k, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 4000) "
			   "INSERT INTO meta SELECT 'filler' || n, hex(zeroblob(1000)) FROM i"),
		SQLITE_OK);
	assert_int_equal(pthread_create(&writer, NULL, write_on, &b), 0);
	while (atomic_load(&b.writes) == 0)
		sched_yield();
	snprintf(to, sizeof to, "%s/backup", k->dir);
	int r = store_backup(k->s, to, last_percent, &percent, &k->e);
	atomic_store(&b.stop, true);
	pthread_join(writer, NULL);
	assert_ok(r, &k->e);
	assert_int_equal(percent, 100);
	assert_ok(store_open(to, false, &copy, &k->e), &k->e);
	assert_ok(store_check(copy, &k->e), &k->e);
	store_close(copy);
	assert_fails(store_backup(k->s, to, NULL, NULL, &k->e), &k->e, ERR_CONFLICT);
	snprintf(to, sizeof to, "%s/nowhere/backup", k->dir);
	assert_fails(store_backup(k->s, to, NULL, NULL, &k->e), &k->e, ERR_IO);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(writers_at_once), T(quick_ones_do_not_wait_long),
		T(backup_while_writing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
