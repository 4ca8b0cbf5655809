#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fsx.h"
#include "cluster_contract.h"
#include "drivers/cluster_local.h"
#include "drivers/cluster_local_dir.h"
#include "drivers/cluster_local_sweep.h"

/* cluster_local against the contract, and what only it promises: where exactly a crash may strike. */

#define SCRIPT GAIT_SOURCE_DIR "/tests/contract/cluster_job.sh"
enum { LOG_BYTES = 64 * 1024 };

static char scratch[] = "/tmp/gait-cluster-XXXXXX";
static char root[64], test_dir_entry[96];

static int open_local(unsigned max_running, struct cluster **ret, struct err *e)
{
	const char *env[] = { test_dir_entry, NULL };
	struct cluster_local_options o = { .root = root,
		.supervise_path = GAIT_SUPERVISE,
		.script_path = SCRIPT,
		.env = env,
		.max_running = max_running,
		.grace_ms = 1000,
		.log_max_bytes = LOG_BYTES };

	return cluster_local_open(&o, ret, e);
}

static int open_any(void *arg, struct cluster **ret, struct err *e)
{
	(void)arg;
	return open_local(4, ret, e);
}

static void path_in(const char *attempt, const char *name, char out[4096])
{
	snprintf(out, 4096, "%s/%s/%s", root, attempt, name);
}

static pid_t supervisor_of(const char *attempt)
{
	char path[4096];
	BUF_CLEANUP struct buf text;

	buf_init(&text, 64);
	path_in(attempt, "pid", path);
	assert_int_equal(fsx_read_file(path, &text, NULL), 0);
	return (pid_t)strtol(buf_str(&text), NULL, 10);
}

