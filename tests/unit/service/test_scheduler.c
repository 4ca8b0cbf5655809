#include "kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "service/health.h"
#include "service/jobs.h"
#include "service/reaper.h"
#include "service/worker.h"

/* What schedulers say and do not say. The local cluster never waits for ever and is always reached, so its
 * words are changed on their way: everything else is the real one. */

static struct {
	struct cluster base; /* what the service sees */
	struct cluster *real;
	bool unreachable, never_runs, cancelled;
	const char *end; /* of what has ended, in place of its own word; NULL: that stays */
	unsigned status_calls, asked;
} between;

static int say_unreachable(struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE, "connect to login.example.org: timed out");
}

static int submit(
	struct cluster *c, const struct cluster_job *job, char ret_id[CLUSTER_ID_BYTES], struct err *e)
{
	(void)c;
	if (between.unreachable)
		return say_unreachable(e);
	return between.real->ops->submit(between.real, job, ret_id, e);
}

static int status(struct cluster *c, struct cluster_status *s, unsigned n, struct err *e)
{
	(void)c;
	between.status_calls++;
	between.asked = n;
	if (between.unreachable)
		return say_unreachable(e);
	int r = between.real->ops->status(between.real, s, n, e);
	for (unsigned i = 0; r == 0 && i < n && between.never_runs && !between.cancelled; i++) {
		s[i].state = CLUSTER_QUEUED;
		s[i].never_runs = true;
		snprintf(s[i].detail, sizeof s[i].detail,
			"Can Never Run: Insufficient amount of resource: ngpus");
	}
	for (unsigned i = 0; r == 0 && i < n && between.end; i++) {
		if (s[i].state != CLUSTER_FINISHED)
			continue;
		s[i].has_outcome = false;
		snprintf(s[i].end, sizeof s[i].end, "%s", between.end);
		snprintf(s[i].detail, sizeof s[i].detail, "exit status 137");
	}
	return r;
}

static int cancel(struct cluster *c, const char *attempt, struct err *e)
{
	(void)c;
	if (between.unreachable)
		return say_unreachable(e);
	between.cancelled = true;
	return between.real->ops->cancel(between.real, attempt, e);
}

static int get_log(struct cluster *c, const char *attempt, struct buf *out, struct err *e)
{
	(void)c;
	return between.real->ops->log(between.real, attempt, out, e);
}

static int forget(struct cluster *c, const char *attempt, struct err *e)
{
	(void)c;
	return between.real->ops->forget(between.real, attempt, e);
}

static const struct cluster_ops ops = { .name = "between",
	.submit = submit,
	.status = status,
	.cancel = cancel,
	.log = get_log,
	.forget = forget };

static int setup(void **state)
{
	if (kit_setup(state) < 0)
		return -1;
	struct kit *k = *state;
	between.real = k->s.cluster;
	between.base.ops = &ops;
	between.unreachable = between.never_runs = between.cancelled = false;
	between.end = NULL;
	between.status_calls = 0;
	k->s.cluster = &between.base;
	return 0;
}

static int teardown(void **state)
{
	struct kit *k = *state;

	k->s.cluster = between.real;
	return kit_teardown(state);
}

#define NOTES "SELECT count(*) FROM events WHERE kind = 'note'"

