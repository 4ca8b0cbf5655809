#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ports/cluster.h"

/* The folder of one attempt, ROOT/ATTEMPT (0700): what the driver and its supervisor agree on.
 *
 *   job.json     0600  attempt, token, callback_url, walltime_s: what the job script needs to check in
 *   lock               record lock, held by the supervisor while it lives: liveness without a process id
 *   pid                the supervisor's, for people
 *   started            there from the moment before the job script runs: it never runs a second time
 *   cancel             made by whoever wants the attempt to end; the supervisor watches for it
 *   log                stdout and stderr of the job, capped
 *   status.json        the attempt's last word, written whole or not at all
 *   in/, out/          files of a relayed attempt (cluster_local_files.h)
 *
 * The lock is an open-file-description lock (fcntl(2), Linux 3.15), not flock(2): F_OFD_GETLK asks whether it
 * is held without taking it for an instant, so that a question never keeps a starting supervisor out. */

enum { CLUSTER_DIR_PATH_BYTES = 4096 };

#define CLUSTER_DIR_JOB     "job.json"
#define CLUSTER_DIR_LOCK    "lock"
#define CLUSTER_DIR_PID     "pid"
#define CLUSTER_DIR_STARTED "started"
#define CLUSTER_DIR_CANCEL  "cancel"
#define CLUSTER_DIR_LOG     "log"
#define CLUSTER_DIR_STATUS  "status.json"

/* Is @attempt of [a-z0-9-], not beginning with '-', shorter than CLUSTER_ATTEMPT_BYTES? */
bool cluster_dir_name_ok(const char *attempt);

/* Is there @name in the attempt's folder @dir? */
bool cluster_dir_has(const char *dir, const char *name);

/* An empty @name in @dir, durable on return; 0 also where it was there already. */
int cluster_dir_mark(const char *dir, const char *name, struct err *e);

enum { CLUSTER_DIR_HELD = 1, CLUSTER_DIR_ABSENT = 2 };

/**
 * cluster_dir_lock() - take a lock file for as long as the descriptor lives
 * @path    made where absent
 * @ret_fd  set on 0; closing it (or the end of the process) gives the lock back
 * Return   0 taken; CLUSTER_DIR_HELD; CLUSTER_DIR_ABSENT where @path's folder is gone; -1 with ERR_IO
 */
int cluster_dir_lock(const char *path, int *ret_fd, struct err *e);

/* Ask without taking it: 0 free, CLUSTER_DIR_HELD, CLUSTER_DIR_ABSENT where there is no such file, -1 */
int cluster_dir_lock_state(const char *path, struct err *e);

/**
 * cluster_dir_status_read() - the attempt's last word
 * @s      outcome fields and has_outcome are set on 0
 * Return  0; CLUSTER_DIR_ABSENT; -1 with ERR_CORRUPT where it is not what the job script writes
 */
int cluster_dir_status_read(const char *dir, struct cluster_status *s, struct err *e);

/**
 * cluster_dir_status_write() - a last word for a job that left none
 * Durable and whole; an existing one is never replaced (then 0 as well).
 * @error_kind  "" where the job ended without an error
 */
int cluster_dir_status_write(const char *dir, const char *attempt, int exit_code, const char *error_kind,
	const char *error_text, struct err *e);
