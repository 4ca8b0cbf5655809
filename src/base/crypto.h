#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SHA256_BYTES     32
#define SHA256_HEX_BYTES 65 /* with the NUL */

/* Streaming SHA-256 (FIPS 180-4, 2015), OpenSSL underneath. */
struct sha256;
struct sha256 *sha256_new(struct err *e);
int sha256_add(struct sha256 *h, const void *data, size_t len, struct err *e);
int sha256_end(struct sha256 *h, uint8_t out[SHA256_BYTES], struct err *e);
void sha256_free(struct sha256 *h);

static inline void sha256_free_p(struct sha256 **h)
{
	sha256_free(*h);
}

int sha256_of(const void *data, size_t len, uint8_t out[SHA256_BYTES], struct err *e);
int sha256_of_file(const char *path, uint8_t out[SHA256_BYTES], int64_t *ret_bytes, struct err *e);

/* Streaming MD5 (RFC 1321, 1992), for Content-MD5 alone: it finds what changed on the way, and keeps nobody
 * out. */
#define MD5_BYTES 16
struct md5;
struct md5 *md5_new(struct err *e);
int md5_add(struct md5 *h, const void *data, size_t len, struct err *e);
int md5_end(struct md5 *h, uint8_t out[MD5_BYTES], struct err *e);
void md5_free(struct md5 *h);

static inline void md5_free_p(struct md5 **h)
{
	md5_free(*h);
}

/* A digest that the other side names, to find what changed on the way: "sha1" (FIPS 180-4, 2015), "sha256".
 * SHA-1 keeps nobody out who wants to deceive: nothing is known by it here. */
enum { DIGEST_MOST_BYTES = 32 };
size_t digest_bytes(const char *name); /* 0: not one of them */
struct digest;
struct digest *digest_new(const char *name, struct err *e);
int digest_add(struct digest *d, const void *data, size_t len, struct err *e);
int digest_end(struct digest *d, uint8_t out[DIGEST_MOST_BYTES], struct err *e);
void digest_free(struct digest *d);

/* HMAC-SHA-256 (RFC 2104, 1997). */
int hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[SHA256_BYTES],
	struct err *e);

/* Bytes from the kernel's generator; never fails once the system is up (getrandom). */
void random_bytes(void *out, size_t len);

/* Compare without telling by time where two secrets differ. */
bool secret_equal(const void *a, const void *b, size_t len);
void secret_wipe(void *data, size_t len);

/* base64url without padding (RFC 4648, section 5); @size must hold 4 * len / 3 + 2. */
void base64url_encode(const void *bytes, size_t len, char *out, size_t size);
/* base64 without padding (section 4), in the same room. */
void base64_encode(const void *bytes, size_t len, char *out, size_t size);
/* base64 with its padding, and nothing but it. Return the number of bytes written, or -1. */
int base64_decode(const char *text, size_t len, uint8_t *out, size_t size);

/* Argon2id (RFC 9106, 2021) through libsodium: its "interactive" cost, about 64 MB and 60 ms. Slow on
 * purpose: never on the API loop. */
#define PASSWORD_HASH_BYTES 128
int password_hash(const char *password, char out[PASSWORD_HASH_BYTES], struct err *e);
bool password_verify(const char *hash, const char *password);
