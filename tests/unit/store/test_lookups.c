#include "kit.h"

#include "store/attempts.h"
#include "store/audit.h"
#include "store/queue.h"
#include "store/subjects.h"

/* What staff and administrators look for. */

static const char *found(struct kit *k, struct job_filter f, char out[64])
{
	struct job jobs[8];
	unsigned n;

	assert_ok(store_jobs_list(k->tx, &f, jobs, 8, &n, &k->e), &k->e);
	*out = '\0';
	for (unsigned i = 0; i < n; i++)
		snprintf(out + 3 * i, 64 - 3 * i, "%c%d ", jobs[i].owner[0] == 'x' ? 'b' : 'a',
			(int)jobs[i].ordinal);
	return out;
}

#define FOUND(...) found(k, (struct job_filter){ __VA_ARGS__ }, text)

/* Jobs a1, a2 of ann, b1, b2 of bob, whose id begins with x here to be told apart. */
static void jobs_by_what_people_know(void **state)
{
	struct kit *k = *state;
	struct user a, b;
	struct job j[4];
	char text[64], subject[ID_BYTES];

	kit_user(k, "ann@example.org", ROLE_SUBMITTER, &a);
	kit_user(k, "bob_b@Clinic.example", ROLE_SUBMITTER, &b);
	for (int i = 0; i < 4; i++)
		kit_job(k, i < 2 ? a.id : b.id, 0, &j[i]);
	assert_int_equal(
		kit_sql(k, "PRAGMA foreign_keys = off; UPDATE jobs SET owner = 'x' || substr(owner, 2) "
			   "WHERE owner = (SELECT id FROM users WHERE email LIKE 'bob%'); UPDATE users SET "
			   "id = 'x' || substr(id, 2) WHERE email LIKE 'bob%'"),
		0);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_subject_ensure(k->tx, a.id, "P-17", 1, subject, &k->e), &k->e);
	kit_commit(k);
	char sql[200];
	snprintf(sql, sizeof sql, "UPDATE jobs SET subject = '%s' WHERE id = '%s'", subject, j[0].id);
	assert_int_equal(kit_sql(k, sql), 0);
	kit_change(k, &j[1], JOB_CANCELLED, PHASE_NONE);
	kit_begin(k, STORE_READ);
	assert_string_equal(FOUND(.search = "1"), "b1 a1 ");
	assert_string_equal(FOUND(.search = "#2"), "b2 a2 ");
	assert_string_equal(FOUND(.search = "CLINIC"), "b2 b1 ");
	assert_string_equal(FOUND(.search = "p-1"), "a1 ");
	assert_string_equal(FOUND(.search = "-17"), "");
	assert_string_equal(FOUND(.search = j[1].id), "a2 ");
	assert_string_equal(FOUND(.search = "%"), "");
	assert_string_equal(FOUND(.search = "b_b"), "b2 b1 ");
	assert_string_equal(FOUND(.search = "b%b"), "");
	assert_string_equal(FOUND(.search = ""), "b2 b1 a2 a1 "); /* part of every address */
	assert_string_equal(FOUND(.search = "example", .open = true), "b2 b1 a1 ");
	assert_string_equal(FOUND(.search = "example", .owner = a.id), "a2 a1 ");
	assert_string_equal(FOUND(.search = "example", .before = j[2].id), "a2 a1 ");
	assert_string_equal(FOUND(.search = "example", .by_state = true, .state = JOB_CANCELLED), "a2 ");
	assert_string_equal(FOUND(.search = "example", .subject = subject), "a1 ");
	assert_string_equal(FOUND(.open = true), "b2 b1 a1 ");
	assert_string_equal(FOUND(.open = true, .owner = a.id), "a1 ");
	/* A part of an id counts from eight characters on. */
	snprintf(sql, sizeof sql, "%.16s", j[0].id);
	assert_string_equal(FOUND(.search = sql), "a1 ");
	sql[7] = '\0';
	assert_string_equal(FOUND(.search = sql), "");
	kit_rollback(k);
}

