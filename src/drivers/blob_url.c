#include "drivers/blob_url.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/strv.h"

enum { NUMBER_BYTES = 24, SIGNATURE_BYTES = 44 /* 43 characters of base64url and the NUL */ };

/* The parts are joined by LF, which none of them may hold: a key has no control characters and the numbers
 * are digits (both checked by the callers), so no two requests sign alike. */
static int sign(const struct blob_url_secret *s, const char *method, const char *key, const char *expires,
	const char *max, char ret[SIGNATURE_BYTES], struct err *e)
{
	char text[8 + BLOB_KEY_BYTES + 2 * NUMBER_BYTES + 4];
	uint8_t mac[SHA256_BYTES];
	int n = snprintf(text, sizeof text, "%s\n%s\n%s\n%s", method, key, expires, max);

	if (n < 0 || (size_t)n >= sizeof text)
		return err_set(e, ERR_FORBIDDEN, "bad signature");
	if (hmac_sha256(s->bytes, s->len, text, (size_t)n, mac, e) < 0)
		return -1;
	base64url_encode(mac, sizeof mac, ret, SIGNATURE_BYTES);
	return 0;
}

int blob_url_sign(const struct blob_url_secret *s, const char *base, const char *method, const char *key,
	int64_t expires_s, int64_t max_bytes, char ret[BLOB_URL_BYTES], struct err *e)
{
	char expires[NUMBER_BYTES], max[NUMBER_BYTES], signature[SIGNATURE_BYTES];

	if (s->len == 0)
		return err_set(e, ERR_CONFIG, "the blob store was opened without an address for URLs");
	if (blob_key_check(key, e) < 0)
		return -1;
	if (expires_s < 0 || max_bytes < 0)
		return err_set(e, ERR_INVALID, "a URL's expiry and size may not be negative");
	(void)snprintf(expires, sizeof expires, "%" PRId64, expires_s);
	(void)snprintf(max, sizeof max, "%" PRId64, max_bytes);
	if (sign(s, method, key, expires, max, signature, e) < 0)
		return -1;
	int n = snprintf(ret, BLOB_URL_BYTES, "%s/blobs/%s?expires=%s&max=%s&signature=%s", base, key,
		expires, max, signature);
	return n < BLOB_URL_BYTES ? 0 : err_set(e, ERR_CONFIG, "the blob store's address is too long");
}

int blob_url_verify(const struct blob_url_secret *s, const char *method, const char *key, const char *expires,
	const char *max, const char *signature, int64_t now_s, int64_t *ret_max_bytes, struct err *e)
{
	char good[SIGNATURE_BYTES];
	int64_t expires_s, max_bytes;

	if (s->len == 0 || !key || !expires || !max || !signature || blob_key_check(key, NULL) < 0 ||
		!str_to_i64(expires, 0, INT64_MAX, &expires_s) || !str_to_i64(max, 0, INT64_MAX, &max_bytes))
		return err_set(e, ERR_FORBIDDEN, "bad signature");
	if (sign(s, method, key, expires, max, good, e) < 0)
		return -1;
	if (strlen(signature) != strlen(good) || !secret_equal(signature, good, strlen(good)))
		return err_set(e, ERR_FORBIDDEN, "bad signature");
	if (now_s >= expires_s)
		return err_set(e, ERR_FORBIDDEN, "expired");
	*ret_max_bytes = max_bytes;
	return 0;
}
