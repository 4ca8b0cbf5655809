#include "core/ssh_key.h"

#include <stdint.h>
#include <string.h>

#include "base/crypto.h"
#include "base/fsx.h"
#include "base/strv.h"

/* Looks at a private key's outside only: container, cipher and type lie before anything secret (OpenSSH
 * PROTOCOL.key, 2013). */

enum { KEY_MAX_BYTES = 16 * 1024, HEAD_BYTES = 96 };

#define NEW_ONE "make one with ssh-keygen -t ed25519 -N ''"

static int digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The first bytes of base64 text with line breaks in it. */
static size_t decode_head(const char *text, uint8_t out[HEAD_BYTES])
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	for (; *text && *text != '-' && n < HEAD_BYTES; text++) {
		int d = digit(*text);
		if (d < 0)
			continue;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (uint8_t)(bits >> have);
		}
	}
	return n;
}

/* A string of the SSH wire format (RFC 4251, section 5). */
static bool take_string(const uint8_t *d, size_t len, size_t *at, struct strv *ret)
{
	if (len - *at < 4)
		return false;
	uint32_t n =
		(uint32_t)d[*at] << 24 | (uint32_t)d[*at + 1] << 16 | (uint32_t)d[*at + 2] << 8 | d[*at + 3];
	*at += 4;
	*ret = (struct strv){ (const char *)d + *at, n < len - *at ? n : len - *at };
	*at += ret->n;
	return true;
}

/* RSA: libssh2 1.10 signs with SHA-1 alone, which OpenSSH refuses since 8.8. ECDSA: it leaks at each login.
 */
static int not_ed25519(const char *path, struct err *e)
{
	return err_set(e, ERR_CONFIG,
		"%s: is no key of type ed25519 (RSA and others are of no use here): " NEW_ONE, path);
}

static int check_openssh(const char *path, const char *base64, struct err *e)
{
	static const char magic[] = "openssh-key-v1"; /* with its NUL */
	uint8_t head[HEAD_BYTES] = { 0 };
	size_t len = decode_head(base64, head), at = sizeof magic, inner = 0;
	struct strv cipher, kdf, options, public, type;

	if (len < at || memcmp(head, magic, sizeof magic) != 0 || !take_string(head, len, &at, &cipher) ||
		!take_string(head, len, &at, &kdf) || !take_string(head, len, &at, &options))
		return err_set(e, ERR_CONFIG, "%s: is damaged: " NEW_ONE, path);
	if (!strv_eq(cipher, "none"))
		return err_set(e, ERR_CONFIG,
			"%s: has a passphrase, and nobody is there to type it: take it off (ssh-keygen -p -N "
			"'' -f %s)",
			path, path);
	at += 4; /* how many keys: one */
	if (at > len || !take_string(head, len, &at, &public) ||
		!take_string((const uint8_t *)public.p, public.n, &inner, &type))
		return err_set(e, ERR_CONFIG, "%s: is damaged: " NEW_ONE, path);
	return strv_eq(type, "ssh-ed25519") ? 0 : not_ed25519(path, e);
}

static int check_text(const char *path, const char *text, struct err *e)
{
	static const char openssh[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
	const char *begin = strstr(text, openssh);

	if (begin)
		return check_openssh(path, begin + sizeof openssh - 1, e);
	if (strstr(text, "ENCRYPTED"))
		return err_set(e, ERR_CONFIG,
			"%s: has a passphrase, and nobody is there to type it: " NEW_ONE, path);
	if (strstr(text, "BEGIN RSA PRIVATE KEY") || strstr(text, "BEGIN EC PRIVATE KEY"))
		return not_ed25519(path, e);
	if (strstr(text, "PRIVATE KEY-----"))
		return 0;
	return err_set(e, ERR_CONFIG, "%s: is no private key: " NEW_ONE, path);
}

int ssh_key_check(const char *path, struct err *e)
{
	char line[256];
	struct buf text;
	struct err cause = { 0 };

	/* Reads the first line only, but says who may read the file. */
	if (fsx_read_secret(path, line, sizeof line, &cause) < 0)
		return err_set(e, ERR_CONFIG, "%s", cause.msg);
	secret_wipe(line, sizeof line);
	buf_init(&text, KEY_MAX_BYTES);
	/* All at once: a buffer that grows leaves copies behind. */
	int r = buf_reserve(&text, KEY_MAX_BYTES, e) < 0 ? -1
		: fsx_read_file(path, &text, &cause) < 0 ? err_set(e, ERR_CONFIG, "%s", cause.msg)
							 : check_text(path, buf_str(&text), e);
	if (text.data)
		secret_wipe(text.data, text.len);
	buf_deinit(&text);
	return r;
}
