#include "kit.h"

#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "base/strv.h"
#include "service/attempt_end.h"
#include "service/checkin.h"
#include "service/reaper.h"
#include "service/worker.h"

#define ENDED "SELECT count(*) FROM jobs WHERE state <> 'processing'"

/* What the job script of a finished attempt leaves in its folder. */
static void speak(struct kit *k, const char *result)
{
	char text[600], hex[SHA256_HEX_BYTES] = "";
	uint8_t sum[SHA256_BYTES];

	assert_ok(sha256_of(result, strlen(result), sum, &k->e), &k->e);
	hex_encode(sum, sizeof sum, hex);
	snprintf(text, sizeof text,
		"printf "
		"'{\"attempt\":\"%%s\",\"run_id\":\"x\",\"exit_code\":0,\"result_sha256\":\"%s\",\"error\":"
		"null}' "
		"\"${1##*/}\" >\"$1/status.json\"\n",
		hex);
	kit_script(k, text);
}

static void put_result(struct kit *k, const struct job *job, const char *result)
{
	char key[BLOB_KEY_BYTES];

	attempt_output_key(job->id, 1, "result.json", key);
	assert_ok(k->s.blob->ops->put_bytes(k->s.blob, key, result, strlen(result), &k->e), &k->e);
}

/* The callback got lost; the result lies in the store and the attempt's own word vouches for it. */
static void found_by_the_reaper(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];

	speak(k, kit_result);
	kit_running(k, &job, &a, token);
	put_result(k, &job, kit_result);
	kit_reap_until(k, ENDED);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_COMPLETE);
	assert_float_equal(job.score, 0.75, 1e-9);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'result'"), 1);
	/* The callback came after all. */
	const struct completion c = { .job = job.id,
		.attempt = a.id,
		.run_id = RUN,
		.status = "complete",
		.score = "0.75",
		.result = strv_of(kit_result) };
	assert_ok(completion_apply(&k->s, token, &c, &k->e), &k->e);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'result'"), 1);
	kit_reap_until(k, "SELECT count(*) FROM attempts WHERE forgotten_ms IS NOT NULL");
}

/* A result that the attempt does not vouch for is none. */
static void another_result_lies_there(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];

	speak(k, kit_result);
	kit_running(k, &job, &a, token);
	put_result(k, &job, kit_null_result);
	kit_reap_until(k, ENDED);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_QUEUED);
	assert_string_equal(job.error_kind, "result_missing");
}

static void no_result_at_all(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];

	k->s.opt.max_attempts = 1;
	speak(k, kit_result);
	kit_running(k, &job, &a, token);
	kit_reap_until(k, ENDED);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_INFERENCE_ERROR);
	assert_string_equal(job.error_kind, "result_missing");
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'failure'"), 1);
}

/* Its own words count, also when its report could not reach us. */
static void an_error_without_a_callback(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64];

	kit_script(k, "echo the last words\n"
		      "printf "
		      "'{\"attempt\":\"%s\",\"exit_code\":1,\"result_sha256\":null,\"error\":{\"kind\":\"no_"
		      "person\","
		      "\"text\":\"Nobody is there.\"}}' \"${1##*/}\" >\"$1/status.json\"\nexit 1\n");
	kit_running(k, &job, &a, token);
	kit_reap_until(k, ENDED);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_INFERENCE_ERROR);
	assert_string_equal(job.error_text, "Nobody is there.");
	kit_reap_until(k,
		"SELECT count(*) FROM attempts WHERE forgotten_ms IS NOT NULL AND log LIKE '%last words%'");
	assert_int_equal(kit_files(k, "attempts") <= 9, 1); /* places in the queue only */
}

/* Handed over, but the cluster knows nothing of it: not believed at once. */
static void lost_after_strikes(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;
	char token[64], path[400];
	int rounds = 0;

	kit_running(k, &job, &a, token);
	assert_ok(k->s.cluster->ops->cancel(k->s.cluster, a.id, &k->e), &k->e);
	for (int tries = 0; tries < 2000; tries++) {
		if (k->s.cluster->ops->forget(k->s.cluster, a.id, &k->e) == 0)
			break;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	snprintf(path, sizeof path, "%s/attempts/%s", k->dir, a.id);
	assert_int_equal(access(path, F_OK), -1);
	do {
		assert_ok(reaper_once(&k->s, &k->e), &k->e);
		rounds++;
		if (rounds == 2) /* a sign of life in between begins the count anew */
			assert_ok(heartbeat(&k->s, a.id, token, RUN, "pose_front", 50, &k->e), &k->e);
		kit_get(k, job.id, &job);
	} while (job.state == JOB_PROCESSING && rounds < 20);
	assert_int_equal(rounds, 6);
	assert_int_equal(job.state, JOB_QUEUED);
	assert_string_equal(job.error_kind, "lost");
	kit_attempt(k, job.id, 1, &a);
	assert_string_equal(a.outcome, "lost");
	/* Its token is dead, and it is forgotten. */
	assert_fails(heartbeat(&k->s, a.id, token, RUN, "pose_front", 60, &k->e), &k->e, ERR_CONFLICT);
	kit_reap_until(k, "SELECT count(*) FROM attempts WHERE forgotten_ms IS NOT NULL");
}

/* A job that runs is left alone, however often it is looked at. */
static void a_running_one_is_left_alone(void **state)
{
	struct kit *k = *state;
	struct job job, after;
	struct attempt a;
	char token[64];

	kit_running(k, &job, &a, token);
	for (int i = 0; i < 10; i++)
		assert_ok(reaper_once(&k->s, &k->e), &k->e);
	kit_get(k, job.id, &after);
	assert_int_equal(after.version, job.version);
	assert_int_equal(after.state, JOB_PROCESSING);
}

static void chores(void **state)
{
	struct kit *k = *state;

	kit_sql(k, "INSERT INTO sessions SELECT zeroblob(32), id, 1, 2 FROM users WHERE email = "
		   "'ann@example.org'");
	assert_ok(reaper_once(&k->s, &k->e), &k->e);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM sessions"), 0);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(found_by_the_reaper), T(another_result_lies_there),
		T(no_result_at_all), T(an_error_without_a_callback), T(lost_after_strikes),
		T(a_running_one_is_left_alone), T(chores) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
