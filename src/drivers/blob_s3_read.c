#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "drivers/blob_s3_parts.h"

/* Reads an object in ranges, each a request that is retried by itself: a connection that breaks in the middle
 * of a video costs one range. If-Match holds them together. */

enum { RANGE_BYTES = 1 << 20 };

struct s3_reader {
	struct blob_reader base;
	struct blob_s3 *store;
	char key[S3_KEY_BYTES], etag[S3_ETAG_BYTES];
	int64_t next;  /* offset of the first byte that is not in `have` */
	int64_t total; /* of the object; -1 until the first answer */
	struct buf have;
	size_t used; /* of `have` */
};

static void reader_free(struct s3_reader *r)
{
	if (!r)
		return;
	buf_deinit(&r->have);
	free(r);
}

DEFINE_CLEANUP(struct s3_reader *, reader_free)

/* The next range of at most @most bytes into r->have. An outcome, or -1. */
static int fetch(struct s3_reader *r, int64_t most, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;
	int64_t n = most < RANGE_BYTES ? most : RANGE_BYTES;
	char range[64];

	(void)snprintf(range, sizeof range, "bytes=%" PRId64 "-%" PRId64, r->next, r->next + n - 1);
	s3_call_init(&c, "GET", r->key, RANGE_BYTES + 4096);
	s3_call_header(&c, "range", range);
	if (*r->etag)
		s3_call_header(&c, "if-match", r->etag);
	int rc = s3_call(&r->store->site, &c, e);
	if (rc != S3_OK)
		return rc;
	bool fits = c.total > r->next && (r->total < 0 || r->total == c.total);
	int64_t rest = c.total - r->next;
	if (c.status != 206 || !fits || (int64_t)c.answer.len != (n < rest ? n : rest))
		return err_set(e, ERR_UNAVAILABLE, "S3 GET %s/%s: answered %ld and other bytes than %s",
			r->store->site.bucket, r->key, c.status, range);
	if (!*r->etag)
		(void)str_copy(r->etag, sizeof r->etag, c.etag);
	r->total = c.total;
	r->next += (int64_t)c.answer.len;
	r->used = 0;
	buf_deinit(&r->have);
	r->have = c.answer;
	buf_init(&c.answer, 0);
	return S3_OK;
}

static ssize_t reader_read(struct blob_reader *b, void *out, size_t size, struct err *e)
{
	struct s3_reader *r = (struct s3_reader *)b;
	size_t want = (uint64_t)b->left > size ? size : (size_t)b->left;

	if (want == 0)
		return 0;
	if (r->used == r->have.len) {
		int rc = fetch(r, b->left, e);
		if (rc == S3_ABSENT || rc == S3_TAKEN || rc == S3_BEYOND)
			return err_set(
				e, ERR_CORRUPT, "blob %s was removed or changed while it was read", r->key);
		if (rc != S3_OK)
			return -1;
	}
	size_t n = r->have.len - r->used;
	if (n > want)
		n = want;
	memcpy(out, r->have.data + r->used, n);
	r->used += n;
	b->left -= (int64_t)n;
	return (ssize_t)n;
}

static void reader_close(struct blob_reader *b)
{
	reader_free((struct s3_reader *)b);
}

/* Where no byte is wanted, or none is there: how long is it? S3_OK, S3_ABSENT, -1 */
static int ask_length(struct s3_reader *r, int64_t offset, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;
	int rc = blob_s3_head(r->store, r->key, true, (struct s3_poll){ 0 }, &c, e);

	if (rc != S3_OK)
		return rc;
	if (offset > c.bytes)
		return err_set(e, ERR_RANGE, "blob %s has %" PRId64 " bytes", r->key, c.bytes);
	r->total = c.bytes;
	(void)str_copy(r->etag, sizeof r->etag, c.etag);
	return S3_OK;
}

int blob_s3_read_key(struct blob_s3 *s, const char *key, int64_t offset, int64_t len,
	struct blob_reader **ret, struct err *e)
{
	CLEANUP(reader_free_p) struct s3_reader *r = calloc(1, sizeof *r);

	if (!r)
		return err_set(e, ERR_NOMEM, "no memory to read a blob");
	*r = (struct s3_reader){ .base = { .fd = -1, .read = reader_read, .close = reader_close },
		.store = s,
		.next = offset,
		.total = -1 };
	buf_init(&r->have, RANGE_BYTES);
	(void)str_copy(r->key, sizeof r->key, key);
	if (offset < 0 || offset > INT64_MAX - RANGE_BYTES)
		return err_set(e, ERR_RANGE, "no blob has a byte there");
	int rc = len == 0 ? S3_BEYOND : fetch(r, len < 0 ? RANGE_BYTES : len, e);
	if (rc == S3_BEYOND)
		rc = ask_length(r, offset, e);
	if (rc != S3_OK)
		return rc == S3_ABSENT ? BLOB_NONE : -1;
	int64_t rest = r->total - offset;
	r->base.left = len < 0 || len > rest ? rest : len;
	*ret = &TAKE(r)->base;
	return 0;
}

int blob_s3_open_reader(
	struct blob *b, const char *key, int64_t offset, int64_t len, struct blob_reader **ret, struct err *e)
{
	char full[S3_KEY_BYTES];

	if (blob_s3_key(blob_s3_of(b), key, full, e) < 0)
		return -1;
	return blob_s3_read_key(blob_s3_of(b), full, offset, len, ret, e);
}
