#include "kit.h"

#include <math.h>

#include "store/attempts.h"
#include "store/events.h"

static void insert_and_read(void **state)
{
	struct kit *k = *state;
	struct user u, other;
	struct job in, out, second;
	struct video v[VIEW_COUNT];
	unsigned n;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_user(k, "b@example.org", ROLE_SUBMITTER, &other);
	kit_job(k, u.id, 3, &in);
	kit_job(k, other.id, 0, &second);
	assert_int_equal(second.ordinal, 1);
	kit_job(k, u.id, 0, &second);
	assert_int_equal(second.ordinal, 2);
	kit_get(k, in.id, &out);
	assert_string_equal(out.owner, u.id);
	assert_int_equal(out.ordinal, 1);
	assert_int_equal(out.state, JOB_QUEUED);
	assert_int_equal(out.phase, PHASE_NONE);
	assert_int_equal(out.version, 1);
	assert_int_equal(out.priority, 3);
	assert_int_equal(out.attempt, 0);
	assert_true(isnan(out.score));
	assert_int_equal(out.submission.age_months, 480);
	assert_int_equal(out.submission.sex, 'F');
	assert_float_equal(out.submission.height_cm, 172, 0);
	assert_false(out.submission.has_hint[0]);
	kit_begin(k, STORE_READ);
	assert_ok(store_job_videos(k->tx, in.id, v, &n, &k->e), &k->e);
	assert_int_equal(n, 2);
	assert_string_equal(v[0].container, "mp4");
	assert_int_equal(v[1].bytes, 20);
	assert_ok(store_spool_known(k->tx, v[0].spool_name, &k->e), &k->e);
	assert_int_equal(store_spool_known(k->tx, "nobody", &k->e), STORE_NONE);
	assert_ok(store_job_by_ordinal(k->tx, u.id, 2, &out, &k->e), &k->e);
	assert_string_equal(out.id, second.id);
	assert_int_equal(store_job_by_ordinal(k->tx, u.id, 3, &out, &k->e), STORE_NONE);
	assert_int_equal(store_job_get(k->tx, "01aryz6s410000000000000000", &out, &k->e), STORE_NONE);
	kit_rollback(k);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM events"), 3);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'received'"), 3);
}

static void everything_of_a_submission_is_kept(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job in, out;
	struct video v[VIEW_COUNT] = { { .container = "mp4" }, { .view = VIEW_SIDE, .container = "mp4" } };
	char *notes = NULL;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	in = (struct job){ .submission = { .age_months = 36,
				   .sex = 'O',
				   .ethnicity = "hispanic",
				   .height_cm = 95.5,
				   .weight_kg = 14.25,
				   .walking_aid = "hand_held",
				   .footwear = "shoes",
				   .email = "c@example.org",
				   .role = "parent",
				   .consent_version = "v2",
				   .authority = "guardian",
				   .email_score = true,
				   .has_hint = { false, true },
				   .hint_x = { 0, 12.5 },
				   .hint_y = { 0, 0.25 },
				   .priority = -2,
				   .notes = "na\xc3\xafve\nlines" } };
	snprintf(in.id, sizeof in.id, "01aryz6s410000000000000000");
	snprintf(in.owner, sizeof in.owner, "%s", u.id);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_job_insert(k->tx, &in, v, 5, &k->e), &k->e);
	kit_commit(k);
	kit_get(k, in.id, &out);
	const struct submission *s = &out.submission;
	assert_string_equal(s->ethnicity, "hispanic");
	assert_float_equal(s->height_cm, 95.5, 0);
	assert_float_equal(s->weight_kg, 14.25, 0);
	assert_string_equal(s->walking_aid, "hand_held");
	assert_string_equal(s->orthosis, "");
	assert_string_equal(s->footwear, "shoes");
	assert_string_equal(s->email, "c@example.org");
	assert_string_equal(s->role, "parent");
	assert_true(s->email_score && !s->has_hint[0] && s->has_hint[1]);
	assert_float_equal(s->hint_x[1], 12.5, 0);
	assert_float_equal(s->hint_y[1], 0.25, 0);
	assert_int_equal(out.priority, -2);
	kit_begin(k, STORE_READ);
	assert_ok(store_job_notes(k->tx, in.id, &notes, &k->e), &k->e);
	kit_rollback(k);
	assert_string_equal(notes, "na\xc3\xafve\nlines");
	free(notes);
	assert_int_equal(
		kit_number(
			k, "SELECT count(*) FROM consents WHERE version = 'v2' AND authority = 'guardian'"),
		1);
}

