#include "core/token.h"

#include <stdio.h>
#include <string.h>

static void render(const char *prefix, const uint8_t bits[32], char out[TOKEN_BYTES])
{
	size_t len = strlen(prefix);

	memcpy(out, prefix, len);
	base64url_encode(bits, 32, out + len, TOKEN_BYTES - len);
}

void token_make(const uint8_t random[32], char out[TOKEN_BYTES])
{
	render("gt_", random, out);
}

int token_for_attempt(const uint8_t key[32], const char *attempt, const uint8_t nonce[16],
	char out[TOKEN_BYTES], struct err *e)
{
	uint8_t message[128], mac[SHA256_BYTES];
	size_t len = strlen(attempt);

	if (len > sizeof message - 16)
		return err_set(e, ERR_INVALID, "attempt id too long");
	memcpy(message, nonce, 16);
	memcpy(message + 16, attempt, len);
	if (hmac_sha256(key, 32, message, 16 + len, mac, e) < 0)
		return -1;
	render("ga_", mac, out);
	secret_wipe(mac, sizeof mac);
	return 0;
}

int token_hash(const char *token, uint8_t out[SHA256_BYTES], struct err *e)
{
	return sha256_of(token, strlen(token), out, e);
}
