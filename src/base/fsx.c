#include "base/fsx.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"

int fsx_join(char *out, size_t size, const char *dir, const char *name, struct err *e)
{
	int n = snprintf(out, size, "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= size)
		return err_set(e, ERR_INVALID, "path too long: %s/…", dir);
	return 0;
}

int fsx_write_all(int fd, const void *data, size_t len, struct err *e)
{
	const char *p = data;

	if (FAULT_FAILS("fsx.write")) {
		errno = ENOSPC;
		return err_errno(e, ERR_IO, "write");
	}
	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_IO, "write");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int fsx_read_file(const char *path, struct buf *out, struct err *e)
{
	CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "open %s", path);
	for (;;) {
		char chunk[16384];
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_IO, "read %s", path);
		if (n == 0)
			return buf_add(out, "", 0, e);
		if (buf_add(out, chunk, (size_t)n, e) < 0)
			return err_wrap(e, "read %s", path);
	}
}

int fsx_read_secret(const char *path, char *out, size_t size, struct err *e)
{
	struct stat st;
	CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_errno(e, ERR_CONFIG, "secret file %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, "secret file %s: not a regular file", path);
	if ((st.st_mode & 077) != 0)
		return err_set(e, ERR_CONFIG,
			"secret file %s has mode %04o, others could read it: chmod 600 %s", path,
			(unsigned)(st.st_mode & 07777), path);
	ssize_t n = read(fd, out, size);
	if (n < 0)
		return err_errno(e, ERR_CONFIG, "read secret file %s", path);
	size_t len = 0;
	while (len < (size_t)n && out[len] != '\n' && out[len] != '\r')
		len++;
	if (len == 0 || len >= size || memchr(out, '\0', len))
		return err_set(e, ERR_CONFIG,
			"secret file %s: its first line must have 1 to %zu characters, none of them NUL",
			path, size - 1);
	out[len] = '\0';
	return 0;
}

int fsx_sync_dir(const char *path, struct err *e)
{
	CLEANUP(close_p) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, ERR_IO, "open directory %s", path);
	if (fsync(fd) < 0)
		return err_errno(e, ERR_IO, "fsync directory %s", path);
	return 0;
}

/* The directory part of @path into @out; "." where there is none. */
static int dir_of(const char *path, char *out, size_t size, struct err *e)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (len >= size)
		return err_set(e, ERR_INVALID, "path too long: %s", path);
	if (!slash)
		return snprintf(out, size, ".") < 0 ? -1 : 0;
	memcpy(out, path, len ? len : 1);
	out[len ? len : 1] = '\0';
	return 0;
}

int fsx_commit(int fd, const char *from, const char *to, struct err *e)
{
	char dir[4096];

	if (dir_of(to, dir, sizeof dir, e) < 0)
		return -1;
	FAULT_POINT("fsx.before_fsync");
	if (FAULT_FAILS("fsx.fsync")) {
		errno = EIO;
		return err_errno(e, ERR_IO, "fsync %s", from);
	}
	if (fsync(fd) < 0)
		return err_errno(e, ERR_IO, "fsync %s", from);
	FAULT_POINT("fsx.before_rename");
	if (rename(from, to) < 0)
		return err_errno(e, ERR_IO, "rename %s to %s", from, to);
	FAULT_POINT("fsx.after_rename");
	if (fsx_sync_dir(dir, e) < 0)
		return -1;
	FAULT_POINT("fsx.after_sync");
	return 0;
}

/* Give the file @from the name @to unless that is taken. NFS knows link() but no RENAME_NOREPLACE, FAT and
 * some FUSE file systems the other way round. */
static int rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
		return -1;
	if (link(from, to) < 0)
		return -1;
	unlink(from);
	return 0;
}

int fsx_commit_new(int fd, const char *from, const char *to, struct err *e)
{
	char dir[4096];

	if (dir_of(to, dir, sizeof dir, e) < 0)
		return -1;
	FAULT_POINT("fsx.new_before_fsync");
	if (FAULT_FAILS("fsx.fsync")) {
		errno = EIO;
		return err_errno(e, ERR_IO, "fsync %s", from);
	}
	if (fsync(fd) < 0)
		return err_errno(e, ERR_IO, "fsync %s", from);
	FAULT_POINT("fsx.new_before_rename");
	if (rename_new(from, to) < 0) {
		if (errno == EEXIST)
			return FSX_EXISTS;
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "rename %s to %s", from, to);
	}
	FAULT_POINT("fsx.new_after_rename");
	if (fsx_sync_dir(dir, e) < 0) {
		unlink(to); /* a name that may not last must not count as made */
		return -1;
	}
	return 0;
}

int fsx_replace(const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
	char tmp[4096];

	if (snprintf(tmp, sizeof tmp, "%s.new-XXXXXX", path) >= (int)sizeof tmp)
		return err_set(e, ERR_INVALID, "path too long: %s", path);
	CLEANUP(close_p) int fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_IO, "create beside %s", path);
	if (fchmod(fd, mode) < 0) {
		(void)err_errno(e, ERR_IO, "chmod %s", tmp);
		unlink(tmp);
		return -1;
	}
	if (fsx_write_all(fd, data, len, e) < 0 || fsx_commit(fd, tmp, path, e) < 0) {
		unlink(tmp);
		return err_wrap(e, "write %s", path);
	}
	return 0;
}

int fsx_mkdirs(const char *path, mode_t mode, struct err *e)
{
	char part[4096];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof part)
		return err_set(e, ERR_INVALID, "path empty or too long");
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return err_errno(e, ERR_IO, "mkdir %s", part);
	}
	struct stat st;
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(e, ERR_IO, "%s is not a directory", path);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int fsx_remove_tree(const char *path, struct err *e)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
		return err_errno(e, ERR_IO, "remove %s", path);
	return 0;
}

static int copy_all(int in, int out, struct err *e)
{
	bool by_hand = false;

	if (FAULT_FAILS("fsx.write")) {
		errno = ENOSPC;
		return err_errno(e, ERR_IO, "write");
	}
	for (;;) {
		char chunk[65536];
		ssize_t n = by_hand ? read(in, chunk, sizeof chunk)
				    : copy_file_range(in, NULL, out, NULL, 1 << 24, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !by_hand) {
			by_hand = true;
			continue;
		}
		if (n < 0)
			return err_errno(e, ERR_IO, "read");
		if (n == 0)
			return 0;
		if (by_hand && fsx_write_all(out, chunk, (size_t)n, e) < 0)
			return -1;
	}
}

int fsx_copy(const char *from, const char *to, mode_t mode, struct err *e)
{
	CLEANUP(close_p) int in = open(from, O_RDONLY | O_CLOEXEC);

	if (in < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "open %s", from);
	CLEANUP(close_p) int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (out < 0)
		return err_errno(e, ERR_IO, "create %s", to);
	if (copy_all(in, out, e) < 0) {
		unlink(to); /* half a copy looks like a whole one */
		return err_wrap(e, "copy %s to %s", from, to);
	}
	return 0;
}

bool fsx_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int fsx_size(const char *path, int64_t *ret_bytes, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "stat %s", path);
	*ret_bytes = st.st_size;
	return 0;
}

int fsx_free_bytes(const char *path, int64_t *ret_bytes, struct err *e)
{
	struct statvfs vfs;

	if (statvfs(path, &vfs) < 0)
		return err_errno(e, ERR_IO, "statvfs %s", path);
	*ret_bytes = (int64_t)vfs.f_bavail * (int64_t)vfs.f_frsize;
	return 0;
}

void fsx_raise_nofile(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}
