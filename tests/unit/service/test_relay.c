#include "kit.h"

#include <fcntl.h>
#include <time.h>

#include "base/clock.h"
#include "base/fsx.h"
#include "service/attempt_end.h"
#include "service/checkin.h"
#include "service/fetcher.h"
#include "service/jobs.h"
#include "service/reaper.h"
#include "service/worker.h"

/* Attempts on nodes that reach neither gaitd nor the store: all goes through the cluster's driver. */

#define RELAYED "run-relay-0000001"

static int setup(void **state)
{
	if (kit_setup(state) < 0)
		return -1;
	struct kit *k = *state;
	k->s.opt.relay = k->opt.relay = true;
	return 0;
}

/* A job that waits for a file of the name "go", then leaves @result and a word that vouches for @vouched. */
static void relay_script(struct kit *k, const char *result, const char *vouched, int exit_code)
{
	char text[1600], hex[SHA256_HEX_BYTES] = "";
	uint8_t sum[SHA256_BYTES];

	assert_ok(sha256_of(vouched, strlen(vouched), sum, &k->e), &k->e);
	hex_encode(sum, sizeof sum, hex);
	snprintf(text, sizeof text,
		"cmp \"$1/in/front.mp4\" \"$1/in/side.mp4\" >/dev/null && exit 9\n"
		"grep -q '\"file\":\"front.mp4\"' \"$1/in/order.json\" || exit 9\n"
		"! grep -q '\"url\"' \"$1/in/order.json\" || exit 9\n"
		"echo " RELAYED " >\"$1/run\"\n"
		"echo 'pose_front 40' >\"$1/progress\"\n"
		"until [ -e \"$1/../../go\" ]; do sleep 0.01; done\n"
		"mkdir \"$1/out\"\n"
		"%s%s%s"
		"cp \"$1/in/front.mp4\" \"$1/out/overlay_front.mp4\"\n"
		"echo upload 90 >\"$1/progress\"\n"
		"printf '{\"attempt\":\"%%s\",\"run_id\":\"" RELAYED
		"\",\"exit_code\":%d,\"result_sha256\":\"%s\","
		"\"error\":%s}' \"${1##*/}\" >\"$1/s\" && mv \"$1/s\" \"$1/status.json\"\n",
		result ? "printf '%s' '" : "", result ? result : "",
		result ? "' >\"$1/out/result.json\"\n" : "", exit_code, hex,
		exit_code ? "{\"kind\":\"no_person\",\"text\":\"Nobody is there.\"}" : "null");
	kit_script(k, text);
}

static const char *id_of(const char *job, int n)
{
	static char id[ATTEMPT_ID_BYTES];

	attempt_id_make(job, n, id);
	return id;
}

static void go(struct kit *k)
{
	char path[400];

	snprintf(path, sizeof path, "%s/go", k->dir);
	assert_ok(fsx_replace(path, "", 0, 0600, &k->e), &k->e);
}

static void turn_until(struct kit *k, const char *sql)
{
	for (int i = 0; i < 2000; i++) {
		assert_ok(reaper_once(&k->s, &k->e), &k->e);
		while (fetcher_once(&k->s, &k->e) == WORKER_WORKED)
			;
		if (kit_number(k, sql))
			return;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	fail_msg("did not come: %s", sql);
}

#define OVER      "SELECT count(*) FROM jobs WHERE state NOT IN ('processing')"
#define FORGOTTEN "SELECT count(*) FROM attempts WHERE forgotten_ms IS NOT NULL"

static void the_whole_way(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;

	relay_script(k, kit_result, kit_result, 0);
	kit_job(k, &job);
	kit_work(k);
	kit_attempt(k, job.id, 1, &a);
	assert_true(a.relay && a.relayed_ms && a.submitted_ms && a.walltime_s);
	assert_int_equal(kit_files(k, "spool"), 0);
	/* Run id and progress from its files, told as if it had said so itself. */
	turn_until(k, "SELECT count(*) FROM events WHERE kind = 'progress' AND step = 'pose_front'");
	kit_get(k, job.id, &job);
	assert_int_equal(job.phase, PHASE_RUNNING);
	kit_attempt(k, job.id, 1, &a);
	assert_string_equal(a.run_id, RELAYED);
	assert_int_equal(a.percent, 40);
	int64_t version = job.version;
	assert_ok(reaper_once(&k->s, &k->e), &k->e); /* no news */
	kit_get(k, job.id, &job);
	assert_int_equal(job.version, version);
	go(k);
	turn_until(k, OVER);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_COMPLETE);
	assert_true(job.score > 0.74 && job.score < 0.76);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outputs"), 2);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE kind = 'result'"), 1);
	/* Nothing stays on the cluster, nor in between. */
	turn_until(k, FORGOTTEN);
	char path[400];
	snprintf(path, sizeof path, "%s/attempts/%s", k->dir, a.id);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(kit_files(k, "spool"), 0);
}

