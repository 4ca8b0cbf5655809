#include "kit.h"

#include "store/attempts.h"

static int claim(struct kit *k, enum claim what, unsigned max, const char *lease, struct job *ret)
{
	kit_begin(k, STORE_WRITE);
	int r = store_claim(k->tx, what, max, lease, k->now, ret, &k->e);
	if (r == 0)
		kit_commit(k);
	else
		kit_rollback(k);
	return r;
}

static void want_cancel(struct kit *k, struct job *job)
{
	kit_begin(k, STORE_WRITE);
	assert_ok(store_job_want_cancel(k->tx, job, k->now, &k->e), &k->e);
	kit_commit(k);
}

static void release(struct kit *k, const char *id, const char *lease, int64_t due)
{
	kit_begin(k, STORE_WRITE);
	assert_ok(store_job_release(k->tx, id, lease, due, &k->e), &k->e);
	kit_commit(k);
}

static void nothing_due(void **state)
{
	struct kit *k = *state;
	struct job job;

	for (int c = CLAIM_CANCEL; c <= CLAIM_SUBMIT; c++)
		assert_int_equal(claim(k, (enum claim)c, 9, "l", &job), STORE_NONE);
}

/* One job through all four kinds of work; a leased one is nobody else's. */
static void the_way_of_a_job(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job, got;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	assert_int_equal(claim(k, CLAIM_STAGE, 9, "l", &got), STORE_NONE);
	assert_int_equal(claim(k, CLAIM_SUBMIT, 9, "l", &got), STORE_NONE);
	assert_int_equal(claim(k, CLAIM_DISPATCH, 9, "l1", &got), 0);
	assert_string_equal(got.id, job.id);
	assert_int_equal(claim(k, CLAIM_DISPATCH, 9, "l2", &got), STORE_NONE);
	kit_change(k, &job, JOB_PROCESSING, PHASE_STAGING); /* a change ends the lease */
	assert_int_equal(claim(k, CLAIM_DISPATCH, 9, "l3", &got), STORE_NONE);
	assert_int_equal(claim(k, CLAIM_SUBMIT, 9, "l3", &got), STORE_NONE);
	assert_int_equal(claim(k, CLAIM_STAGE, 9, "l3", &got), 0);
	assert_int_equal(claim(k, CLAIM_STAGE, 9, "l4", &got), STORE_NONE);
	release(k, job.id, "l3", k->now);
	kit_stage(k, job.id);
	assert_int_equal(claim(k, CLAIM_STAGE, 9, "l5", &got), STORE_NONE);
	assert_int_equal(claim(k, CLAIM_SUBMIT, 9, "l5", &got), 0);
	kit_change(k, &job, JOB_PROCESSING, PHASE_SUBMITTED);
	assert_int_equal(claim(k, CLAIM_SUBMIT, 9, "l6", &got), STORE_NONE);
}

static void priority_then_fairness_then_age(void **state)
{
	struct kit *k = *state;
	struct user a, b;
	struct job old_a, young_a, young_b, urgent_a, got;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &a);
	kit_user(k, "b@example.org", ROLE_SUBMITTER, &b);
	kit_job(k, a.id, 0, &old_a);
	kit_job(k, a.id, 0, &young_a);
	kit_job(k, b.id, 0, &young_b);
	kit_job(k, a.id, 5, &urgent_a);
	assert_int_equal(claim(k, CLAIM_DISPATCH, 9, "l", &got), 0);
	assert_string_equal(got.id, urgent_a.id);
	kit_change(k, &urgent_a, JOB_PROCESSING, PHASE_STAGING);
	/* a has one in processing, b none: b's turn, though a's are older. */
	assert_int_equal(claim(k, CLAIM_DISPATCH, 9, "l", &got), 0);
	assert_string_equal(got.id, young_b.id);
	kit_change(k, &young_b, JOB_PROCESSING, PHASE_STAGING);
	assert_int_equal(claim(k, CLAIM_DISPATCH, 9, "l", &got), 0);
	assert_string_equal(got.id, old_a.id);
	kit_change(k, &old_a, JOB_PROCESSING, PHASE_STAGING);
	assert_int_equal(claim(k, CLAIM_DISPATCH, 3, "l", &got), STORE_NONE);
	assert_int_equal(claim(k, CLAIM_DISPATCH, 4, "l", &got), 0);
	assert_string_equal(got.id, young_a.id);
}

