#include "drivers/cluster_local_sweep.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/strv.h"

enum { ENVIRON_MAX_BYTES = 1 << 20, ROUNDS = 8 };

/* Does the environment of @pid_text hold exactly @entry? */
static bool has_entry(const char *pid_text, const char *entry, struct buf *text)
{
	char path[64];

	if (snprintf(path, sizeof path, "/proc/%.20s/environ", pid_text) < 0)
		return false;
	buf_reset(text);
	if (fsx_read_file(path, text, NULL) < 0)
		return false;
	for (size_t at = 0; at < text->len; at += strlen(text->data + at) + 1)
		if (strcmp(text->data + at, entry) == 0)
			return true;
	return false;
}

static unsigned kill_round(const char *entry, struct buf *text)
{
	CLEANUP(closedir_p) DIR *proc = opendir("/proc");
	unsigned killed = 0;

	if (!proc)
		return 0;
	for (struct dirent *d; (d = readdir(proc));) {
		int64_t pid;
		if (!str_to_i64(d->d_name, 2, INT32_MAX, &pid) || pid == getpid())
			continue;
		/* The descriptor is taken before the look: what we then kill is what we looked at. */
		CLEANUP(close_p) int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
		if (pidfd >= 0 && has_entry(d->d_name, entry, text) &&
			syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0)
			killed++;
	}
	return killed;
}

unsigned cluster_local_sweep(const char *dir)
{
	char entry[4200];
	unsigned total = 0, killed;
	BUF_CLEANUP struct buf text;

	buf_init(&text, ENVIRON_MAX_BYTES);
	if (snprintf(entry, sizeof entry, "GAIT_ATTEMPT_DIR=%s", dir) >= (int)sizeof entry)
		return 0;
	/* Again while there is something: one may have forked between the look and the signal. */
	for (int round = 0; round < ROUNDS && (killed = kill_round(entry, &text)) > 0; round++)
		total += killed;
	return total;
}
