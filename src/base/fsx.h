#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Files, with durability and full errors. Paths are absolute or relative to the working directory. */

/* Join into @out; -1 with ERR_INVALID where it does not fit. */
int fsx_join(char *out, size_t size, const char *dir, const char *name, struct err *e);

/* All of @len, through short writes and EINTR. */
int fsx_write_all(int fd, const void *data, size_t len, struct err *e);

/* The whole file into @out; a file over @out's cap is ERR_TOO_LARGE. ERR_NOT_FOUND where absent. */
int fsx_read_file(const char *path, struct buf *out, struct err *e);

/**
 * fsx_read_secret() - the first line of a file that only its owner may read
 * Errors ERR_CONFIG where group or others have any permission (mode must be 0600 or 0400),
 *        where it is empty, no regular file or longer than @size - 1
 */
int fsx_read_secret(const char *path, char *out, size_t size, struct err *e);

/**
 * fsx_commit() - make a written file durable under its final name
 * @fd     open for the file at @from; borrowed
 * Order   fsync(file), rename(from, to), fsync(directory of to): after a crash the name @to has the whole
 *         content or does not exist. A failed fsync is final (the kernel may have dropped the pages): the
 *         caller discards the file and never tries the fsync again.
 */
int fsx_commit(int fd, const char *from, const char *to, struct err *e);

enum { FSX_EXISTS = 1 };

/**
 * fsx_commit_new() - fsx_commit() that never replaces: of two at once, exactly one makes @to
 * Return  0; FSX_EXISTS where the name @to is taken (@from is left for the caller to remove); -1, then @to
 *         was not made (ERR_NOT_FOUND: its directory is gone)
 * Crash   @to has the whole content or does not exist; @from may be left beside it
 */
int fsx_commit_new(int fd, const char *from, const char *to, struct err *e);

/* Write a small file so that readers see the old or the new content, never a part; durable on return. */
int fsx_replace(const char *path, const void *data, size_t len, mode_t mode, struct err *e);

/* fsync of a directory, so that names made or removed in it survive a power cut. */
int fsx_sync_dir(const char *path, struct err *e);

/* mkdir -p; directories are made with @mode, existing ones are left as they are. */
int fsx_mkdirs(const char *path, mode_t mode, struct err *e);

/* rm -rf without following symbolic links; absent is success. */
int fsx_remove_tree(const char *path, struct err *e);

/* Copy a regular file (copy_file_range where it can), not durable by itself; a failed copy leaves no @to. */
int fsx_copy(const char *from, const char *to, mode_t mode, struct err *e);

bool fsx_exists(const char *path);
int fsx_size(const char *path, int64_t *ret_bytes, struct err *e);

/* Bytes that an unprivileged process may still write on @path's file system. */
int fsx_free_bytes(const char *path, int64_t *ret_bytes, struct err *e);

/* Raise the soft limit of open files to the hard one. */
void fsx_raise_nofile(void);
