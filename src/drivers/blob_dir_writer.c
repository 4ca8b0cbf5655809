#include "drivers/blob_dir_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "drivers/blob_dir_sum.h"

struct blob_writer {
	struct blob_dir *dir;
	char key[BLOB_KEY_BYTES];
	char tmp[PATH_MAX]; /* "" before it exists and once it is gone */
	int fd;
	bool linked, ended;
	int64_t max_bytes;
	struct sha256 *hash;
	struct blob_stat stat;
};

int blob_dir_path(const struct blob_dir *d, const char *key, char out[PATH_MAX], struct err *e)
{
	if (blob_key_check(key, e) < 0)
		return -1;
	return fsx_join(out, PATH_MAX, d->blobs, key, e);
}

/* The directories that lead to the file @path below ROOT/blobs. */
static int make_parents(const struct blob_dir *d, const char *path, struct err *e)
{
	char part[PATH_MAX];

	for (const char *slash = strchr(path + strlen(d->blobs) + 1, '/'); slash;
		slash = strchr(slash + 1, '/')) {
		struct stat st;
		size_t len = (size_t)(slash - path);
		memcpy(part, path, len);
		part[len] = '\0';
		if (mkdir(part, 0700) == 0)
			continue;
		if (errno != EEXIST)
			return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "mkdir %s", part);
		if (lstat(part, &st) == 0 && !S_ISDIR(st.st_mode))
			return err_set(e, ERR_CONFLICT, "blob key %s lies below another blob",
				path + strlen(d->blobs) + 1);
	}
	return 0;
}

/* fsync every directory from the one of @path up to ROOT/blobs. All of them each time: which ones an earlier,
 * killed put had made but not synced is not known, and the sync of a clean directory costs little. */
static int sync_parents(const struct blob_dir *d, const char *path, struct err *e)
{
	char part[PATH_MAX];

	if (!str_copy(part, sizeof part, path))
		return err_set(e, ERR_INVALID, "path too long");
	do {
		*strrchr(part, '/') = '\0';
		if (FAULT_FAILS("blob_dir.sync_parents")) {
			errno = EIO;
			return err_errno(e, ERR_IO, "fsync directory %s", part);
		}
		if (fsx_sync_dir(part, e) < 0)
			return -1;
	} while (strlen(part) > strlen(d->blobs));
	return 0;
}

int blob_dir_holds(struct blob_dir *d, const char *key, const struct blob_stat *want, struct err *e)
{
	struct blob_stat have;
	char path[PATH_MAX];

	if (blob_dir_path(d, key, path, e) < 0)
		return -1;
	int rc = d->base.ops->stat(&d->base, key, &have, e);
	if (rc != 0)
		return rc;
	if (want && (have.bytes != want->bytes || memcmp(have.sha256, want->sha256, SHA256_BYTES) != 0))
		return err_set(e, ERR_CONFLICT, "blob %s exists with other content", key);
	return sync_parents(d, path, e);
}

static struct blob_writer *writer_new(struct blob_dir *d, const char *key, int64_t max_bytes, struct err *e)
{
	char path[PATH_MAX];

	if (blob_dir_path(d, key, path, e) < 0)
		return NULL;
	struct blob_writer *w = calloc(1, sizeof *w);
	if (!w) {
		(void)err_set(e, ERR_NOMEM, "no memory for a blob writer");
		return NULL;
	}
	w->dir = d;
	w->fd = -1;
	w->max_bytes = max_bytes;
	(void)str_copy(w->key, sizeof w->key, key);
	w->hash = sha256_new(e);
	if (!w->hash) {
		blob_dir_writer_close(w);
		return NULL;
	}
	return w;
}

static int tmp_name(const struct blob_dir *d, char out[PATH_MAX], struct err *e)
{
	uint8_t random[12];
	char hex[2 * sizeof random + 1];

	random_bytes(random, sizeof random);
	hex_encode(random, sizeof random, hex);
	return fsx_join(out, PATH_MAX, d->tmp, hex, e);
}

/* Tell blob_dir_sweep() that the file is in use, by a lock that ends with the process. Shared, since a linked
 * file may be in several puts. False where a sweep was quicker and removed the name. */
static bool hold(int fd)
{
	struct stat st;

	return flock(fd, LOCK_SH) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0;
}

int blob_dir_writer_open(
	struct blob *b, const char *key, int64_t max_bytes, struct blob_writer **ret, struct err *e)
{
	struct blob_dir *d = (struct blob_dir *)b;
	CLEANUP(blob_dir_writer_close_p) struct blob_writer *w = writer_new(d, key, max_bytes, e);

	if (!w || tmp_name(d, w->tmp, e) < 0)
		return -1;
	w->fd = open(w->tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (w->fd < 0) {
		w->tmp[0] = '\0';
		return err_errno(e, ERR_IO, "create a file in %s", d->tmp);
	}
	if (!hold(w->fd))
		return err_set(e, ERR_BUSY, "%s was swept away", w->tmp);
	FAULT_POINT("blob_dir.tmp_made");
	*ret = TAKE(w);
	return 0;
}

int blob_dir_writer_link(
	struct blob_dir *d, const char *key, const char *path, struct blob_writer **ret, struct err *e)
{
	struct stat st;
	CLEANUP(blob_dir_writer_close_p) struct blob_writer *w = writer_new(d, key, INT64_MAX, e);