static void not_before_it_is_due(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job, got;
	int64_t due;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_begin(k, STORE_READ);
	assert_ok(store_next_due(k->tx, &due, &k->e), &k->e);
	assert_int_equal(due, INT64_MAX);
	kit_rollback(k);
	kit_job(k, u.id, 0, &job);
	assert_int_equal(claim(k, CLAIM_DISPATCH, 9, "l", &got), 0);
	release(k, job.id, "l", k->now + 500);
	kit_begin(k, STORE_READ);
	assert_ok(store_next_due(k->tx, &due, &k->e), &k->e);
	assert_int_equal(due, k->now + 500);
	kit_rollback(k);
	assert_int_equal(claim(k, CLAIM_DISPATCH, 9, "l", &got), STORE_NONE);
	k->now += 500;
	assert_int_equal(claim(k, CLAIM_DISPATCH, 9, "l", &got), 0);
}

static void a_wish_to_cancel(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job, got;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	want_cancel(k, &job);
	want_cancel(k, &job);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM events WHERE kind = 'note'"), 1);
	assert_int_equal(claim(k, CLAIM_DISPATCH, 9, "l", &got), STORE_NONE);
	assert_int_equal(claim(k, CLAIM_CANCEL, 9, "l", &got), 0);
	assert_true(got.cancel_requested);
	release(k, job.id, "l", k->now);
	kit_change(k, &job, JOB_CANCELLED, PHASE_NONE);
	assert_false(job.cancel_requested);
	assert_int_equal(claim(k, CLAIM_CANCEL, 9, "l", &got), STORE_NONE);
}

/* A job that waits five minutes for its next try is cancelled now, not in five minutes. */
static void a_cancel_does_not_wait_for_a_retry(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job, got;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	kit_change(k, &job, JOB_PROCESSING, PHASE_STAGING);
	assert_int_equal(claim(k, CLAIM_STAGE, 9, "l", &got), 0);
	release(k, job.id, "l", k->now + 300000);
	want_cancel(k, &job);
	assert_int_equal(claim(k, CLAIM_CANCEL, 9, "l", &got), 0);
}

static void who_lost_the_lease_writes_nothing(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job, got, read;
	int voided = 0;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	assert_int_equal(claim(k, CLAIM_DISPATCH, 9, "boot1:a", &got), 0);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_leases_void(k->tx, &voided, &k->e), &k->e);
	kit_commit(k);
	assert_int_equal(voided, 1);
	assert_int_equal(claim(k, CLAIM_DISPATCH, 9, "boot2:b", &got), 0);
	struct job_change c = { .to = JOB_PROCESSING, .phase = PHASE_STAGING, .lease = "boot1:a" };
	kit_begin(k, STORE_WRITE);
	struct job stale = got;
	assert_int_equal(store_job_change(k->tx, &stale, &c, 1, &k->e), STORE_NONE);
	assert_ok(store_job_release(k->tx, job.id, "boot1:a", 999999999999999, &k->e), &k->e);
	kit_commit(k);
	kit_get(k, job.id, &read);
	assert_int_equal(read.state, JOB_QUEUED);
	assert_int_equal(read.due_ms, got.due_ms);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM events"), 1);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM jobs WHERE lease = 'boot2:b'"), 1);
	kit_begin(k, STORE_WRITE);
	c.lease = "boot2:b";
	c.keep_lease = true;
	assert_ok(store_job_change(k->tx, &got, &c, 1, &k->e), &k->e);
	kit_commit(k);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM jobs WHERE lease = 'boot2:b'"), 1);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(nothing_due), T(the_way_of_a_job),
		T(priority_then_fairness_then_age), T(not_before_it_is_due), T(a_wish_to_cancel),
		T(a_cancel_does_not_wait_for_a_retry), T(who_lost_the_lease_writes_nothing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
