#include "kit.h"

#include "base/clock.h"
#include "base/json.h"
#include "service/checkin.h"
#include "service/worker.h"

static struct completion success(const struct job *job, const struct attempt *a)
{
	return (struct completion){ .job = job->id,
		.attempt = a->id,
		.run_id = RUN,
		.status = "complete",
		.score = "0.75",
		.result = strv_of(kit_result) };
}

static struct completion failure(const struct job *job, const struct attempt *a, const char *error)
{
	return (struct completion){
		.job = job->id, .attempt = a->id, .run_id = RUN, .status = "error", .error = error
	};
}

static int say_checkin(struct kit *k, const char *attempt, const char *token, const char *run)
{
	struct buf order BUF_CLEANUP;

	buf_init(&order, 65536);
	return checkin(&k->s, attempt, token, run, &order, &k->e);
}

static void the_way_to_the_cluster(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;

	kit_job(k, &job);
	assert_int_equal(worker_once(&k->s, &k->e), WORKER_WORKED);
	kit_get(k, job.id, &job);
	assert_int_equal(job.phase, PHASE_STAGING);
	assert_int_equal(job.attempt, 1);
	assert_int_equal(worker_once(&k->s, &k->e), WORKER_IDLE); /* nothing is staged */
	assert_int_equal(stager_once(&k->s, &k->e), WORKER_WORKED);
	assert_int_equal(stager_once(&k->s, &k->e), WORKER_IDLE);
	assert_int_equal(kit_files(k, "spool"), 0);
	assert_int_equal(kit_files(k, "blobs/blobs"), 2);
	assert_int_equal(worker_once(&k->s, &k->e), WORKER_WORKED);
	kit_get(k, job.id, &job);
	assert_int_equal(job.phase, PHASE_SUBMITTED);
	kit_attempt(k, job.id, 1, &a);
	assert_true(a.submitted_ms > 0);
	assert_has(a.cluster_id, a.id);
	assert_int_equal(worker_once(&k->s, &k->e), WORKER_IDLE);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM jobs WHERE lease IS NULL"), 1);
}

static void damaged_in_the_spool(void **state)
{
	struct kit *k = *state;
	static const char *const ways[] = { "rm", "damage" };

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct job job;
		char path[400];
		kit_job(k, &job);
		snprintf(path, sizeof path, "%s/spool/%s-side", k->dir, job.id);
		if (i == 0) {
			assert_int_equal(unlink(path), 0);
		} else {
			FILE *f = fopen(path, "r+");
			assert_non_null(f);
			fputs("damage", f);
			fclose(f);
		}
		kit_work(k);
		kit_get(k, job.id, &job);
		assert_int_equal(job.state, JOB_SUBMISSION_ERROR);
		assert_string_equal(job.error_kind, "checksum_mismatch");
	}
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'failure'"), 2);
}

/* The store holds something else under the job's own key: no retry mends that. */
static void the_key_is_taken(void **state)
{
	struct kit *k = *state;
	struct job job;
	char key[200];

	kit_job(k, &job);
	snprintf(key, sizeof key, "jobs/%s/in/front.mp4", job.id);
	assert_ok(k->s.blob->ops->put_bytes(k->s.blob, key, "other", 5, &k->e), &k->e);
	kit_work(k);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_SUBMISSION_ERROR);
}

static void work_order(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	struct buf order BUF_CLEANUP, again BUF_CLEANUP;
	char token[64];

	buf_init(&order, 65536);
	buf_init(&again, 65536);
	kit_job(k, &job);
	kit_work(k);
	kit_attempt(k, job.id, 1, &a);
	kit_token(k, &a, token);
	clock_test_set(clock_wall_ms(), 1);
	assert_ok(checkin(&k->s, a.id, token, RUN, &order, &k->e), &k->e);
	assert_ok(checkin(&k->s, a.id, token, RUN, &again, &k->e), &k->e);
	assert_string_equal(order.data, again.data);
	CLEANUP(json_free_p) struct json *root = NULL;
	assert_ok(json_parse(order.data, order.len, 16, &root, &k->e), &k->e);
	assert_string_equal(json_str(json_get(root, "attempt"), ""), a.id);
	assert_string_equal(json_str(json_get(root, "job"), ""), job.id);
	for (int v = 0; v < VIEW_COUNT; v++) {
		const struct json *in = json_get(json_get(root, "inputs"), view_name((enum view)v));
		assert_has(json_str(json_get(in, "url"), ""), "/api/v1/blobs/jobs/");
		assert_int_equal(strlen(json_str(json_get(in, "sha256"), "")), 64);
		assert_int_equal(json_int(json_get(in, "bytes"), 0), 512);
	}
	assert_has(json_str(json_get(json_get(json_get(root, "outputs"), "result.json"), "url"), ""),
		"signature=");
	assert_float_equal(json_num(json_get(json_get(root, "patient"), "height_cm"), 0), 172, 1e-9);
	assert_int_equal(json_int(json_get(json_get(root, "patient"), "age_months"), 0), 480);
	/* Nothing that an analysis has no need of. */
	assert_null(strstr(order.data, "ann@example.org"));
	assert_null(strstr(order.data, "weight"));
	assert_null(strstr(order.data, token));
}

