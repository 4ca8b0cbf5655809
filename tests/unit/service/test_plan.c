#include "kit.h"

#include <math.h>

#include "base/clock.h"
#include "base/fsx.h"
#include "service/attempt_plan.h"
#include "service/checkin.h"
#include "service/jobs.h"
#include "service/queue_view.h"
#include "service/worker.h"

/* Walltimes, turns and places in the queue. */

static void fail_by_walltime(struct kit *k, const struct job *job, const struct attempt *a)
{
	char token[64];
	const struct completion c = { .job = job->id,
		.attempt = a->id,
		.run_id = RUN,
		.status = "error",
		.error = "{\"kind\":\"walltime\",\"text\":\"It took too long.\"}" };

	kit_token(k, a, token);
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
}

static void check_in(struct kit *k, const struct attempt *a, char deadline[64])
{
	struct buf order BUF_CLEANUP;
	char token[64];

	buf_init(&order, 65536);
	kit_token(k, a, token);
	assert_ok(checkin(&k->s, a->id, token, RUN, &order, &k->e), &k->e);
	const char *at = strstr(buf_str(&order), "\"deadline\":\"");
	assert_non_null(at);
	snprintf(deadline, 64, "%.24s", at + 12);
}

/* Twice as long each time, never the same again; at the limit it ends with words that name it. */
static void longer_after_a_walltime(void **state)
{
	static const int64_t want[] = { 600, 1200, 2400, 4800, 7200 };
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char deadline[64], wanted[CLOCK_TEXT_BYTES];

	k->s.opt.max_attempts = 20;
	kit_job(k, &job);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		kit_sql(k, "UPDATE jobs SET due_ms = 0");
		kit_work(k);
		kit_attempt(k, job.id, (int)i + 1, &a);
		assert_int_equal(a.walltime_s, want[i]);
		check_in(k, &a, deadline);
		kit_attempt(k, job.id, (int)i + 1, &a);
		clock_rfc3339(a.checked_in_ms + want[i] * 1000, wanted);
		assert_string_equal(deadline, wanted);
		fail_by_walltime(k, &job, &a);
	}
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_INFERENCE_ERROR);
	assert_string_equal(job.error_kind, "walltime");
	assert_has(job.error_text, "2 hours");
	/* Asked for again, it says so at once instead of trying the limit once more. */
	assert_ok(jobs_rerun(&k->s, &k->ann, "user:ann", job.id, &job, &k->e), &k->e);
	kit_work(k);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_SUBMISSION_ERROR);
	assert_has(job.error_text, "2 hours");
	assert_int_equal(kit_number(k, "SELECT count(*) FROM attempts WHERE submitted_ms IS NOT NULL"), 5);
	/* The operators allow more. */
	k->s.opt.walltime_max_s = 20000;
	assert_ok(jobs_rerun(&k->s, &k->ann, "user:ann", job.id, &job, &k->e), &k->e);
	kit_work(k);
	kit_attempt(k, job.id, 7, &a);
	assert_int_equal(a.walltime_s, 14400);
}

/* Lessons of this engine only; frames from the file, or as many as there can be. */
static void learned(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;

	kit_job(k, &job);
	kit_sql(k, "INSERT INTO attempts (id, job, n, nonce, token_sha256, created_ms, submitted_ms, "
		   "checked_in_ms, ended_ms, forgotten_ms, outcome, engine, frames) WITH RECURSIVE i(n) AS "
		   "(VALUES (101) UNION ALL SELECT n + 1 FROM i WHERE n < 130) SELECT jobs.id || '-' || i.n, "
		   "jobs.id, i.n, zeroblob(16), zeroblob(32), 1000, 1000, 1000, 61000, 61000, 'complete', "
		   "iif(i.n <= 120, 'gait-pose', 'another'), iif(i.n <= 120, 600, 6) FROM jobs, i");
	kit_sql(k, "UPDATE videos SET frames = 1000");
	kit_work(k);
	kit_attempt(k, job.id, 1, &a);
	/* 60 s for 600 frames, times 1.5; 2,000 frames and 30 s of start-up. */
	assert_int_equal(a.walltime_s, 330);
	assert_int_equal(a.frames, 2000);
	assert_string_equal(a.engine, "gait-pose");
	kit_sql(k, "UPDATE videos SET frames = NULL WHERE view = 'side'");
	kit_job(k, &job);
	kit_sql(k, "UPDATE videos SET frames = 1000 WHERE view = 'front'");
	kit_work(k);
	kit_attempt(k, job.id, 1, &a);
	assert_int_equal(a.walltime_s, 30 + (1000 + 120 * 60) * 15 / 100);
	assert_int_equal(a.frames, 0);
}