/* Told once, waited for, taken back in the end: the scheduler's words reach the user. */
static void a_request_that_can_never_run(void **state)
{
	struct kit *k = *state;
	struct health_debts debts;
	struct job job;
	struct attempt a;

	kit_job(k, &job);
	kit_work(k);
	between.never_runs = true;
	for (int i = 0; i < 5; i++)
		assert_ok(reaper_once(&k->s, &k->e), &k->e);
	assert_int_equal(kit_number(k, NOTES), 1);
	kit_get(k, job.id, &job);
	assert_has(job.note, "Can Never Run: Insufficient amount of resource: ngpus");
	assert_int_equal(job.state, JOB_PROCESSING);
	assert_ok(health_debts(&k->s, &debts, &k->e), &k->e);
	assert_int_equal(debts.never_run, 1);
	/* Mended: the note goes. */
	between.never_runs = false;
	assert_ok(reaper_once(&k->s, &k->e), &k->e);
	kit_get(k, job.id, &job);
	assert_string_equal(job.note, "");
	assert_ok(health_debts(&k->s, &debts, &k->e), &k->e);
	assert_int_equal(debts.never_run, 0);
	/* Broken again, for longer than the operators allow. */
	between.never_runs = true;
	assert_ok(reaper_once(&k->s, &k->e), &k->e);
	assert_ok(reaper_once(&k->s, &k->e), &k->e);
	assert_false(between.cancelled);
	kit_sql(k, "UPDATE attempts SET never_runs_ms = never_runs_ms - 3600000");
	assert_ok(reaper_once(&k->s, &k->e), &k->e);
	assert_true(between.cancelled);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_SUBMISSION_ERROR);
	assert_string_equal(job.error_kind, "never_runs");
	assert_has(job.error_text, "ngpus");
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'failure'"), 1);
	kit_attempt(k, job.id, 1, &a);
	assert_string_equal(a.outcome, "error");
	kit_reap_until(k, "SELECT count(*) FROM attempts WHERE forgotten_ms IS NOT NULL");
}

#define ENDED "SELECT count(*) FROM attempts WHERE ended_ms IS NOT NULL"

/* Nothing but the scheduler's word, in words for the user and for the operator. */
static void ended_by_the_scheduler(void **state)
{
	static const struct {
		const char *end, *kind, *text, *log;
	} rows[] = { { "walltime", "walltime", "longer than it is allowed", "longer than the walltime" },
		{ "memory", "out_of_memory", "more memory", "cluster.memory" },
		{ "deleted", "deleted", "computing centre", "not by gaitd" },
		{ "node", "node_failed", "failed", "node failed" },
		{ "", "lost", "unexpectedly", "exit status" },
		{ "of a later version", "lost", "unexpectedly", "exit status" } };
	struct kit *k = *state;
	struct health_debts debts;

	k->s.opt.max_attempts = 1;
	kit_script(k, "echo the last line; exit 3\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(free_p) char *log = NULL;
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		struct job job;
		struct attempt a;
		between.end = rows[i].end;
		kit_job(k, &job);
		kit_work(k);
		kit_reap_until(k, "SELECT NOT EXISTS (SELECT 1 FROM attempts WHERE forgotten_ms IS NULL)");
		kit_get(k, job.id, &job);
		assert_int_equal(job.state, JOB_SUBMISSION_ERROR);
		assert_int_equal(job.failures, 1);
		assert_string_equal(job.error_kind, rows[i].kind);
		assert_has(job.error_text, rows[i].text);
		kit_attempt(k, job.id, 1, &a);
		assert_string_equal(a.outcome, "lost");
		assert_ok(store_begin(k->s.store, STORE_READ, &tx, &k->e), &k->e);
		assert_ok(store_attempt_log(tx, a.id, &log, &k->e), &k->e);
		/* The scheduler's words first, then what the attempt wrote. */
		assert_has(log, rows[i].log);
		assert_has(strstr(log, "exit status 137"), "the last line");
	}
	assert_ok(health_debts(&k->s, &debts, &k->e), &k->e);
	assert_int_equal(debts.no_memory, 1);
}

/* The next one gets twice the time, also where nobody but the scheduler said that it was too short. */
static void walltime_by_the_scheduler(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;

	kit_script(k, "exit 3\n");
	between.end = "walltime";
	kit_job(k, &job);
	for (int n = 1; n <= 2; n++) {
		kit_sql(k, "UPDATE jobs SET due_ms = 0");
		kit_work(k);
		kit_attempt(k, job.id, n, &a);
		assert_int_equal(a.walltime_s, 600 * n);
		kit_reap_until(
			k, n == 1 ? ENDED : "SELECT count(*) = 2 FROM attempts WHERE ended_ms IS NOT NULL");
	}
	kit_get(k, job.id, &job);
	assert_int_equal(job.failures, 2);
}

/* A signal at the end of its time is no qdel, whatever it looks like to the scheduler. */
static void deleted_at_the_end_of_its_time(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];

	kit_script(k, "exit 3\n");
	between.end = "deleted";
	kit_running(k, &job, &a, token);
	kit_sql(k, "UPDATE attempts SET checked_in_ms = heartbeat_ms - 580000");
	kit_reap_until(k, ENDED);
	kit_get(k, job.id, &job);
	assert_string_equal(job.error_kind, "walltime");
}

