#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "drivers/cluster_local_dir.h"
#include "drivers/cluster_local_run.h"

static const char usage[] =
	"usage: gait-supervise [--slots N] [--grace-ms MS] [--log-bytes N] DIR SCRIPT\n"
	"\n"
	"Runs SCRIPT (bash SCRIPT DIR) for the attempt in DIR, at most once ever, in a session of its own.\n"
	"Returns as soon as the attempt is in good hands; what comes of it stands in DIR/status.json.\n"
	"\n"
	"  --slots N      attempts of one parent folder that may run at once (default 1); others wait\n"
	"  --grace-ms MS  from TERM to KILL when the job has to end (default 10000)\n"
	"  --log-bytes N  the largest size of DIR/log (default 262144)\n"
	"\n"
	"Exit codes: 0 the attempt waits, runs or has run; 64 usage; 74 the folder cannot be used.\n";

/* An answer of this one byte on the pipe: the attempt is in good hands. Anything else is an error's text. */
#define READY "."

static int parse(int argc, char **argv, struct cluster_run *r)
{
	static const struct option options[] = { { "slots", required_argument, NULL, 's' },
		{ "grace-ms", required_argument, NULL, 'g' }, { "log-bytes", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' }, { 0 } };
	int64_t slots = 1, grace_ms = 10000, log_bytes = 256 * 1024;

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		bool ok = false;
		if (c == 's')
			ok = str_to_i64(optarg, 1, 1024, &slots);
		else if (c == 'g')
			ok = str_to_i64(optarg, 1, 3600000, &grace_ms);
		else if (c == 'l')
			ok = str_to_i64(optarg, 4096, 1 << 30, &log_bytes);
		else if (c == 'h')
			return 1;
		if (!ok)
			return -1;
	}
	if (argc - optind != 2 || argv[optind][0] != '/' || argv[optind + 1][0] != '/')
		return -1;
	*r = (struct cluster_run){ .dir = argv[optind],
		.script = argv[optind + 1],
		.slots = (unsigned)slots,
		.grace_ms = grace_ms,
		.log_max_bytes = log_bytes };
	return cluster_dir_name_ok(strrchr(r->dir, '/') + 1) ? 0 : -1;
}

/* Out of everything that belongs to whoever started us: session, standard descriptors. */
static int detach(struct err *e)
{
	CLEANUP(close_p) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0 || setsid() < 0)
		return err_errno(e, ERR_CHILD, "detach");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null_fd, fd) < 0)
			return err_errno(e, ERR_CHILD, "detach");
	umask(077);
	return 0;
}

/* Where we come first, the lock is ours until we end. */
static int take(const struct cluster_run *r, int *lock_fd, struct err *e)
{
	char path[CLUSTER_DIR_PATH_BYTES], pid[24];

	if (fsx_join(path, sizeof path, r->dir, CLUSTER_DIR_LOCK, e) < 0)
		return -1;
	int held = cluster_dir_lock(path, lock_fd, e);
	if (held == CLUSTER_DIR_ABSENT)
		return err_set(e, ERR_NOT_FOUND, "%s is not there", r->dir);
	if (held != 0)
		return held;
	if (cluster_dir_has(r->dir, CLUSTER_DIR_STARTED) || cluster_dir_has(r->dir, CLUSTER_DIR_STATUS))
		return CLUSTER_DIR_HELD; /* it has run */
	int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	if (fsx_join(path, sizeof path, r->dir, CLUSTER_DIR_PID, e) < 0)
		return -1;
	return fsx_replace(path, pid, (size_t)n, 0600, e);
}

static int supervisor(const struct cluster_run *r, int answer_fd)
{
	struct err e = { 0 };
	CLEANUP(close_p) int lock_fd = -1;

	int held = detach(&e) < 0 ? -1 : take(r, &lock_fd, &e);
	if (held < 0) {
		(void)fsx_write_all(answer_fd, e.msg, strlen(e.msg), NULL);
		return err_exit_code(e.kind);
	}
	FAULT_POINT("supervise.after_lock");
	(void)fsx_write_all(answer_fd, READY, 1, NULL);
	close(answer_fd);
	if (held == CLUSTER_DIR_HELD)
		return 0;
	return cluster_run_job(r, &e) < 0 ? err_exit_code(e.kind) : 0;
}

int main(int argc, char **argv)
{
	struct cluster_run r;
	int answer[2];
	char text[512];

	int parsed = parse(argc, argv, &r);
	if (parsed != 0) {
		fputs(usage, parsed > 0 ? stdout : stderr);
		return parsed > 0 ? 0 : 64;
	}
	if (pipe2(answer, O_CLOEXEC) < 0) {
		perror("gait-supervise: pipe");
		return 74;
	}
	pid_t pid = fork();
	if (pid < 0) {
		perror("gait-supervise: fork");
		return 74;
	}
	if (pid == 0) {
		close(answer[0]);
		return supervisor(&r, answer[1]);
	}
	close(answer[1]);
	ssize_t n = read(answer[0], text, sizeof text - 1);
	if (n == 1 && text[0] == READY[0])
		return 0;
	text[n > 0 ? n : 0] = '\0';
	fprintf(stderr, "gait-supervise: %s\n", n > 0 ? text : "the supervisor went without a word");
	return 74;
}
