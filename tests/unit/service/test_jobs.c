#include "kit.h"

#include "base/json.h"
#include "service/jobs.h"
#include "service/reaper.h"
#include "service/subjects.h"
#include "service/worker.h"

static int get(struct kit *k, const struct user *who, const char *id, struct job *ret)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	assert_ok(store_begin(k->s.store, STORE_READ, &tx, &k->e), &k->e);
	return jobs_get(&k->s, tx, who, id, ret, &k->e);
}

/* A job of another account does not exist for a submitter, whatever is asked of it. */
static void rights(void **state)
{
	struct kit *k = *state;
	struct job job, got;

	kit_job(k, &job);
	assert_ok(get(k, &k->ann, job.id, &got), &k->e);
	assert_ok(get(k, &k->ann, "1", &got), &k->e);
	assert_ok(get(k, &k->staff, job.id, &got), &k->e);
	assert_ok(get(k, NULL, job.id, &got), &k->e);
	assert_fails(get(k, &k->bob, job.id, &got), &k->e, ERR_NOT_FOUND);
	char said[512];
	snprintf(said, sizeof said, "%s", k->e.msg);
	assert_fails(get(k, &k->bob, "01aryz6s410000000000000000", &got), &k->e, ERR_NOT_FOUND);
	assert_string_equal(said, k->e.msg);
	assert_fails(get(k, &k->bob, "1", &got), &k->e, ERR_NOT_FOUND);
	assert_fails(get(k, &k->staff, "1", &got), &k->e, ERR_NOT_FOUND);
	assert_fails(get(k, &k->ann, "2", &got), &k->e, ERR_NOT_FOUND);
	assert_fails(get(k, &k->ann, "", &got), &k->e, ERR_NOT_FOUND);
	assert_fails(get(k, NULL, "1", &got), &k->e, ERR_NOT_FOUND);
	assert_fails(jobs_cancel(&k->s, &k->bob, "user:b", job.id, &got, &k->e), &k->e, ERR_NOT_FOUND);
	assert_fails(jobs_rerun(&k->s, &k->bob, "user:b", job.id, &got, &k->e), &k->e, ERR_NOT_FOUND);
	assert_fails(jobs_erase(&k->s, &k->bob, "user:b", job.id, &k->e), &k->e, ERR_NOT_FOUND);
	kit_get(k, job.id, &got);
	assert_int_equal(got.version, job.version);
}

static void cancel_while_queued(void **state)
{
	struct kit *k = *state;
	struct job job, got;

	kit_job(k, &job);
	assert_ok(jobs_cancel(&k->s, &k->ann, "user:a", job.id, &got, &k->e), &k->e);
	assert_int_equal(got.state, JOB_CANCELLED);
	assert_ok(jobs_cancel(&k->s, &k->ann, "user:a", job.id, &got, &k->e), &k->e);
	kit_work(k);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM attempts"), 0);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind <> 'received'"), 0);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM audit WHERE action = 'job_cancel'"), 1);
}

/* It reaches the cluster, the attempt's token dies, and what it left is removed. */
static void cancel_while_running(void **state)
{
	struct kit *k = *state;
	struct job job, got;
	struct attempt a;
	struct buf order BUF_CLEANUP;
	char token[64];

	buf_init(&order, 65536);
	kit_running(k, &job, &a, token);
	assert_ok(jobs_cancel(&k->s, &k->staff, "user:s", job.id, &got, &k->e), &k->e);
	assert_int_equal(got.state, JOB_PROCESSING);
	assert_true(got.cancel_requested);
	kit_work(k);
	kit_get(k, job.id, &got);
	assert_int_equal(got.state, JOB_CANCELLED);
	kit_attempt(k, job.id, 1, &a);
	assert_string_equal(a.outcome, "cancelled");
	kit_reap_until(k, "SELECT count(*) FROM attempts WHERE forgotten_ms IS NOT NULL");
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'failure'"), 0);
	assert_fails(jobs_cancel(&k->s, &k->ann, "user:a", "01aryz6s410000000000000000", &got, &k->e), &k->e,
		ERR_NOT_FOUND);
	/* And again from the start. */
	assert_ok(jobs_rerun(&k->s, &k->ann, "user:a", job.id, &got, &k->e), &k->e);
	assert_fails(jobs_rerun(&k->s, &k->ann, "user:a", job.id, &got, &k->e), &k->e, ERR_CONFLICT);
	kit_work(k);
	kit_get(k, job.id, &got);
	assert_int_equal(got.attempt, 2);
	assert_int_equal(got.phase, PHASE_SUBMITTED);
}

