#include "drivers/cluster_local.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "base/json.h"
#include "drivers/cluster_local_dir.h"
#include "drivers/cluster_local_files.h"
#include "drivers/cluster_local_probe.h"
#include "drivers/cluster_local_sweep.h"

enum {
	ENV_MAX = 48,
	JOB_MAX_BYTES = 16 * 1024,
	WALLTIME_MAX_S = 7 * 24 * 3600,
	LAUNCH_TIMEOUT_MS = 20000,
	DEFAULT_GRACE_MS = 10000,
	DEFAULT_LOG_BYTES = 256 * 1024,
};

struct cluster_local {
	struct cluster base;
	char *root, *supervise_path, *script_path;
	char *env[ENV_MAX + 1];
	unsigned max_running;
	int64_t grace_ms, log_max_bytes;
};

static int attempt_dir(
	const struct cluster_local *c, const char *attempt, char dir[CLUSTER_DIR_PATH_BYTES], struct err *e)
{
	if (!cluster_dir_name_ok(attempt))
		return err_set(e, ERR_INVALID, "not a name for an attempt");
	return fsx_join(dir, CLUSTER_DIR_PATH_BYTES, c->root, attempt, e);
}

static int write_job(const char *dir, const struct cluster_job *job, struct err *e)
{
	char path[CLUSTER_DIR_PATH_BYTES];
	BUF_CLEANUP struct buf text;
	struct json_w w;

	buf_init(&text, JOB_MAX_BYTES);
	if (fsx_join(path, sizeof path, dir, CLUSTER_DIR_JOB, e) < 0)
		return -1;
	json_w_init(&w, &text);
	json_w_obj(&w, NULL);
	json_w_str(&w, "attempt", job->attempt);
	json_w_str(&w, "token", job->token);
	json_w_str(&w, "callback_url", job->callback_url);
	json_w_int(&w, "walltime_s", job->walltime_s);
	json_w_bool(&w, "want_gpu", job->want_gpu);
	json_w_bool(&w, "relay", job->relay);
	json_w_obj_end(&w);
	if (json_w_end(&w, e) < 0)
		return -1;
	return fsx_replace(path, text.data, text.len, 0600, e);
}

/* gait-supervise answers as soon as the supervisor holds the attempt's lock, or has found that another one
 * does or did: whoever comes second changes nothing. */
static int launch(const struct cluster_local *c, const char *dir, struct err *e)
{
	char slots[16], grace[24], log_bytes[24], text[256];
	const char *argv[] = { c->supervise_path, "--slots", slots, "--grace-ms", grace, "--log-bytes",
		log_bytes, dir, c->script_path, NULL };
	struct child_spec spec = {
		.argv = argv, .env = (const char *const *)c->env, .in_fd = -1, .out_fd = -1, .err_fd = -1
	};
	struct child_end end;
	BUF_CLEANUP struct buf said;

	buf_init(&said, sizeof text - 1);
	snprintf(slots, sizeof slots, "%u", c->max_running);
	snprintf(grace, sizeof grace, "%" PRId64, c->grace_ms);
	snprintf(log_bytes, sizeof log_bytes, "%" PRId64, c->log_max_bytes);
	if (child_run(&spec, LAUNCH_TIMEOUT_MS, NULL, &said, &end, e) < 0)
		return -1;
	if (end.exited && end.code == 0 && !end.timed_out)
		return 0;
	child_end_text(&end, text, sizeof text);
	return err_set(
		e, ERR_CHILD, "%s: %s%s%s", c->supervise_path, text, said.len ? ": " : "", buf_str(&said));
}

static int submit(
	struct cluster *base, const struct cluster_job *job, char ret_id[CLUSTER_ID_BYTES], struct err *e)
{
	struct cluster_local *c = (struct cluster_local *)base;
	char dir[CLUSTER_DIR_PATH_BYTES];

