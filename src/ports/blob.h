#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "ports/probe.h"

/* Where videos and results live. A key is a path of [a-z0-9._-] segments joined by '/', at most 200 bytes
 * (blob_key_ok). A blob is written whole or not at all and never changes: a second put of the same key with
 * the same content is success, with other content an error. Drivers: drivers/blob_dir, drivers/blob_s3. */

struct blob;
struct blob_reader;
struct blob_writer;
struct blob_relay_ops;

enum { BLOB_KEY_BYTES = 201, BLOB_URL_BYTES = 6144, BLOB_NONE = 1 };

struct blob_stat {
	int64_t bytes;
	uint8_t sha256[SHA256_BYTES];
};

struct blob_ops {
	const char *name;
	const struct blob_relay_ops *relay; /* NULL where the store answers its own signed URLs */
	/**
	 * put_file() - store a finished local file
	 * The file may be linked instead of copied: the caller must not write to it afterwards; it may unlink
	 * it.
	 * @want  bytes and SHA-256 that the store must hold afterwards; checked before the key becomes
	 *        visible. Where the key holds it already, @path is not looked at
	 * Return 0 stored and durable; -1 (ERR_CORRUPT where the content is not @want, ERR_CONFLICT
	 * where the key holds something else, else may-retry kinds)
	 * @poll  called now and then with @poll_arg; a negative answer aborts with ERR_CONFLICT (cancelled)
	 */
	int (*put_file)(struct blob *b, const char *key, const char *path, const struct blob_stat *want,
		int (*poll)(void *arg), void *poll_arg, struct err *e);
	int (*put_bytes)(struct blob *b, const char *key, const void *data, size_t len, struct err *e);
	/* Return 0, BLOB_NONE where there is no such key, -1 */
	int (*stat)(struct blob *b, const char *key, struct blob_stat *ret, struct err *e);
	/* From @offset, @len bytes (-1: to the end). Return 0, BLOB_NONE, -1 */
	int (*open)(struct blob *b, const char *key, int64_t offset, int64_t len, struct blob_reader **ret,
		struct err *e);
	/* One key; absent is success. */
	int (*remove)(struct blob *b, const char *key, struct err *e);
	/* All keys that begin with @prefix (which ends in '/'); absent is success. */
	int (*remove_prefix)(struct blob *b, const char *prefix, struct err *e);
	/* URLs that work without further credentials until @expires_s (Unix time): one method, one key. A PUT
	 * of more than @max_bytes is refused by the store where it can, and by blob_stat's caller where it
	 * cannot. */
	int (*url_get)(
		struct blob *b, const char *key, int64_t expires_s, char ret[BLOB_URL_BYTES], struct err *e);
	int (*url_put)(struct blob *b, const char *key, int64_t expires_s, int64_t max_bytes,
		char ret[BLOB_URL_BYTES], struct err *e);
	/* Write, read and delete a small object; -1 says what is wrong and what to do. @p may be NULL. */
	int (*probe)(struct blob *b, const struct probe *p, struct err *e);
	void (*close)(struct blob *b);
};

/* The other side of url_get and url_put, for a store whose URLs lead to gaitd itself:
 * {base}/blobs/{key}?expires=…&max=…&signature=…, one method, one key each. */
struct blob_relay_ops {
	/**
	 * verify_url() - was this request signed by this store, and is it still good?
	 * @method         "GET" or "PUT" (HEAD is asked as GET)
	 * @key …          the path and the query's values as they came, percent-decoded; NULL where absent
	 * @ret_max_bytes  the most a PUT may carry; 0 for GET
	 * Return  0; -1 with ERR_FORBIDDEN "bad signature" or "expired"
	 * Time    independent of where the signature differs
	 */
	int (*verify_url)(struct blob *b, const char *method, const char *key, const char *expires,
		const char *max, const char *signature, int64_t now_s, int64_t *ret_max_bytes, struct err *e);
	/**
	 * writer_open() - begin to receive a blob
	 * Nothing is visible under @key before writer_commit(). Several writers of one key may run: the first
	 * to commit wins, the others succeed where their content is the same.
	 * Errors  ERR_INVALID (key), ERR_NOSPACE, ERR_IO.  Threads: one thread at a time a writer.
	 */
	int (*writer_open)(
		struct blob *b, const char *key, int64_t max_bytes, struct blob_writer **ret, struct err *e);
	/* ERR_TOO_LARGE beyond max_bytes. After any failure only writer_close() is left. */
	int (*writer_add)(struct blob_writer *w, const void *data, size_t len, struct err *e);
	/* Durable and visible on 0; @ret (may be NULL) gets size and SHA-256. ERR_CONFLICT as put_file.
	 * fsyncs: not for the API loop. */
	int (*writer_commit)(struct blob_writer *w, struct blob_stat *ret, struct err *e);
	/* Release; what was not committed is removed. NULL is legal. */
	void (*writer_close)(struct blob_writer *w);
	/* Remove what crashes left half-written; writers at work, of any process, are spared. */
	int (*sweep)(struct blob *b, struct err *e);
};

/* Every driver's struct begins with this. */
struct blob {
	const struct blob_ops *ops;
};

/* A stream of one blob's bytes. @fd is -1 or a descriptor at the right offset for @left bytes (sendfile). */
struct blob_reader {
	int fd;
	int64_t left;
	/* Return bytes read, 0 at the end, -1 */
	ssize_t (*read)(struct blob_reader *r, void *out, size_t size, struct err *e);
	void (*close)(struct blob_reader *r);
};

static inline void blob_reader_close_p(struct blob_reader **r)
{
	if (*r)
		(*r)->close(*r);
}

/* Is @key of the form above, without empty, "." or ".." segments? */
int blob_key_check(const char *key, struct err *e);

/* A small blob as a whole into @out (its cap bounds it). Return 0, BLOB_NONE, -1 */
int blob_read_all(struct blob *b, const char *key, struct buf *out, struct err *e);
