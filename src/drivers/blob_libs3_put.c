#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/strv.h"
#include "drivers/blob_libs3_parts.h"

enum { CHUNK = 1 << 18 };

static const int64_t object_most_bytes = INT64_C(5) << 30;

int libs3_sums_open(struct libs3_sums *s, struct err *e)
{
	s->sha256 = sha256_new(e);
	s->md5 = s->sha256 ? md5_new(e) : NULL;
	return s->md5 ? 0 : -1;
}

int libs3_sums_add(struct libs3_sums *s, const void *data, size_t len, struct err *e)
{
	return sha256_add(s->sha256, data, len, e) < 0 ? -1 : md5_add(s->md5, data, len, e);
}

int libs3_sums_end(
	struct libs3_sums *s, uint8_t ret[SHA256_BYTES], char ret_md5[LIBS3_MD5_BYTES], struct err *e)
{
	uint8_t md5[MD5_BYTES];

	if (sha256_end(s->sha256, ret, e) < 0 || md5_end(s->md5, md5, e) < 0)
		return -1;
	base64_encode(md5, sizeof md5, ret_md5, LIBS3_MD5_BYTES);
	memcpy(ret_md5 + strlen(ret_md5), "==", 3);
	return 0;
}

void libs3_sums_close(struct libs3_sums *s)
{
	sha256_free(s->sha256);
	md5_free(s->md5);
}

static pthread_mutex_t *lock_of(struct blob_libs3 *s, const char *key)
{
	uint32_t h = 2166136261u; /* FNV-1a (Fowler, Noll, Vo, 1991) */

	for (const char *p = key; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	return &s->put_locks[h % LIBS3_PUT_LOCKS];
}

static int compare(const char *key, const struct blob_stat *have, const struct blob_stat *want, struct err *e)
{
	if (have->bytes == want->bytes && memcmp(have->sha256, want->sha256, SHA256_BYTES) == 0)
		return 0;
	return err_set(e, ERR_CONFLICT, "blob %s exists with other content", key);
}

static int store_locked(struct blob_libs3 *s, const char *key, struct libs3_call *c,
	const struct blob_stat *want, struct err *e)
{
	struct blob_stat have;
	int r = blob_libs3_stat(&s->base, key, &have, e);

	if (r != BLOB_NONE)
		return r < 0 ? -1 : compare(key, &have, want, e);
	r = libs3_ask(c, libs3_put, e);
	if (r == BLOB_NONE)
		return err_set(
			e, ERR_UNAVAILABLE, "%s: there is no such bucket: mend blob.s3_bucket", s->site.host);
	if (r < 0)
		return -1;
	FAULT_POINT("blob_libs3.put");
	r = blob_libs3_stat(&s->base, key, &have, e);
	if (r == BLOB_NONE)
		return err_set(e, ERR_UNAVAILABLE, "blob %s was gone after it was stored", key);
	return r < 0 ? -1 : compare(key, &have, want, e);
}

int blob_libs3_store(struct blob_libs3 *s, const char *key, struct libs3_call *c,
	const struct blob_stat *want, const char *md5, struct err *e)
{
	char full[LIBS3_KEY_BYTES], hex[SHA256_HEX_BYTES];
	pthread_mutex_t *lock = lock_of(s, key);

	if (want->bytes > object_most_bytes)
		return err_set(e, ERR_TOO_LARGE,
			"blob %s has more than 5 GB, the most that libs3 sends: use blob.driver = s3", key);
	if (blob_libs3_key(s, key, full, e) < 0)
		return -1;
	hex_encode(want->sha256, SHA256_BYTES, hex);
	c->site = &s->site;
	c->key = full;
	c->bytes = want->bytes;
	c->sum_hex = hex;
	c->md5_base64 = md5;
	pthread_mutex_lock(lock);
	int r = store_locked(s, key, c, want, e);
	pthread_mutex_unlock(lock);
	c->key = c->sum_hex = c->md5_base64 = NULL; /* they end here, the call may live on */
	return r < 0 ? err_wrap(e, "put %s", key) : 0;
}

static int sum_file(struct libs3_call *c, struct libs3_sums *sums, struct err *e)
{
	CLEANUP(free_p) char *chunk = malloc(CHUNK);
	int64_t offset = 0;

	if (!chunk)
		return err_set(e, ERR_NOMEM, "no memory to hash a file");
	for (;;) {
		if (c->poll && c->poll(c->poll_arg) < 0)
			return err_set(e, ERR_CONFLICT, "cancelled");
		ssize_t n = pread(c->fd, chunk, CHUNK, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_IO, "read");
		if (n == 0)
			return 0;
		if (libs3_sums_add(sums, chunk, (size_t)n, e) < 0)
			return -1;
		offset += n;
	}
}

/* Read once to know that it is what is wanted, and once more to be sent; Content-MD5 is of the first reading.
 */
static int put_open_file(struct blob_libs3 *s, const char *key, struct libs3_call *c,
	const struct blob_stat *want, struct err *e)
{
	struct libs3_sums sums = { NULL, NULL };
	uint8_t sum[SHA256_BYTES];
	char md5[LIBS3_MD5_BYTES];

	int r = libs3_sums_open(&sums, e);
	if (r == 0)
		r = sum_file(c, &sums, e);
	if (r == 0)
		r = libs3_sums_end(&sums, sum, md5, e);
	libs3_sums_close(&sums);
	if (r < 0)
		return err_wrap(e, "put %s", key);
	if (memcmp(sum, want->sha256, SHA256_BYTES) != 0)
		return err_set(e, ERR_CORRUPT, "put %s: the SHA-256 is not the expected one", key);
	FAULT_POINT("blob_libs3.hashed");
	return blob_libs3_store(s, key, c, want, md5, e);
}

int blob_libs3_put_file(struct blob *b, const char *key, const char *path, const struct blob_stat *want,
	int (*poll)(void *arg), void *poll_arg, struct err *e)
{
	struct blob_libs3 *s = (struct blob_libs3 *)b;
	struct libs3_call c = { .poll = poll, .poll_arg = poll_arg };
	struct blob_stat have;
	struct stat st;
	int r = blob_libs3_stat(b, key, &have, e);

	if (r != BLOB_NONE)
		return r < 0 ? -1 : compare(key, &have, want, e);
	CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_errno(e, ERR_IO, "stat %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size != want->bytes)
		return err_set(e, ERR_CORRUPT, "put %s: the file has %" PRId64 " bytes instead of %" PRId64,
			key, (int64_t)st.st_size, want->bytes);
	c.fd = fd;
	return put_open_file(s, key, &c, want, e);
}

int blob_libs3_put_bytes(struct blob *b, const char *key, const void *data, size_t len, struct err *e)
{
	struct blob_libs3 *s = (struct blob_libs3 *)b;
	struct libs3_call c = { .fd = -1, .data = data ? data : "" };
	struct blob_stat want = { .bytes = (int64_t)len };
	struct libs3_sums sums = { NULL, NULL };
	char md5[LIBS3_MD5_BYTES];

	int r = libs3_sums_open(&sums, e);
	if (r == 0)
		r = libs3_sums_add(&sums, c.data, len, e);
	if (r == 0)
		r = libs3_sums_end(&sums, want.sha256, md5, e);
	libs3_sums_close(&sums);
	return r < 0 ? -1 : blob_libs3_store(s, key, &c, &want, md5, e);
}
