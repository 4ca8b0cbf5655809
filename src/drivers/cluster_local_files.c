#include "drivers/cluster_local_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "drivers/cluster_local_dir.h"

enum { CHUNK_BYTES = 256 * 1024, NOTE_MAX_BYTES = 256 };

#define IN  "in"
#define OUT "out"

bool cluster_files_name_ok(const char *name)
{
	size_t len = name ? strlen(name) : 0;

	return len > 0 && len < 48 && name[0] != '.' && name[0] != '_' && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

/* All of @from to @to, counted and summed; @max_bytes -1: no limit. */
static int copy(int from, int to, int64_t max_bytes, int (*poll)(void *arg), void *poll_arg,
	struct cluster_file *ret, struct err *e)
{
	CLEANUP(sha256_free_p) struct sha256 *hash = sha256_new(e);
	CLEANUP(free_p) char *chunk = malloc(CHUNK_BYTES);

	if (!hash || !chunk)
		return hash ? err_set(e, ERR_NOMEM, "copy") : -1;
	for (ret->bytes = 0;;) {
		ssize_t n = read(from, chunk, CHUNK_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_IO, "read");
		if (n == 0)
			return sha256_end(hash, ret->sha256, e);
		ret->bytes += n;
		if (max_bytes >= 0 && ret->bytes > max_bytes)
			return err_set(e, ERR_TOO_LARGE, "more than %lld bytes", (long long)max_bytes);
		if (sha256_add(hash, chunk, (size_t)n, e) < 0 || fsx_write_all(to, chunk, (size_t)n, e) < 0)
			return -1;
		if (poll && poll(poll_arg) < 0)
			return err_set(e, ERR_CONFLICT, "cancelled");
	}
}

static bool same(const struct cluster_file *a, const struct cluster_file *b)
{
	return a->bytes == b->bytes && memcmp(a->sha256, b->sha256, SHA256_BYTES) == 0;
}

static bool have(const char *path, const struct cluster_file *want)
{
	struct cluster_file there;
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == want->bytes &&
	       sha256_of_file(path, there.sha256, &there.bytes, NULL) == 0 && same(&there, want);
}

static int write_in(const char *folder, const char *name, const char *path, const struct cluster_file *want,
	int (*poll)(void *arg), void *poll_arg, struct err *e)
{
	char to[CLUSTER_DIR_PATH_BYTES], tmp[CLUSTER_DIR_PATH_BYTES], part[64];
	struct cluster_file got;

	snprintf(part, sizeof part, ".%s.part", name);
	if (fsx_join(to, sizeof to, folder, name, e) < 0 || fsx_join(tmp, sizeof tmp, folder, part, e) < 0)
		return -1;
	if (have(to, want))
		return 0;
	CLEANUP(close_p) int from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "open %s", path);
	CLEANUP(close_p)
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(e, ERR_IO, "create %s", tmp);
	int r = copy(from, fd, -1, poll, poll_arg, &got, e);
	if (r == 0 && !same(&got, want))
		r = err_set(e, ERR_CORRUPT, "%s has another size or checksum than it should", path);
	if (r == 0) {
		FAULT_POINT("cluster_local.put_written");
		r = fsx_commit(fd, tmp, to, e);
	}
	if (r < 0)
		unlink(tmp);
	return r;
}

int cluster_files_put(const char *dir, const char *name, const char *path, const struct cluster_file *want,
	int (*poll)(void *arg), void *poll_arg, struct err *e)
{
	char folder[CLUSTER_DIR_PATH_BYTES];

	if (fsx_join(folder, sizeof folder, dir, IN, e) < 0)
		return -1;
	if (fsx_mkdirs(folder, 0700, e) < 0 || fsx_sync_dir(dir, e) < 0)
		return -1;
	return write_in(folder, name, path, want, poll, poll_arg, e) < 0 ? err_wrap(e, "put %s", name) : 0;
}

int cluster_files_get(
	const char *dir, const char *name, int64_t max_bytes, int fd, struct cluster_file *ret, struct err *e)
{
	char folder[CLUSTER_DIR_PATH_BYTES], path[CLUSTER_DIR_PATH_BYTES];
	struct cluster_file got;
	struct stat st;

	if (fsx_join(folder, sizeof folder, dir, OUT, e) < 0 ||
		fsx_join(path, sizeof path, folder, name, e) < 0)
		return -1;
	CLEANUP(close_p) int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (from < 0 && errno == ENOENT)
		return CLUSTER_NONE;
	if (from < 0 || fstat(from, &st) < 0)
		return err_errno(e, ERR_IO, "open output %s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CORRUPT, "output %s is no regular file", name);
	if (copy(from, fd, max_bytes, NULL, NULL, &got, e) < 0)
		return err_wrap(e, "get %s", name);
	*ret = got;
	return 0;
}

/* The first line of a small file that the job wrote; "" where there is none. */
static void first_line(const char *dir, const char *name, char *out, size_t size)
{
	char path[CLUSTER_DIR_PATH_BYTES];
	BUF_CLEANUP struct buf text;

	out[0] = '\0';
	buf_init(&text, NOTE_MAX_BYTES);
	if (fsx_join(path, sizeof path, dir, name, NULL) < 0 || fsx_read_file(path, &text, NULL) < 0)
		return;
	snprintf(out, size, "%.*s", (int)strcspn(buf_str(&text), "\n"), buf_str(&text));
}

void cluster_files_progress(const char *dir, struct cluster_status *s)
{
	char line[NOTE_MAX_BYTES];
	int64_t percent;

	if (!cluster_dir_has(dir, IN "/order.json"))
		return;
	first_line(dir, "run", s->run_id, sizeof s->run_id);
	first_line(dir, "progress", line, sizeof line);
	char *blank = strchr(line, ' ');
	if (!blank)
		return;
	*blank = '\0';
	if (str_to_i64(blank + 1, 0, 100, &percent) && str_copy(s->step, sizeof s->step, line))
		s->percent = (int)percent;
}