static void no_account_no_job(void **state)
{
	struct kit *k = *state;
	struct job job = { .id = "01aryz6s410000000000000000", .owner = "01aryz6s410000000000000001" };
	const struct video v[VIEW_COUNT] = { { .container = "mp4" },
		{ .view = VIEW_SIDE, .container = "mp4" } };

	kit_begin(k, STORE_WRITE);
	assert_fails(store_job_insert(k->tx, &job, v, 1, &k->e), &k->e, ERR_NOT_FOUND);
	kit_rollback(k);
}

/* Every pair that the table forbids is refused by the store and writes nothing. */
static void forbidden_changes(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job, read;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	for (int from = 0; from < JOB_STATE_COUNT; from++)
		for (int to = 0; to < JOB_STATE_COUNT; to++) {
			char sql[200];
			const struct job_change c = { .to = (enum job_state)to,
				.phase = to == JOB_PROCESSING ? PHASE_RUNNING : PHASE_NONE };
			if (job_state_may_become((enum job_state)from, (enum job_state)to))
				continue;
			snprintf(sql, sizeof sql,
				"UPDATE jobs SET state = '%s', phase = '%s' WHERE id = '%s'",
				job_state_name((enum job_state)from), from == JOB_PROCESSING ? "running" : "",
				job.id);
			assert_int_equal(kit_sql(k, sql), 0);
			kit_get(k, job.id, &job);
			kit_begin(k, STORE_WRITE);
			assert_fails(store_job_change(k->tx, &job, &c, 1, &k->e), &k->e, ERR_CONFLICT);
			kit_commit(k);
			kit_get(k, job.id, &read);
			assert_int_equal(read.state, from);
			assert_int_equal(read.version, job.version);
		}
	assert_int_equal(kit_number(k, "SELECT count(*) FROM events"), 1);
}

static void phases_belong_to_processing(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job;
	const struct job_change without = { .to = JOB_PROCESSING };
	const struct job_change with = { .to = JOB_CANCELLED, .phase = PHASE_RUNNING };

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	kit_begin(k, STORE_WRITE);
	assert_fails(store_job_change(k->tx, &job, &without, 1, &k->e), &k->e, ERR_INTERNAL);
	assert_fails(store_job_change(k->tx, &job, &with, 1, &k->e), &k->e, ERR_INTERNAL);
	kit_rollback(k);
}