static void kill_supervisor(void *arg, const char *attempt)
{
	pid_t pid = supervisor_of(attempt);

	(void)arg;
	assert_true(pid > 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
}

static void submit(struct cluster *c, const char *attempt, const char *behaviour)
{
	struct err e = { 0 };

	if (cluster_contract_submit(c, attempt, behaviour, 60, &e) != 0)
		fail_msg("%s", e.msg);
}

static struct cluster *opened(unsigned max_running)
{
	struct err e = { 0 };
	struct cluster *c = NULL;

	if (open_local(max_running, &c, &e) != 0)
		fail_msg("%s", e.msg);
	return c;
}

static void await_free(const char *lock)
{
	int64_t deadline = clock_mono_ms() + 20000;
	struct err e = { 0 };

	while (cluster_dir_lock_state(lock, &e) != 0) {
		assert_true(clock_mono_ms() < deadline);
		(void)poll(NULL, 0, 10);
	}
}

static void test_supervisor_stands_alone(void **state)
{
	struct cluster *c = opened(4);
	struct err e = { 0 };

	(void)state;
	submit(c, "alone-1", "hang");
	cluster_contract_await(c, "alone-1", CLUSTER_RUNNING);
	pid_t pid = supervisor_of("alone-1");
	assert_int_equal(getsid(pid), pid);
	assert_int_equal(getpgid(pid), pid);
	/* Not our child: no exit of it can reach us, and ours does not reach it. */
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(c->ops->cancel(c, "alone-1", &e), 0);
	cluster_contract_await(c, "alone-1", CLUSTER_FINISHED);
	c->ops->close(c);
}

static void test_one_at_a_time_in_turn(void **state)
{
	struct cluster *c = opened(1);
	struct err e = { 0 };
	char path[4096];

	(void)state;
	submit(c, "turn-1", "hang");
	cluster_contract_await(c, "turn-1", CLUSTER_RUNNING);
	submit(c, "turn-2", "ok");
	submit(c, "turn-3", "ok");
	assert_int_equal(cluster_contract_await(c, "turn-2", CLUSTER_QUEUED).has_outcome, false);
	cluster_contract_await(c, "turn-3", CLUSTER_QUEUED);
	/* One that waits can be cancelled and never runs. */
	assert_int_equal(c->ops->cancel(c, "turn-2", &e), 0);
	struct cluster_status s = cluster_contract_await(c, "turn-2", CLUSTER_FINISHED);
	assert_string_equal(s.error_kind, "cancelled");
	assert_int_equal(cluster_contract_runs(scratch, "turn-2"), 0);
	assert_int_equal(cluster_contract_await(c, "turn-3", CLUSTER_QUEUED).state, CLUSTER_QUEUED);
	assert_int_equal(c->ops->cancel(c, "turn-1", &e), 0);
	assert_string_equal(cluster_contract_await(c, "turn-3", CLUSTER_FINISHED).error_kind, "");
	assert_int_equal(cluster_contract_runs(scratch, "turn-3"), 1);
	snprintf(path, sizeof path, "%s/.turn", root);
	assert_int_equal(cluster_dir_lock_state(path, &e), 0);
	c->ops->close(c);
}

/* Two that submit at once may both start a supervisor, one of them long after the other's job has ended. */
static void test_late_supervisor_runs_nothing(void **state)
{
	char dir[4096], status[4096], lock[4096];
	const char *argv[] = { GAIT_SUPERVISE, dir, SCRIPT, NULL };
	const char *env[] = { test_dir_entry, NULL };
	struct child_spec spec = { .argv = argv, .env = env, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	struct child_end end;
	struct err e = { 0 };
	struct cluster *c = opened(4);

	(void)state;
	submit(c, "late-2", "ok");
	cluster_contract_await(c, "late-2", CLUSTER_FINISHED);
	snprintf(dir, sizeof dir, "%s/late-2", root);
	path_in("late-2", "status.json", status);
	path_in("late-2", "lock", lock);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(child_run(&spec, 20000, NULL, NULL, &end, &e), 0);
		assert_true(end.exited && end.code == 0);
		await_free(lock);
		assert_int_equal(cluster_contract_runs(scratch, "late-2"), 1);
		(void)unlink(status); /* then only the mark `started` tells */
	}
	c->ops->close(c);
}

static void test_supervisor_lost_while_waiting(void **state)
{
	struct cluster *c = opened(1);
	struct err e = { 0 };

	(void)state;
	submit(c, "waiting-1", "hang");
	cluster_contract_await(c, "waiting-1", CLUSTER_RUNNING);
	submit(c, "waiting-2", "ok");
	cluster_contract_await(c, "waiting-2", CLUSTER_QUEUED);
	kill_supervisor(NULL, "waiting-2");
	cluster_contract_await(c, "waiting-2", CLUSTER_UNKNOWN);
	/* It never started, so it may be submitted again. */
	submit(c, "waiting-2", "ok");
	assert_int_equal(c->ops->cancel(c, "waiting-1", &e), 0);
	assert_true(cluster_contract_await(c, "waiting-2", CLUSTER_FINISHED).has_outcome);
	assert_int_equal(cluster_contract_runs(scratch, "waiting-2"), 1);
	c->ops->close(c);
}

#ifdef GAITD_FAULTS
static void submit_and_die_at(const char *point, const char *attempt)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e;
		setenv("GAITD_FAULT", point, 1);
		struct cluster *c = NULL;
		if (open_local(4, &c, &e) == 0)
			(void)cluster_contract_submit(c, attempt, "ok", 60, &e);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void test_killed_while_submitting(void **state)
{
	static const char *const points[] = { "cluster_local.after_mkdir", "cluster_local.before_start",
		"cluster_local.after_start", "fsx.before_fsync", "fsx.after_rename" };
	struct cluster *c = opened(4);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(points); i++) {
		char attempt[48];
		snprintf(attempt, sizeof attempt, "killed-%zu", i);
		submit_and_die_at(points[i], attempt);
		submit(c, attempt, "ok");
		assert_true(cluster_contract_await(c, attempt, CLUSTER_FINISHED).has_outcome);
		submit(c, attempt, "ok");
		assert_int_equal(cluster_contract_runs(scratch, attempt), 1);
	}
	c->ops->close(c);
}

