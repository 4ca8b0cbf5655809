#include "kit.h"

#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "store/old_videos.h"
#include "store/outbox.h"
#include "store/releases.h"

/* A job whose attempt has completed, with a result that is @release. */
static void complete(struct kit *k, struct job *job, enum release_state release, double score)
{
	const struct job_change go = { .to = JOB_PROCESSING, .phase = PHASE_STAGING, .new_attempt = true };
	const struct job_change done = {
		.to = JOB_COMPLETE, .result = true, .score = score, .release = release
	};

	kit_begin(k, STORE_WRITE);
	assert_ok(store_job_change(k->tx, job, &go, k->now, &k->e), &k->e);
	assert_ok(store_job_change(k->tx, job, &done, k->now, &k->e), &k->e);
	kit_commit(k);
}

static void again(struct kit *k, struct job *job)
{
	const struct job_change c = { .to = JOB_QUEUED, .fresh_start = true };

	kit_begin(k, STORE_WRITE);
	assert_ok(store_job_change(k->tx, job, &c, k->now, &k->e), &k->e);
	kit_commit(k);
}

static void what_a_completion_makes_of_it(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job, read;
	enum release_state s;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	complete(k, &job, RELEASE_DIRECT, 0.5);
	kit_get(k, job.id, &read);
	assert_int_equal(read.release, RELEASE_DIRECT);
	assert_int_equal(read.shown_attempt, 1);
	assert_float_equal(read.shown_score, 0.5, 0);
	/* The next one waits: the first is shown all the same. */
	again(k, &read);
	complete(k, &read, RELEASE_WAITING, NAN);
	kit_get(k, job.id, &read);
	assert_int_equal(read.release, RELEASE_WAITING);
	assert_int_equal(read.result_attempt, 2);
	assert_int_equal(read.shown_attempt, 1);
	assert_float_equal(read.shown_score, 0.5, 0);
	assert_true(isnan(read.score));
	kit_begin(k, STORE_READ);
	assert_ok(store_release_state(k->tx, job.id, 1, &s, &k->e), &k->e);
	assert_int_equal(s, RELEASE_DIRECT);
	assert_ok(store_release_state(k->tx, job.id, 2, &s, &k->e), &k->e);
	assert_int_equal(s, RELEASE_WAITING);
	assert_ok(store_release_state(k->tx, job.id, 3, &s, &k->e), &k->e);
	assert_int_equal(s, RELEASE_NONE);
	kit_rollback(k);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'result'"), 1);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'analysed'"), 1);
	/* One without the other is our own mistake. */
	again(k, &read);
	const struct job_change go = { .to = JOB_PROCESSING, .phase = PHASE_STAGING, .new_attempt = true };
	const struct job_change wrong = { .to = JOB_COMPLETE, .result = true, .score = 1 };
	kit_begin(k, STORE_WRITE);
	assert_ok(store_job_change(k->tx, &read, &go, 1, &k->e), &k->e);
	assert_fails(store_job_change(k->tx, &read, &wrong, 1, &k->e), &k->e, ERR_INTERNAL);
	kit_rollback(k);
}

static void changes(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job, read;
	int64_t n;
	CLEANUP(free_p) struct release *r = calloc(1, sizeof *r);

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	complete(k, &job, RELEASE_WAITING, 0.5);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_releases_waiting(k->tx, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_ok(store_release_get(k->tx, job.id, 1, r, &k->e), &k->e);
	assert_int_equal(r->state, RELEASE_WAITING);
	assert_int_equal(r->times, 0);
	int64_t version = job.version;
	r->state = job.release = RELEASE_RELEASED;
	r->times = 1;
	r->at_ms = 77;
	snprintf(r->comment, sizeof r->comment, "ñ\nwell");
	snprintf(r->actor, sizeof r->actor, "user:x");
	job_show_result(&job);
	assert_ok(store_release_change(k->tx, &job, r, 78, &k->e), &k->e);
	assert_ok(store_outbox_add_released(k->tx, &job, 1, 1, 78, &k->e), &k->e);
	assert_ok(store_outbox_add_released(k->tx, &job, 1, 1, 78, &k->e), &k->e);
	assert_ok(store_outbox_add_released(k->tx, &job, 1, 2, 78, &k->e), &k->e);
	kit_commit(k);
	memset(r, 0, sizeof *r);
	kit_get(k, job.id, &read);
	assert_int_equal(read.version, version + 1);
	assert_int_equal(read.updated_ms, 78);
	assert_int_equal(read.shown_attempt, 1);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_releases_waiting(k->tx, &n, &k->e), &k->e);
	assert_int_equal(n, 0);
	assert_ok(store_release_get(k->tx, job.id, 1, r, &k->e), &k->e);
	assert_string_equal(r->comment, "ñ\nwell");
	assert_string_equal(r->actor, "user:x");
	assert_int_equal(r->at_ms, 77);
	assert_int_equal(store_release_get(k->tx, job.id, 2, r, &k->e), STORE_NONE);
	/* Two mails, since it was released twice; taken back, neither leaves, nor does an operator make one
	 * leave. */
	assert_ok(store_outbox_unrelease(k->tx, job.id, 1, &k->e), &k->e);
	kit_commit(k);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'result' AND state = 'dropped'"), 2);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM outbox WHERE kind <> 'result' AND state = 'pending'"), 2);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_job_erase(k->tx, &read, 80, &k->e), &k->e);
	kit_commit(k);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM releases"), 0);
	kit_get(k, job.id, &read);
	assert_int_equal(read.release, RELEASE_NONE);
	assert_int_equal(read.shown_attempt, 0);
}

