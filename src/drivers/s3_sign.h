#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"

/* AWS Signature Version 4 for S3, as request headers and as presigned URLs. Pure: time, keys and request come
 * in, text goes out.
 * Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)", 2006-03-01 API. */

struct s3_keys {
	const char *access, *secret, *token; /* token: NULL or "" for lasting keys */
	const char *region;
};

/* A query parameter or a header, not encoded. Names of headers in lower case, values trimmed. */
struct s3_pair {
	const char *name, *value;
};

enum { S3_PAIRS_MAX = 24, S3_DATE_BYTES = 17, S3_URL_SECONDS_MAX = 7 * 24 * 3600 };

struct s3_request {
	const char *method;
	const char *host; /* as in the Host header: with the port unless it is the scheme's own */
	const char *path; /* "/" or "/bucket/key", not encoded */
	const struct s3_pair *query;
	size_t query_count;
	const struct s3_pair *headers; /* beside host and those that signing adds */
	size_t header_count;
	const char *payload_sha256; /* hexadecimal; of the empty text where there is no body */
	int64_t at_s;               /* Unix time */
};

#define S3_EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* A signed request: what goes on the wire exactly as it was signed. */
struct s3_signed {
	struct buf target;  /* "/path?query", percent-encoded */
	struct buf headers; /* lines "name: value\n": the request's own, x-amz-…, authorization; not host */
};

/* Percent-encode as AWS wants it: everything but A-Z a-z 0-9 - _ . ~, and '/' where @keep_slash. */
int s3_encode(const char *text, int keep_slash, struct buf *out, struct err *e);

/* The key that signs: HMAC over day (YYYYMMDD), region and service. */
int s3_sign_key(const char *secret, const char *day, const char *region, const char *service,
	uint8_t out[SHA256_BYTES], struct err *e);

/**
 * s3_sign() - sign @r by headers
 * @out    its buffers are initialised by the caller; their content is replaced. @out->headers is a secret
 * Errors  ERR_TOO_LARGE, ERR_NOMEM; ERR_INVALID where there are more than S3_PAIRS_MAX pairs
 */
int s3_sign(const struct s3_keys *k, const struct s3_request *r, struct s3_signed *out, struct err *e);

/**
 * s3_presign() - sign @r by its query: whoever has the address may send the request until it expires
 * @r          its payload_sha256 is not used: the body is not signed
 * @seconds    1 to S3_URL_SECONDS_MAX
 * @target     initialised by the caller; gets "/path?query"
 */
int s3_presign(const struct s3_keys *k, const struct s3_request *r, int64_t seconds, struct buf *target,
	struct err *e);
