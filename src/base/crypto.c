#include "base/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"

struct sha256 {
	EVP_MD_CTX *ctx;
};

struct sha256 *sha256_new(struct err *e)
{
	struct sha256 *h = calloc(1, sizeof *h);

	if (h)
		h->ctx = EVP_MD_CTX_new();
	if (!h || !h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
		sha256_free(h);
		(void)err_set(e, ERR_NOMEM, "SHA-256 cannot be started");
		return NULL;
	}
	return h;
}

int sha256_add(struct sha256 *h, const void *data, size_t len, struct err *e)
{
	return EVP_DigestUpdate(h->ctx, data, len) == 1 ? 0 : err_set(e, ERR_INTERNAL, "SHA-256 failed");
}

int sha256_end(struct sha256 *h, uint8_t out[SHA256_BYTES], struct err *e)
{
	return EVP_DigestFinal_ex(h->ctx, out, NULL) == 1 ? 0 : err_set(e, ERR_INTERNAL, "SHA-256 failed");
}

void sha256_free(struct sha256 *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

struct md5 {
	EVP_MD_CTX *ctx;
};

struct md5 *md5_new(struct err *e)
{
	struct md5 *h = calloc(1, sizeof *h);

	if (h)
		h->ctx = EVP_MD_CTX_new();
	if (!h || !h->ctx || EVP_DigestInit_ex(h->ctx, EVP_md5(), NULL) != 1) {
		md5_free(h);
		(void)err_set(e, ERR_NOMEM, "MD5 cannot be started");
		return NULL;
	}
	return h;
}

int md5_add(struct md5 *h, const void *data, size_t len, struct err *e)
{
	return EVP_DigestUpdate(h->ctx, data, len) == 1 ? 0 : err_set(e, ERR_INTERNAL, "MD5 failed");
}

int md5_end(struct md5 *h, uint8_t out[MD5_BYTES], struct err *e)
{
	return EVP_DigestFinal_ex(h->ctx, out, NULL) == 1 ? 0 : err_set(e, ERR_INTERNAL, "MD5 failed");
}

void md5_free(struct md5 *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

int sha256_of(const void *data, size_t len, uint8_t out[SHA256_BYTES], struct err *e)
{
	if (EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	return 0;
}

int sha256_of_file(const char *path, uint8_t out[SHA256_BYTES], int64_t *ret_bytes, struct err *e)
{
	enum { CHUNK = 1 << 18 };
	CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "open %s", path);
	CLEANUP(sha256_free_p) struct sha256 *h = sha256_new(e);
	CLEANUP(free_p) char *chunk = malloc(CHUNK);
	if (!h)
		return -1;
	if (!chunk)
		return err_set(e, ERR_NOMEM, "no memory to hash %s", path);
	int64_t total = 0;
	for (;;) {
		ssize_t n = read(fd, chunk, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_IO, "read %s", path);
		if (n == 0)
			break;
		if (sha256_add(h, chunk, (size_t)n, e) < 0)
			return -1;
		total += n;
	}
	if (ret_bytes)
		*ret_bytes = total;
	return sha256_end(h, out, e);
}

static const EVP_MD *digest_kind(const char *name)
{
	if (strcmp(name, "sha1") == 0)
		return EVP_sha1();
	return strcmp(name, "sha256") == 0 ? EVP_sha256() : NULL;
}

size_t digest_bytes(const char *name)
{
	const EVP_MD *kind = digest_kind(name);

	return kind ? (size_t)EVP_MD_size(kind) : 0;
}

struct digest {
	EVP_MD_CTX *ctx;
};

struct digest *digest_new(const char *name, struct err *e)
{
	const EVP_MD *kind = digest_kind(name);
	struct digest *d = calloc(1, sizeof *d);

	if (d)
		d->ctx = EVP_MD_CTX_new();
	if (!d || !d->ctx || !kind || EVP_DigestInit_ex(d->ctx, kind, NULL) != 1) {
		digest_free(d);
		(void)err_set(e, ERR_NOMEM, "%s cannot be started", name);
		return NULL;
	}
	return d;
}

int digest_add(struct digest *d, const void *data, size_t len, struct err *e)
{
	return EVP_DigestUpdate(d->ctx, data, len) == 1 ? 0 : err_set(e, ERR_INTERNAL, "a digest failed");
}

int digest_end(struct digest *d, uint8_t out[DIGEST_MOST_BYTES], struct err *e)
{
	return EVP_DigestFinal_ex(d->ctx, out, NULL) == 1 ? 0 : err_set(e, ERR_INTERNAL, "a digest failed");
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

int hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[SHA256_BYTES],
	struct err *e)
{
	if (key_len > 1 << 16 || !HMAC(EVP_sha256(), key, (int)key_len, data, len, out, NULL))
		return err_set(e, ERR_INTERNAL, "HMAC failed");
	return 0;
}

void random_bytes(void *out, size_t len)
{
	unsigned char *p = out;

	while (len > 0) {
		ssize_t n = getrandom(p, len > 256 ? 256 : len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			abort(); /* a kernel without getrandom cannot keep any promise made here */
		p += n;
		len -= (size_t)n;
	}
}

bool secret_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void secret_wipe(void *data, size_t len)
{
	explicit_bzero(data, len);
}

void base64url_encode(const void *bytes, size_t len, char *out, size_t size)
{
	sodium_bin2base64(out, size, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void base64_encode(const void *bytes, size_t len, char *out, size_t size)
{
	sodium_bin2base64(out, size, bytes, len, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

int base64_decode(const char *text, size_t len, uint8_t *out, size_t size)
{
	size_t n = 0;

	if (len == 0)
		return 0;
	if (sodium_base642bin(out, size, text, len, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return -1;
	return (int)n;
}

static void init_sodium(void)
{
	if (sodium_init() < 0)
		abort();
}

static void need_sodium(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, init_sodium);
}

int password_hash(const char *password, char out[PASSWORD_HASH_BYTES], struct err *e)
{
	_Static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "room for libsodium's string");
	need_sodium();
	if (crypto_pwhash_str_alg(out, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
		    crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return err_set(e, ERR_NOMEM, "no memory to hash a password");
	return 0;
}

bool password_verify(const char *hash, const char *password)
{
	need_sodium();
	return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
}
