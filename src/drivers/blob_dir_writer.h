#pragma once

#include <limits.h>

#include "drivers/blob_url.h"

/* How blob_dir writes: a file in ROOT/tmp that receives its content, and its name in ROOT/blobs at last. */

struct blob_dir {
	struct blob base;
	char blobs[PATH_MAX], tmp[PATH_MAX];
	char url[1024];
	struct blob_url_secret secret;
};

/* The file of @key into @out; ERR_INVALID where the key is not one. */
int blob_dir_path(const struct blob_dir *d, const char *key, char out[PATH_MAX], struct err *e);

/* Does @key hold @want (NULL: anything) already? Return 0 yes, and durably; BLOB_NONE no such key; -1 with
 * ERR_CONFLICT it holds something else. */
int blob_dir_holds(struct blob_dir *d, const char *key, const struct blob_stat *want, struct err *e);

int blob_dir_writer_open(
	struct blob *b, const char *key, int64_t max_bytes, struct blob_writer **ret, struct err *e);

/**
 * blob_dir_writer_link() - a writer whose file is the one at @path, linked in
 * What is added is only hashed: the caller adds what it reads from blob_dir_writer_fd().
 * Return  0; BLOB_NONE where it cannot be linked (another file system, another owner …): copy it; -1
 */
int blob_dir_writer_link(
	struct blob_dir *d, const char *key, const char *path, struct blob_writer **ret, struct err *e);
int blob_dir_writer_fd(const struct blob_writer *w);

int blob_dir_writer_add(struct blob_writer *w, const void *data, size_t len, struct err *e);

/* Commit only what is @want (NULL: whatever came); else ERR_CORRUPT. */
int blob_dir_writer_commit_as(
	struct blob_writer *w, const struct blob_stat *want, struct blob_stat *ret, struct err *e);
int blob_dir_writer_commit(struct blob_writer *w, struct blob_stat *ret, struct err *e);
void blob_dir_writer_close(struct blob_writer *w);

static inline void blob_dir_writer_close_p(struct blob_writer **w)
{
	blob_dir_writer_close(*w);
}

int blob_dir_sweep(struct blob *b, struct err *e);