/* A second attempt finds the spool empty: its videos come from the store. */
static void again_from_the_store(void **state)
{
	struct kit *k = *state;
	struct job job;
	struct attempt a;

	go(k);
	relay_script(k, NULL, "", 0);
	kit_job(k, &job);
	kit_work(k);
	turn_until(k, OVER);
	kit_get(k, job.id, &job);
	assert_string_equal(job.error_kind, "result_missing");
	assert_int_equal(job.state, JOB_QUEUED);
	relay_script(k, kit_result, kit_result, 0);
	kit_sql(k, "UPDATE jobs SET due_ms = 0");
	kit_work(k);
	kit_attempt(k, job.id, 2, &a);
	assert_true(a.relayed_ms && a.submitted_ms);
	assert_int_equal(kit_files(k, "spool"), 0);
	turn_until(k, "SELECT count(*) FROM jobs WHERE state = 'complete'");
}

/* What it says of its failure counts at once: no callback is to come. */
static void its_own_error(void **state)
{
	struct kit *k = *state;
	struct job job;

	go(k);
	relay_script(k, NULL, "", 1);
	kit_job(k, &job);
	kit_work(k);
	turn_until(k, OVER);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_INFERENCE_ERROR);
	assert_string_equal(job.error_text, "Nobody is there.");
	turn_until(k, FORGOTTEN);
}

/* A result other than the one that it vouches for is not taken, however often it is fetched. */
static void a_result_it_does_not_vouch_for(void **state)
{
	struct kit *k = *state;
	struct job job;
	int64_t now = clock_mono_ms(), wall = clock_wall_ms();

	go(k);
	relay_script(k, kit_null_result, kit_result, 0);
	kit_job(k, &job);
	kit_work(k);
	for (int i = 0; i < 2000 && !kit_number(k, OVER); i++) {
		assert_ok(reaper_once(&k->s, &k->e), &k->e);
		(void)fetcher_once(&k->s, &k->e);
		clock_test_set(wall += 5000, now += 400000); /* pauses pass */
		(void)nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_QUEUED);
	assert_string_equal(job.error_kind, "upload_failed");
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outputs"), 0);
}

/* The script ran twice, and another run's word lies there: it does not count. */
static void another_run_is_fenced(void **state)
{
	struct kit *k = *state;
	struct job job;

	relay_script(k, kit_result, kit_result, 0);
	kit_job(k, &job);
	kit_work(k);
	turn_until(k, "SELECT count(*) FROM attempts WHERE run_id IS NOT NULL");
	kit_sql(k, "UPDATE attempts SET run_id = 'run-of-another-node'");
	go(k);
	turn_until(k, OVER);
	kit_get(k, job.id, &job);
	assert_string_equal(job.error_kind, "lost");
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outputs"), 0);
}

static void cancelled_while_relayed(void **state)
{
	struct kit *k = *state;
	struct job job;

	relay_script(k, kit_result, kit_result, 0);
	kit_job(k, &job);
	kit_work(k);
	turn_until(k, "SELECT count(*) FROM attempts WHERE run_id IS NOT NULL");
	assert_ok(jobs_cancel(&k->s, &k->ann, "user:ann", job.id, &job, &k->e), &k->e);
	kit_work(k);
	kit_get(k, job.id, &job);
	assert_int_equal(job.state, JOB_CANCELLED);
	turn_until(k, FORGOTTEN);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outputs"), 0);
}

/* Everything is closed and opened again between any two steps. */
static void restarts_in_between(void **state)
{
	struct kit *k = *state;
	struct job job;

	go(k);
	relay_script(k, kit_result, kit_result, 0);
	kit_job(k, &job);
	assert_ok(worker_once(&k->s, &k->e), &k->e);
	kit_reopen(k);
	assert_ok(stager_once(&k->s, &k->e), &k->e);
	kit_reopen(k);
	kit_sql(k, "UPDATE attempts SET relayed_ms = NULL"); /* the row was not written any more */
	assert_ok(stager_once(&k->s, &k->e), &k->e);
	assert_ok(worker_once(&k->s, &k->e), &k->e);
	for (int i = 0; i < 2000 && !fetcher_has(&k->s, id_of(job.id, 1)); i++) {
		assert_ok(reaper_once(&k->s, &k->e), &k->e);
		(void)nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	kit_reopen(k); /* what waited to be fetched was in memory only */
	assert_false(fetcher_has(&k->s, id_of(job.id, 1)));
	turn_until(k, "SELECT count(*) FROM jobs WHERE state = 'complete'");
	turn_until(k, FORGOTTEN);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(the_whole_way), T(again_from_the_store), T(its_own_error),
		T(a_result_it_does_not_vouch_for), T(another_run_is_fenced), T(cancelled_while_relayed),
		T(restarts_in_between) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