/* gait-supervise itself, killed at @point. */
static void supervise_and_die_at(const char *point, const char *attempt)
{
	char dir[4096], fault[96], lock[4096];
	const char *argv[] = { GAIT_SUPERVISE, dir, SCRIPT, NULL };
	const char *env[] = { fault, test_dir_entry, NULL };
	struct child_spec spec = { .argv = argv, .env = env, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	struct child_end end;
	struct err e = { 0 };

	submit_and_die_at("cluster_local.before_start", attempt);
	snprintf(fault, sizeof fault, "GAITD_FAULT=%s", point);
	snprintf(dir, sizeof dir, "%s/%s", root, attempt);
	path_in(attempt, "lock", lock);
	assert_int_equal(child_run(&spec, 20000, NULL, NULL, &end, &e), 0);
	await_free(lock);
}

static void test_supervisor_killed_at_its_start(void **state)
{
	struct cluster *c = opened(4);

	(void)state;
	supervise_and_die_at("supervise.after_lock", "early-1");
	submit(c, "early-1", "ok");
	assert_true(cluster_contract_await(c, "early-1", CLUSTER_FINISHED).has_outcome);
	assert_int_equal(cluster_contract_runs(scratch, "early-1"), 1);

	/* From `started` on it may have run: never again, and an end without a word. */
	supervise_and_die_at("cluster_run.after_started", "late-1");
	assert_false(cluster_contract_await(c, "late-1", CLUSTER_FINISHED).has_outcome);
	submit(c, "late-1", "ok");
	assert_false(cluster_contract_await(c, "late-1", CLUSTER_FINISHED).has_outcome);
	assert_int_equal(cluster_contract_runs(scratch, "late-1"), 0);
	c->ops->close(c);
}
#endif

static void test_no_supervisor_program(void **state)
{
	struct cluster_local_options o = {
		.root = root, .supervise_path = "/nonexistent/gait-supervise", .script_path = SCRIPT
	};
	struct cluster *c = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(cluster_local_open(&o, &c, &e), 0);
	assert_int_equal(cluster_contract_submit(c, "nobody-1", "ok", 60, &e), -1);
	assert_int_equal(e.kind, ERR_CHILD);
	assert_int_equal(c->ops->probe(c, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.msg, "gait-supervise"));
	c->ops->close(c);
	/* Once it is installed the same attempt runs. */
	c = opened(4);
	submit(c, "nobody-1", "ok");
	cluster_contract_await(c, "nobody-1", CLUSTER_FINISHED);
	c->ops->close(c);
}

/* A test that failed leaves its attempts running: nothing may outlive the suite. */
static void end_all(void)
{
	CLEANUP(closedir_p) DIR *d = opendir(root);

	for (struct dirent *at; d && (at = readdir(d));) {
		char dir[4096], lock[4096];
		if (!cluster_dir_name_ok(at->d_name))
			continue;
		snprintf(dir, sizeof dir, "%s/%s", root, at->d_name);
		path_in(at->d_name, "lock", lock);
		(void)cluster_dir_mark(dir, "cancel", NULL);
		for (int i = 0; i < 500 && cluster_dir_lock_state(lock, NULL) == CLUSTER_DIR_HELD; i++)
			(void)poll(NULL, 0, 10);
		(void)cluster_local_sweep(dir);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_supervisor_stands_alone),
		cmocka_unit_test(test_one_at_a_time_in_turn),
		cmocka_unit_test(test_late_supervisor_runs_nothing),
		cmocka_unit_test(test_supervisor_lost_while_waiting),
#ifdef GAITD_FAULTS
		cmocka_unit_test(test_killed_while_submitting),
		cmocka_unit_test(test_supervisor_killed_at_its_start),
#endif
		cmocka_unit_test(test_no_supervisor_program),
	};
	const struct cluster_contract contract = { .name = "cluster_local",
		.open = open_any,
		.kill_supervisor = kill_supervisor,
		.scratch = scratch,
		.log_max_bytes = LOG_BYTES };

	if (!mkdtemp(scratch))
		return 1;
	snprintf(root, sizeof root, "%s/attempts", scratch);
	snprintf(test_dir_entry, sizeof test_dir_entry, "GAIT_TEST_DIR=%s", scratch);
	int failed = cluster_contract_run(&contract) + cmocka_run_group_tests(tests, NULL, NULL);
	end_all();
	(void)fsx_remove_tree(scratch, NULL);
	return failed;
}
