#pragma once

#include "drivers/blob_libs3.h"
#include "drivers/blob_url.h"
#include "drivers/libs3_call.h"

enum { LIBS3_PUT_LOCKS = 16 };

struct blob_libs3 {
	struct blob base;
	struct libs3_site site;
	char spool[PATH_MAX], url[1024];
	struct blob_url_secret secret;
	pthread_mutex_t put_locks[LIBS3_PUT_LOCKS]; /* by key: looking first and putting then are one step */
};

/* The sums of a body, taken as it is read. */
struct libs3_sums {
	struct sha256 *sha256;
	struct md5 *md5;
};
int libs3_sums_open(struct libs3_sums *s, struct err *e);
int libs3_sums_add(struct libs3_sums *s, const void *data, size_t len, struct err *e);
/* @ret_md5 as Content-MD5 wants it. */
enum { LIBS3_MD5_BYTES = 25 };
int libs3_sums_end(
	struct libs3_sums *s, uint8_t ret[SHA256_BYTES], char ret_md5[LIBS3_MD5_BYTES], struct err *e);
void libs3_sums_close(struct libs3_sums *s);

/* The object's whole name; ERR_INVALID where @key is not one. */
int blob_libs3_key(const struct blob_libs3 *s, const char *key, char ret[LIBS3_KEY_BYTES], struct err *e);

/* Store what @c sends (fd or data, bytes, poll) under @key unless it is there already. */
int blob_libs3_store(struct blob_libs3 *s, const char *key, struct libs3_call *c,
	const struct blob_stat *want, const char *md5, struct err *e);

/* blob_relay_ops, without verify_url. */
int blob_libs3_writer_open(
	struct blob *b, const char *key, int64_t max_bytes, struct blob_writer **ret, struct err *e);
int blob_libs3_writer_add(struct blob_writer *w, const void *data, size_t len, struct err *e);
int blob_libs3_writer_commit(struct blob_writer *w, struct blob_stat *ret, struct err *e);
void blob_libs3_writer_close(struct blob_writer *w);
int blob_libs3_sweep(struct blob *b, struct err *e);

/* ops */
int blob_libs3_put_file(struct blob *b, const char *key, const char *path, const struct blob_stat *want,
	int (*poll)(void *arg), void *poll_arg, struct err *e);
int blob_libs3_put_bytes(struct blob *b, const char *key, const void *data, size_t len, struct err *e);
int blob_libs3_stat(struct blob *b, const char *key, struct blob_stat *ret, struct err *e);
int blob_libs3_read(struct blob *b, const char *key, int64_t offset, int64_t len, struct blob_reader **ret,
	struct err *e);