/* The engine is asked, whatever it answers is bounded, and whatever it does the upload goes its way. */
static void frames(void **state)
{
	static const struct {
		const char *script;
		int64_t want;
	} rows[] = { { "echo '{\"frames\":240,\"seconds\":8}'", 240 },
		{ "echo '{\"frames\":1000000}'", 7200 }, { "echo '{\"frames\":-5}'", 0 },
		{ "echo '{\"frames\":\"x\"}'", 0 }, { "echo nonsense", 0 }, { "exit 65", 0 },
		{ "kill -SEGV $$", 0 }, { "head -c 100000 /dev/zero", 0 },
		{ "[ \"$1 $2\" = '--describe --input' ] && [ -s \"$3\" ] && echo '{\"frames\":7}'", 7 } };
	struct kit *k = *state;
	char path[TEST_DIR_BYTES + 16], text[400];

	snprintf(path, sizeof path, "%s/pose", k->dir);
	assert_int_equal(video_describe(&k->s, k->script), 0);
	k->s.opt.pose_path = path;
	assert_int_equal(video_describe(&k->s, k->script), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(text, sizeof text, "#!/bin/bash\n%s\n", rows[i].script);
		assert_ok(fsx_replace(path, text, strlen(text), 0700, &k->e), &k->e);
		if (video_describe(&k->s, k->script) != rows[i].want)
			fail_msg("%s", rows[i].script);
	}
	struct job job;
	kit_job(k, &job);
	kit_work(k);
	assert_int_equal(kit_number(k, "SELECT sum(frames) FROM videos"), 14);
}

/* One who queues fifty and one who queues two: with one place they take turns. */
static void turns(void **state)
{
	enum { MANY = 50 };
	struct kit *k = *state;
	struct field_errors errors = { .n = 0 };
	struct queue_place place;
	struct job job, bobs[2];

	k->s.opt.max_in_flight = 1;
	k->s.opt.refuse_above_queued = 1000;
	for (int i = 0; i < MANY; i++)
		kit_job(k, &job);
	for (int i = 0; i < 2; i++) {
		struct intake *in = kit_upload(k, &k->bob, NULL, NULL);
		assert_ok(kit_commit_upload(k, &in, &bobs[i], &errors), &k->e);
	}
	/* What is shown is what comes. */
	for (int i = 0; i < 2; i++) {
		assert_ok(queue_view_place(&k->s, bobs[i].id, &place, NULL, &k->e), &k->e);
		assert_int_equal(place.position, 2 * i + 1);
		assert_int_equal(place.estimated_wait_s, -1);
	}
	assert_ok(queue_view_place(&k->s, job.id, &place, NULL, &k->e), &k->e);
	assert_int_equal(place.position, MANY + 1);
	struct queue_line lines[4];
	struct queue_totals total;
	unsigned n;
	assert_ok(queue_view_first(&k->s, lines, 4, &n, &total, &k->e), &k->e);
	assert_true(n == 4 && total.waiting == MANY + 2 && total.running == 0 && total.attempt_s == -1);
	assert_string_equal(lines[1].job, bobs[0].id);
	assert_string_equal(lines[3].job, bobs[1].id);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(lines[i].place.position, i);
	for (int i = 0; i < 5; i++) {
		assert_ok(worker_once(&k->s, &k->e), &k->e);
		assert_int_equal(kit_number(k, "SELECT count(*) FROM jobs WHERE state = 'processing'"), 1);
		bool bob = i == 1 || i == 3;
		assert_int_equal(kit_number(k, "SELECT u.email = 'bob@example.org' FROM jobs j JOIN users u "
					       "ON u.id = j.owner WHERE j.state = 'processing'"),
			bob);
		kit_sql(k, "UPDATE jobs SET state = 'cancelled', phase = '' WHERE state = 'processing'");
	}
}

static void waits(void **state)
{
	struct kit *k = *state;
	struct queue_place place;
	struct job job;

	k->s.opt.max_in_flight = 2;
	for (int i = 0; i < 5; i++)
		kit_job(k, &job);
	kit_sql(k,
		"INSERT INTO attempts (id, job, n, nonce, token_sha256, created_ms, ended_ms, forgotten_ms, "
		"outcome) WITH RECURSIVE i(n) AS (VALUES (101) UNION ALL SELECT n + 1 FROM i WHERE n < "
		"105) SELECT max(jobs.id) || '-' || i.n, max(jobs.id), i.n, zeroblob(16), zeroblob(32), "
		"1000, 1000 + 60000 * (i.n - 100), 1, 'complete' FROM jobs, i GROUP BY i.n");
	/* The median is three minutes; four are before it, two places. */
	assert_ok(queue_view_place(&k->s, job.id, &place, NULL, &k->e), &k->e);
	assert_int_equal(place.position, 4);
	assert_int_equal(place.estimated_wait_s, 3 * 180 / 2);
	struct queue_line lines[8];
	struct queue_totals total;
	unsigned n;
	assert_ok(queue_view_first(&k->s, lines, 8, &n, &total, &k->e), &k->e);
	assert_true(n == 5 && total.waiting == 5 && total.attempt_s == 180);
	assert_string_equal(lines[4].job, job.id);
	assert_int_equal(lines[4].place.estimated_wait_s, 3 * 180 / 2);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(longer_after_a_walltime), T(learned), T(frames), T(turns),
		T(waits) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
