#pragma once

#include "ports/blob.h"

/* Size and SHA-256 of a blob, remembered in the extended attribute user.gaitd.sha256 of its inode. */

/* Remember; a file system that cannot is no failure (blob_dir_sum_load() then hashes). */
void blob_dir_sum_save(int fd, const struct blob_stat *s);

/**
 * blob_dir_sum_load() - size and SHA-256 of the file at @path
 * @fd     open for it; its offset is left alone
 * Return  0; -1 with ERR_CORRUPT where the file has not the size that was remembered, ERR_IO
 * Cost    one system call, or reading the file where nothing was remembered
 */
int blob_dir_sum_load(int fd, const char *path, struct blob_stat *ret, struct err *e);