	if (attempt_dir(c, job->attempt, dir, e) < 0)
		return -1;
	if (!job->token || !job->token[0] || !job->callback_url || !job->callback_url[0])
		return err_set(e, ERR_INVALID, "an attempt needs a token and a callback URL");
	if (job->walltime_s < 1 || job->walltime_s > WALLTIME_MAX_S)
		return err_set(e, ERR_INVALID, "a wall-time limit is 1 to %d s", WALLTIME_MAX_S);
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_errno(e, ERR_IO, "make the attempt's folder %s", dir);
	FAULT_POINT("cluster_local.after_mkdir");
	if (fsx_sync_dir(c->root, e) < 0)
		return -1;
	if (!cluster_dir_has(dir, CLUSTER_DIR_STARTED)) {
		if (write_job(dir, job, e) < 0)
			return err_wrap(e, "submit %s", job->attempt);
		FAULT_POINT("cluster_local.before_start");
		if (launch(c, dir, e) < 0)
			return err_wrap(e, "submit %s", job->attempt);
		FAULT_POINT("cluster_local.after_start");
	}
	snprintf(ret_id, CLUSTER_ID_BYTES, "local:%s", job->attempt);
	return 0;
}

static void status_text(struct cluster_status *s, enum cluster_state state, const char *detail)
{
	s->state = state;
	snprintf(s->detail, sizeof s->detail, "%s", detail);
}

/* The order matters: the supervisor marks `started` under its lock, and the last word is there before the
 * lock is free. So ask for the lock first and read the files afterwards. */
static int status_one(const struct cluster_local *c, struct cluster_status *s, struct err *e)
{
	char dir[CLUSTER_DIR_PATH_BYTES], lock[CLUSTER_DIR_PATH_BYTES];
	struct err cause = { 0 };

	if (!memchr(s->attempt, '\0', sizeof s->attempt) || attempt_dir(c, s->attempt, dir, NULL) < 0 ||
		fsx_join(lock, sizeof lock, dir, CLUSTER_DIR_LOCK, NULL) < 0) {
		status_text(s, CLUSTER_UNKNOWN, "not a name for an attempt");
		return 0;
	}
	int held = cluster_dir_lock_state(lock, e);
	if (held < 0)
		return -1;
	cluster_files_progress(dir, s);
	if (held == CLUSTER_DIR_HELD) {
		bool started = cluster_dir_has(dir, CLUSTER_DIR_STARTED);
		status_text(s, started ? CLUSTER_RUNNING : CLUSTER_QUEUED,
			cluster_dir_has(dir, CLUSTER_DIR_CANCEL) ? "asked to end"
			: started                                ? ""
								 : "waiting for a free place");
		return 0;
	}
	int r = cluster_dir_status_read(dir, s, &cause);
	if (r == 0)
		status_text(s, CLUSTER_FINISHED, "");
	else if (r < 0)
		status_text(s, CLUSTER_FINISHED, cause.msg);
	else if (cluster_dir_has(dir, CLUSTER_DIR_STARTED))
		status_text(s, CLUSTER_FINISHED, "supervisor is gone");
	else
		status_text(s, CLUSTER_UNKNOWN,
			fsx_exists(dir) ? "submitted but not started: submit it again"
					: "no such attempt here");
	return 0;
}

static int status(struct cluster *base, struct cluster_status *s, unsigned n, struct err *e)
{
	for (unsigned i = 0; i < n; i++) {
		struct cluster_status fresh = { .state = CLUSTER_UNKNOWN };
		memcpy(fresh.attempt, s[i].attempt, sizeof fresh.attempt);
		if (status_one((struct cluster_local *)base, &fresh, e) < 0)
			return -1;
		s[i] = fresh;
	}
	return 0;
}

