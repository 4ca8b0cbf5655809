#include "kit.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "store/audit.h"
#include "store/subjects.h"

static void fresh_and_reopened(void **state)
{
	struct kit *k = *state;
	struct stat st;
	struct user u;
	int version = 0;

	assert_ok(store_schema_version(k->s, &version, &k->e), &k->e);
	assert_int_equal(version, store_newest_schema());
	assert_int_equal(kit_number(k, "PRAGMA user_version"), store_newest_schema());
	assert_int_equal(stat(k->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	char mode[16];
	kit_text(k, "PRAGMA journal_mode", mode, sizeof mode);
	assert_string_equal(mode, "wal");
	kit_user(k, "a@example.org", ROLE_ADMIN, &u);
	store_close(k->s);
	k->s = NULL;
	assert_ok(store_open(k->path, false, &k->s, &k->e), &k->e);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM users"), 1);
	assert_ok(store_check(k->s, &k->e), &k->e);
}

static void absent_is_not_made(void **state)
{
	struct kit *k = *state;
	struct store *s = NULL;
	char path[400];

	snprintf(path, sizeof path, "%s/none", k->dir);
	assert_fails(store_open(path, false, &s, &k->e), &k->e, ERR_NOT_FOUND);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof path, "%s/none/deeper", k->dir);
	assert_fails(store_open(path, true, &s, &k->e), &k->e, ERR_IO);
}

/* A database that a newer or an unknown program wrote is refused and stays as it was. */
static void other_schemas_are_left_alone(void **state)
{
	struct kit *k = *state;
	static const struct {
		const char *set;
		enum err_kind want;
		int version;
	} rows[] = { { "PRAGMA user_version = 999", ERR_SCHEMA, 999 },
		{ "PRAGMA user_version = -1", ERR_CORRUPT, -1 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		store_close(k->s);
		k->s = NULL;
		assert_int_equal(kit_sql(k, rows[i].set), SQLITE_OK);
		int64_t tables = kit_number(k, "SELECT count(*) FROM sqlite_master");
		assert_fails(store_open(k->path, true, &k->s, &k->e), &k->e, rows[i].want);
		assert_null(k->s);
		assert_int_equal(kit_number(k, "PRAGMA user_version"), rows[i].version);
		assert_int_equal(kit_number(k, "SELECT count(*) FROM sqlite_master"), tables);
	}
	assert_has(k->e.msg, k->path);
}

static void not_a_database(void **state)
{
	struct kit *k = *state;
	struct store *s = NULL;
	char path[400];

	snprintf(path, sizeof path, "%s/text", k->dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 200; i++)
		fputs("this is no database at all\n", f);
	fclose(f);
	assert_fails(store_open(path, false, &s, &k->e), &k->e, ERR_CORRUPT);
}

/* Two start at the same moment on an empty folder: both find the newest schema. */
static int open_in_child(void *path)
{
	struct store *s = NULL;
	struct err e = { 0 };

	int r = store_open(path, true, &s, &e);
	if (r < 0)
		print_error("%s\n", e.msg);
	store_close(s);
	return r == 0 ? 0 : 1;
}

static void two_migrate_at_once(void **state)
{
	struct kit *k = *state;
	char path[400];
	pid_t pids[4];

	snprintf(path, sizeof path, "%s/shared", k->dir);
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(open_in_child(path));
	}
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

static void what_is_not_committed_is_gone(void **state)
{
	struct kit *k = *state;
	char value[16];

	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		assert_ok(store_begin(k->s, STORE_WRITE, &tx, &k->e), &k->e);
		assert_ok(store_meta_set(tx, "a", "1", &k->e), &k->e);
	}
	assert_int_equal(kit_number(k, "SELECT count(*) FROM meta"), 0);
	kit_begin(k, STORE_WRITE);
	assert_int_equal(store_meta_get(k->tx, "a", value, sizeof value, &k->e), STORE_NONE);
	assert_ok(store_meta_set(k->tx, "a", "1", &k->e), &k->e);
	assert_ok(store_meta_set(k->tx, "a", "2", &k->e), &k->e);
	kit_commit(k);
	kit_begin(k, STORE_READ);
	assert_ok(store_meta_get(k->tx, "a", value, sizeof value, &k->e), &k->e);
	assert_string_equal(value, "2");
	kit_rollback(k);
}

static void injected_failures(void **state)
{
	struct kit *k = *state;
	struct tx *tx = NULL;

	setenv("GAITD_FAULT_FAIL", "store.commit:1+", 1);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_meta_set(k->tx, "full", "1", &k->e), &k->e);
	assert_fails(store_commit(&k->tx, &k->e), &k->e, ERR_NOSPACE);
	assert_null(k->tx);
	setenv("GAITD_FAULT_FAIL", "store.begin:1+", 1);
	assert_fails(store_begin(k->s, STORE_READ, &tx, &k->e), &k->e, ERR_BUSY);
	unsetenv("GAITD_FAULT_FAIL");
	assert_int_equal(kit_number(k, "SELECT count(*) FROM meta"), 0);
	kit_begin(k, STORE_WRITE);
	kit_commit(k);
}

static void append_only(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job;
	static const char *const refused[] = { "UPDATE audit SET actor = 'x'", "DELETE FROM audit",
		"UPDATE events SET text = 'x'", "UPDATE consents SET version = 'x'", "DELETE FROM consents" };

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_audit(k->tx, "gaitd", "test", "x", NULL, 1, &k->e), &k->e);
	kit_commit(k);
	char sql[200];
	snprintf(
		sql, sizeof sql, "INSERT INTO consents VALUES (1, '%s', '%s', 'v', 'self', 1)", job.id, u.id);
	assert_int_equal(kit_sql(k, sql), SQLITE_OK);
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (kit_sql(k, refused[i]) != SQLITE_CONSTRAINT)
			fail_msg("%s was not refused", refused[i]);
}

