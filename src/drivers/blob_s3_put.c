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
#include "drivers/blob_s3_parts.h"

/* A file is read twice: once to know that it is what is wanted and what its parts sum up to, once to be sent.
 * The store compares what it receives with the sums of the first reading, so both saw the same bytes. */

enum { CHUNK = 1 << 18, PARTS_MOST = 9000 };

static int ask(const struct s3_parts *p, struct err *e)
{
	return p->poll && p->poll(p->poll_arg) < 0 ? err_set(e, ERR_CONFLICT, "cancelled") : 0;
}

/* Hash the part at @offset into @part_hex and into @whole. */
static int hash_part(struct s3_parts *p, int64_t offset, struct sha256 *whole, char *part_hex, struct err *e)
{
	CLEANUP(sha256_free_p) struct sha256 *part = sha256_new(e);
	CLEANUP(free_p) char *chunk = malloc(CHUNK);
	int64_t end = offset + p->part_bytes < p->bytes ? offset + p->part_bytes : p->bytes;
	uint8_t sum[SHA256_BYTES];

	if (!part || !chunk)
		return part ? err_set(e, ERR_NOMEM, "no memory to hash a file") : -1;
	while (offset < end) {
		int64_t want = end - offset < CHUNK ? end - offset : CHUNK;
		if (ask(p, e) < 0)
			return -1;
		ssize_t n = pread(p->fd, chunk, (size_t)want, offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_IO, "read");
		if (n == 0)
			return err_set(e, ERR_CORRUPT, "the file became shorter while it was read");
		if (sha256_add(part, chunk, (size_t)n, e) < 0 ||
			(p->count > 1 && sha256_add(whole, chunk, (size_t)n, e) < 0))
			return -1;
		offset += n;
	}
	if (sha256_end(part, sum, e) < 0)
		return -1;
	hex_encode(sum, sizeof sum, part_hex);
	return 0;
}

/* Sums of all parts; the whole must be @want. */
static int hash_file(struct s3_parts *p, const struct blob_stat *want, struct err *e)
{
	CLEANUP(sha256_free_p) struct sha256 *whole = sha256_new(e);
	uint8_t sum[SHA256_BYTES];

	if (!whole)
		return -1;
	for (int i = 0; i < p->count; i++)
		if (hash_part(p, i * p->part_bytes, whole, p->sums[i], e) < 0)
			return -1;
	if (p->count > 1 ? sha256_end(whole, sum, e) < 0
			 : hex_decode(p->sums[0], sum, sizeof sum) != SHA256_BYTES)
		return -1;
	if (memcmp(sum, want->sha256, SHA256_BYTES) != 0)
		return err_set(e, ERR_CORRUPT, "the file has another content than was uploaded");
	return 0;
}

static int send_whole(struct blob_s3 *s, const char *key, const struct s3_parts *p,
	const struct blob_stat *want, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;

	s3_call_init(&c, "PUT", key, S3_ANSWER_BYTES);
	s3_call_file(&c, p->fd, 0, p->bytes, p->sums[0]);
	c.poll = p->poll;
	c.poll_arg = p->poll_arg;
	return blob_s3_put_call(s, &c, want, e);
}

/* S3 takes at most 10,000 parts. */
static void divide(const struct blob_s3 *s, struct s3_parts *p)
{
	p->part_bytes = p->bytes;
	p->count = 1;
	if (p->bytes <= s->multipart_above)
		return;
	p->part_bytes = s->part_bytes;
	if (p->bytes / p->part_bytes >= PARTS_MOST)
		p->part_bytes = p->bytes / PARTS_MOST + 1;
	p->count = (int)((p->bytes + p->part_bytes - 1) / p->part_bytes);
}

int blob_s3_put_file(struct blob *b, const char *key, const char *path, const struct blob_stat *want,
	int (*poll)(void *arg), void *poll_arg, struct err *e)
{
	struct blob_s3 *s = blob_s3_of(b);
	struct s3_parts p = { .bytes = want->bytes, .poll = poll, .poll_arg = poll_arg };
	char full[S3_KEY_BYTES];
	struct stat st;

	if (blob_s3_key(s, key, full, e) < 0)
		return -1;
	int r = blob_s3_holds(s, full, want, e);
	if (r != BLOB_NONE)
		return r;
	CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_errno(e, ERR_IO, "stat %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size != want->bytes)
		return err_set(e, ERR_CORRUPT, "put %s: the file has %" PRId64 " bytes instead of %" PRId64,
			key, (int64_t)st.st_size, want->bytes);
	p.fd = fd;
	divide(s, &p);
	CLEANUP(free_p) char(*sums)[SHA256_HEX_BYTES] = calloc((size_t)p.count, sizeof *sums);
	if (!sums)
		return err_set(e, ERR_NOMEM, "no memory for a file's sums");
	p.sums = sums;
	if (hash_file(&p, want, e) < 0)
		return err_wrap(e, "put %s", key);
	FAULT_POINT("blob_s3.hashed");
	return p.bytes > s->multipart_above ? blob_s3_put_parts(s, full, &p, want, e)
					    : send_whole(s, full, &p, want, e);
}