/* For an hour or a week: nothing fails, and the user is told after some minutes, once. */
static void unreachable_fails_nothing(void **state)
{
	struct kit *k = *state;
	struct job job, running;
	struct attempt a;
	char token[64];

	kit_running(k, &running, &a, token);
	between.unreachable = true;
	kit_job(k, &job);
	for (int i = 0; i < 10; i++) {
		kit_work(k);
		assert_int_equal(reaper_once(&k->s, &k->e), -1);
		kit_sql(k, "UPDATE jobs SET due_ms = 0");
	}
	assert_int_equal(kit_number(k, NOTES), 0);
	kit_sql(k, "UPDATE jobs SET updated_ms = updated_ms - 600000");
	for (int i = 0; i < 3; i++) {
		kit_sql(k, "UPDATE jobs SET due_ms = 0");
		kit_work(k);
	}
	assert_int_equal(kit_number(k, NOTES), 1);
	kit_get(k, job.id, &job);
	assert_string_equal(job.note, "The computing centre cannot be reached, trying again.");
	assert_int_equal(job.state, JOB_PROCESSING);
	assert_int_equal(job.failures, 0);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM attempts WHERE strikes > 0 OR ended_ms IS NOT NULL"), 0);
	between.unreachable = false;
	kit_sql(k, "UPDATE jobs SET due_ms = 0");
	kit_work(k);
	kit_get(k, job.id, &job);
	assert_int_equal(job.phase, PHASE_SUBMITTED);
	assert_string_equal(job.note, "");
	kit_get(k, running.id, &running);
	assert_int_equal(running.phase, PHASE_RUNNING);
}

/* All of them are looked at, in one question. */
static void a_thousand_attempts(void **state)
{
	struct kit *k = *state;
	struct job job;

	kit_job(k, &job);
	kit_sql(k,
		"INSERT INTO attempts (id, job, n, nonce, token_sha256, created_ms, submitted_ms, ended_ms, "
		"outcome) WITH RECURSIVE i(n) AS (VALUES (1001) UNION ALL SELECT n + 1 FROM i WHERE n < "
		"2000) SELECT jobs.id || '-' || i.n, jobs.id, i.n, zeroblob(16), zeroblob(32), 1, 1, 1, "
		"'error' FROM jobs, i");
	assert_ok(reaper_once(&k->s, &k->e), &k->e);
	assert_int_equal(between.status_calls, 1);
	assert_int_equal(between.asked, 1000);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM attempts WHERE strikes = 1"), 1000);
	/* Nobody knows any of them: believed after the fourth time. */
	for (int i = 0; i < 3; i++)
		assert_ok(reaper_once(&k->s, &k->e), &k->e);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM attempts WHERE forgotten_ms IS NOT NULL"), 1000);
}

/* The reaper gave it up; what comes late changes nothing, whatever it is. */
static void late_callbacks(void **state)
{
	struct kit *k = *state;
	struct job job, after;
	struct attempt a;
	char token[64];

	k->s.opt.max_attempts = 1;
	kit_script(k, "exit 3\n");
	kit_running(k, &job, &a, token);
	kit_reap_until(k, "SELECT count(*) FROM jobs WHERE state <> 'processing'");
	kit_get(k, job.id, &job);
	const struct completion late[] = { { .job = job.id,
		.attempt = a.id,
		.run_id = RUN,
		.status = "complete",
		.score = "0.75",
		.result = strv_of(kit_result) } };
	for (int twice = 0; twice < 2; twice++)
		assert_fails(completion_apply(&k->s, token, late, &k->e), &k->e, ERR_CONFLICT);
	kit_get(k, job.id, &after);
	assert_int_equal(after.version, job.version);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outputs"), 0);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind <> 'received'"), 1);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = { T(a_request_that_can_never_run), T(ended_by_the_scheduler),
		T(walltime_by_the_scheduler), T(deleted_at_the_end_of_its_time), T(unreachable_fails_nothing),
		T(a_thousand_attempts), T(late_callbacks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
