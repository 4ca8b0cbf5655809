#pragma once

#include "ports/blob.h"

/* gaitd-signed URLs, for stores whose addresses lead to gaitd itself (blob_dir, blob_libs3):
 * {base}/blobs/{key}?expires=S&max=BYTES&signature=X with X = base64url(HMAC-SHA-256(secret, method LF key LF
 * expires LF max)). */

struct blob_url_secret {
	uint8_t bytes[64];
	size_t len;
};

int blob_url_sign(const struct blob_url_secret *s, const char *base, const char *method, const char *key,
	int64_t expires_s, int64_t max_bytes, char ret[BLOB_URL_BYTES], struct err *e);

/* As blob_relay_ops.verify_url. */
int blob_url_verify(const struct blob_url_secret *s, const char *method, const char *key, const char *expires,
	const char *max, const char *signature, int64_t now_s, int64_t *ret_max_bytes, struct err *e);
