#include "kit.h"

#include <math.h>

#include "store/attempts.h"

static void insert(struct kit *k, struct job *job, struct attempt *a)
{
	struct user u;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, job);
	*a = (struct attempt){ .n = 1, .nonce = { 1, 2 }, .token_sha256 = { 3, 4 }, .created_ms = 5 };
	attempt_id_make(job->id, 1, a->id);
	memcpy(a->job, job->id, ID_BYTES);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_attempt_insert(k->tx, a, &k->e), &k->e);
	kit_commit(k);
}

static void get(struct kit *k, const char *id, struct attempt *a)
{
	kit_begin(k, STORE_READ);
	assert_ok(store_attempt_get(k->tx, id, a, &k->e), &k->e);
	kit_rollback(k);
}

static void life(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a, out[4];
	unsigned n;
	uint8_t sum[SHA256_BYTES] = { 9 };
	char *log = NULL;
	const struct attempt_end end = { .outcome = "complete", .result_sha256 = sum, .score = 0.25 };
	const struct attempt_end late = { .outcome = "error", .error_kind = "lost", .score = NAN };

	insert(k, &job, &a);
	get(k, a.id, &a);
	assert_int_equal(a.nonce[1], 2);
	assert_int_equal(a.token_sha256[0], 3);
	assert_int_equal(a.submitted_ms, 0);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_attempts_open(k->tx, "", out, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 0); /* never handed over: nothing to look for */
	assert_ok(store_attempt_submitted(k->tx, a.id, "local:1", 10, &k->e), &k->e);
	assert_ok(store_attempt_submitted(k->tx, a.id, "local:1", 20, &k->e), &k->e);
	assert_ok(store_attempt_strikes(k->tx, a.id, 3, &k->e), &k->e);
	kit_commit(k);
	get(k, a.id, &a);
	assert_int_equal(a.submitted_ms, 10);
	assert_int_equal(a.strikes, 3);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_attempt_progress(k->tx, a.id, "pose_front", 40, 30, &k->e), &k->e);
	assert_ok(store_attempt_end(k->tx, a.id, &end, 40, &k->e), &k->e);
	assert_ok(store_attempt_end(k->tx, a.id, &late, 50, &k->e), &k->e);
	kit_commit(k);
	get(k, a.id, &a);
	assert_int_equal(a.strikes, 0);
	assert_int_equal(a.percent, 40);
	assert_int_equal(a.ended_ms, 40);
	assert_string_equal(a.outcome, "complete"); /* the first end stands */
	assert_memory_equal(a.result_sha256, sum, sizeof sum);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_attempts_open(k->tx, "", out, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_ok(store_attempt_forgotten(k->tx, a.id, "last words", 60, &k->e), &k->e);
	assert_ok(store_attempts_open(k->tx, "", out, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 0);
	assert_ok(store_attempt_log(k->tx, a.id, &log, &k->e), &k->e);
	assert_string_equal(log, "last words");
	free(log);
	assert_ok(store_attempts_of_job(k->tx, job.id, out, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	kit_commit(k);
}

/* Cancelled or refused before the cluster's answer was written down: its folder there may exist all the same.
 */
static void ended_before_it_was_submitted(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a, out[4];
	unsigned n;
	const struct attempt_end end = { .outcome = "cancelled", .score = NAN };

	insert(k, &job, &a);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_attempt_end(k->tx, a.id, &end, 2, &k->e), &k->e);
	assert_ok(store_attempts_open(k->tx, "", out, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	kit_commit(k);
}

static void the_first_run_is_bound(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a, seen;

	insert(k, &job, &a);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_attempt_bind(k->tx, &a, "run-0001", 7, &k->e), &k->e);
	assert_int_equal(a.checked_in_ms, 7);
	assert_ok(store_attempt_bind(k->tx, &a, "run-0001", 8, &k->e), &k->e);
	assert_int_equal(a.checked_in_ms, 7);
	assert_int_equal(store_attempt_bind(k->tx, &a, "run-0002", 9, &k->e), STORE_NONE);
	kit_commit(k);
	get(k, a.id, &seen);
	assert_string_equal(seen.run_id, "run-0001");
	assert_int_equal(seen.checked_in_ms, 7);
	assert_int_equal(seen.submitted_ms, 7); /* it checked in before the submission returned */
}

static void absent(void **state)
{
	struct kit *k = *state;
	struct attempt a;
	char *log;

	kit_begin(k, STORE_READ);
	assert_int_equal(store_attempt_get(k->tx, "none", &a, &k->e), STORE_NONE);
	assert_ok(store_attempt_log(k->tx, "none", &log, &k->e), &k->e);
	assert_null(log);
	kit_rollback(k);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(life), T(ended_before_it_was_submitted),
		T(the_first_run_is_bound), T(absent) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
