#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ports/blob.h"

/* A blob store in a bucket of an older on-premises store that knows Signature Version 2 alone, libs3 2.0
 * underneath; every other store is blob_s3's. Objects are the same as blob_s3's: x-amz-meta-sha256 holds the
 * sum, and Content-MD5 lets the store refuse what changed on the way.
 *
 * Compute nodes get addresses of gaitd's own (blob_relay_ops is there): what they send is received into a
 * local file and put into the bucket as it is committed. libs3 has no multipart upload: one object has 5 GB
 * at most. It knows no conditional put either: a key is made once because gaitd looks first, one thread a
 * key; one gaitd a prefix. */

struct blob_libs3_options {
	const char *endpoint; /* https://host[:port] */
	const char *bucket;
	const char *prefix; /* put in front of every key, ends in '/' or is "" */
	const char *access_key, *secret_key;
	const char *ca_file;     /* "": the system's */
	bool is_virtual;         /* the bucket in the host name instead of in the path */
	const char *spool;       /* a local directory for what is being received; made where absent */
	const char *base_url;    /* https://host/api/v1; NULL where no URLs are needed */
	const void *signing_key; /* 16 to 64 bytes where @base_url is given */
	size_t signing_key_bytes;
	/* 0: 10 s; 60 s; 6; 200 ms */
	int connect_s, stall_s, tries;
	int64_t first_delay_ms;
};

/**
 * blob_libs3_open() - a blob store in a bucket; contacts nothing yet
 * @o        copied; strings may not be NULL
 * @ret      set on 0; release with ops->close() when no thread uses it any more
 * Errors    ERR_CONFIG (also where this build has no libs3), ERR_NOMEM, ERR_IO.  Threads: any number may use
 *           the store at once; puts of one key take turns.
 * Memory    4 MB a reader
 * Crash     a killed put leaves the key whole or absent, and may be repeated
 */
int blob_libs3_open(const struct blob_libs3_options *o, struct blob **ret, struct err *e);
