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
#include "base/fsx.h"
#include "drivers/cluster_local_dir.h"
#include "drivers/cluster_local_probe.h"
#include "drivers/cluster_local_sweep.h"

static char dir[] = "/tmp/gait-dir-XXXXXX";

static void put(const char *name, const char *text, mode_t mode)
{
	char path[4096];
	struct err e = { 0 };

	assert_int_equal(fsx_join(path, sizeof path, dir, name, &e), 0);
	if (fsx_replace(path, text, strlen(text), mode, &e) < 0)
		fail_msg("%s", e.msg);
}

static const char *path_of(const char *name)
{
	static char path[4096];

	assert_int_equal(fsx_join(path, sizeof path, dir, name, NULL), 0);
	return path;
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} rows[] = {
		{ "a", true },
		{ "0", true },
		{ "01hx-2", true },
		{ "a-", true },
		{ "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghij", true },
		{ "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijk", false },
		{ "", false },
		{ NULL, false },
		{ "-a", false },
		{ "A", false },
		{ "a_b", false },
		{ "a.b", false },
		{ "..", false },
		{ "a/b", false },
		{ "a\n", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (cluster_dir_name_ok(rows[i].name) != rows[i].ok)
			fail_msg("row %zu: %s", i, rows[i].name ? rows[i].name : "NULL");
}

static void test_lock(void **state)
{
	struct err e = { 0 };
	int fd = -1, other = -1;

	(void)state;
	assert_int_equal(cluster_dir_lock_state(path_of("lock"), &e), CLUSTER_DIR_ABSENT);
	assert_int_equal(cluster_dir_lock(path_of("no/lock"), &fd, &e), CLUSTER_DIR_ABSENT);
	assert_int_equal(cluster_dir_lock(path_of("lock"), &fd, &e), 0);
	/* Within one process too: the lock belongs to the descriptor. */
	assert_int_equal(cluster_dir_lock_state(path_of("lock"), &e), CLUSTER_DIR_HELD);
	assert_int_equal(cluster_dir_lock(path_of("lock"), &other, &e), CLUSTER_DIR_HELD);
	assert_int_equal(other, -1);
	/* Another descriptor of the file, opened and closed, does not give it back (as with F_SETLK). */
	assert_int_equal(cluster_dir_lock_state(path_of("lock"), &e), CLUSTER_DIR_HELD);
	close(fd);
	assert_int_equal(cluster_dir_lock_state(path_of("lock"), &e), 0);
	/* Asking took nothing. */
	assert_int_equal(cluster_dir_lock(path_of("lock"), &fd, &e), 0);
	close(fd);
}

static void test_marks(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_false(cluster_dir_has(dir, "cancel"));
	assert_int_equal(cluster_dir_mark(dir, "cancel", &e), 0);
	assert_true(cluster_dir_has(dir, "cancel"));
	assert_int_equal(cluster_dir_mark(dir, "cancel", &e), 0);
	assert_int_equal(cluster_dir_mark("/nonexistent/folder", "cancel", &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

#define SHA "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_status_texts(void **state)
{
	static const struct {
		const char *text;
		int r, exit_code;
		const char *kind, *words, *sha256;
	} rows[] = {
		{ "{\"exit_code\":0,\"result_sha256\":\"" SHA "\",\"error\":null}", 0, 0, "", "", SHA },
		{ "{\"exit_code\":1,\"error\":{\"kind\":\"no_person\",\"text\":\"Nobody.\"},\"more\":[1]}", 0,
			1, "no_person", "Nobody.", "" },
		{ "{\"exit_code\":1,\"error\":\"odd\",\"result_sha256\":7}", 0, 1, "", "", "" },
		{ "{\"exit_code\":0,\"result_sha256\":\"" SHA "00\"}", 0, 0, "", "", "" },
		{ "{\"exit_code\":1,\"error\":{\"kind\":\"a-kind-that-is-much-longer-than-it-may-be\"}}", 0,
			1, "a-kind-that-is-much-longer-than", "", "" },
		{ "{\"exit_code\":1,\"error\":{\"kind\":\"0123456789012345678901234567890\xc3\xa4\"}}", 0, 1,
			"0123456789012345678901234567890", "", "" },
		{ "{\"exit_code\":1,\"error\":{\"kind\":\"012345678901234567890123456789\xc3\xa4\"}}", 0, 1,
			"012345678901234567890123456789", "", "" },
		{ "{\"exit_code\":\"0\"}", -1, 0, "", "", "" },
		{ "{}", -1, 0, "", "", "" },
		{ "[]", -1, 0, "", "", "" },
		{ "", -1, 0, "", "", "" },
		{ "{\"exit_code\":0", -1, 0, "", "", "" },
		{ "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", -1, 0, "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cluster_status s = { 0 };
		struct err e = { 0 };
		put("status.json", rows[i].text, 0600);
		int r = cluster_dir_status_read(dir, &s, &e);
		if (r != rows[i].r || s.has_outcome != (r == 0) || s.exit_code != rows[i].exit_code ||
			strcmp(s.error_kind, rows[i].kind) != 0 || strcmp(s.error_text, rows[i].words) != 0 ||
			strcmp(s.result_sha256, rows[i].sha256) != 0)
			fail_msg("row %zu: %d, %d, \"%s\", \"%s\", \"%s\" (%s)", i, r, s.exit_code,
				s.error_kind, s.error_text, s.result_sha256, e.msg);
		if (r < 0)
			assert_int_equal(e.kind, ERR_CORRUPT);
	}
}

static void test_status_is_written_once(void **state)
{
	struct cluster_status s = { 0 };
	struct err e = { 0 };

	(void)state;
	(void)unlink(path_of("status.json"));
	assert_int_equal(cluster_dir_status_read(dir, &s, &e), CLUSTER_DIR_ABSENT);
	assert_int_equal(cluster_dir_status_write(dir, "a-1", 143, "walltime", "Too \"long\".", &e), 0);
	assert_int_equal(cluster_dir_status_write(dir, "a-1", 0, "", "", &e), 0);
	assert_int_equal(cluster_dir_status_read(dir, &s, &e), 0);
	assert_int_equal(s.exit_code, 143);
	assert_string_equal(s.error_kind, "walltime");
	assert_string_equal(s.error_text, "Too \"long\".");
}

static void test_sweep_takes_its_own_only(void **state)
{
	static const char *const entries[] = { "GAIT_ATTEMPT_DIR=/tmp/a/attempt-1",
		"GAIT_ATTEMPT_DIR=/tmp/a/attempt-12", "XGAIT_ATTEMPT_DIR=/tmp/a/attempt-1" };
	pid_t pids[3];
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const char *argv[] = { "sleep", "3600", NULL }, *env[] = { entries[i], NULL };
		struct child_spec spec = {
			.argv = argv, .env = env, .in_fd = -1, .out_fd = -1, .err_fd = -1, .new_session = true
		};
		assert_int_equal(child_start(&spec, &pids[i], &e), 0);
	}
	assert_true(cluster_local_sweep("/tmp/a/attempt-1") >= 1);
	int status;
	assert_int_equal(waitpid(pids[0], &status, 0), pids[0]);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(waitpid(pids[i], &status, WNOHANG), 0);
		kill(pids[i], SIGKILL);
		waitpid(pids[i], &status, 0);
	}
}

static void test_probe_says_what_to_do(void **state)
{
	struct {
		const char *supervise, *script, *env[3], *words;
	} rows[] = {
		{ "/bin/true", "/etc/passwd", { "GAIT_POSE=/bin/true", "GAIT_WEIGHTS=/etc", NULL }, NULL },
		{ "/bin/true", "/etc/passwd", { "GAIT_POSE=true", "GAIT_MODEL=", NULL }, NULL },
		{ "/nonexistent", "/etc/passwd", { NULL }, "build or install gait-supervise" },
		{ "/etc", "/etc/passwd", { NULL }, "build or install gait-supervise" },
		{ "/bin/true", "/nonexistent", { NULL }, "install pbs/gait-job.pbs there" },
		{ "/bin/true", "/etc/passwd", { "GAIT_POSE=/etc/passwd", NULL },
			"GAIT_POSE=/etc/passwd is not a program" },
		{ "/bin/true", "/etc/passwd", { "GAIT_ANALYZE=no-such-program", NULL },
			"GAIT_ANALYZE=no-such-program is not a program" },
		{ "/bin/true", "/etc/passwd", { "GAIT_WEIGHTS=/nonexistent", NULL },
			"GAIT_WEIGHTS=/nonexistent cannot be read" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		int r = cluster_local_probe(dir, rows[i].supervise, rows[i].script, rows[i].env, NULL, &e);
		assert_int_equal(r, rows[i].words ? -1 : 0);
		if (rows[i].words && (e.kind != ERR_CONFIG || !strstr(e.msg, rows[i].words)))
			fail_msg("row %zu: %s", i, e.msg);
	}
	struct err e = { 0 };
	assert_int_equal(cluster_local_probe("/proc", "/bin/true", "/etc/passwd", NULL, NULL, &e), -1);
	assert_non_null(strstr(e.msg, "/proc"));
	char *path = strdup(getenv("PATH"));
	setenv("PATH", dir, 1);
	assert_int_equal(cluster_local_probe(dir, "/bin/true", "/etc/passwd", NULL, NULL, &e), -1);
	assert_non_null(strstr(e.msg, "apt-get install bash"));
	setenv("PATH", path, 1);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_status_texts),
		cmocka_unit_test(test_status_is_written_once),
		cmocka_unit_test(test_sweep_takes_its_own_only),
		cmocka_unit_test(test_probe_says_what_to_do),
	};

	if (!mkdtemp(dir))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)fsx_remove_tree(dir, NULL);
	return failed;
}