static void fenced(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64], other[ATTEMPT_ID_BYTES];
	struct completion c;

	kit_running(k, &job, &a, token);
	assert_fails(say_checkin(k, a.id, "ga_wrong", RUN), &k->e, ERR_NOT_FOUND);
	attempt_id_make(job.id, 2, other);
	assert_fails(say_checkin(k, other, token, RUN), &k->e, ERR_NOT_FOUND);
	assert_fails(say_checkin(k, "../../x", token, RUN), &k->e, ERR_NOT_FOUND);
	assert_fails(say_checkin(k, a.id, token, "short"), &k->e, ERR_FIELD);
	assert_fails(say_checkin(k, a.id, token, "with blanks in it"), &k->e, ERR_FIELD);
	assert_fails(say_checkin(k, a.id, token, "run-0000000000000002"), &k->e, ERR_CONFLICT);
	assert_fails(heartbeat(&k->s, a.id, token, "run-0000000000000002", "pose_front", 1, &k->e), &k->e,
		ERR_CONFLICT);
	assert_fails(heartbeat(&k->s, a.id, "ga_wrong", RUN, "pose_front", 1, &k->e), &k->e, ERR_NOT_FOUND);
	assert_fails(heartbeat(&k->s, a.id, token, RUN, "Pose front", 1, &k->e), &k->e, ERR_FIELD);
	assert_fails(heartbeat(&k->s, a.id, token, RUN, "", 1, &k->e), &k->e, ERR_FIELD);
	assert_fails(heartbeat(&k->s, a.id, token, RUN, "pose_front", 101, &k->e), &k->e, ERR_FIELD);
	c = success(&job, &a);
	assert_fails(completion_apply(&k->s, "ga_wrong", &c, &k->e), &k->e, ERR_NOT_FOUND);
	c.run_id = "run-0000000000000002";
	assert_fails(completion_apply(&k->s, token, &c, &k->e), &k->e, ERR_CONFLICT);
	c = success(&job, &a);
	c.job = "01aryz6s410000000000000000";
	assert_fails(completion_apply(&k->s, token, &c, &k->e), &k->e, ERR_NOT_FOUND);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_PROCESSING);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outputs"), 0);
}

static void progress(void **state)
{
	struct kit *k = *state;
	struct job job, after;
	struct attempt a;
	char token[64];

	kit_running(k, &job, &a, token);
	assert_ok(heartbeat(&k->s, a.id, token, RUN, "pose_front", 40, &k->e), &k->e);
	kit_get(k, job.id, &after);
	assert_true(after.version > job.version);
	assert_ok(heartbeat(&k->s, a.id, token, RUN, "pose_front", 40, &k->e), &k->e);
	kit_get(k, job.id, &job);
	assert_int_equal(after.version, job.version); /* the same again is no news */
	assert_int_equal(kit_number(k, "SELECT count(*) FROM events WHERE kind = 'progress'"), 1);
	assert_int_equal(job.phase, PHASE_RUNNING);
	assert_ok(heartbeat(&k->s, a.id, token, RUN, "upload", 0, &k->e), &k->e);
	kit_get(k, job.id, &job);
	assert_int_equal(job.phase, PHASE_FINALIZING);
	assert_ok(say_checkin(k, a.id, token, RUN), &k->e); /* an answer that got lost */
	kit_get(k, job.id, &job);
	assert_int_equal(job.phase, PHASE_FINALIZING);
	const struct completion c = success(&job, &a);
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
}

static void completed(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];

	kit_running(k, &job, &a, token);
	struct completion c = success(&job, &a);
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_COMPLETE);
	assert_float_equal(job.score, 0.75, 1e-9);
	assert_true(job.score_demonstration);
	assert_int_equal(job.result_attempt, 1);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outputs WHERE name = 'result.json'"), 1);
	/* Said again: harmless. Said otherwise: refused. */
	int64_t version = job.version;
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
	c.result = strv_of(kit_null_result);
	c.score = NULL;
	assert_fails(completion_apply(&k->s, token, &c, &k->e), &k->e, ERR_CONFLICT);
	c = failure(&job, &a, "{\"kind\":\"internal\"}");
	assert_fails(completion_apply(&k->s, token, &c, &k->e), &k->e, ERR_CONFLICT);
	assert_fails(say_checkin(k, a.id, token, RUN), &k->e, ERR_CONFLICT);
	assert_fails(heartbeat(&k->s, a.id, token, RUN, "upload", 1, &k->e), &k->e, ERR_CONFLICT);
	kit_get(k, job.id, &job);
	assert_int_equal(job.version, version);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'result'"), 1);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'failure'"), 0);
}

