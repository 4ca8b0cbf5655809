#include "drivers/blob_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "drivers/blob_dir_sum.h"
#include "drivers/blob_dir_writer.h"

static struct blob_dir *self(struct blob *b)
{
	return (struct blob_dir *)b;
}

/* Feed all of @in to the writer, asking @poll before each piece. */
static int pump(int in, struct blob_writer *w, int (*poll)(void *arg), void *poll_arg, struct err *e)
{
	enum { CHUNK = 1 << 18 };
	CLEANUP(free_p) char *chunk = malloc(CHUNK);

	if (!chunk)
		return err_set(e, ERR_NOMEM, "no memory to copy a blob");
	for (;;) {
		if (poll && poll(poll_arg) < 0)
			return err_set(e, ERR_CONFLICT, "cancelled");
		ssize_t n = read(in, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_IO, "read");
		if (n == 0)
			return 0;
		if (blob_dir_writer_add(w, chunk, (size_t)n, e) < 0)
			return -1;
	}
}

static int dir_put_file(struct blob *b, const char *key, const char *path, const struct blob_stat *want,
	int (*poll)(void *arg), void *poll_arg, struct err *e)
{
	CLEANUP(blob_dir_writer_close_p) struct blob_writer *w = NULL;
	CLEANUP(close_p) int source = -1;

	int rc = blob_dir_holds(self(b), key, want, e);
	if (rc != BLOB_NONE)
		return rc;
	rc = blob_dir_writer_link(self(b), key, path, &w, e);
	if (rc < 0)
		return err_wrap(e, "put %s", key);
	if (rc == BLOB_NONE) {
		source = open(path, O_RDONLY | O_CLOEXEC);
		if (source < 0)
			return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "open %s", path);
		if (blob_dir_writer_open(b, key, INT64_MAX, &w, e) < 0)
			return -1;
	}
	/* A linked file is read too: a store never vouches for bytes that it has not seen. */
	if (pump(source >= 0 ? source : blob_dir_writer_fd(w), w, poll, poll_arg, e) < 0)
		return err_wrap(e, "put %s", key);
	return blob_dir_writer_commit_as(w, want, NULL, e);
}

static int dir_put_bytes(struct blob *b, const char *key, const void *data, size_t len, struct err *e)
{
	CLEANUP(blob_dir_writer_close_p) struct blob_writer *w = NULL;

	if (blob_dir_writer_open(b, key, INT64_MAX, &w, e) < 0 || blob_dir_writer_add(w, data, len, e) < 0)
		return -1;
	return blob_dir_writer_commit(w, NULL, e);
}