static int cancel(struct cluster *base, const char *attempt, struct err *e)
{
	char dir[CLUSTER_DIR_PATH_BYTES], lock[CLUSTER_DIR_PATH_BYTES];
	struct err cause = { 0 };

	if (attempt_dir((struct cluster_local *)base, attempt, dir, e) < 0 ||
		fsx_join(lock, sizeof lock, dir, CLUSTER_DIR_LOCK, e) < 0)
		return -1;
	if (!fsx_exists(dir) || cluster_dir_has(dir, CLUSTER_DIR_STATUS))
		return 0;
	/* The supervisor watches for this file, so no process id is needed; one that starts later obeys it
	 * too. */
	if (cluster_dir_mark(dir, CLUSTER_DIR_CANCEL, &cause) < 0)
		return cause.kind == ERR_NOT_FOUND ? 0 : err_set(e, cause.kind, "%s", cause.msg);
	int held = cluster_dir_lock_state(lock, e);
	if (held < 0)
		return -1;
	if (held == 0 && cluster_dir_has(dir, CLUSTER_DIR_STARTED))
		(void)cluster_local_sweep(dir);
	return 0;
}

static int read_log(struct cluster *base, const char *attempt, struct buf *out, struct err *e)
{
	char dir[CLUSTER_DIR_PATH_BYTES], path[CLUSTER_DIR_PATH_BYTES], chunk[8192];
	struct stat st;

	if (attempt_dir((struct cluster_local *)base, attempt, dir, e) < 0 ||
		fsx_join(path, sizeof path, dir, CLUSTER_DIR_LOG, e) < 0)
		return -1;
	CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(e, ERR_IO, "open %s", path);
	size_t room = out->max - out->len, size = (size_t)st.st_size;
	off_t at = size > room ? (off_t)(size - room) : 0;
	while (room > 0) {
		ssize_t n = pread(fd, chunk, room < sizeof chunk ? room : sizeof chunk, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_IO, "read %s", path);
		if (n == 0)
			break;
		if (buf_add(out, chunk, (size_t)n, e) < 0)
			return -1;
		at += n;
		room -= (size_t)n;
	}
	return 0;
}

static int forget(struct cluster *base, const char *attempt, struct err *e)
{
	struct cluster_local *c = (struct cluster_local *)base;
	char dir[CLUSTER_DIR_PATH_BYTES], gone[CLUSTER_DIR_PATH_BYTES], lock[CLUSTER_DIR_PATH_BYTES];
	CLEANUP(close_p) int fd = -1;

	if (attempt_dir(c, attempt, dir, e) < 0 || fsx_join(lock, sizeof lock, dir, CLUSTER_DIR_LOCK, e) < 0)
		return -1;
	int n = snprintf(gone, sizeof gone, "%s/.gone-%s", c->root, attempt);
	if (n < 0 || (size_t)n >= sizeof gone)
		return err_set(e, ERR_INVALID, "path too long: %s", c->root);
	if (fsx_remove_tree(gone, e) < 0)
		return -1;
	/* Held while the folder goes, so that no supervisor starts in it meanwhile. */
	int r = cluster_dir_lock(lock, &fd, e);
	if (r < 0)
		return -1;
	if (r == CLUSTER_DIR_HELD)
		return err_set(e, ERR_BUSY, "attempt %s is still running: cancel it first", attempt);
	if (r == CLUSTER_DIR_ABSENT)
		return 0;
	(void)cluster_local_sweep(dir);
	if (rename(dir, gone) < 0)
		return errno == ENOENT ? 0 : err_errno(e, ERR_IO, "remove %s", dir);
	FAULT_POINT("cluster_local.in_forget");
	return fsx_remove_tree(gone, e);
}

static int put(struct cluster *base, const char *attempt, const char *name, const char *path,
	const struct cluster_file *want, int (*poll)(void *arg), void *poll_arg, struct err *e)
{
	struct cluster_local *c = (struct cluster_local *)base;
	char dir[CLUSTER_DIR_PATH_BYTES];

	if (attempt_dir(c, attempt, dir, e) < 0)
		return -1;
	if (!cluster_files_name_ok(name))
		return err_set(e, ERR_INVALID, "not a name for a file of an attempt");
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_errno(e, ERR_IO, "make the attempt's folder %s", dir);
	if (fsx_sync_dir(c->root, e) < 0)
		return -1;
	return cluster_files_put(dir, name, path, want, poll, poll_arg, e);
}

static int get(struct cluster *base, const char *attempt, const char *name, int64_t max_bytes, int fd,
	struct cluster_file *ret, struct err *e)
{
	char dir[CLUSTER_DIR_PATH_BYTES];