static void lists(void **state)
{
	struct kit *k = *state;
	struct user u, other;
	struct job job[4], out[8];
	unsigned n;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_user(k, "b@example.org", ROLE_SUBMITTER, &other);
	for (int i = 0; i < 4; i++) {
		kit_job(k, i == 3 ? other.id : u.id, 0, &job[i]);
		complete(k, &job[i], i == 1 ? RELEASE_WITHHELD : RELEASE_WAITING, 0.5);
	}
	kit_begin(k, STORE_READ);
	struct job_filter f = { .release = RELEASE_WAITING };
	assert_ok(store_jobs_list(k->tx, &f, out, 8, &n, &k->e), &k->e);
	assert_int_equal(n, 3);
	assert_string_equal(out[0].id, job[3].id);
	f.owner = u.id;
	assert_ok(store_jobs_list(k->tx, &f, out, 8, &n, &k->e), &k->e);
	assert_int_equal(n, 2);
	f.before = job[2].id;
	assert_ok(store_jobs_list(k->tx, &f, out, 8, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_string_equal(out[0].id, job[0].id);
	f = (struct job_filter){ .release = RELEASE_WITHHELD, .by_state = true, .state = JOB_QUEUED };
	assert_ok(store_jobs_list(k->tx, &f, out, 8, &n, &k->e), &k->e);
	assert_int_equal(n, 0);
	kit_rollback(k);
}

static void videos(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job;
	struct old_video old[4];
	struct video v[VIEW_COUNT];
	uint8_t sum[SHA256_BYTES];
	unsigned n;
	struct video new = { .view = VIEW_SIDE,
		.container = "mp4",
		.bytes = 30,
		.sha256 = { 7 },
		.spool_name = "new-upload",
		.upload = "01aryz6s410000000000000001" };

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	kit_stage(k, job.id);
	complete(k, &job, RELEASE_DIRECT, 0.5);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_video_replace(k->tx, job.id, job.attempt, &new, &k->e), &k->e);
	assert_ok(store_job_videos(k->tx, job.id, v, &n, &k->e), &k->e);
	assert_int_equal(v[0].n, 1);
	assert_int_equal(v[1].n, 2);
	assert_int_equal(v[1].bytes, 30);
	assert_string_equal(v[1].blob_key, "");
	assert_string_equal(v[1].spool_name, "new-upload");
	assert_string_equal(v[1].upload, new.upload);
	assert_string_equal(v[0].upload, "");
	/* The first attempt's result was made from the old one. */
	assert_ok(store_old_video_sha256(k->tx, job.id, VIEW_SIDE, 1, sum, &k->e), &k->e);
	assert_int_equal(sum[0], 0);
	assert_int_equal(store_old_video_sha256(k->tx, job.id, VIEW_SIDE, 2, sum, &k->e), STORE_NONE);
	assert_int_equal(store_old_video_sha256(k->tx, job.id, VIEW_FRONT, 1, sum, &k->e), STORE_NONE);
	assert_ok(store_old_videos_idle(k->tx, old, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 0);
	kit_commit(k);
	again(k, &job);
	complete(k, &job, RELEASE_DIRECT, 0.5);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_old_videos_idle(k->tx, old, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_int_equal(old[0].view, VIEW_SIDE);
	assert_int_equal(old[0].n, 1);
	assert_string_equal(old[0].blob_key, "jobs/x/in/side.avi");
	assert_ok(store_old_video_done(k->tx, &old[0], &k->e), &k->e);
	assert_ok(store_old_videos_of_job(k->tx, job.id, old, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 0);
	kit_commit(k);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(what_a_completion_makes_of_it), T(changes), T(lists),
		T(videos) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
