#pragma once

/* A server script of tests/support beside a test: it prints "port N" once it listens on 127.0.0.1, and ends
 * when its standard input does, also where the test dies. */
#include "support/testing.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/fsx.h"

struct test_server {
	pid_t pid;
	FILE *orders, *words; /* its standard input and output */
	int port;
};

/* @argv: the script's path below the source folder, its arguments, NULL. */
static inline struct test_server test_server_start(const char *const *argv)
{
	struct test_server s = { .pid = -1 };
	int in[2], out[2];
	char script[512], line[64];
	char *args[16] = { "python3", script };

	(void)snprintf(script, sizeof script, "%s/%s", GAIT_SOURCE_DIR, argv[0]);
	for (size_t i = 1; argv[i]; i++) {
		assert_true(i + 2 < ARRAY_LEN(args));
		args[i + 1] = (char *)(uintptr_t)argv[i];
	}
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	s.pid = fork();
	assert_true(s.pid >= 0);
	if (s.pid == 0) {
		if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0)
			_exit(126);
		execv("/usr/bin/python3",
			args); /* Debian's own: its packages are what scripts/setup installs */
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	s.orders = fdopen(in[1], "w");
	s.words = fdopen(out[0], "r");
	if (!s.orders || !s.words || !fgets(line, sizeof line, s.words) ||
		sscanf(line, "port %d", &s.port) != 1)
		fail_msg("%s did not start", script);
	return s;
}

static inline void test_server_order(struct test_server *s, const char *order, const char *answer)
{
	char line[64];

	assert_true(fprintf(s->orders, "%s\n", order) > 0 && fflush(s->orders) == 0);
	assert_non_null(fgets(line, sizeof line, s->words));
	assert_int_equal(strncmp(line, answer, strlen(answer)), 0);
}

static inline void test_server_stop(struct test_server *s)
{
	int status;

	if (s->pid <= 0)
		return;
	(void)fclose(s->orders);
	(void)fclose(s->words);
	(void)kill(s->pid, SIGTERM);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	s->pid = -1;
}

/* How many files "PREFIX.N" lie in @dir; the content of one of them into @out where it is not NULL. */
static inline unsigned test_server_files(const char *dir, const char *prefix, struct buf *out)
{
	CLEANUP(closedir_p) DIR *d = opendir(dir);
	const struct dirent *entry;
	char path[1024];
	unsigned n = 0;

	assert_non_null(d);
	while ((entry = readdir(d))) {
		size_t len = strlen(prefix);
		if (strncmp(entry->d_name, prefix, len) != 0 || entry->d_name[len] != '.' ||
			entry->d_name[len + 1] < '0' || entry->d_name[len + 1] > '9')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
		if (out && n == 0)
			assert_int_equal(fsx_read_file(path, out, NULL), 0);
		n++;
	}
	return n;
}