	if (attempt_dir((struct cluster_local *)base, attempt, dir, e) < 0)
		return -1;
	if (!cluster_files_name_ok(name))
		return err_set(e, ERR_INVALID, "not a name for a file of an attempt");
	return cluster_files_get(dir, name, max_bytes, fd, ret, e);
}

static int probe(struct cluster *base, const struct probe *p, struct err *e)
{
	const struct cluster_local *c = (const struct cluster_local *)base;

	return cluster_local_probe(
		c->root, c->supervise_path, c->script_path, (const char *const *)c->env, p, e);
}

static void close_cluster(struct cluster *base)
{
	struct cluster_local *c = (struct cluster_local *)base;

	if (!c)
		return;
	for (size_t i = 0; c->env[i]; i++)
		free(c->env[i]);
	free(c->root);
	free(c->supervise_path);
	free(c->script_path);
	free(c);
}

static const struct cluster_ops ops = {
	.name = "local",
	.submit = submit,
	.status = status,
	.cancel = cancel,
	.log = read_log,
	.forget = forget,
	.put = put,
	.get = get,
	.probe = probe,
	.close = close_cluster,
};

static void close_p_cluster(struct cluster_local **c)
{
	close_cluster(*c ? &(*c)->base : NULL);
}

static int copy_env(struct cluster_local *c, const char *const *env, struct err *e)
{
	size_t n = 0;
	const char *home = getenv("HOME"), *tmp = getenv("TMPDIR");

	if (home && asprintf(&c->env[n++], "HOME=%s", home) < 0)
		goto no_memory;
	if (tmp && asprintf(&c->env[n++], "TMPDIR=%s", tmp) < 0)
		goto no_memory;
	for (; env && *env; env++) {
		if (strncmp(*env, "GAIT_", 5) != 0 || !strchr(*env, '='))
			return err_set(
				e, ERR_CONFIG, "the job's environment: not of the form GAIT_NAME=value");
		if (n == ENV_MAX)
			return err_set(e, ERR_CONFIG, "the job's environment: more than %d entries", ENV_MAX);
		c->env[n] = strdup(*env);
		if (!c->env[n++])
			goto no_memory;
	}
	return 0;
no_memory:
	c->env[n - 1] = NULL;
	return err_set(e, ERR_NOMEM, "cluster_local");
}

int cluster_local_open(const struct cluster_local_options *o, struct cluster **ret, struct err *e)
{
	CLEANUP(close_p_cluster) struct cluster_local *c = NULL;

	if (!o->root || !o->root[0] || !o->supervise_path || !o->supervise_path[0] || !o->script_path ||
		!o->script_path[0])
		return err_set(
			e, ERR_CONFIG, "cluster_local needs a folder, gait-supervise and a job script");
	c = calloc(1, sizeof *c);
	if (!c)
		return err_set(e, ERR_NOMEM, "cluster_local");
	c->base.ops = &ops;
	c->max_running = o->max_running ? o->max_running : 1;
	c->grace_ms = o->grace_ms > 0 ? o->grace_ms : DEFAULT_GRACE_MS;
	c->log_max_bytes = o->log_max_bytes > 0 ? o->log_max_bytes : DEFAULT_LOG_BYTES;
	if (copy_env(c, o->env, e) < 0)
		return -1;
	if (fsx_mkdirs(o->root, 0700, e) < 0)
		return err_wrap(e, "the attempts' folder");
	/* The supervisor works elsewhere, so its paths must not depend on where we are. */
	c->root = realpath(o->root, NULL);
	if (!c->root)
		return err_errno(e, ERR_IO, "the attempts' folder %s", o->root);
	c->supervise_path = strdup(o->supervise_path);
	c->script_path = realpath(o->script_path, NULL);
	if (!c->script_path)
		c->script_path = strdup(o->script_path); /* probe() says what is wrong with it */
	if (!c->supervise_path || !c->script_path)
		return err_set(e, ERR_NOMEM, "cluster_local");
	*ret = &TAKE(c)->base;
	return 0;
}