static void audit_newest_first(void **state)
{
	struct kit *k = *state;
	struct audit_entry a[3];
	unsigned n = 0;

	kit_begin(k, STORE_WRITE);
	for (int i = 1; i <= 5; i++) {
		char object[8];
		snprintf(object, sizeof object, "o%d", i);
		assert_ok(store_audit(k->tx, "os:root", "act", object, i == 5 ? "d" : NULL, i, &k->e), &k->e);
	}
	assert_ok(store_audit_list(k->tx, 0, a, 3, &n, &k->e), &k->e);
	assert_int_equal(n, 3);
	assert_string_equal(a[0].object, "o5");
	assert_string_equal(a[0].detail, "d");
	assert_string_equal(a[1].detail, "");
	assert_ok(store_audit_list(k->tx, a[2].seq, a, 3, &n, &k->e), &k->e);
	assert_int_equal(n, 2);
	assert_string_equal(a[0].object, "o2");
	kit_rollback(k);
}

static void subjects(void **state)
{
	struct kit *k = *state;
	struct user a, b;
	struct subject s, list[4];
	struct job job;
	char id[ID_BYTES], again[ID_BYTES], other[ID_BYTES], sql[160];
	unsigned n;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &a);
	kit_user(k, "b@example.org", ROLE_SUBMITTER, &b);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_subject_ensure(k->tx, a.id, "P-1", 1, id, &k->e), &k->e);
	assert_ok(store_subject_ensure(k->tx, a.id, "P-1", 2, again, &k->e), &k->e);
	assert_string_equal(id, again);
	assert_ok(store_subject_ensure(k->tx, b.id, "P-1", 3, other, &k->e), &k->e);
	assert_string_not_equal(id, other);
	assert_ok(store_subject_ensure(k->tx, a.id, "P-2", 4, again, &k->e), &k->e);
	assert_fails(store_subject_rename(k->tx, again, "P-1", &k->e), &k->e, ERR_CONFLICT);
	assert_ok(store_subject_rename(k->tx, again, "P-3", &k->e), &k->e);
	assert_ok(store_subjects_list(k->tx, a.id, list, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 2);
	assert_ok(store_subjects_list(k->tx, NULL, list, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 3);
	assert_ok(store_subject_delete(k->tx, again, &k->e), &k->e);
	assert_int_equal(store_subject_get(k->tx, again, &s, &k->e), STORE_NONE);
	kit_commit(k);
	kit_job(k, a.id, 0, &job);
	snprintf(sql, sizeof sql, "UPDATE jobs SET subject = '%s' WHERE id = '%s'", id, job.id);
	assert_int_equal(kit_sql(k, sql), SQLITE_OK);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_subject_get(k->tx, id, &s, &k->e), &k->e);
	assert_int_equal(s.jobs, 1);
	assert_fails(store_subject_delete(k->tx, id, &k->e), &k->e, ERR_CONFLICT);
	kit_rollback(k);
}

static void check_finds_damage(void **state)
{
	struct kit *k = *state;

	assert_int_equal(
		kit_sql(k, "PRAGMA foreign_keys = OFF; INSERT INTO subjects VALUES ('x', 'nobody', 'c', 1)"),
		SQLITE_OK);
	assert_fails(store_check(k->s, &k->e), &k->e, ERR_CORRUPT);
	assert_has(k->e.msg, "subjects");
}

static int commits;

static void on_commit(void *arg)
{
	(void)arg;
	commits++;
}

static void commits_are_news(void **state)
{
	struct kit *k = *state;
	CLEANUP(store_watch_close_p) struct store_watch *watch = NULL;
	int64_t before, after;

	commits = 0;
	store_on_commit(k->s, on_commit, NULL);
	assert_ok(store_watch_open(k->s, &watch, &k->e), &k->e);
	assert_ok(store_watch_version(watch, &before, &k->e), &k->e);
	kit_begin(k, STORE_READ);
	kit_commit(k);
	assert_int_equal(commits, 0);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_meta_set(k->tx, "a", "1", &k->e), &k->e);
	kit_rollback(k);
	assert_int_equal(commits, 0);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_meta_set(k->tx, "a", "1", &k->e), &k->e);
	kit_commit(k);
	assert_int_equal(commits, 1);
	assert_ok(store_watch_version(watch, &after, &k->e), &k->e);
	assert_int_not_equal(before, after);
	before = after;
	assert_int_equal(kit_sql(k, "INSERT INTO meta VALUES ('other', 'process')"), SQLITE_OK);
	assert_ok(store_watch_version(watch, &after, &k->e), &k->e);
	assert_int_not_equal(before, after);
}

/* More at once than the pool keeps: all are served, none is mixed up. */
static void many_readers(void **state)
{
	struct kit *k = *state;
	struct tx *tx[20];

	for (size_t i = 0; i < ARRAY_LEN(tx); i++)
		assert_ok(store_begin(k->s, STORE_READ, &tx[i], &k->e), &k->e);
	for (size_t i = 0; i < ARRAY_LEN(tx); i++)
		store_end(tx[i]);
	store_end(NULL);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(fresh_and_reopened), T(absent_is_not_made),
		T(other_schemas_are_left_alone), T(not_a_database), T(two_migrate_at_once),
		T(what_is_not_committed_is_gone), T(injected_failures), T(append_only), T(audit_newest_first),
		T(subjects), T(check_finds_damage), T(commits_are_news), T(many_readers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
