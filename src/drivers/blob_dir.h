#pragma once

#include <stddef.h>

#include "ports/blob.h"

/* The blob store of one machine: files below a directory.
 *
 *   ROOT/blobs/KEY  a finished blob; content on disk before the name, the name never reused for other content
 *   ROOT/tmp/…      being written; swept after a crash
 *
 * A blob's SHA-256 lies in an extended attribute of its own inode, so that it cannot belong to another
 * content whatever crashes; where the attribute is missing (a file system without them, a restored backup)
 * the file is hashed again and the attribute renewed. Its URLs lead to gaitd: blob_relay_ops is there. */

struct blob_dir_options {
	const char *root;        /* made where absent, mode 0700 */
	const char *base_url;    /* https://host/api/v1; NULL where no URLs are needed */
	const void *signing_key; /* at least 16 bytes where @base_url is given */
	size_t signing_key_bytes;
};

/**
 * blob_dir_open() - a blob store in a directory
 * @o        copied
 * @ret      set on 0; release with ops->close()
 * Errors    ERR_CONFIG, ERR_IO, ERR_NOMEM.  Threads: any number may use the store at once.
 * Crash     a killed put or remove leaves the key whole or absent, and may be repeated
 */
int blob_dir_open(const struct blob_dir_options *o, struct blob **ret, struct err *e);
