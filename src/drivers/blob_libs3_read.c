#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "drivers/blob_libs3_parts.h"

/* Reading piece by piece, each a ranged GET over a warm connection: libs3 pushes data and cannot be paused,
 * and whoever reads may be slow. */

enum { PIECE = 4 << 20 };

struct piecewise {
	struct blob_reader base;
	struct blob_libs3 *store;
	char key[LIBS3_KEY_BYTES];
	int64_t at, end; /* of what is still to be asked for */
	struct buf piece;
	size_t used;
};

/* The next piece, at least one byte of it. */
static int next_piece(struct piecewise *r, struct err *e)
{
	int64_t len = r->end - r->at < PIECE ? r->end - r->at : PIECE;
	struct libs3_call c = {
		.site = &r->store->site, .key = r->key, .offset = r->at, .len = len, .out = &r->piece
	};

	r->used = 0;
	int rc = libs3_ask(&c, libs3_get, e);
	if (rc == BLOB_NONE)
		return err_set(e, ERR_NOT_FOUND, "blob %s was removed while it was read", r->key);
	if (rc < 0)
		return err_wrap(e, "read %s", r->key);
	if ((int64_t)r->piece.len != len)
		return err_set(e, ERR_UNAVAILABLE, "blob %s: %zu bytes came instead of %" PRId64, r->key,
			r->piece.len, len);
	r->at += len;
	return 0;
}

static ssize_t piecewise_read(struct blob_reader *reader, void *out, size_t size, struct err *e)
{
	struct piecewise *r = (struct piecewise *)reader;

	if (size == 0 || (r->used == r->piece.len && r->at == r->end))
		return 0;
	if (r->used == r->piece.len && next_piece(r, e) < 0)
		return -1;
	size_t n = r->piece.len - r->used < size ? r->piece.len - r->used : size;
	memcpy(out, r->piece.data + r->used, n);
	r->used += n;
	r->base.left -= (int64_t)n;
	return (ssize_t)n;
}

static void piecewise_close(struct blob_reader *reader)
{
	buf_deinit(&((struct piecewise *)reader)->piece);
	free(reader);
}

/* Size, and the sum where the object has it. */
static int look(struct blob_libs3 *s, const char *full, struct libs3_call *c, struct err *e)
{
	*c = (struct libs3_call){ .site = &s->site, .key = full };
	return libs3_ask(c, libs3_head, e);
}

static struct piecewise *reader_new(
	struct blob_libs3 *s, const char *full, int64_t offset, int64_t end, struct err *e)
{
	struct piecewise *r = calloc(1, sizeof *r);

	if (!r) {
		(void)err_set(e, ERR_NOMEM, "no memory for a reader");
		return NULL;
	}
	r->base = (struct blob_reader){
		.fd = -1, .left = end - offset, .read = piecewise_read, .close = piecewise_close
	};
	r->store = s;
	memcpy(r->key, full, LIBS3_KEY_BYTES);
	r->at = offset;
	r->end = end;
	buf_init(&r->piece, PIECE + 1);
	return r;
}

int blob_libs3_read(
	struct blob *b, const char *key, int64_t offset, int64_t len, struct blob_reader **ret, struct err *e)
{
	struct blob_libs3 *s = (struct blob_libs3 *)b;
	char full[LIBS3_KEY_BYTES] = "";
	struct libs3_call c;

	if (blob_libs3_key(s, key, full, e) < 0)
		return -1;
	int rc = look(s, full, &c, e);
	if (rc != 0)
		return rc;
	if (offset < 0 || offset > c.object_bytes)
		return err_set(e, ERR_RANGE, "blob %s has %" PRId64 " bytes", key, c.object_bytes);
	int64_t end = len < 0 || len > c.object_bytes - offset ? c.object_bytes : offset + len;
	struct piecewise *r = reader_new(s, full, offset, end, e);
	if (!r)
		return -1;
	*ret = &r->base;
	return 0;
}

/* An object that something else made has no sum: read it once. */
static int hash(struct blob_libs3 *s, const char *full, struct blob_stat *ret, struct err *e)
{
	enum { CHUNK = 1 << 16 };
	CLEANUP(sha256_free_p) struct sha256 *h = sha256_new(e);
	CLEANUP(free_p) char *chunk = malloc(CHUNK);
	CLEANUP(blob_reader_close_p) struct blob_reader *r = NULL;
	ssize_t n = -1;

	if (!h || !chunk)
		return h ? err_set(e, ERR_NOMEM, "no memory to hash a blob") : -1;
	struct piecewise *all = reader_new(s, full, 0, ret->bytes, e);
	if (!all)
		return -1;
	r = &all->base;
	while ((n = r->read(r, chunk, CHUNK, e)) > 0)
		if (sha256_add(h, chunk, (size_t)n, e) < 0)
			return -1;
	return n < 0 ? -1 : sha256_end(h, ret->sha256, e);
}

int blob_libs3_stat(struct blob *b, const char *key, struct blob_stat *ret, struct err *e)
{
	struct blob_libs3 *s = (struct blob_libs3 *)b;
	char full[LIBS3_KEY_BYTES] = "";
	struct libs3_call c;

	if (blob_libs3_key(s, key, full, e) < 0)
		return -1;
	int rc = look(s, full, &c, e);
	if (rc != 0)
		return rc;
	struct blob_stat st = { .bytes = c.object_bytes };
	memcpy(st.sha256, c.sum, sizeof st.sha256);
	if (!c.has_sum && hash(s, full, &st, e) < 0)
		return -1;
	*ret = st;
	return 0;
}