static void users_by_page(void **state)
{
	struct kit *k = *state;
	struct user u[3], out[4];
	unsigned n;

	kit_user(k, "ann@example.org", ROLE_SUBMITTER, &u[0]);
	kit_user(k, "Bob@example.org", ROLE_SUBMITTER, &u[1]);
	kit_user(k, "carl@other.example", ROLE_SUBMITTER, &u[2]);
	/* Ids of one millisecond have no order of their own. */
	assert_int_equal(kit_sql(k, "UPDATE users SET id = substr('abc', named.n, 1) || substr(users.id, 2) "
				    "FROM (SELECT id, "
				    "row_number() OVER (ORDER BY email COLLATE NOCASE) AS n FROM users) AS "
				    "named WHERE users.id = "
				    "named.id"),
		0);
	for (int i = 0; i < 3; i++)
		u[i].id[0] = "abc"[i];
	kit_begin(k, STORE_READ);
	assert_ok(store_users_find(k->tx, NULL, NULL, out, 2, &n, &k->e), &k->e);
	assert_int_equal(n, 2);
	assert_string_equal(out[0].id, u[2].id);
	assert_ok(store_users_find(k->tx, NULL, out[1].id, out, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_string_equal(out[0].id, u[0].id);
	assert_ok(store_users_find(k->tx, "bOb", NULL, out, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_string_equal(out[0].id, u[1].id);
	assert_ok(store_users_find(k->tx, "_", NULL, out, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 0);
	kit_rollback(k);
}

static void the_audit(void **state)
{
	struct kit *k = *state;
	struct audit_entry out[8];
	unsigned n;
	static const struct {
		const char *actor, *action, *object;
	} done[] = { { "user:u1", "user_add", "u2" }, { "user:u1", "user_role", "u2" },
		{ "os:root", "user_role", "u1" }, { "user:u2", "sign_in", "u2" } };

	kit_begin(k, STORE_WRITE);
	for (unsigned i = 0; i < ARRAY_LEN(done); i++)
		assert_ok(store_audit(k->tx, done[i].actor, done[i].action, done[i].object, "", i + 1, &k->e),
			&k->e);
	static const struct {
		struct audit_filter f;
		const char *seqs;
	} rows[] = { { { 0 }, "4321" }, { { .before = 3 }, "21" }, { { .about = "u1" }, "321" },
		{ { .about = "u2" }, "421" }, { { .about = "os:root" }, "3" },
		{ { .action = "user_role" }, "32" }, { { .action = "user_role", .about = "u2" }, "2" },
		{ { .action = "user_role", .before = 3 }, "2" }, { { .about = "u1", .before = 3 }, "21" },
		{ { .about = "nobody" }, "" } };
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		char got[16] = "";
		assert_ok(store_audit_find(k->tx, &rows[i].f, out, 8, &n, &k->e), &k->e);
		for (unsigned m = 0; m < n; m++)
			got[m] = (char)('0' + out[m].seq);
		assert_string_equal(got, rows[i].seqs);
	}
	kit_commit(k);
}

static void what_ended(void **state)
{
	struct kit *k = *state;
	struct queue_ended out[3];
	struct user a;
	struct job job;
	char sql[600];

	kit_user(k, "ann@example.org", ROLE_SUBMITTER, &a);
	kit_job(k, a.id, 0, &job);
	/* One attempt failed and was made again, one brought a result, one was cancelled, the last failed for
	 * good. */
	snprintf(sql, sizeof sql,
		"INSERT INTO attempts (id, job, n, nonce, token_sha256, created_ms, ended_ms, outcome) "
		"SELECT 'a' || "
		"column1, '%s', column1, zeroblob(16), zeroblob(32), 1, column2, column3 FROM (VALUES (1, "
		"1000, "
		"'error'), (2, 1999, 'complete'), (3, 2000, 'cancelled'), (4, 3999, 'error'), (5, 4000, "
		"'complete'), "
		"(6, 999, 'complete'), (7, NULL, '')); UPDATE jobs SET attempt = 4, state = "
		"'inference_error'",
		job.id);
	assert_int_equal(kit_sql(k, sql), 0);
	kit_begin(k, STORE_READ);
	assert_ok(store_queue_ended(k->tx, 1000, 1000, out, 3, &k->e), &k->e);
	assert_true(out[0].complete == 1 && out[0].retried == 1 && out[0].failed == 0);
	assert_true(out[1].complete == 0 && out[1].retried == 0 && out[1].failed == 0);
	assert_true(out[2].complete == 0 && out[2].retried == 0 && out[2].failed == 1);
	kit_rollback(k);
}

static void sessions_of_one(void **state)
{
	static const uint8_t hashes[3][SHA256_BYTES] = { { 1 }, { 2 }, { 3 } };
	struct kit *k = *state;
	struct session out[4];
	struct user a, b, u;
	unsigned n;

	kit_user(k, "ann@example.org", ROLE_SUBMITTER, &a);
	kit_user(k, "bob@example.org", ROLE_SUBMITTER, &b);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_session_insert(k->tx, hashes[0], a.id, 100, 1000, &k->e), &k->e);
	assert_ok(store_session_insert(k->tx, hashes[1], a.id, 200, 300, &k->e), &k->e);
	assert_ok(store_session_insert(k->tx, hashes[2], b.id, 150, 1000, &k->e), &k->e);
	assert_ok(store_sessions_of_user(k->tx, a.id, 250, out, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 2);
	assert_true(out[0].created_ms == 200 && out[0].expires_ms == 300);
	assert_memory_equal(out[1].sha256, hashes[0], SHA256_BYTES);
	assert_ok(store_sessions_of_user(k->tx, a.id, 300, out, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_ok(store_user_get(k->tx, a.id, &u, &k->e), &k->e);
	assert_int_equal(u.last_sign_in_ms, 200);
	assert_ok(store_sessions_end(k->tx, a.id, &k->e), &k->e);
	assert_int_equal(store_session_user(k->tx, hashes[0], 250, &u, &k->e), STORE_NONE);
	assert_ok(store_session_user(k->tx, hashes[2], 250, &u, &k->e), &k->e);
	/* Who chose the password is kept. */
	assert_ok(store_user_set_password(k->tx, a.id, "$argon2id$x", true, &k->e), &k->e);
	assert_ok(store_user_get(k->tx, a.id, &u, &k->e), &k->e);
	assert_true(u.password_given);
	assert_ok(store_user_set_password(k->tx, a.id, "$argon2id$y", false, &k->e), &k->e);
	assert_ok(store_user_get(k->tx, a.id, &u, &k->e), &k->e);
	assert_false(u.password_given);
	kit_commit(k);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(jobs_by_what_people_know), T(users_by_page), T(the_audit),
		T(what_ended), T(sessions_of_one) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
