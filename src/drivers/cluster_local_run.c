#include "drivers/cluster_local_run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "base/json.h"
#include "drivers/cluster_local_dir.h"
#include "drivers/cluster_local_log.h"
#include "drivers/cluster_local_slots.h"

enum {
	ENV_MAX = 56,
	JOB_MAX_BYTES = 64 * 1024,
	CANCEL_LOOK_MS = 1000, /* where inotify does not speak: a network file system */
	SWEEP_MS = 5000,
};

enum reason { GOING, WALLTIME, CANCELLED, TERMINATED };

struct run {
	const struct cluster_run *o;
	const char *attempt; /* the folder's name */
	int signal_fd, inotify_fd, pipe_fd;
	struct cluster_log log;
	pid_t job; /* -1: none */
	bool job_over;
	int job_status;
	enum reason reason;
};

static int watch(struct run *r, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_errno(e, ERR_INTERNAL, "block signals");
	r->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->signal_fd < 0)
		return err_errno(e, ERR_INTERNAL, "signalfd");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return err_errno(e, ERR_INTERNAL, "become a subreaper");
	/* Without it (no watches left) a cancel is still seen, a second later. */
	r->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (r->inotify_fd >= 0)
		(void)inotify_add_watch(r->inotify_fd, r->o->dir, IN_CREATE | IN_MOVED_TO);
	return 0;
}

static void read_signals(struct run *r)
{
	struct signalfd_siginfo info;

	while (read(r->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD && r->reason == GOING)
			r->reason = TERMINATED;
}

/* What the job says, into the log. False at the end of the stream or when there is nothing now. */
static bool read_output(struct run *r)
{
	char chunk[16384];
	ssize_t n = read(r->pipe_fd, chunk, sizeof chunk);

	if (n > 0) {
		cluster_log_add(&r->log, chunk, (size_t)n);
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	close(r->pipe_fd);
	r->pipe_fd = -1;
	return false;
}

/* Wait for output, a signal, a cancel or @until_ms (monotonic), and take note of it. */
static void wait_event(struct run *r, int64_t until_ms)
{
	struct pollfd p[3] = { { .fd = r->signal_fd, .events = POLLIN },
		{ .fd = r->inotify_fd, .events = POLLIN }, { .fd = r->pipe_fd, .events = POLLIN } };
	int64_t left = until_ms - clock_mono_ms();
	char events[4096];

	left = left < 0 ? 0 : left > CANCEL_LOOK_MS ? CANCEL_LOOK_MS : left;
	(void)poll(p, 3, (int)left);
	if (p[0].revents)
		read_signals(r);
	if (p[1].revents)
		(void)!read(r->inotify_fd, events, sizeof events);
	if (p[2].revents)
		(void)read_output(r);
	if (r->reason == GOING && cluster_dir_has(r->o->dir, CLUSTER_DIR_CANCEL))
		r->reason = CANCELLED;
}

static void reap(struct run *r)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		if (pid == r->job) {
			r->job_over = true;
			r->job_status = status;
		}
}

/* KILL to every child; theirs become ours and go in the next round. Return how many there were. */
static unsigned kill_children(void)
{
	char path[64], text[4096];
	unsigned n = 0;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t len = read(fd, text, sizeof text - 1);
	text[len > 0 ? len : 0] = '\0';
	for (char *at = text, *end;; at = end) {
		long pid = strtol(at, &end, 10);
		/* A number cut by the end of the buffer is a wrong one. */
		if (end == at || *end != ' ')
			break;
		if (pid > 1 && kill((pid_t)pid, SIGKILL) == 0)
			n++;
	}
	return n;
}

static void kill_tree(struct run *r)
{
	int64_t deadline = clock_mono_ms() + SWEEP_MS;

	if (r->job > 0 && !r->job_over)
		kill(-r->job, SIGKILL);
	while (kill_children() > 0 && clock_mono_ms() < deadline) {
		wait_event(r, clock_mono_ms() + 10);
		reap(r);
	}
	reap(r);
}

/* PATH and the locale come from child_start(); of ours only what is meant for the job goes on. */
static void make_env(const char *dir_entry, const char *env[ENV_MAX + 1])
{
	size_t n = 0;

	env[n++] = dir_entry;
	for (char **p = environ; *p && n < ENV_MAX; p++)
		if ((strncmp(*p, "GAIT_", 5) == 0 && strncmp(*p, "GAIT_ATTEMPT_DIR=", 17) != 0) ||
			strncmp(*p, "HOME=", 5) == 0 || strncmp(*p, "TMPDIR=", 7) == 0)
			env[n++] = *p;
	env[n] = NULL;
}

static int start_job(struct run *r, struct err *e)
{
	char dir_entry[CLUSTER_DIR_PATH_BYTES + 20];
	const char *argv[] = { "bash", r->o->script, r->o->dir, NULL };
	const char *env[ENV_MAX + 1];
	int fds[2];

	snprintf(dir_entry, sizeof dir_entry, "GAIT_ATTEMPT_DIR=%s", r->o->dir);
	make_env(dir_entry, env);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(e, ERR_CHILD, "pipe");
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK);
	r->pipe_fd = fds[0];
	struct child_spec spec = { .argv = argv,
		.env = env,
		.cwd = r->o->dir,
		.in_fd = -1,
		.out_fd = fds[1],
		.err_fd = fds[1],
		.die_with_parent = true };
	int started = child_start(&spec, &r->job, e);
	close(fds[1]);
	return started;
}

