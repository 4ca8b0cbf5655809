#pragma once

/* What every cmocka program here starts with. cmocka.h wants the four headers before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

/* The failure's own words are what a reader of a red test wants. */
#define assert_ok(call, e)                                                                                   \
	do {                                                                                                 \
		if ((call) != 0)                                                                             \
			fail_msg("%s: %s", #call, (e)->msg);                                                 \
	} while (0)

#define assert_fails(call, e, want_kind)                                                                     \
	do {                                                                                                 \
		assert_int_equal((call), -1);                                                                \
		if ((e)->kind != (want_kind))                                                                \
			fail_msg("%s: %s instead of %s: %s", #call, err_kind_name((e)->kind),                \
				err_kind_name(want_kind), (e)->msg);                                         \
	} while (0)

/* What was not tried, and why: scripts/count-tests tells it. */
#define skip_because(why)                                                                                    \
	do {                                                                                                 \
		printf("skipped: %s\n", (why));                                                              \
		skip();                                                                                      \
	} while (0)

#define assert_has(text, part)                                                                               \
	do {                                                                                                 \
		if (!strstr((text), (part)))                                                                 \
			fail_msg("no \"%s\" in \"%s\"", (part), (text));                                     \
	} while (0)

/* A fresh directory below TMPDIR in @out; end it with test_dir_remove(). */
#define TEST_DIR_BYTES 256
static inline void test_dir(char out[TEST_DIR_BYTES])
{
	const char *tmp = getenv("TMPDIR");

	assert_true(
		snprintf(out, TEST_DIR_BYTES, "%s/gaitd-test-XXXXXX", tmp ? tmp : "/tmp") < TEST_DIR_BYTES);
	assert_non_null(mkdtemp(out));
}

static inline int test_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static inline void test_dir_remove(const char *dir)
{
	(void)nftw(dir, test_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Run @body(@arg) in a forked child, which ends with its answer as the exit code and without the leak
 * check (the parent's memory is not its own). Return the wait status. */
static inline int test_fork(int (*body)(void *arg), void *arg)
{
	int status = 0;

	(void)fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body(arg));
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return status;
}