static void without_a_score(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];

	kit_running(k, &job, &a, token);
	struct completion c = success(&job, &a);
	c.result = strv_of(kit_null_result);
	c.score = "";
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM jobs WHERE state = 'complete' AND score IS NULL"), 1);
}

/* None of these is the server's fault: the script must not repeat them for minutes. */
static void refused_results(void **state)
{
	struct kit *k = *state;
	static const struct {
		const char *status, *score, *result;
	} rows[] = { { "complete", "0.75", "" }, { "complete", "0.75", "{" }, { "complete", "0.75", "[]" },
		{ "complete", "0.75", "{\"score\":{\"value\":0.75}}" },
		{ "complete", "0.75", "{\"score\":{\"value\":1.5},\"parameters\":{},\"quality\":{}}" },
		{ "complete", "0.5", kit_result }, { "complete", "", kit_result },
		{ "complete", "0.75x", kit_result }, { "complete", "0.75", kit_null_result },
		{ "done", "0.75", kit_result }, { NULL, "0.75", kit_result } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct job job;
		struct attempt a;
		char token[64];
		kit_running(k, &job, &a, token);
		struct completion c = success(&job, &a);
		c.status = rows[i].status;
		c.score = rows[i].score;
		c.result = strv_of(rows[i].result);
		int r = completion_apply(&k->s, token, &c, &k->e);
		int status = err_http_status(k->e.kind);
		if (r != -1 || (status != 422 && status != 400))
			fail_msg("row %zu: %d, %d %s", i, r, status, k->e.msg);
		kit_get(k, job.id, &job);
		assert_int_equal(job.state, JOB_PROCESSING);
		/* The script says so, and that ends it. */
		c = failure(&job, &a, "{\"kind\":\"internal\",\"text\":\"The result was not accepted.\"}");
		assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
		kit_sql(k, "UPDATE jobs SET state = 'cancelled', phase = '' WHERE state = 'queued'");
	}
}

static void refused_errors(void **state)
{
	struct kit *k = *state;
	static const char *const rows[] = { NULL, "", "no json", "{}", "{\"kind\":\"\"}",
		"{\"kind\":\"Bad Kind\"}", "{\"kind\":\"a_kind_that_is_far_longer_than_it_may_be\"}" };
	struct job job;
	struct attempt a;
	char token[64];

	kit_running(k, &job, &a, token);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct completion c = failure(&job, &a, rows[i]);
		assert_fails(completion_apply(&k->s, token, &c, &k->e), &k->e, ERR_FIELD);
	}
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_PROCESSING);
}

/* A failure that no retry changes ends the job at once, with the script's words and one mail. */
static void failed_for_good(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];
	const char *error =
		"{\"kind\":\"no_person\",\"text\":\"No person was found.\",\"log\":\"line\\u0001\\n\"}";

	kit_running(k, &job, &a, token);
	struct completion c = failure(&job, &a, error);
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_INFERENCE_ERROR);
	assert_string_equal(job.error_text, "No person was found.");
	kit_attempt(k, job.id, 1, &a);
	assert_string_equal(a.outcome, "error");
	assert_int_equal(kit_number(k, "SELECT log = 'line?' || char(10) FROM attempts"), 1);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'failure'"), 1);
}

/* A long text and a long log are cut, between characters. */
static void long_words_are_cut(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	struct buf error BUF_CLEANUP;
	char token[64];

	buf_init(&error, 1 << 20);
	kit_running(k, &job, &a, token);
	assert_ok(buf_adds(&error, "{\"kind\":\"no_person\",\"text\":\"a", &k->e), &k->e);
	for (int i = 0; i < 300; i++)
		assert_ok(buf_adds(&error, "\xe2\x82\xac", &k->e), &k->e);
	assert_ok(buf_adds(&error, "\",\"log\":\"", &k->e), &k->e);
	for (int i = 0; i < 5000; i++)
		assert_ok(buf_adds(&error, "\xe2\x82\xac", &k->e), &k->e);
	assert_ok(buf_adds(&error, "ends\"}", &k->e), &k->e);
	const struct completion c = failure(&job, &a, error.data);
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
	kit_get(k, job.id, &job);
	assert_true(
		strlen(job.error_text) > 240 && str_is_clean_utf8(job.error_text, strlen(job.error_text)));
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) char *log = NULL;
	assert_ok(store_begin(k->s.store, STORE_READ, &tx, &k->e), &k->e);
	assert_ok(store_attempt_log(tx, a.id, &log, &k->e), &k->e);
	assert_true(strlen(log) > 4000 && str_is_clean_utf8(log, strlen(log)));
	assert_string_equal(log + strlen(log) - 4, "ends");
}

