#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "drivers/blob_libs3_parts.h"

/* What comes through gaitd's own addresses: into a file of the spool, and from there into the bucket. The
 * file needs no fsync: before the bucket has the object nobody was told that it was stored. */

struct blob_writer {
	struct blob_libs3 *store;
	char key[BLOB_KEY_BYTES];
	char path[PATH_MAX]; /* "" before it exists */
	int fd;
	bool ended;
	int64_t max_bytes;
	struct libs3_sums sums;
	struct blob_stat stat;
};

static void writer_close_p(struct blob_writer **w)
{
	blob_libs3_writer_close(*w);
}

/* A lock that ends with the process tells blob_libs3_sweep() that the file is in use. */
static int make_file(struct blob_writer *w, struct err *e)
{
	uint8_t random[12];
	char hex[2 * sizeof random + 1];
	struct stat st;

	random_bytes(random, sizeof random);
	hex_encode(random, sizeof random, hex);
	if (fsx_join(w->path, sizeof w->path, w->store->spool, hex, e) < 0) {
		w->path[0] = '\0';
		return -1;
	}
	w->fd = open(w->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (w->fd < 0) {
		w->path[0] = '\0';
		return err_errno(e, ERR_IO, "create a file in %s", w->store->spool);
	}
	if (flock(w->fd, LOCK_SH) < 0 || fstat(w->fd, &st) < 0 || st.st_nlink == 0)
		return err_set(e, ERR_BUSY, "%s was swept away", w->path);
	return 0;
}

int blob_libs3_writer_open(
	struct blob *b, const char *key, int64_t max_bytes, struct blob_writer **ret, struct err *e)
{
	if (blob_key_check(key, e) < 0)
		return -1;
	CLEANUP(writer_close_p) struct blob_writer *w = calloc(1, sizeof *w);
	if (!w)
		return err_set(e, ERR_NOMEM, "no memory for a blob writer");
	w->store = (struct blob_libs3 *)b;
	w->fd = -1;
	w->max_bytes = max_bytes;
	(void)str_copy(w->key, sizeof w->key, key);
	if (libs3_sums_open(&w->sums, e) < 0 || make_file(w, e) < 0)
		return -1;
	*ret = TAKE(w);
	return 0;
}

int blob_libs3_writer_add(struct blob_writer *w, const void *data, size_t len, struct err *e)
{
	if (w->ended)
		return err_set(e, ERR_INTERNAL, "blob writer used after its end");
	if (len > INT64_MAX || (int64_t)len > w->max_bytes - w->stat.bytes) {
		w->ended = true;
		return err_set(
			e, ERR_TOO_LARGE, "blob %s has more than %" PRId64 " bytes", w->key, w->max_bytes);
	}
	if (libs3_sums_add(&w->sums, data, len, e) < 0 || fsx_write_all(w->fd, data, len, e) < 0) {
		w->ended = true;
		return err_wrap(e, "blob %s", w->key);
	}
	w->stat.bytes += (int64_t)len;
	return 0;
}

int blob_libs3_writer_commit(struct blob_writer *w, struct blob_stat *ret, struct err *e)
{
	struct libs3_call c = { .fd = w->fd };
	char md5[LIBS3_MD5_BYTES];

	if (w->ended)
		return err_set(e, ERR_INTERNAL, "blob writer used after its end");
	w->ended = true;
	if (libs3_sums_end(&w->sums, w->stat.sha256, md5, e) < 0 ||
		blob_libs3_store(w->store, w->key, &c, &w->stat, md5, e) < 0)
		return -1;
	if (ret)
		*ret = w->stat;
	return 0;
}

void blob_libs3_writer_close(struct blob_writer *w)
{
	if (!w)
		return;
	if (w->path[0])
		unlink(w->path);
	close_p(&w->fd);
	libs3_sums_close(&w->sums);
	free(w);
}

int blob_libs3_sweep(struct blob *b, struct err *e)
{
	struct blob_libs3 *s = (struct blob_libs3 *)b;
	CLEANUP(closedir_p) DIR *dir = opendir(s->spool);
	const struct dirent *entry;

	if (!dir)
		return err_errno(e, ERR_IO, "open %s", s->spool);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		CLEANUP(close_p)
		int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 && errno != ENOENT)
			return err_errno(e, ERR_IO, "remove %s/%s", s->spool, entry->d_name);
	}
	return 0;
}