	if (!w)
		return -1;
	if (stat(path, &st) < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "stat %s", path);
	/* Someone else's file could be written to later by its owner. */
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return BLOB_NONE;
	if (tmp_name(d, w->tmp, e) < 0)
		return -1;
	if (linkat(AT_FDCWD, path, AT_FDCWD, w->tmp, AT_SYMLINK_FOLLOW) < 0) {
		w->tmp[0] = '\0';
		return BLOB_NONE;
	}
	w->fd = open(w->tmp, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (w->fd < 0 || fchmod(w->fd, 0600) < 0)
		return err_errno(e, ERR_IO, "open %s", w->tmp);
	if (!hold(w->fd))
		return err_set(e, ERR_BUSY, "%s was swept away", w->tmp);
	w->linked = true;
	FAULT_POINT("blob_dir.linked");
	*ret = TAKE(w);
	return 0;
}

int blob_dir_writer_fd(const struct blob_writer *w)
{
	return w->fd;
}

int blob_dir_writer_add(struct blob_writer *w, const void *data, size_t len, struct err *e)
{
	if (w->ended)
		return err_set(e, ERR_INTERNAL, "blob writer used after its end");
	if (len > INT64_MAX || (int64_t)len > w->max_bytes - w->stat.bytes) {
		w->ended = true;
		return err_set(
			e, ERR_TOO_LARGE, "blob %s has more than %" PRId64 " bytes", w->key, w->max_bytes);
	}
	if (sha256_add(w->hash, data, len, e) < 0 || (!w->linked && fsx_write_all(w->fd, data, len, e) < 0)) {
		w->ended = true;
		return err_wrap(e, "blob %s", w->key);
	}
	w->stat.bytes += (int64_t)len;
	return 0;
}

/* Give the finished file its name. A remove_prefix() at the same time may take the directories away again
 * between their making and the rename: then once more. */
static int publish(struct blob_writer *w, struct err *e)
{
	char path[PATH_MAX];
	int rc = -1;

	if (blob_dir_path(w->dir, w->key, path, e) < 0)
		return -1;
	for (int tries = 0; tries < 5; tries++) {
		rc = make_parents(w->dir, path, e);
		if (rc == 0)
			rc = fsx_commit_new(w->fd, w->tmp, path, e);
		if (rc >= 0 || e->kind != ERR_NOT_FOUND)
			break;
	}
	if (rc < 0)
		return -1;
	if (rc == FSX_EXISTS) {
		rc = blob_dir_holds(w->dir, w->key, &w->stat, e);
		return rc == BLOB_NONE ? err_set(e, ERR_CONFLICT, "blob key %s is a prefix of others", w->key)
				       : rc;
	}
	w->tmp[0] = '\0';
	FAULT_POINT("blob_dir.visible");
	if (sync_parents(w->dir, path, e) < 0) {
		unlink(path); /* a name that may not last must not count as stored */
		return -1;
	}
	FAULT_POINT("blob_dir.done");
	return 0;
}

int blob_dir_writer_commit_as(
	struct blob_writer *w, const struct blob_stat *want, struct blob_stat *ret, struct err *e)
{
	struct err own;

	e = e ? e : &own;
	if (w->ended)
		return err_set(e, ERR_INTERNAL, "blob writer used after its end");
	w->ended = true;
	if (sha256_end(w->hash, w->stat.sha256, e) < 0)
		return -1;
	if (want && want->bytes != w->stat.bytes)
		return err_set(e, ERR_CORRUPT, "blob %s: %" PRId64 " bytes came instead of %" PRId64, w->key,
			w->stat.bytes, want->bytes);
	if (want && memcmp(want->sha256, w->stat.sha256, SHA256_BYTES) != 0)
		return err_set(e, ERR_CORRUPT, "blob %s: the SHA-256 is not the expected one", w->key);
	blob_dir_sum_save(w->fd, &w->stat);
	FAULT_POINT("blob_dir.written");
	if (publish(w, e) < 0)
		return err_wrap(e, "store blob %s", w->key);
	if (ret)
		*ret = w->stat;
	return 0;
}

int blob_dir_writer_commit(struct blob_writer *w, struct blob_stat *ret, struct err *e)
{
	return blob_dir_writer_commit_as(w, NULL, ret, e);
}

void blob_dir_writer_close(struct blob_writer *w)
{
	if (!w)
		return;
	if (w->tmp[0])
		unlink(w->tmp);
	close_p(&w->fd);
	sha256_free(w->hash);
	free(w);
}

int blob_dir_sweep(struct blob *b, struct err *e)
{
	struct blob_dir *d = (struct blob_dir *)b;
	CLEANUP(closedir_p) DIR *dir = opendir(d->tmp);
	const struct dirent *entry;

	if (!dir)
		return err_errno(e, ERR_IO, "open %s", d->tmp);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		CLEANUP(close_p)
		int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 && errno != ENOENT)
			return err_errno(e, ERR_IO, "remove %s/%s", d->tmp, entry->d_name);
	}
	return 0;
}
