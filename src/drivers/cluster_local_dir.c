#include "drivers/cluster_local_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/json.h"
#include "drivers/cluster_outcome.h"

enum { STATUS_MAX_BYTES = 64 * 1024 };

bool cluster_dir_name_ok(const char *attempt)
{
	size_t len = attempt ? strlen(attempt) : 0;

	return len > 0 && len < CLUSTER_ATTEMPT_BYTES && attempt[0] != '-' &&
	       strspn(attempt, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

bool cluster_dir_has(const char *dir, const char *name)
{
	char path[CLUSTER_DIR_PATH_BYTES];

	return fsx_join(path, sizeof path, dir, name, NULL) == 0 && fsx_exists(path);
}

int cluster_dir_mark(const char *dir, const char *name, struct err *e)
{
	char path[CLUSTER_DIR_PATH_BYTES];

	if (fsx_join(path, sizeof path, dir, name, e) < 0)
		return -1;
	CLEANUP(close_p) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "create %s", path);
	return fsx_sync_dir(dir, e);
}

int cluster_dir_lock(const char *path, int *ret_fd, struct err *e)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	CLEANUP(close_p) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == ENOENT)
		return CLUSTER_DIR_ABSENT;
	if (fd < 0)
		return err_errno(e, ERR_IO, "open lock %s", path);
	if (fcntl(fd, F_OFD_SETLK, &whole) < 0) {
		if (errno == EAGAIN || errno == EACCES)
			return CLUSTER_DIR_HELD;
		return err_errno(e, ERR_IO, "lock %s", path);
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

int cluster_dir_lock_state(const char *path, struct err *e)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	CLEANUP(close_p) int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT)
		return CLUSTER_DIR_ABSENT;
	if (fd < 0)
		return err_errno(e, ERR_IO, "open lock %s", path);
	if (fcntl(fd, F_OFD_GETLK, &whole) < 0)
		return err_errno(e, ERR_IO, "ask for the lock %s", path);
	return whole.l_type == F_UNLCK ? 0 : CLUSTER_DIR_HELD;
}

int cluster_dir_status_read(const char *dir, struct cluster_status *s, struct err *e)
{
	char path[CLUSTER_DIR_PATH_BYTES];
	BUF_CLEANUP struct buf text;
	struct err cause = { 0 };

	buf_init(&text, STATUS_MAX_BYTES);
	if (fsx_join(path, sizeof path, dir, CLUSTER_DIR_STATUS, e) < 0)
		return -1;
	if (fsx_read_file(path, &text, &cause) < 0) {
		if (cause.kind == ERR_NOT_FOUND)
			return CLUSTER_DIR_ABSENT;
		return err_set(e, cause.kind == ERR_TOO_LARGE ? ERR_CORRUPT : cause.kind, "%s", cause.msg);
	}
	if (cluster_outcome_read(buf_str(&text), text.len, s, e) < 0)
		return err_wrap(e, "%s", dir);
	return 0;
}

int cluster_dir_status_write(const char *dir, const char *attempt, int exit_code, const char *error_kind,
	const char *error_text, struct err *e)
{
	char path[CLUSTER_DIR_PATH_BYTES];
	BUF_CLEANUP struct buf text;
	struct json_w w;

	buf_init(&text, STATUS_MAX_BYTES);
	if (fsx_join(path, sizeof path, dir, CLUSTER_DIR_STATUS, e) < 0)
		return -1;
	if (fsx_exists(path))
		return 0;
	json_w_init(&w, &text);
	json_w_obj(&w, NULL);
	json_w_str(&w, "attempt", attempt);
	json_w_int(&w, "exit_code", exit_code);
	json_w_null(&w, "result_sha256");
	if (error_kind[0]) {
		json_w_obj(&w, "error");
		json_w_str(&w, "kind", error_kind);
		json_w_str(&w, "text", error_text);
		json_w_obj_end(&w);
	} else {
		json_w_null(&w, "error");
	}
	json_w_obj_end(&w);
	if (json_w_end(&w, e) < 0)
		return -1;
	return fsx_replace(path, text.data, text.len, 0600, e);
}
