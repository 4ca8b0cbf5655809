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
 * The store compares what it receives with the sums of the first reading, so both saw the same bytes. A large
 * file is sent while its later parts are still being summed; what is not wanted is then never completed. */

enum { CHUNK = 1 << 18, PARTS_MOST = 9000 };

static void file_deinit(struct s3_file *f)
{
	close_p(&f->fd);
	free(f->sums);
	free(f->chunk);
	sha256_free(f->whole);
	sha256_free(f->part);
}

static int end_part(struct s3_file *f, struct err *e)
{
	uint8_t sum[SHA256_BYTES];

	if (sha256_end(f->part, sum, e) < 0)
		return -1;
	hex_encode(sum, sizeof sum, f->sums[f->summed]);
	sha256_free(f->part);
	f->part = NULL;
	if (f->at == f->bytes) {
		if (f->count > 1 && sha256_end(f->whole, sum, e) < 0)
			return -1;
		if (memcmp(sum, f->want->sha256, SHA256_BYTES) != 0)
			return err_set(e, ERR_CORRUPT, "the file has another content than was uploaded");
	}
	f->summed++;
	return 0;
}

int blob_s3_sum_some(struct s3_file *f, struct err *e)
{
	const int64_t begin = f->summed * f->part_bytes;
	const int64_t end = f->bytes - begin < f->part_bytes ? f->bytes : begin + f->part_bytes;
	const int64_t want = end - f->at < CHUNK ? end - f->at : CHUNK;

	if (!f->part && !(f->part = sha256_new(e)))
		return -1;
	if (want > 0) {
		ssize_t n;
		do
			n = pread(f->fd, f->chunk, (size_t)want, f->at);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return err_errno(e, ERR_IO, "read");
		if (n == 0)
			return err_set(e, ERR_CORRUPT, "the file became shorter while it was read");
		if (sha256_add(f->part, f->chunk, (size_t)n, e) < 0 ||
			(f->count > 1 && sha256_add(f->whole, f->chunk, (size_t)n, e) < 0))
			return -1;
		f->at += n;
	}
	return f->at == end ? end_part(f, e) : 0;
}

static int send_whole(struct blob_s3 *s, const char *key, struct s3_file *f, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;

	s3_call_init(&c, "PUT", key, S3_ANSWER_BYTES);
	while (f->summed == 0) {
		if (s3_poll_ask(f->poll) < 0)
			return err_set(e, ERR_CONFLICT, "cancelled");
		if (blob_s3_sum_some(f, e) < 0)
			return -1;
	}
	FAULT_POINT("blob_s3.summed");
	s3_call_file(&c, f->fd, 0, f->bytes, f->sums[0]);
	c.poll = f->poll;
	return blob_s3_put_call(s, &c, f->want, e);
}

/* S3 takes at most 10,000 parts. */
static int divide(const struct blob_s3 *s, struct s3_file *f, struct err *e)
{
	f->part_bytes = f->bytes;
	f->count = 1;
	if (f->bytes > s->multipart_above) {
		f->part_bytes = s->part_bytes;
		if (f->bytes / f->part_bytes >= PARTS_MOST)
			f->part_bytes = f->bytes / PARTS_MOST + 1;
		f->count = (int)((f->bytes + f->part_bytes - 1) / f->part_bytes);
	}
	f->sums = calloc((size_t)f->count, sizeof *f->sums);
	f->chunk = malloc(CHUNK);
	if (!f->sums || !f->chunk)
		return err_set(e, ERR_NOMEM, "no memory for a file's sums");
	f->whole = sha256_new(e);
	return f->whole ? 0 : -1;
}

int blob_s3_put_file(struct blob *b, const char *key, const char *path, const struct blob_stat *want,
	int (*poll)(void *arg), void *poll_arg, struct err *e)
{
	struct blob_s3 *s = blob_s3_of(b);
	CLEANUP(file_deinit)
	struct s3_file f = { .fd = -1, .bytes = want->bytes, .want = want, .poll = { poll, poll_arg } };
	char full[S3_KEY_BYTES];
	struct stat st;

	if (blob_s3_key(s, key, full, e) < 0)
		return -1;
	int r = blob_s3_holds(s, full, want, f.poll, e);
	if (r != BLOB_NONE)
		return r;
	f.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f.fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "open %s", path);
	if (fstat(f.fd, &st) < 0)
		return err_errno(e, ERR_IO, "stat %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size != want->bytes)
		return err_set(e, ERR_CORRUPT, "put %s: the file has %" PRId64 " bytes instead of %" PRId64,
			key, (int64_t)st.st_size, want->bytes);
	if (divide(s, &f, e) < 0)
		return -1;
	r = f.bytes > s->multipart_above ? blob_s3_put_parts(s, full, &f, e) : send_whole(s, full, &f, e);
	return r < 0 ? err_wrap(e, "put %s", key) : 0;
}
