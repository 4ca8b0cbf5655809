#pragma once

#include <stdbool.h>

#include "ports/blob.h"

/* A blob store in a bucket of S3 or of what speaks its protocol (Ceph, MinIO, …), signed with Signature
 * Version 4.
 *
 * An object's SHA-256 is its metadata x-amz-meta-sha256, set as it is made; one that a compute node sent
 * through a presigned address has none and is read once to be hashed. Every upload carries its SHA-256, so
 * that the store itself refuses what changed on the way, and is looked at again afterwards (length, sum). A
 * key is made once: by If-None-Match where the store knows that condition (S3, Ceph), otherwise by looking
 * first. Only multipart uploads (above multipart_above) of different content to one key at the same moment
 * could then replace each other; gaitd writes each key from one thread. Presigned addresses hold seven days
 * at most, and no longer than session keys. S3 cannot limit the length of a presigned PUT: whoever accepts
 * what was sent compares its size (ops->stat). They are sent without an encryption header, so a bucket that
 * must be encrypted needs encryption as its default. */

struct blob_s3_options {
	const char *endpoint;        /* https://host[:port]; "": Amazon's for the region */
	const char *public_endpoint; /* in presigned addresses; "": the same */
	const char *bucket, *region;
	const char *prefix; /* put in front of every key, ends in '/' or is "" */
	const char *access_key, *secret_key, *session_token; /* the token may be "" */
	const char *ca_file;                                 /* "": the system's */
	const char *encryption, *kms_key; /* "none", "AES256" or "aws:kms"; the key may be "" */
	bool is_virtual;                  /* the bucket in the host name instead of in the path */
	/* 0: 64 MB; 16 MB, at least 5 MiB; 4; 10 s; 60 s; 6; 200 ms */
	int64_t multipart_above, part_bytes;
	int parts_at_once, connect_s, stall_s, tries;
	int64_t first_delay_ms;
};

/**
 * blob_s3_open() - a blob store in a bucket; contacts nothing yet
 * @o        copied; strings may not be NULL
 * @ret      set on 0; release with ops->close() when no thread uses it any more
 * Errors    ERR_CONFIG, ERR_NOMEM.  Threads: any number may use the store at once.
 * Memory    1 MB a reader; 1 MB for each part under way, whatever its size
 * Crash     a killed put leaves the key whole or absent; what it had uploaded in parts is aborted by the next
 * put of that key or the removal of its prefix. One gaitd a prefix
 */
int blob_s3_open(const struct blob_s3_options *o, struct blob **ret, struct err *e);
