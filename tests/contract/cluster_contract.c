#include "cluster_contract.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fsx.h"

enum { PATIENCE_MS = 20000 };
#define TOKEN "tok-9d1c0c0b5b0f4a53"

static const struct cluster_contract *k;
static struct cluster *c;

static int64_t patience_ms(void)
{
	return k && k->patience_ms ? k->patience_ms : PATIENCE_MS;
}

#define assert_done(r, e)                                                                                    \
	do {                                                                                                 \
		if ((r) != 0)                                                                                \
			fail_msg("%s", (e).msg);                                                             \
	} while (0)

int cluster_contract_submit(struct cluster *cluster, const char *attempt, const char *behaviour,
	int64_t walltime_s, struct err *e)
{
	char url[200], id[CLUSTER_ID_BYTES] = "";
	struct cluster_job job = {
		.attempt = attempt, .token = TOKEN, .callback_url = url, .walltime_s = walltime_s
	};

	snprintf(url, sizeof url, "https://gait.invalid/api/v1/%s", behaviour);
	int r = cluster->ops->submit(cluster, &job, id, e);
	if (r == 0)
		assert_true(id[0] != '\0');
	return r;
}

static struct cluster_status ask(struct cluster *cluster, const char *attempt)
{
	struct cluster_status s = { .state = CLUSTER_RUNNING, .has_outcome = true };
	struct err e = { 0 };

	snprintf(s.attempt, sizeof s.attempt, "%s", attempt);
	assert_done(cluster->ops->status(cluster, &s, 1, &e), e);
	return s;
}

struct cluster_status cluster_contract_await(
	struct cluster *cluster, const char *attempt, enum cluster_state want)
{
	int64_t deadline = clock_mono_ms() + patience_ms();

	for (;;) {
		struct cluster_status s = ask(cluster, attempt);
		if (s.state == want)
			return s;
		if (clock_mono_ms() > deadline)
			fail_msg("%s: state %d instead of %d (%s)", attempt, (int)s.state, (int)want,
				s.detail);
		(void)poll(NULL, 0, 10);
	}
}

unsigned cluster_contract_runs(const char *scratch, const char *attempt)
{
	char path[4096], line[256];
	unsigned n = 0;

	assert_int_equal(fsx_join(path, sizeof path, scratch, "runs", NULL), 0);
	CLEANUP(fclose_p) FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		n += strcmp(line, attempt) == 0;
	}
	return n;
}

static void start(const char *attempt, const char *behaviour, int64_t walltime_s)
{
	struct err e = { 0 };

	assert_done(cluster_contract_submit(c, attempt, behaviour, walltime_s, &e), e);
}

static char *log_of(const char *attempt, size_t cap)
{
	struct err e = { 0 };
	struct buf text;

	buf_init(&text, cap);
	assert_done(c->ops->log(c, attempt, &text, &e), e);
	assert_true(text.len <= cap);
	char *s = text.len ? buf_steal(&text) : strdup("");
	assert_non_null(s);
	return s;
}

static void await_log(const char *attempt, const char *word)
{
	int64_t deadline = clock_mono_ms() + patience_ms();

	for (bool there = false; !there;) {
		CLEANUP(free_p) char *text = log_of(attempt, 65536);
		there = strstr(text, word);
		if (!there && clock_mono_ms() > deadline)
			fail_msg("%s never said \"%s\" but: %s", attempt, word, text);
		if (!there)
			(void)poll(NULL, 0, 10);
	}
}

void cluster_contract_forget(struct cluster *cluster, const char *attempt)
{
	int64_t deadline = clock_mono_ms() + patience_ms();
	struct err e = { 0 };

	while (cluster->ops->forget(cluster, attempt, &e) < 0) {
		if (e.kind != ERR_BUSY || clock_mono_ms() > deadline)
			fail_msg("%s", e.msg);
		(void)poll(NULL, 0, 100);
	}
}

static void forget(const char *attempt)
{
	cluster_contract_forget(c, attempt);
	assert_int_equal(ask(c, attempt).state, CLUSTER_UNKNOWN);
}

/* The other end of the job's meet(). */
static void make_fifo(const char *attempt, char path[4096])
{
	snprintf(path, 4096, "%s/%s.go", k->scratch, attempt);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(chmod(path, 0666), 0); /* the job may be another account's */
}