/* One more round of a job that waits for its next attempt. */
static void next_attempt(struct kit *k, struct job *job, struct attempt *a, char token[64])
{
	kit_sql(k, "UPDATE jobs SET due_ms = 0");
	kit_work(k);
	kit_get(k, job->id, job);
	kit_attempt(k, job->id, job->attempt, a);
	kit_token(k, a, token);
	assert_ok(say_checkin(k, a->id, token, RUN), &k->e);
}

static void three_attempts(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];

	kit_running(k, &job, &a, token);
	for (int n = 1; n <= 3; n++) {
		const struct completion c =
			failure(&job, &a, "{\"kind\":\"pose_failed\",\"text\":\"It broke.\"}");
		assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
		kit_get(k, job.id, &job);
		assert_int_equal(job.state, n < 3 ? JOB_QUEUED : JOB_INFERENCE_ERROR);
		assert_int_equal(job.failures, n);
		if (n == 3)
			break;
		assert_true(job.due_ms > clock_wall_ms());
		assert_int_equal(worker_once(&k->s, &k->e), WORKER_IDLE);
		next_attempt(k, &job, &a, token);
		assert_int_equal(job.attempt, n + 1);
	}
	assert_string_equal(job.error_text, "It broke.");
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'failure'"), 1);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM attempts"), 3);
}

/* A site that is not set up costs no attempt, but no job waits for ever. */
static void a_site_that_stays_misconfigured(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];
	int n = 1;

	kit_running(k, &job, &a, token);
	for (; n < 100; n++) {
		const struct completion c =
			failure(&job, &a, "{\"kind\":\"node_misconfigured\",\"text\":\"Not set up.\"}");
		assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
		kit_get(k, job.id, &job);
		assert_int_equal(job.failures, 0);
		if (job_state_terminal(job.state))
			break;
		next_attempt(k, &job, &a, token);
	}
	assert_int_equal(job.state, JOB_INFERENCE_ERROR);
	assert_int_equal(n, 10); /* ten in a row */
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'failure'"), 1);
}

/* The job was so quick that it is complete before the submission has been written down. */
static void completion_before_submit_returned(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];

	kit_job(k, &job);
	assert_int_equal(worker_once(&k->s, &k->e), WORKER_WORKED);
	assert_int_equal(stager_once(&k->s, &k->e), WORKER_WORKED);
	kit_attempt(k, job.id, 1, &a);
	kit_token(k, &a, token);
	assert_ok(say_checkin(k, a.id, token, RUN), &k->e);
	const struct completion c = success(&job, &a);
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
	kit_work(k);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_COMPLETE);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM attempts"), 1);
}

/* Nobody speaks for an attempt that has not checked in. */
static void completion_without_checkin(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];
	static const char *const runs[] = { "", RUN };

	kit_job(k, &job);
	kit_work(k);
	kit_attempt(k, job.id, 1, &a);
	kit_token(k, &a, token);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		struct completion c = success(&job, &a);
		c.run_id = runs[i];
		assert_fails(completion_apply(&k->s, token, &c, &k->e), &k->e, ERR_CONFLICT);
	}
}

/* Killed between the cluster's answer and its record: asked again, the same attempt is found. */
static void submitted_twice(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;

	kit_job(k, &job);
	kit_work(k);
	kit_sql(k, "UPDATE jobs SET phase = 'staging'; UPDATE attempts SET submitted_ms = NULL, cluster_id = "
		   "''");
	kit_reopen(k);
	kit_work(k);
	kit_get(k, job.id, &job);
	assert_int_equal(job.phase, PHASE_SUBMITTED);
	assert_int_equal(job.attempt, 1);
	kit_attempt(k, job.id, 1, &a);
	assert_true(a.submitted_ms > 0);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(the_way_to_the_cluster), T(damaged_in_the_spool),
		T(the_key_is_taken), T(work_order), T(fenced), T(progress), T(completed), T(without_a_score),
		T(refused_results), T(refused_errors), T(failed_for_good), T(long_words_are_cut),
		T(three_attempts), T(a_site_that_stays_misconfigured), T(completion_before_submit_returned),
		T(completion_without_checkin), T(submitted_twice) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