/* Return 0 and the blob's file open, BLOB_NONE, -1. A directory is a prefix, not a blob. */
static int open_blob(
	struct blob *b, const char *key, char path[PATH_MAX], int *ret_fd, struct stat *ret_st, struct err *e)
{
	if (blob_dir_path(self(b), key, path, e) < 0)
		return -1;
	CLEANUP(close_p) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? BLOB_NONE
							   : err_errno(e, ERR_IO, "open %s", path);
	if (fstat(fd, ret_st) < 0)
		return err_errno(e, ERR_IO, "stat %s", path);
	if (S_ISDIR(ret_st->st_mode))
		return BLOB_NONE;
	if (!S_ISREG(ret_st->st_mode))
		return err_set(e, ERR_CORRUPT, "%s is not a regular file", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int dir_stat(struct blob *b, const char *key, struct blob_stat *ret, struct err *e)
{
	CLEANUP(close_p) int fd = -1;
	char path[PATH_MAX];
	struct stat st;
	int rc = open_blob(b, key, path, &fd, &st, e);

	return rc != 0 ? rc : blob_dir_sum_load(fd, path, ret, e);
}

static ssize_t reader_read(struct blob_reader *r, void *out, size_t size, struct err *e)
{
	size_t want = r->left < 0 || (uint64_t)r->left > size ? size : (size_t)r->left;
	ssize_t n;

	if (want == 0)
		return 0;
	do
		n = read(r->fd, out, want);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(e, ERR_IO, "read blob");
	if (n == 0)
		return err_set(e, ERR_CORRUPT, "blob ends %" PRId64 " bytes early", r->left);
	r->left -= n;
	return n;
}

static void reader_close(struct blob_reader *r)
{
	close_p(&r->fd);
	free(r);
}

static int dir_open(
	struct blob *b, const char *key, int64_t offset, int64_t len, struct blob_reader **ret, struct err *e)
{
	CLEANUP(close_p) int fd = -1;
	char path[PATH_MAX];
	struct stat st;
	int rc = open_blob(b, key, path, &fd, &st, e);

	if (rc != 0)
		return rc;
	if (offset < 0 || offset > st.st_size)
		return err_set(e, ERR_RANGE, "blob %s has %" PRId64 " bytes", key, (int64_t)st.st_size);
	if (lseek(fd, offset, SEEK_SET) < 0)
		return err_errno(e, ERR_IO, "seek in %s", path);
	struct blob_reader *r = calloc(1, sizeof *r);
	if (!r)
		return err_set(e, ERR_NOMEM, "no memory to read a blob");
	int64_t rest = st.st_size - offset;
	*r = (struct blob_reader){ .fd = take_fd(&fd),
		.left = len < 0 || len > rest ? rest : len,
		.read = reader_read,
		.close = reader_close };
	*ret = r;
	return 0;
}

static int dir_remove(struct blob *b, const char *key, struct err *e)
{
	char path[PATH_MAX];

	if (blob_dir_path(self(b), key, path, e) < 0)
		return -1;
	/* A directory of that name is other keys' prefix. */
	if (unlink(path) < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EISDIR
			       ? 0
			       : err_errno(e, ERR_IO, "remove %s", path);
	FAULT_POINT("blob_dir.unlinked");
	*strrchr(path, '/') = '\0';
	return fsx_sync_dir(path, e);
}

static int dir_remove_prefix(struct blob *b, const char *prefix, struct err *e)
{
	char key[BLOB_KEY_BYTES], path[PATH_MAX];
	size_t len = strlen(prefix);
	struct stat st;

	if (len < 2 || prefix[len - 1] != '/' || !str_copy(key, sizeof key, prefix))
		return err_set(e, ERR_INVALID, "a prefix of blobs ends in '/'");
	key[len - 1] = '\0';
	if (blob_dir_path(self(b), key, path, e) < 0)
		return -1;
	if (lstat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return 0; /* a blob of that very name: no key begins with the prefix */
	if (fsx_remove_tree(path, e) < 0)
		return -1;
	FAULT_POINT("blob_dir.removed");
	*strrchr(path, '/') = '\0';
	return fsx_exists(path) ? fsx_sync_dir(path, e) : 0;
}

static int dir_url_get(
	struct blob *b, const char *key, int64_t expires_s, char ret[BLOB_URL_BYTES], struct err *e)
{
	return blob_url_sign(&self(b)->secret, self(b)->url, "GET", key, expires_s, 0, ret, e);
}

static int dir_url_put(struct blob *b, const char *key, int64_t expires_s, int64_t max_bytes,
	char ret[BLOB_URL_BYTES], struct err *e)
{
	return blob_url_sign(&self(b)->secret, self(b)->url, "PUT", key, expires_s, max_bytes, ret, e);
}

static int dir_verify_url(struct blob *b, const char *method, const char *key, const char *expires,
	const char *max, const char *signature, int64_t now_s, int64_t *ret_max_bytes, struct err *e)
{
	return blob_url_verify(
		&self(b)->secret, method, key, expires, max, signature, now_s, ret_max_bytes, e);
}

static int write_and_read(struct blob *b, struct err *e)
{
	static const char text[] = "probe";
	uint8_t random[8];
	char hex[2 * sizeof random + 1], prefix[48], key[64];
	BUF_CLEANUP struct buf back;

	buf_init(&back, sizeof text);
	random_bytes(random, sizeof random);
	hex_encode(random, sizeof random, hex);
	(void)snprintf(prefix, sizeof prefix, "probe-%s/", hex);
	(void)snprintf(key, sizeof key, "%sx", prefix);
	int rc = dir_put_bytes(b, key, text, strlen(text), e);
	if (rc == 0)
		rc = blob_read_all(b, key, &back, e);
	if (rc == 0 && strcmp(buf_str(&back), text) != 0)
		rc = err_set(e, ERR_CORRUPT, "a small file came back changed");
	int removed = dir_remove_prefix(b, prefix, rc == 0 ? e : NULL);
	if (rc == 0 && removed == 0)
		return 0;
	if (rc == BLOB_NONE)
		(void)err_set(e, ERR_IO, "a small file was gone after it was written");
	return err_wrap(e, "blob store %s (is it writable for this user, is there space?)", self(b)->blobs);
}

static int dir_probe(struct blob *b, const struct probe *p, struct err *e)
{
	return probe_step(p, "write, read, delete", write_and_read(b, e), self(b)->blobs, e);
}

static void dir_close(struct blob *b)
{
	if (!b)
		return;
	secret_wipe(&self(b)->secret, sizeof self(b)->secret);
	free(b);
}

static const struct blob_relay_ops relay_ops = {
	.verify_url = dir_verify_url,
	.writer_open = blob_dir_writer_open,
	.writer_add = blob_dir_writer_add,
	.writer_commit = blob_dir_writer_commit,
	.writer_close = blob_dir_writer_close,
	.sweep = blob_dir_sweep,
};

static const struct blob_ops dir_ops = {
	.name = "dir",
	.relay = &relay_ops,
	.put_file = dir_put_file,
	.put_bytes = dir_put_bytes,
	.stat = dir_stat,
	.open = dir_open,
	.remove = dir_remove,
	.remove_prefix = dir_remove_prefix,
	.url_get = dir_url_get,
	.url_put = dir_url_put,
	.probe = dir_probe,
	.close = dir_close,
};

static int take_url(struct blob_dir *d, const struct blob_dir_options *o, struct err *e)
{
	if (!o->base_url)
		return 0;
	if (!str_starts(o->base_url, "http://") && !str_starts(o->base_url, "https://"))
		return err_set(e, ERR_CONFIG, "the blob store's address must begin with http:// or https://");
	if (str_ends(o->base_url, "/") || !str_copy(d->url, sizeof d->url, o->base_url))
		return err_set(e, ERR_CONFIG, "the blob store's address ends in '/' or is too long");
	if (o->signing_key_bytes < 16 || o->signing_key_bytes > sizeof d->secret.bytes)
		return err_set(e, ERR_CONFIG, "the key that signs blob URLs must have 16 to %zu bytes",
			sizeof d->secret.bytes);
	memcpy(d->secret.bytes, o->signing_key, o->signing_key_bytes);
	d->secret.len = o->signing_key_bytes;
	return 0;
}

static void close_store(struct blob_dir *d)
{
	dir_close(&d->base);
}

DEFINE_CLEANUP(struct blob_dir *, close_store)

int blob_dir_open(const struct blob_dir_options *o, struct blob **ret, struct err *e)
{
	CLEANUP(close_store_p) struct blob_dir *d = calloc(1, sizeof *d);

	if (!d)
		return err_set(e, ERR_NOMEM, "no memory for a blob store");
	d->base.ops = &dir_ops;
	if (take_url(d, o, e) < 0)
		return -1;
	if (fsx_join(d->blobs, sizeof d->blobs, o->root, "blobs", e) < 0 ||
		fsx_join(d->tmp, sizeof d->tmp, o->root, "tmp", e) < 0 || fsx_mkdirs(d->blobs, 0700, e) < 0 ||
		fsx_mkdirs(d->tmp, 0700, e) < 0 || fsx_sync_dir(o->root, e) < 0)
		return err_wrap(e, "blob store");
	*ret = &TAKE(d)->base;
	return 0;
}
