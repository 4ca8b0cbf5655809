#pragma once

#include "drivers/blob_s3.h"

/* Buckets on the shared radosgw, through requests of the tests' own (the driver never makes buckets). */

struct s3_fixture {
	char endpoint[128], endpoint_tls[128], access[64], secret[64], other_access[64], other_secret[64];
	char ca_file[512], bucket[64];
};

/* Read the server's values; ends the program with 77 where there is none. */
void s3_fixture_open(struct s3_fixture *f);

/* Options for a store in @f->bucket: keys begin with "gaitd/", retries are quick. */
struct blob_s3_options s3_fixture_options(const struct s3_fixture *f);

/* A new bucket, its name into @f->bucket; and its removal with everything in it. */
void s3_fixture_bucket(struct s3_fixture *f);
void s3_fixture_bucket_end(struct s3_fixture *f);

/* A signed request: method, key ("" for the bucket), query "name=value&…" without encoding, body.
 * Return the status; the answer's body goes to @out (may be NULL). */
long s3_fixture_ask(const struct s3_fixture *f, const char *method, const char *key, const char *query,
	const void *body, size_t len, struct buf *out);
/* A request to an address as it is. @header "name: value" or NULL. */
long s3_fixture_url(const char *method, const char *url, const char *header, const void *body, size_t len,
	const char *ca_file, struct buf *out);

/* How many objects, and how many multipart uploads under way, the bucket has. */
int s3_fixture_objects(const struct s3_fixture *f);
int s3_fixture_uploads(const struct s3_fixture *f);
