#include "support/testing.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/clock.h"

static struct child_spec spec_of(const char *const *argv)
{
	return (struct child_spec){ .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
}

#define SH(script) ((const char *const[]){ "sh", "-c", (script), NULL })

/* Run a shell script to its end; both streams into @out and @err_text. */
static struct child_end run(
	const struct child_spec *spec, int64_t timeout_ms, struct buf *out, struct buf *err_text)
{
	struct child_end end;
	struct err e = { 0 };

	assert_ok(child_run(spec, timeout_ms, out, err_text, &end, &e), &e);
	return end;
}

static void ends_are_told_apart(void **state)
{
	static const struct {
		const char *script;
		int64_t timeout_ms;
		bool exited, timed_out;
		int code, signal;
		const char *text;
	} rows[] = {
		{ "exit 0", 20000, true, false, 0, 0, "exit code 0" },
		{ "exit 3", 20000, true, false, 3, 0, "exit code 3" },
		{ "kill -9 $$", 20000, false, false, -1, 9, "killed by signal 9 (Killed)" },
		{ "kill -TERM $$", 20000, false, false, -1, 15, "killed by signal 15 (Terminated)" },
		{ "sleep 60", 100, false, true, -1, 15, "time limit reached" },
		{ "trap 'exit 5' TERM; while :; do read x </dev/zero & wait; done", 300, true, true, 5, 0,
			"time limit reached" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct child_spec spec = spec_of(SH(rows[i].script));
		struct child_end end = run(&spec, rows[i].timeout_ms, NULL, NULL);
		char text[64];
		child_end_text(&end, text, sizeof text);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(end.exited, rows[i].exited);
		assert_int_equal(end.timed_out, rows[i].timed_out);
		assert_int_equal(end.code, rows[i].code);
		assert_int_equal(end.signal, rows[i].signal);
	}
}

static void who_ignores_term_is_killed_with_its_children(void **state)
{
	struct child_spec spec = spec_of(SH("trap '' TERM; sleep 300 & echo $!; wait; sleep 300"));
	struct buf out BUF_CLEANUP;

	(void)state;
	buf_init(&out, 100);
	int64_t before = clock_mono_ms();
	struct child_end end = run(&spec, 100, &out, NULL);
	int64_t took = clock_mono_ms() - before;
	assert_true(end.timed_out && !end.exited);
	assert_int_equal(end.signal, SIGKILL);
	assert_in_range(took, 2000, 20000);
	/* The grandchild got the KILL too: gone, or a corpse that waits for init. */
	char path[64], stat_line[200] = "";
	pid_t grandchild = (pid_t)strtol(buf_str(&out), NULL, 10);
	assert_true(grandchild > 1);
	snprintf(path, sizeof path, "/proc/%d/stat", (int)grandchild);
	for (int i = 0; i < 500 && kill(grandchild, 0) == 0; i++) {
		CLEANUP(fclose_p) FILE *f = fopen(path, "re");
		if (!f || !fgets(stat_line, sizeof stat_line, f) || strstr(stat_line, ") Z "))
			return;
		struct child_spec nap = spec_of(SH(":"));
		(void)run(&nap, 20000, NULL, NULL);
	}
	assert_int_equal(kill(grandchild, 0), -1);
}

/* A grandchild that goes on writing after the leader's end must not keep us reading. */
static void a_chatty_grandchild_does_not_hold_us(void **state)
{
	struct child_spec spec = spec_of(SH("yes & yes >&2 & exit 4"));
	struct buf out BUF_CLEANUP, err_text BUF_CLEANUP;

	(void)state;
	buf_init(&out, 1000);
	buf_init(&err_text, 1000);
	struct child_end end = run(&spec, 20000, &out, &err_text);
	assert_true(end.exited && !end.timed_out);
	assert_int_equal(end.code, 4);
}

static void outputs_are_capped_head_and_tail(void **state)
{
	struct child_spec spec =
		spec_of(SH("i=0; while [ $i -lt 20000 ]; do echo out-$i; echo err-$i >&2; i=$((i+1)); done"));
	struct buf out BUF_CLEANUP, err_text BUF_CLEANUP;

	(void)state;
	buf_init(&out, 100);
	buf_init(&err_text, 100);
	struct child_end end = run(&spec, 60000, &out, &err_text);
	assert_true(end.exited && end.code == 0);
	assert_int_equal(out.len, 100);
	assert_memory_equal(out.data, "out-0\nout-1\n", 12);
	assert_int_equal(err_text.len, 100);
	assert_string_equal(err_text.data + 100 - 20, "err-19998\nerr-19999\n");
}

static void a_cap_of_zero_takes_nothing(void **state)
{
	struct child_spec spec = spec_of(SH("echo x; echo y >&2"));
	struct buf out BUF_CLEANUP, err_text BUF_CLEANUP;

	(void)state;
	buf_init(&out, 0);
	buf_init(&err_text, 0);
	assert_int_equal(run(&spec, 20000, &out, &err_text).code, 0);
	assert_int_equal(out.len + err_text.len, 0);
}

static void what_cannot_start_is_our_failure(void **state)
{
	char dir[TEST_DIR_BYTES];
	struct child_end end;
	struct err e = { 0 };
	struct child_spec missing = spec_of((const char *const[]){ "/no/such/program", NULL });
	struct child_spec nowhere = spec_of((const char *const[]){ "no-such-program-anywhere", NULL });
	struct child_spec no_cwd = spec_of(SH(":"));

	(void)state;
	test_dir(dir);
	struct child_spec not_executable = spec_of((const char *const[]){ dir, NULL });
	no_cwd.cwd = "/no/such/directory";
	assert_fails(child_run(&missing, 1000, NULL, NULL, &end, &e), &e, ERR_CHILD);
	assert_has(e.msg, "/no/such/program");
	assert_has(e.msg, "No such file");
	assert_fails(child_run(&nowhere, 1000, NULL, NULL, &end, &e), &e, ERR_CHILD);
	assert_fails(child_run(&not_executable, 1000, NULL, NULL, &end, &e), &e, ERR_CHILD);
	assert_fails(child_run(&no_cwd, 1000, NULL, NULL, &end, &e), &e, ERR_CHILD);
	/* None is left unreaped. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	test_dir_remove(dir);
}

static void the_environment_is_minimal(void **state)
{
	struct child_spec spec = spec_of((const char *const[]){ "env", NULL });
	const char *const extra[] = { "GAIT_X=1", "GAIT_Y=two words", NULL };
	struct buf out BUF_CLEANUP;
	char want[5000];

	(void)state;
	setenv("GAITD_SECRET", "must not be handed on", 1);
	buf_init(&out, 8000);
	spec.env = extra;
	assert_int_equal(run(&spec, 20000, &out, NULL).code, 0);
	snprintf(want, sizeof want, "PATH=%s\nLC_ALL=C.UTF-8\nGAIT_X=1\nGAIT_Y=two words\n", getenv("PATH"));
	assert_string_equal(buf_str(&out), want);
	unsetenv("GAITD_SECRET");
}

static void descriptors_are_closed(void **state)
{
	struct child_spec spec = spec_of(SH("cd /proc/$$/fd && echo *"));
	struct buf out BUF_CLEANUP;
	int leaks[3];

	(void)state;
	/* Without CLOEXEC, as a library might leave them. */
	for (size_t i = 0; i < ARRAY_LEN(leaks); i++) {
		leaks[i] = open("/dev/null", O_RDONLY); /* NOLINT(android-cloexec-open) */
		assert_true(leaks[i] >= 0);
	}
	int high = fcntl(leaks[0], F_DUPFD, 200);
	buf_init(&out, 1000);
	assert_int_equal(run(&spec, 20000, &out, NULL).code, 0);
	/* The shell itself has the directory open that it lists, as the lowest free one. */
	assert_string_equal(buf_str(&out), "0 1 2 3\n");
	for (size_t i = 0; i < ARRAY_LEN(leaks); i++)
		close(leaks[i]);
	close(high);
}

static void standard_input_and_output_are_null_by_default(void **state)
{
	struct child_spec spec =
		spec_of(SH("readlink /proc/$$/fd/0; read x && exit 9; readlink /proc/$$/fd/2"));
	struct buf out BUF_CLEANUP;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(run(&spec, 20000, &out, NULL).code, 0);
	assert_string_equal(buf_str(&out), "/dev/null\n/dev/null\n");
}

/* A daemon may itself have been started with 0, 1 and 2 closed; the report pipe is then one of them. */
static int run_without_standard_descriptors(void *arg)
{
	struct child_spec missing = spec_of((const char *const[]){ "/no/such/program", NULL });
	struct child_spec good = spec_of(SH("echo out; echo err >&2; exit 6"));
	struct buf out BUF_CLEANUP, err_text BUF_CLEANUP;
	struct child_end end;
	struct err e = { 0 };

	(void)arg;
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	buf_init(&out, 100);
	buf_init(&err_text, 100);
	if (child_run(&missing, 20000, NULL, NULL, &end, &e) != -1 || e.kind != ERR_CHILD)
		return 1;
	if (child_run(&good, 20000, &out, &err_text, &end, &e) != 0 || end.code != 6)
		return 2;
	return strcmp(buf_str(&out), "out\n") == 0 && strcmp(buf_str(&err_text), "err\n") == 0 ? 0 : 3;
}

static void works_without_standard_descriptors(void **state)
{
	(void)state;
	int status = test_fork(run_without_standard_descriptors, NULL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void limits_and_place_are_set(void **state)
{
	char dir[TEST_DIR_BYTES];
	struct buf out BUF_CLEANUP;
	struct child_spec spec =
		spec_of(SH("pwd; ulimit -t; ulimit -v; ulimit -f; grep NoNewPrivs /proc/$$/status"));

	(void)state;
	test_dir(dir);
	spec.cwd = dir;
	spec.max_cpu_s = 77;
	spec.max_memory_bytes = (int64_t)1 << 30;
	spec.max_file_bytes = 1 << 20;
	spec.no_new_privs = true;
	buf_init(&out, 1000);
	assert_int_equal(run(&spec, 20000, &out, NULL).code, 0);
	char want[TEST_DIR_BYTES + 64];
	snprintf(want, sizeof want, "%s\n77\n1048576\n2048\nNoNewPrivs:\t1\n", dir);
	assert_string_equal(buf_str(&out), want);
	/* A file limit bites. */
	struct child_spec fill = spec_of(SH("exec head -c 2000000 /dev/zero >big"));
	fill.cwd = dir;
	fill.max_file_bytes = 1 << 20;
	struct child_end end = run(&fill, 20000, NULL, NULL);
	assert_false(end.exited);
	assert_int_equal(end.signal, SIGXFSZ);
	test_dir_remove(dir);
}

static void group_or_session_of_its_own(void **state)
{
	(void)state;
	for (int session = 0; session < 2; session++) {
		/* Fields 5 and 6 of stat: process group and session (proc(5)). */
		struct child_spec spec = spec_of(SH("read a b c d e f rest </proc/$$/stat; echo $$ $e $f"));
		struct buf out BUF_CLEANUP;
		int pid, group, sid;
		buf_init(&out, 100);
		spec.new_session = session == 1;
		assert_int_equal(run(&spec, 20000, &out, NULL).code, 0);
		assert_int_equal(sscanf(buf_str(&out), "%d %d %d", &pid, &group, &sid), 3);
		assert_int_equal(group, pid);
		assert_int_equal(sid, session ? pid : getsid(0));
	}
}

static void signals_are_back_to_normal(void **state)
{
	/* No shell here: it blocks signals itself now and then. */
	struct child_spec spec =
		spec_of((const char *const[]){ "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status", NULL });
	struct buf out BUF_CLEANUP;
	sigset_t all, before;

	(void)state;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	void (*pipe_before)(int) = signal(SIGPIPE, SIG_IGN);
	buf_init(&out, 1000);
	assert_int_equal(run(&spec, 20000, &out, NULL).code, 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, pipe_before);
	assert_string_equal(buf_str(&out), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

static void no_descriptor_is_lost_here(void **state)
{
	struct child_spec good = spec_of(SH("echo x; echo y >&2"));
	struct child_spec missing = spec_of((const char *const[]){ "/no/such/program", NULL });
	struct child_end end;
	struct err e = { 0 };

	(void)state;
	int before = dup(0), after;
	close(before);
	for (int i = 0; i < 5; i++) {
		struct buf out BUF_CLEANUP, err_text BUF_CLEANUP;
		buf_init(&out, 100);
		buf_init(&err_text, 100);
		assert_ok(child_run(&good, 20000, &out, &err_text, &end, &e), &e);
		assert_int_equal(child_run(&missing, 20000, &out, &err_text, &end, &e), -1);
	}
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_are_told_apart),
		cmocka_unit_test(who_ignores_term_is_killed_with_its_children),
		cmocka_unit_test(a_chatty_grandchild_does_not_hold_us),
		cmocka_unit_test(outputs_are_capped_head_and_tail),
		cmocka_unit_test(a_cap_of_zero_takes_nothing),
		cmocka_unit_test(what_cannot_start_is_our_failure),
		cmocka_unit_test(the_environment_is_minimal),
		cmocka_unit_test(descriptors_are_closed),
		cmocka_unit_test(standard_input_and_output_are_null_by_default),
		cmocka_unit_test(works_without_standard_descriptors),
		cmocka_unit_test(limits_and_place_are_set),
		cmocka_unit_test(group_or_session_of_its_own),
		cmocka_unit_test(signals_are_back_to_normal),
		cmocka_unit_test(no_descriptor_is_lost_here),
	};

	return cmocka_run_group_tests_name("base/child", tests, NULL, NULL);
}
