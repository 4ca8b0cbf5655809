#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Child processes: an argument vector (never a shell line), a minimal environment, closed descriptors,
 * limits, a process group of their own, TERM then KILL. */
struct child_spec {
	const char *const *argv;   /* NULL-terminated; argv[0] is a path or searched in PATH */
	const char *const *env;    /* NULL-terminated "K=V" beyond the minimal one; may be NULL */
	const char *cwd;           /* NULL: stay */
	int in_fd, out_fd, err_fd; /* -1: /dev/null */
	int64_t max_cpu_s, max_memory_bytes, max_file_bytes; /* 0: unlimited */
	bool no_new_privs;
	bool new_session;     /* survives us: setsid instead of a mere process group */
	bool die_with_parent; /* TERM reaches it when the thread that starts it ends, however that happens */
};

/**
 * child_start() - fork and exec
 * Return 0 and *@ret_pid, the leader of a new process group; -1 with ERR_CHILD where fork or exec failed
 *        (a missing program is reported here, not as an exit status)
 */
int child_start(const struct child_spec *spec, pid_t *ret_pid, struct err *e);

struct child_end {
	bool exited; /* false: ended by @signal */
	int code, signal;
	bool timed_out;
};

/**
 * child_run() - start, wait at most @timeout_ms, TERM, 2 s later KILL for the whole group
 * @out   stdout, may be NULL (then /dev/null); what exceeds its cap is dropped
 * @err   stderr, may be NULL; only its last bytes are kept when it exceeds its cap
 * Return 0 and *@ret_end however the child ended; -1 where it could not be started or waited for
 */
int child_run(const struct child_spec *spec, int64_t timeout_ms, struct buf *out, struct buf *err_text,
	struct child_end *ret_end, struct err *e);

/* "exit code 3", "killed by signal 9 (Killed)", "time limit reached" into @out. */
void child_end_text(const struct child_end *end, char *out, size_t size);
