#pragma once

#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"

/* Bearer secrets. Only their SHA-256 is ever stored; 256 random bits need no slow hash. */
enum { TOKEN_BYTES = 64 };

/* "gt_" + base64url of 32 random bytes: an account's API token (46 characters). */
void token_make(const uint8_t random[32], char out[TOKEN_BYTES]);

/**
 * token_for_attempt() - the bearer of one attempt
 * Derived (HMAC-SHA-256 of the attempt's id and nonce under the server's key), so that a submission which is
 * repeated after a crash hands over the same token although only its hash was stored. See docs/adr/0004.
 */
int token_for_attempt(const uint8_t key[32], const char *attempt, const uint8_t nonce[16],
	char out[TOKEN_BYTES], struct err *e);

int token_hash(const char *token, uint8_t out[SHA256_BYTES], struct err *e);
