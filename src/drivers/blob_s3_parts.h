#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "drivers/blob_s3.h"
#include "drivers/s3_call.h"

/* What the files blob_s3*.c share. Keys are whole: the site's prefix is in front already. */

enum { S3_UPLOAD_ID_BYTES = 1024, S3_ANSWER_BYTES = 1 << 20 };

/* A multipart upload of this process. */
struct s3_upload {
	char id[S3_UPLOAD_ID_BYTES];
	struct s3_upload *next;
};

struct blob_s3 {
	struct blob base;
	struct s3_site site;
	char encryption[16], kms_key[512];
	int64_t multipart_above, part_bytes;
	int parts_at_once;
	atomic_bool lacks_conditions; /* the store answered 501 to If-None-Match */
	pthread_mutex_t lock;
	struct s3_upload *uploads; /* under way in this process */
};

static inline struct blob_s3 *blob_s3_of(struct blob *b)
{
	return (struct blob_s3 *)b;
}

/* Check @key and put the prefix in front. */
int blob_s3_key(const struct blob_s3 *s, const char *key, char ret[S3_KEY_BYTES], struct err *e);

/* HEAD, with the reason for a refusal, which HEAD itself cannot carry. S3_OK, S3_ABSENT or -1; @c is released
 * by the caller in any case. @certain: a missing bucket is an error, not an absent key (one request more). */
int blob_s3_head(struct blob_s3 *s, const char *key, bool certain, struct s3_poll poll, struct s3_call *c,
	struct err *e);

/* Size and sum of an object. 0, BLOB_NONE, -1 */
int blob_s3_stat_key(struct blob_s3 *s, const char *key, bool certain, struct s3_poll poll,
	struct blob_stat *ret, struct err *e);

/* Does the key hold @want? 0; BLOB_NONE: nothing there; -1 with ERR_CONFLICT: something else */
int blob_s3_holds(
	struct blob_s3 *s, const char *key, const struct blob_stat *want, struct s3_poll poll, struct err *e);

/* Headers that a new object is made with; the texts are in @ret until the request is done. */
struct s3_making {
	char sha256[SHA256_HEX_BYTES];
};
void blob_s3_making(struct blob_s3 *s, const struct blob_stat *want, struct s3_making *m, struct s3_call *c);
void blob_s3_only_new(struct blob_s3 *s, struct s3_call *c);
/* The store answered 501: was it asked for that condition? Then @c is without it, to be sent once more: the
 * key was looked at before. */
bool blob_s3_without_condition(struct blob_s3 *s, struct s3_call *c);

/* Send @c (a PUT whose body is set) and see that @key holds @want afterwards. */
int blob_s3_put_call(struct blob_s3 *s, struct s3_call *c, const struct blob_stat *want, struct err *e);

/* A file on its way: read once to know its sums, and, part by part as they are known, once more to be sent.
 */
struct s3_file {
	int fd;
	int64_t bytes, part_bytes;
	int count;                      /* of parts */
	char (*sums)[SHA256_HEX_BYTES]; /* hexadecimal, of each part; @summed of them are there */
	int summed;
	const struct blob_stat *want; /* what the whole must be */
	int64_t at;                   /* up to here it was read for its sums */
	struct sha256 *whole, *part;
	char *chunk;
	struct s3_poll poll;
};

/* Read on for the sums, a quarter of a megabyte. 0; -1 with ERR_CORRUPT where it is not @want */
int blob_s3_sum_some(struct s3_file *f, struct err *e);

/* Send @f in parts and see that @key holds it afterwards. */
int blob_s3_put_parts(struct blob_s3 *s, const char *key, struct s3_file *f, struct err *e);

/* Abort multipart uploads below @prefix; where @own_key only those of that very key that no thread of this
 * process is at work on. */
int blob_s3_abort_uploads(
	struct blob_s3 *s, const char *prefix, bool own_key, struct s3_poll poll, struct err *e);
/* @tries 0: as usual */
int blob_s3_abort(struct blob_s3 *s, const char *key, const char *upload_id, int tries, struct err *e);

/* The operations that have files of their own. */
int blob_s3_put_file(struct blob *b, const char *key, const char *path, const struct blob_stat *want,
	int (*poll)(void *arg), void *poll_arg, struct err *e);
int blob_s3_open_reader(struct blob *b, const char *key, int64_t offset, int64_t len,
	struct blob_reader **ret, struct err *e);
/* Of a whole key. */
int blob_s3_read_key(struct blob_s3 *s, const char *key, int64_t offset, int64_t len,
	struct blob_reader **ret, struct err *e);
int blob_s3_remove_prefix(struct blob *b, const char *prefix, struct err *e);
int blob_s3_remove_key(struct blob_s3 *s, const char *key, struct err *e);
int blob_s3_url(struct blob *b, const char *method, const char *key, int64_t expires_s,
	char ret[BLOB_URL_BYTES], struct err *e);
int blob_s3_probe(struct blob *b, const struct probe *p, struct err *e);
