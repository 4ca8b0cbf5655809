#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { ENV_MAX = 64, TERM_GRACE_MS = 2000, DRAIN_CHUNKS = 256 };

static int limit(int which, int64_t value)
{
	struct rlimit r = { .rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)value };

	return value > 0 ? setrlimit((__rlimit_resource_t)which, &r) : 0;
}

/* Between fork and exec only async-signal-safe calls; a failure's errno goes up the pipe. */
_Noreturn static void child_side(
	const struct child_spec *s, const char *const *env, int null_fd, int report_fd)
{
	int fds[3] = { s->in_fd, s->out_fd, s->err_fd };
	sigset_t none;

	if (s->new_session ? setsid() < 0 : setpgid(0, 0) < 0)
		goto fail;
	/* Move the sources and the pipe above 2 first: where we run without standard descriptors, one of them
	 * is itself 0, 1 or 2. */
	int report = fcntl(report_fd, F_DUPFD_CLOEXEC, 10);
	if (report < 0)
		goto fail;
	report_fd = report;
	for (int i = 0; i < 3; i++) {
		fds[i] = fcntl(fds[i] >= 0 ? fds[i] : null_fd, F_DUPFD_CLOEXEC, 10);
		if (fds[i] < 0)
			goto fail;
	}
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			goto fail;
	if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		goto fail;
	if (s->cwd && chdir(s->cwd) < 0)
		goto fail;
	if (limit(RLIMIT_CPU, s->max_cpu_s) < 0 || limit(RLIMIT_AS, s->max_memory_bytes) < 0 ||
		limit(RLIMIT_FSIZE, s->max_file_bytes) < 0)
		goto fail;
	if (s->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		goto fail;
	if (s->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
		goto fail;
	for (int sig = 1; sig < 32; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvpe(s->argv[0], (char *const *)(uintptr_t)s->argv, (char *const *)(uintptr_t)env);
fail:;
	int errnum = errno;
	ssize_t n = write(report_fd, &errnum, sizeof errnum);
	(void)n;
	_exit(127);
}

static void make_env(const struct child_spec *s, char path_var[4096], const char *env[ENV_MAX])
{
	const char *path = getenv("PATH");
	size_t n = 0;

	snprintf(path_var, 4096, "PATH=%s", path ? path : "/usr/local/bin:/usr/bin:/bin");
	env[n++] = path_var;
	env[n++] = "LC_ALL=C.UTF-8";
	for (const char *const *p = s->env; p && *p && n < ENV_MAX - 1; p++)
		env[n++] = *p;
	env[n] = NULL;
}

int child_start(const struct child_spec *spec, pid_t *ret_pid, struct err *e)
{
	char path_var[4096];
	const char *env[ENV_MAX];
	int report[2];

	make_env(spec, path_var, env);
	CLEANUP(close_p) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		return err_errno(e, ERR_CHILD, "open /dev/null");
	if (pipe2(report, O_CLOEXEC) < 0)
		return err_errno(e, ERR_CHILD, "pipe");
	CLEANUP(close_p) int report_in = report[0];
	pid_t pid = fork();
	if (pid < 0) {
		close(report[1]);
		return err_errno(e, ERR_CHILD, "fork for %s", spec->argv[0]);
	}
	if (pid == 0)
		child_side(spec, env, null_fd, report[1]);
	close(report[1]);
	int errnum = 0;
	ssize_t n;
	do
		n = read(report_in, &errnum, sizeof errnum);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof errnum) {
		waitpid(pid, NULL, 0);
		errno = errnum;
		return err_errno(e, ERR_CHILD, "start %s", spec->argv[0]);
	}
	*ret_pid = pid;
	return 0;
}

/* Keep the last bytes: what a program said before it died matters more than how it began. */
static void add_tail(struct buf *b, const char *data, size_t len)
{
	if (len > b->max) {
		data += len - b->max;
		len = b->max;
	}
	if (b->len + len > b->max) {
		size_t drop = b->len + len - b->max;
		memmove(b->data, b->data + drop, b->len - drop);
		b->len -= drop;
	}
	(void)buf_add(b, data, len, NULL);
}

/* Read what is there; false at the end of the stream. */
static bool drain(int fd, struct buf *to, bool keep_tail)
{
	char chunk[8192];
	ssize_t n = read(fd, chunk, sizeof chunk);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return false;
	if (keep_tail)
		add_tail(to, chunk, (size_t)n);
	else
		(void)buf_add(
			to, chunk, (size_t)n <= to->max - to->len ? (size_t)n : to->max - to->len, NULL);
	return true;
}

static int finish(pid_t pid, struct child_end *end, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(e, ERR_CHILD, "wait for a child");
	end->exited = WIFEXITED(status);
	end->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return 0;
}

/* Both streams until the child is gone: reading one alone would deadlock on the other. */
static void pump(pid_t pid, int fds[2], struct buf *bufs[2], int64_t timeout_ms, struct child_end *end)
{
	int64_t deadline = clock_mono_ms() + timeout_ms;
	int stage = 0;

	for (;;) {
		siginfo_t info = { 0 };
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
			break;
		if (clock_mono_ms() >= deadline && stage < 2) {
			end->timed_out = true;
			kill(-pid, stage == 0 ? SIGTERM : SIGKILL);
			stage++;
			deadline = clock_mono_ms() + TERM_GRACE_MS;
		}
		struct pollfd p[2] = { { .fd = fds[0], .events = POLLIN },
			{ .fd = fds[1], .events = POLLIN } };
		(void)poll(p, 2, 20);
		for (int i = 0; i < 2; i++)
			if (bufs[i] && fds[i] >= 0 && p[i].revents && !drain(fds[i], bufs[i], i == 1)) {
				close(fds[i]);
				fds[i] = -1;
			}
	}
	/* Grandchildren that outlived the leader go with it, and before the last reading: what they still
	 * write would keep us here. One that left the group cannot either: a pipe holds a bounded number of
	 * chunks. */
	kill(-pid, SIGKILL);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0) {
			struct pollfd p = { .fd = fds[i], .events = POLLIN };
			for (int n = 0; n < DRAIN_CHUNKS && poll(&p, 1, 0) > 0; n++)
				if (!drain(fds[i], bufs[i], i == 1))
					break;
			close(fds[i]);
		}
}

int child_run(const struct child_spec *spec, int64_t timeout_ms, struct buf *out, struct buf *err_text,
	struct child_end *ret_end, struct err *e)
{
	struct child_spec s = *spec;
	struct buf *bufs[2] = { out, err_text };
	int read_ends[2] = { -1, -1 }, write_ends[2] = { -1, -1 };
	pid_t pid = -1;

	*ret_end = (struct child_end){ 0 };
	for (int i = 0; i < 2; i++) {
		int fds[2];
		if (!bufs[i])
			continue;
		if (pipe2(fds, O_CLOEXEC) < 0) {
			if (read_ends[0] >= 0)
				close(read_ends[0]), close(write_ends[0]);
			return err_errno(e, ERR_CHILD, "pipe");
		}
		read_ends[i] = fds[0];
		write_ends[i] = fds[1];
	}
	s.out_fd = out ? write_ends[0] : s.out_fd;
	s.err_fd = err_text ? write_ends[1] : s.err_fd;
	int r = child_start(&s, &pid, e);
	for (int i = 0; i < 2; i++)
		if (write_ends[i] >= 0)
			close(write_ends[i]);
	if (r < 0) {
		for (int i = 0; i < 2; i++)
			if (read_ends[i] >= 0)
				close(read_ends[i]);
		return -1;
	}
	pump(pid, read_ends, bufs, timeout_ms, ret_end);
	return finish(pid, ret_end, e);
}

void child_end_text(const struct child_end *end, char *out, size_t size)
{
	if (end->timed_out)
		snprintf(out, size, "time limit reached");
	else if (end->exited)
		snprintf(out, size, "exit code %d", end->code);
	else
		snprintf(out, size, "killed by signal %d (%s)", end->signal, strsignal(end->signal));
}