static void open_fifo(const char *path)
{
	int64_t deadline = clock_mono_ms() + patience_ms();
	int fd;

	/* Refused while nobody reads: then the job is not there yet. */
	while ((fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
		assert_int_equal(errno, ENXIO);
		assert_true(clock_mono_ms() < deadline);
		(void)poll(NULL, 0, 10);
	}
	close(fd);
}

static void test_outcomes(void **state)
{
	static const struct {
		const char *behaviour;
		bool has_outcome;
		int exit_code;
		const char *kind, *text, *sha256;
		bool by_supervisor; /* the word is its own */
	} rows[] = {
		{ "ok", true, 0, "", "", "0000000000000000000000000000000000000000000000000000000000000007",
			false },
		{ "error", true, 1, "no_person", "No person was found in the front video.", "", false },
		{ "silent", true, 3, "internal", "The analysis ended without a result (exit code 3).", "",
			true },
		{ "quiet", true, 0, "", "", "", true },
		{ "die", true, 139, "killed", NULL, "", true },
		{ "garbage", false, 0, "", "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char attempt[48];
		snprintf(attempt, sizeof attempt, "outcome-%s", rows[i].behaviour);
		start(attempt, rows[i].behaviour, 60);
		struct cluster_status s = cluster_contract_await(c, attempt, CLUSTER_FINISHED);
		assert_string_equal(s.attempt, attempt);
		bool has_none = k->unsupervised && rows[i].by_supervisor;
		assert_int_equal(s.has_outcome, rows[i].has_outcome && !has_none);
		assert_int_equal(s.exit_code, has_none ? 0 : rows[i].exit_code);
		assert_string_equal(s.error_kind, has_none ? "" : rows[i].kind);
		if (rows[i].text && !has_none)
			assert_string_equal(s.error_text, rows[i].text);
		assert_string_equal(s.result_sha256, rows[i].sha256);
		assert_int_equal(cluster_contract_runs(k->scratch, attempt), 1);
		forget(attempt);
	}
}

static void test_log(void **state)
{
	(void)state;
	start("log-1", "ok", 60);
	cluster_contract_await(c, "log-1", CLUSTER_FINISHED);
	CLEANUP(free_p) char *text = log_of("log-1", 65536);
	assert_non_null(strstr(text, "hello from log-1"));
	assert_non_null(strstr(text, "a word on stderr"));
	CLEANUP(free_p) char *end = log_of("log-1", 7);
	assert_string_equal(end, "stderr\n");
	CLEANUP(free_p) char *none = log_of("never-heard-of", 65536);
	assert_string_equal(none, "");
	forget("log-1");
}

static void test_flood_is_capped(void **state)
{
	(void)state;
	start("flood-1", "flood", 60);
	cluster_contract_await(c, "flood-1", CLUSTER_FINISHED);
	if (!k->log_max_bytes) {
		CLEANUP(free_p) char *end = log_of("flood-1", 65536);
		assert_int_equal(strlen(end), 65536);
		assert_string_equal(end + strlen(end) - 19, "the very last line\n");
		forget("flood-1");
		return;
	}
	CLEANUP(free_p) char *text = log_of("flood-1", 1 << 26);
	assert_true((int64_t)strlen(text) <= k->log_max_bytes);
	assert_true((int64_t)strlen(text) > k->log_max_bytes / 2);
	assert_memory_equal(text, "the very first line\n", 20);
	assert_string_equal(text + strlen(text) - 19, "the very last line\n");
	assert_non_null(strstr(text, " bytes left out ...]"));
	forget("flood-1");
}

static void test_submit_twice_runs_once(void **state)
{
	char path[4096];
	struct err e = { 0 };
	struct cluster_job job = { .attempt = "twice-1",
		.token = TOKEN,
		.callback_url = "https://gait.invalid/meet",
		.walltime_s = 60 };
	char first[CLUSTER_ID_BYTES], again[CLUSTER_ID_BYTES];

	(void)state;
	make_fifo("twice-1", path);
	assert_done(c->ops->submit(c, &job, first, &e), e);
	cluster_contract_await(c, "twice-1", CLUSTER_RUNNING);
	assert_done(c->ops->submit(c, &job, again, &e), e);
	assert_string_equal(first, again);
	open_fifo(path);
	cluster_contract_await(c, "twice-1", CLUSTER_FINISHED);
	assert_done(c->ops->submit(c, &job, again, &e), e);
	assert_string_equal(first, again);
	assert_int_equal(ask(c, "twice-1").state, CLUSTER_FINISHED);
	assert_int_equal(cluster_contract_runs(k->scratch, "twice-1"), 1);
	forget("twice-1");
}

static void test_submit_at_once_runs_once(void **state)
{
	pid_t pids[6];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct err e = { 0 };
			_exit(cluster_contract_submit(c, "race-1", "ok", 60, &e) == 0 ? 0 : 1);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_true(cluster_contract_await(c, "race-1", CLUSTER_FINISHED).has_outcome);
	assert_int_equal(cluster_contract_runs(k->scratch, "race-1"), 1);
	forget("race-1");
}

static void test_reopened_driver_finds_attempts(void **state)
{
	char path[4096];
	struct err e = { 0 };

	(void)state;
	make_fifo("reopen-1", path);
	start("reopen-1", "meet", 60);
	cluster_contract_await(c, "reopen-1", CLUSTER_RUNNING);
	c->ops->close(c);
	c = NULL;
	assert_done(k->open(k->arg, &c, &e), e);
	assert_int_equal(ask(c, "reopen-1").state, CLUSTER_RUNNING);
	open_fifo(path);
	assert_true(cluster_contract_await(c, "reopen-1", CLUSTER_FINISHED).has_outcome);
	forget("reopen-1");
}

static void test_status_of_many(void **state)
{
	struct cluster_status s[3] = { { .attempt = "many-1" }, { .attempt = "never-heard-of" },
		{ .attempt = "many-2" } };
	struct err e = { 0 };

	(void)state;
	start("many-1", "ok", 60);
	start("many-2", "error", 60);
	cluster_contract_await(c, "many-1", CLUSTER_FINISHED);
	cluster_contract_await(c, "many-2", CLUSTER_FINISHED);
	assert_done(c->ops->status(c, s, 3, &e), e);
	assert_int_equal(s[0].state, CLUSTER_FINISHED);
	assert_string_equal(s[0].error_kind, "");
	assert_int_equal(s[1].state, CLUSTER_UNKNOWN);
	assert_false(s[1].has_outcome);
	assert_int_equal(s[2].state, CLUSTER_FINISHED);
	assert_string_equal(s[2].error_kind, "no_person");
	assert_done(c->ops->status(c, s, 0, &e), e);
	forget("many-1");
	forget("many-2");
}

static void test_walltime(void **state)
{
	static const struct {
		const char *behaviour, *text;
	} rows[] = {
		{ "hang", "The analysis took longer than it is allowed to and was stopped." },
		{ "deaf", "The analysis took longer than it is allowed to and was stopped." },
		{ "term", "its own words" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows) && !k->unsupervised; i++) {
		char attempt[48];
		snprintf(attempt, sizeof attempt, "walltime-%s", rows[i].behaviour);
		start(attempt, rows[i].behaviour, 1);
		struct cluster_status s = cluster_contract_await(c, attempt, CLUSTER_FINISHED);
		assert_true(s.has_outcome);
		assert_string_equal(s.error_kind, "walltime");
		assert_string_equal(s.error_text, rows[i].text);
		assert_int_not_equal(s.exit_code, 0);
		forget(attempt);
	}
}

static void test_cancel(void **state)
{
	struct err e = { 0 };

	(void)state;
	start("cancel-1", "hang", 600);
	await_log("cancel-1", "hanging");
	assert_int_equal(c->ops->forget(c, "cancel-1", &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_done(c->ops->cancel(c, "cancel-1", &e), e);
	assert_done(c->ops->cancel(c, "cancel-1", &e), e);
	struct cluster_status s = cluster_contract_await(c, "cancel-1", CLUSTER_FINISHED);
	if (!k->unsupervised)
		assert_string_equal(s.error_kind, "cancelled");
	assert_true(s.exit_code != 0 || !s.has_outcome);
	assert_done(c->ops->cancel(c, "cancel-1", &e), e);
	forget("cancel-1");
	assert_done(c->ops->cancel(c, "cancel-1", &e), e);
	assert_done(c->ops->cancel(c, "never-heard-of", &e), e);
	assert_done(c->ops->forget(c, "cancel-1", &e), e);
	assert_int_equal(ask(c, "cancel-1").state, CLUSTER_UNKNOWN);
}

static void test_nothing_outlives_the_job(void **state)
{
	char path[4096];
	int64_t pid;

	(void)state;
	if (k->unsupervised)
		return;
	start("orphan-1", "orphan", 60);
	cluster_contract_await(c, "orphan-1", CLUSTER_FINISHED);
	assert_int_equal(fsx_join(path, sizeof path, k->scratch, "orphan-1.pids", NULL), 0);
	CLEANUP(fclose_p) FILE *f = fopen(path, "re");
	assert_non_null(f);
	unsigned n = 0;
	for (char line[64]; fgets(line, sizeof line, f); n++) {
		pid = strtol(line, NULL, 10);
		assert_true(pid > 1);
		assert_int_equal(kill((pid_t)pid, 0), -1);
		assert_int_equal(errno, ESRCH);
	}
	assert_int_equal(n, 2);
	forget("orphan-1");
}

static void test_secrets_stay_in_the_folder(void **state)
{
	(void)state;
	start("secrets-1", "secrets", 60);
	cluster_contract_await(c, "secrets-1", CLUSTER_FINISHED);
	CLEANUP(free_p) char *text = log_of("secrets-1", 65536);
	assert_non_null(strstr(text, "GAIT_TEST_DIR="));
	assert_null(strstr(text, TOKEN));
	assert_non_null(strstr(text, "drwx------"));
	assert_non_null(strstr(text, "-rw-------"));
	forget("secrets-1");
}

static void test_lost_supervisor(void **state)
{
	struct err e = { 0 };

	(void)state;
	if (!k->kill_supervisor)
		return;
	start("lost-1", "hang", 600);
	await_log("lost-1", "hanging");
	k->kill_supervisor(k->arg, "lost-1");
	struct cluster_status s = cluster_contract_await(c, "lost-1", CLUSTER_FINISHED);
	assert_false(s.has_outcome);
	assert_string_equal(s.detail, "supervisor is gone");
	/* It is over: a second submission must not start it again. */
	assert_done(cluster_contract_submit(c, "lost-1", "hang", 600, &e), e);
	assert_int_equal(ask(c, "lost-1").state, CLUSTER_FINISHED);
	assert_int_equal(cluster_contract_runs(k->scratch, "lost-1"), 1);
	forget("lost-1");
}

static void test_hostile_names(void **state)
{
	static const char *const names[] = { "", "..", ".", "../x", "a/b", "/etc", "-rf", "a b", "a;id", "A1",
		"a\nb", "$(id)", "\xc3\xa9", ".gone-a", "a.b",
		"a-name-of-more-than-forty-seven-characters-is-too-long" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct err e = { 0 };
		char out[CLUSTER_ID_BYTES];
		BUF_CLEANUP struct buf text;
		struct cluster_job job = { .attempt = names[i],
			.token = TOKEN,
			.callback_url = "https://gait.invalid/ok",
			.walltime_s = 60 };
		buf_init(&text, 4096);
		assert_int_equal(c->ops->submit(c, &job, out, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_int_equal(c->ops->cancel(c, names[i], &e), -1);
		assert_int_equal(c->ops->log(c, names[i], &text, &e), -1);
		assert_int_equal(c->ops->forget(c, names[i], &e), -1);
		assert_int_equal(ask(c, names[i]).state, CLUSTER_UNKNOWN);
	}
	struct cluster_status unterminated;
	struct err e = { 0 };
	memset(&unterminated, 'a', sizeof unterminated);
	assert_done(c->ops->status(c, &unterminated, 1, &e), e);
	assert_int_equal(unterminated.state, CLUSTER_UNKNOWN);
}

static void test_bad_jobs(void **state)
{
	static const struct cluster_job rows[] = {
		{ .attempt = "bad-1",
			.token = "",
			.callback_url = "https://gait.invalid/ok",
			.walltime_s = 60 },
		{ .attempt = "bad-1", .token = TOKEN, .callback_url = "", .walltime_s = 60 },
		{ .attempt = "bad-1", .token = TOKEN, .callback_url = "https://gait.invalid/ok" },
		{ .attempt = "bad-1",
			.token = TOKEN,
			.callback_url = "https://gait.invalid/ok",
			.walltime_s = INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		char out[CLUSTER_ID_BYTES];
		assert_int_equal(c->ops->submit(c, &rows[i], out, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_int_equal(ask(c, "bad-1").state, CLUSTER_UNKNOWN);
	}
}

static void test_files(void **state)
{
	(void)state;
	cluster_contract_files(c, k);
}

static void test_probe(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_done(c->ops->probe(c, NULL, &e), e);
}

static int open_driver(void **state)
{
	struct err e = { 0 };

	(void)state;
	return k->open(k->arg, &c, &e);
}

static int close_driver(void **state)
{
	(void)state;
	if (c)
		c->ops->close(c);
	c = NULL;
	return 0;
}

int cluster_contract_run(const struct cluster_contract *contract)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_flood_is_capped),
		cmocka_unit_test(test_submit_twice_runs_once),
		cmocka_unit_test(test_submit_at_once_runs_once),
		cmocka_unit_test(test_reopened_driver_finds_attempts),
		cmocka_unit_test(test_status_of_many),
		cmocka_unit_test(test_walltime),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_nothing_outlives_the_job),
		cmocka_unit_test(test_secrets_stay_in_the_folder),
		cmocka_unit_test(test_lost_supervisor),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_bad_jobs),
		cmocka_unit_test(test_files),
	};

	k = contract;
	return cmocka_run_group_tests_name(contract->name, tests, open_driver, close_driver);
}