static void erase(void **state)
{
	struct kit *k = *state;
	struct job job, got;
	struct attempt a;
	char token[64];

	kit_running(k, &job, &a, token);
	assert_int_equal(kit_files(k, "blobs/blobs"), 2);
	assert_fails(jobs_erase(&k->s, &k->ann, "user:a", job.id, &k->e), &k->e, ERR_CONFLICT);
	assert_ok(jobs_cancel(&k->s, &k->ann, "user:a", job.id, &got, &k->e), &k->e);
	kit_work(k);
	assert_ok(jobs_erase(&k->s, &k->ann, "user:a", job.id, &k->e), &k->e);
	assert_int_equal(kit_files(k, "blobs/blobs"), 0);
	assert_int_equal(kit_files(k, "spool"), 0);
	/* The attempt had an upload under way: it is found when the attempt is gone for good. */
	char key[200];
	snprintf(key, sizeof key, "jobs/%s/1/result.json", job.id);
	assert_ok(k->s.blob->ops->put_bytes(k->s.blob, key, "late", 4, &k->e), &k->e);
	kit_reap_until(k, "SELECT count(*) = 0 FROM videos");
	assert_int_equal(kit_files(k, "blobs/blobs"), 0);
	assert_ok(jobs_erase(&k->s, &k->ann, "user:a", job.id, &k->e), &k->e);
	assert_fails(jobs_rerun(&k->s, &k->ann, "user:a", job.id, &got, &k->e), &k->e, ERR_CONFLICT);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM audit WHERE action = 'job_erase'"), 1);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM jobs WHERE height_cm IS NULL AND erased_ms > 0"), 1);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM attempts WHERE log <> ''"), 0);
}

/* Erased while the videos still lay in the spool. */
static void erase_before_staging(void **state)
{
	struct kit *k = *state;
	struct job job, got;

	kit_job(k, &job);
	assert_ok(jobs_cancel(&k->s, &k->ann, "user:a", job.id, &got, &k->e), &k->e);
	assert_ok(jobs_erase(&k->s, NULL, "os:root", job.id, &k->e), &k->e);
	assert_int_equal(kit_files(k, "spool"), 0);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM videos"), 0);
}

static void subjects(void **state)
{
	struct kit *k = *state;
	struct subject s, other;

	assert_ok(subjects_add(&k->s, &k->ann, "P-1", &s, &k->e), &k->e);
	assert_fails(subjects_add(&k->s, &k->ann, "Jane Doe", &s, &k->e), &k->e, ERR_FIELD);
	assert_fails(subjects_rename(&k->s, &k->bob, s.id, "P-2", &other, &k->e), &k->e, ERR_NOT_FOUND);
	assert_fails(subjects_delete(&k->s, &k->bob, s.id, &k->e), &k->e, ERR_NOT_FOUND);
	assert_ok(subjects_rename(&k->s, &k->staff, s.id, "P-2", &other, &k->e), &k->e);
	assert_string_equal(other.code, "P-2");
	assert_ok(subjects_delete(&k->s, &k->ann, s.id, &k->e), &k->e);
	assert_fails(subjects_delete(&k->s, &k->ann, s.id, &k->e), &k->e, ERR_NOT_FOUND);
	assert_fails(subjects_delete(&k->s, &k->ann, "../x", &k->e), &k->e, ERR_NOT_FOUND);
}

/* A submitter is not shown what is the operators' business. */
static void as_json(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];

	kit_running(k, &job, &a, token);
	for (int staff = 0; staff < 2; staff++) {
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		struct buf text BUF_CLEANUP;
		struct json_w w;
		struct jobs_view view = { .svc = &k->s, .staff = staff, .with_parts = true };
		buf_init(&text, 1 << 20);
		assert_ok(store_begin(k->s.store, STORE_READ, &tx, &k->e), &k->e);
		json_w_init(&w, &text);
		assert_ok(jobs_write(&view, tx, &job, &w, &k->e), &k->e);
		assert_ok(json_w_end(&w, &k->e), &k->e);
		CLEANUP(json_free_p) struct json *root = NULL;
		assert_ok(json_parse(text.data, text.len, 16, &root, &k->e), &k->e);
		assert_string_equal(json_str(json_get(json_get(root, "status"), "code"), ""), "Processing");
		assert_string_equal(json_str(json_get(root, "phase"), ""), "running");
		assert_int_equal(json_get(root, "owner") != NULL, staff);
		assert_int_equal(strstr(text.data, "local:") != NULL, staff);
		assert_null(strstr(text.data, token));
	}
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(rights), T(cancel_while_queued), T(cancel_while_running),
		T(erase), T(erase_before_staging), T(subjects), T(as_json) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