static int read_walltime(const char *dir, int64_t *ret_s, struct err *e)
{
	char path[CLUSTER_DIR_PATH_BYTES];
	BUF_CLEANUP struct buf text;
	CLEANUP(json_free_p) struct json *root = NULL;

	buf_init(&text, JOB_MAX_BYTES);
	if (fsx_join(path, sizeof path, dir, CLUSTER_DIR_JOB, e) < 0 || fsx_read_file(path, &text, e) < 0 ||
		json_parse(buf_str(&text), text.len, 16, &root, e) < 0)
		return err_wrap(e, CLUSTER_DIR_JOB);
	*ret_s = json_int(json_get(root, "walltime_s"), 0);
	return *ret_s > 0 ? 0 : err_set(e, ERR_INVALID, CLUSTER_DIR_JOB " has no walltime_s");
}

/* TERM once there is a reason, KILL when the grace time is over. */
static void supervise(struct run *r, int64_t walltime_s)
{
	int64_t deadline = clock_mono_ms() + walltime_s * 1000;
	bool termed = false;

	for (;;) {
		reap(r);
		if (r->job_over)
			return;
		int64_t now = clock_mono_ms();
		if (r->reason == GOING && now >= deadline)
			r->reason = WALLTIME;
		if (r->reason != GOING && !termed) {
			kill(-r->job, SIGTERM);
			termed = true;
			deadline = now + r->o->grace_ms;
		} else if (termed && now >= deadline) {
			kill_tree(r);
			deadline = now + SWEEP_MS;
		}
		if (!r->job_over)
			wait_event(r, deadline);
	}
}

static int last_word(struct run *r, struct err *e)
{
	struct child_end end = { 0 };
	char how[96], text[200];
	int code = -1;

	if (r->job > 0) {
		end.exited = WIFEXITED(r->job_status);
		end.code = end.exited ? WEXITSTATUS(r->job_status) : -1;
		end.signal = WIFSIGNALED(r->job_status) ? WTERMSIG(r->job_status) : 0;
		code = end.exited ? end.code : 128 + end.signal;
	}
	child_end_text(&end, how, sizeof how);
	switch (r->reason) {
	case WALLTIME:
		return cluster_dir_status_write(r->o->dir, r->attempt, code, "walltime",
			"The analysis took longer than it is allowed to and was stopped.", e);
	case CANCELLED:
		return cluster_dir_status_write(
			r->o->dir, r->attempt, code, "cancelled", "The analysis was cancelled.", e);
	case TERMINATED:
		return cluster_dir_status_write(r->o->dir, r->attempt, code, "killed",
			"The computer that ran the analysis stopped it.", e);
	case GOING:
		break;
	}
	if (code == 0)
		return cluster_dir_status_write(r->o->dir, r->attempt, 0, "", "", e);
	snprintf(text, sizeof text, "The analysis ended without a result (%s).", how);
	return cluster_dir_status_write(
		r->o->dir, r->attempt, code, end.exited ? "internal" : "killed", text, e);
}

/* Between the lock and the last word; -1 where the job could not even be started. */
static int run_once(struct run *r, struct err *e)
{
	char path[CLUSTER_DIR_PATH_BYTES];
	CLEANUP(close_p) int slot_fd = -1;
	int64_t walltime_s = 0;

	if (fsx_join(path, sizeof path, r->o->dir, CLUSTER_DIR_LOG, e) < 0 ||
		cluster_log_open(&r->log, path, (size_t)r->o->log_max_bytes, e) < 0 || watch(r, e) < 0)
		return -1;
	struct cluster_slots slots = { 0 };
	slot_fd = cluster_slots_begin(&slots, r->o->dir, r->o->slots, e);
	if (slot_fd == 0)
		while ((slot_fd = cluster_slots_try(&slots, e)) == CLUSTER_SLOTS_WAIT && r->reason == GOING)
			wait_event(r, clock_mono_ms() + cluster_slots_wait_ms(&slots));
	cluster_slots_end(&slots);
	if (slot_fd == CLUSTER_SLOTS_ERROR)
		return -1;
	if (r->reason != GOING)
		return 0;
	if (cluster_dir_mark(r->o->dir, CLUSTER_DIR_STARTED, e) < 0)
		return -1;
	FAULT_POINT("cluster_run.after_started");
	if (read_walltime(r->o->dir, &walltime_s, e) < 0 || start_job(r, e) < 0)
		return -1;
	supervise(r, walltime_s);
	kill_tree(r);
	while (r->pipe_fd >= 0 && read_output(r))
		;
	return 0;
}

int cluster_run_job(const struct cluster_run *o, struct err *e)
{
	const char *slash = strrchr(o->dir, '/');
	struct run r = { .o = o,
		.attempt = slash ? slash + 1 : o->dir,
		.signal_fd = -1,
		.inotify_fd = -1,
		.pipe_fd = -1,
		.log = { .fd = -1 },
		.job = -1 };

	int done = run_once(&r, e);
	if (done < 0)
		(void)cluster_dir_status_write(o->dir, r.attempt, -1, "node_misconfigured",
			"The analysis could not be started.", NULL);
	else
		done = last_word(&r, e);
	if (done < 0 && r.log.fd >= 0 && e) {
		cluster_log_add(&r.log, e->msg, strlen(e->msg));
		cluster_log_add(&r.log, "\n", 1);
	}
	close_p(&r.signal_fd);
	close_p(&r.inotify_fd);
	close_p(&r.pipe_fd);
	cluster_log_close(&r.log);
	return done;
}