static void a_change_bumps_and_tells(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job, read;
	struct event v[8];
	unsigned n;
	const struct job_change done = { .to = JOB_COMPLETE,
		.result = true,
		.score = 0.5,
		.score_demonstration = true,
		.release = RELEASE_DIRECT };
	const struct job_change again = { .to = JOB_QUEUED, .fresh_start = true, .text = "Once more." };
	const struct job_change failed = { .to = JOB_QUEUED,
		.failed_attempt = true,
		.error_kind = "lost",
		.error_text = "It went.",
		.due_ms = 77 };

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	kit_begin(k, STORE_WRITE);
	struct job_change go = { .to = JOB_PROCESSING, .phase = PHASE_STAGING, .new_attempt = true };
	assert_ok(store_job_change(k->tx, &job, &go, 10, &k->e), &k->e);
	assert_ok(store_job_change(k->tx, &job, &failed, 11, &k->e), &k->e);
	assert_int_equal(job.failures, 1);
	assert_int_equal(job.due_ms, 77);
	assert_string_equal(job.error_kind, "lost");
	assert_ok(store_job_change(k->tx, &job, &go, 12, &k->e), &k->e);
	assert_string_equal(job.error_text, "");
	assert_ok(store_job_change(k->tx, &job, &done, 13, &k->e), &k->e);
	kit_commit(k);
	kit_get(k, job.id, &read);
	assert_int_equal(read.version, 5);
	assert_int_equal(read.attempt, 2);
	assert_int_equal(read.result_attempt, 2);
	assert_float_equal(read.score, 0.5, 0);
	assert_true(read.score_demonstration);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_job_change(k->tx, &read, &again, 14, &k->e), &k->e);
	kit_commit(k);
	kit_get(k, job.id, &read);
	assert_int_equal(read.failures, 0);
	assert_int_equal(read.result_attempt, 2); /* the old result stays until the new one is there */
	kit_begin(k, STORE_READ);
	assert_ok(store_events_after(k->tx, job.id, 0, v, 8, &n, &k->e), &k->e);
	assert_int_equal(n, 6);
	assert_string_equal(v[1].phase, "staging");
	assert_string_equal(v[4].text, job_state_text(JOB_COMPLETE));
	assert_string_equal(v[5].text, "Once more.");
	assert_ok(store_events_after(k->tx, NULL, v[3].seq, v, 1, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_string_equal(v[0].state, "complete");
	kit_rollback(k);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'result'"), 1);
}

/* Who read the job before somebody else changed it writes nothing. */
static void a_stale_reader_writes_nothing(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job, stale, read;
	const struct job_change c = { .to = JOB_CANCELLED };

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	stale = job;
	kit_change(k, &job, JOB_PROCESSING, PHASE_STAGING);
	kit_begin(k, STORE_WRITE);
	assert_int_equal(store_job_change(k->tx, &stale, &c, 1, &k->e), STORE_NONE);
	kit_commit(k);
	kit_get(k, job.id, &read);
	assert_int_equal(read.state, JOB_PROCESSING);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM events"), 2);
}

static void lists_and_counts(void **state)
{
	struct kit *k = *state;
	struct user a, b;
	struct job j[5], out[8];
	unsigned n;
	int64_t count;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &a);
	kit_user(k, "b@example.org", ROLE_SUBMITTER, &b);
	for (int i = 0; i < 5; i++)
		kit_job(k, i == 2 ? b.id : a.id, i == 4 ? 5 : 0, &j[i]);
	kit_change(k, &j[0], JOB_CANCELLED, PHASE_NONE);
	kit_begin(k, STORE_READ);
	struct job_filter f = { 0 };
	assert_ok(store_jobs_list(k->tx, &f, out, 8, &n, &k->e), &k->e);
	assert_int_equal(n, 5);
	assert_string_equal(out[0].id, j[4].id);
	f.owner = a.id;
	f.by_state = true;
	f.state = JOB_QUEUED;
	assert_ok(store_jobs_list(k->tx, &f, out, 8, &n, &k->e), &k->e);
	assert_int_equal(n, 3);
	f.before = out[0].id;
	assert_ok(store_jobs_list(k->tx, &f, out, 1, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_string_equal(out[0].id, j[3].id);
	f = (struct job_filter){ .subject = "nobody" };
	assert_ok(store_jobs_list(k->tx, &f, out, 8, &n, &k->e), &k->e);
	assert_int_equal(n, 0);
	assert_ok(store_jobs_count(k->tx, JOB_QUEUED, NULL, &count, &k->e), &k->e);
	assert_int_equal(count, 4);
	assert_ok(store_jobs_count(k->tx, JOB_QUEUED, b.id, &count, &k->e), &k->e);
	assert_int_equal(count, 1);
	kit_rollback(k);
}

static void idempotency(void **state)
{
	struct kit *k = *state;
	struct user a, b;
	struct job job;
	uint8_t one[SHA256_BYTES] = { 1 }, two[SHA256_BYTES] = { 2 };
	char found[ID_BYTES];

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &a);
	kit_user(k, "b@example.org", ROLE_SUBMITTER, &b);
	kit_job(k, a.id, 0, &job);
	kit_begin(k, STORE_WRITE);
	assert_int_equal(store_idempotency_find(k->tx, a.id, "k", one, found, &k->e), STORE_NONE);
	assert_ok(store_idempotency_add(k->tx, a.id, "k", one, job.id, 100, &k->e), &k->e);
	assert_ok(store_idempotency_find(k->tx, a.id, "k", one, found, &k->e), &k->e);
	assert_string_equal(found, job.id);
	assert_fails(store_idempotency_find(k->tx, a.id, "k", two, found, &k->e), &k->e, ERR_FIELD);
	assert_int_equal(store_idempotency_find(k->tx, b.id, "k", one, found, &k->e), STORE_NONE);
	assert_fails(store_idempotency_add(k->tx, a.id, "k", two, job.id, 100, &k->e), &k->e, ERR_CONFLICT);
	assert_ok(store_idempotency_expire(k->tx, 100, &k->e), &k->e);
	assert_ok(store_idempotency_find(k->tx, a.id, "k", one, found, &k->e), &k->e);
	assert_ok(store_idempotency_expire(k->tx, 101, &k->e), &k->e);
	assert_int_equal(store_idempotency_find(k->tx, a.id, "k", one, found, &k->e), STORE_NONE);
	kit_rollback(k);
}

static void outputs(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job;
	struct output o = { .name = "result.json", .blob_key = "jobs/x/1/result.json", .bytes = 9 }, out[4];
	unsigned n;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_output_add(k->tx, job.id, 1, &o, &k->e), &k->e);
	o.bytes = 10;
	assert_ok(store_output_add(k->tx, job.id, 1, &o, &k->e), &k->e);
	assert_ok(store_output_add(k->tx, job.id, 2, &o, &k->e), &k->e);
	assert_ok(store_outputs_list(k->tx, job.id, 1, out, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_int_equal(out[0].bytes, 10);
	assert_ok(store_output_get(k->tx, job.id, 2, "result.json", out, &k->e), &k->e);
	assert_int_equal(store_output_get(k->tx, job.id, 3, "result.json", out, &k->e), STORE_NONE);
	kit_rollback(k);
}

/* No patient fact, address or note of an erased job is anywhere in the file's rows. */
static void erase(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job, read;
	char ids[4][ID_BYTES], text[80];
	unsigned n;
	const struct output o = { .name = "result.json", .blob_key = "k", .bytes = 9 };
	static const char *const columns[] = { "age_months", "sex", "ethnicity", "height_cm", "weight_kg",
		"email", "role", "email_score", "hint_front_x", "hint_side_y", "notes", "score", "subject",
		"walking_aid", "orthosis", "footwear" };

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	kit_begin(k, STORE_WRITE);
	assert_fails(store_job_erase(k->tx, &job, 5, &k->e), &k->e, ERR_CONFLICT);
	kit_rollback(k);
	kit_change(k, &job, JOB_CANCELLED, PHASE_NONE);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_output_add(k->tx, job.id, 1, &o, &k->e), &k->e);
	assert_ok(store_job_erase(k->tx, &job, 5, &k->e), &k->e);
	kit_commit(k);
	kit_get(k, job.id, &read);
	assert_true(read.erased);
	assert_int_equal(read.version, job.version);
	assert_int_equal(read.state, JOB_CANCELLED);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
		char sql[80];
		snprintf(sql, sizeof sql, "SELECT %s FROM jobs", columns[i]);
		kit_text(k, sql, text, sizeof text);
		if (strcmp(text, "NULL") != 0)
			fail_msg("%s is %s", columns[i], text);
	}
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outputs"), 0);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM outbox WHERE state = 'dropped' AND recipient = ''"), 1);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_erased_pending(k->tx, ids, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_string_equal(ids[0], job.id);
	assert_ok(store_erase_done(k->tx, job.id, &k->e), &k->e);
	assert_ok(store_erased_pending(k->tx, ids, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 0);
	kit_commit(k);
}

/* While the attempt may still write into the blob store, an erasure is not done; nor does its log come back.
 */
static void erase_waits_for_the_attempt(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job;
	struct attempt a = { .n = 1 };
	const struct attempt_end end = { .outcome = "cancelled", .score = NAN };
	char ids[4][ID_BYTES], *log = NULL;
	unsigned n;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	attempt_id_make(job.id, 1, a.id);
	memcpy(a.job, job.id, ID_BYTES);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_attempt_insert(k->tx, &a, &k->e), &k->e);
	assert_ok(store_attempt_submitted(k->tx, a.id, "7", 1, &k->e), &k->e);
	assert_ok(store_attempt_end(k->tx, a.id, &end, 2, &k->e), &k->e);
	kit_commit(k);
	kit_change(k, &job, JOB_CANCELLED, PHASE_NONE);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_job_erase(k->tx, &job, 5, &k->e), &k->e);
	assert_ok(store_erase_done(k->tx, job.id, &k->e), &k->e);
	assert_ok(store_erased_pending(k->tx, ids, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_ok(store_attempt_forgotten(k->tx, a.id, "what it said", 6, &k->e), &k->e);
	assert_ok(store_attempt_log(k->tx, a.id, &log, &k->e), &k->e);
	assert_null(log);
	assert_ok(store_erase_done(k->tx, job.id, &k->e), &k->e);
	assert_ok(store_erased_pending(k->tx, ids, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 0);
	kit_commit(k);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(insert_and_read), T(everything_of_a_submission_is_kept),
		T(no_account_no_job), T(forbidden_changes), T(phases_belong_to_processing),
		T(a_change_bumps_and_tells), T(a_stale_reader_writes_nothing), T(lists_and_counts),
		T(idempotency), T(outputs), T(erase), T(erase_waits_for_the_attempt) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
