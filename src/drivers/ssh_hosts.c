#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "drivers/ssh_parts.h"

/* known_hosts through libssh2, which knows lists, [host]:port and hashed names. It has no eye for markers:
 * lines with "@revoked" are looked at here, "@cert-authority" is not supported and passed over. */

enum { FILE_MAX_BYTES = 4 * 1024 * 1024, KEY_MAX_BYTES = 8 * 1024 };

struct ssh_hosts {
	LIBSSH2_KNOWNHOSTS *known;
	struct buf text;
	const char *path;
};

static const struct type {
	int known, of_session; /* LIBSSH2_KNOWNHOST_KEY_…, LIBSSH2_HOSTKEY_TYPE_… */
	const char *method;
} types[] = {
	{ LIBSSH2_KNOWNHOST_KEY_ED25519, LIBSSH2_HOSTKEY_TYPE_ED25519, "ssh-ed25519" },
	{ LIBSSH2_KNOWNHOST_KEY_ECDSA_256, LIBSSH2_HOSTKEY_TYPE_ECDSA_256, "ecdsa-sha2-nistp256" },
	{ LIBSSH2_KNOWNHOST_KEY_ECDSA_384, LIBSSH2_HOSTKEY_TYPE_ECDSA_384, "ecdsa-sha2-nistp384" },
	{ LIBSSH2_KNOWNHOST_KEY_ECDSA_521, LIBSSH2_HOSTKEY_TYPE_ECDSA_521, "ecdsa-sha2-nistp521" },
	{ LIBSSH2_KNOWNHOST_KEY_SSHRSA, LIBSSH2_HOSTKEY_TYPE_RSA, "ssh-rsa" },
};

static bool next_line(struct strv *rest, struct strv *ret)
{
	if (rest->n == 0)
		return false;
	const char *lf = memchr(rest->p, '\n', rest->n);
	size_t len = lf ? (size_t)(lf - rest->p) + 1 : rest->n;

	*ret = (struct strv){ rest->p, len };
	rest->p += len;
	rest->n -= len;
	return true;
}

int ssh_hosts_load(LIBSSH2_SESSION *session, const char *path, struct ssh_hosts **ret, struct err *e)
{
	struct ssh_hosts *h = calloc(1, sizeof *h);
	struct err cause = { 0 };

	if (!h)
		return err_set(e, ERR_NOMEM, "known_hosts");
	buf_init(&h->text, FILE_MAX_BYTES);
	h->path = path;
	h->known = libssh2_knownhost_init(session);
	if (!h->known || fsx_read_file(path, &h->text, &cause) < 0) {
		bool has_list = h->known;
		ssh_hosts_free(h);
		return has_list ? err_set(e, ERR_UNAVAILABLE, "the known host keys: %s", cause.msg)
				: err_set(e, ERR_NOMEM, "known_hosts");
	}
	struct strv rest = { buf_str(&h->text), h->text.len }, line;
	while (next_line(&rest, &line)) {
		struct strv t = strv_trim(line);
		if (t.n == 0 || t.p[0] == '#' || t.p[0] == '@')
			continue;
		/* A line of a kind that this libssh2 does not know says nothing about the others. */
		(void)libssh2_knownhost_readline(h->known, line.p, line.n, LIBSSH2_KNOWNHOST_FILE_OPENSSH);
	}
	*ret = h;
	return 0;
}

void ssh_hosts_free(struct ssh_hosts *h)
{
	if (!h)
		return;
	if (h->known)
		libssh2_knownhost_free(h->known);
	buf_deinit(&h->text);
	free(h);
}

/* Is there a key of that type? A key that cannot be answers "mismatch" then. */
static struct libssh2_knownhost *entry(struct ssh_hosts *h, const char *host, int port, int type)
{
	struct libssh2_knownhost *found = NULL;
	int r = libssh2_knownhost_checkp(h->known, host, port, "none", 4,
		LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW | type, &found);

	return r == LIBSSH2_KNOWNHOST_CHECK_MISMATCH ? found : NULL;
}

void ssh_hosts_methods(struct ssh_hosts *h, const char *host, int port, char out[SSH_METHODS_BYTES])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (entry(h, host, port, types[i].known))
			used += (size_t)snprintf(out + used, SSH_METHODS_BYTES - used, "%s%s",
				used ? "," : "", types[i].method);
}

/* As ssh-keygen prints it. */
static void fingerprint(const void *key, size_t len, char out[SSH_FINGERPRINT_BYTES])
{
	uint8_t sum[SHA256_BYTES];
	char text[64];

	if (sha256_of(key, len, sum, NULL) < 0) {
		snprintf(out, SSH_FINGERPRINT_BYTES, "(no fingerprint)");
		return;
	}
	base64_encode(sum, sizeof sum, text, sizeof text);
	snprintf(out, SSH_FINGERPRINT_BYTES, "SHA256:%s", text);
}

static void fingerprint_of_known(
	LIBSSH2_SESSION *session, const struct libssh2_knownhost *known, char out[SSH_FINGERPRINT_BYTES])
{
	char *key = NULL;
	unsigned len = 0;

	snprintf(out, SSH_FINGERPRINT_BYTES, "a key that cannot be read");
	if (!known->key ||
		libssh2_base64_decode(session, &key, &len, known->key, (unsigned)strlen(known->key)) != 0)
		return;
	fingerprint(key, len, out);
	libssh2_free(session, key);
}

/* "@revoked HOSTS TYPE KEY": whatever host it is said of. */
static bool is_revoked(const struct ssh_hosts *h, const char *key, size_t len)
{
	struct strv rest = { buf_str(&h->text), h->text.len }, line;
	char text[KEY_MAX_BYTES];

	if (len > sizeof text / 4 * 3 - 4)
		return true;
	base64_encode(key, len, text, sizeof text);
	while (next_line(&rest, &line))
		if (line.n > 8 && memcmp(line.p, "@revoked", 8) == 0 &&
			memmem(line.p, line.n, text, strlen(text)))
			return true;
	return false;
}

static int changed(struct ssh_hosts *h, LIBSSH2_SESSION *session, const char *host, int port, const char *now,
	struct err *e)
{
	char known[SSH_FINGERPRINT_BYTES];

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct libssh2_knownhost *other = entry(h, host, port, types[i].known);
		if (!other)
			continue;
		fingerprint_of_known(session, other, known);
		return err_set(e, ERR_UNAVAILABLE,
			"the host key of %s is not the known one: it shows %s, %s has %s %s; if its "
			"administrators "
			"confirm the new one, replace the line",
			host, now, h->path, types[i].method, known);
	}
	return err_set(e, ERR_UNAVAILABLE,
		"the host key of %s is not known: it shows %s; compare that with what its administrators "
		"publish, then "
		"ssh-keyscan -p %d %s >>%s",
		host, now, port, host, h->path);
}

int ssh_hosts_check(struct ssh_hosts *h, LIBSSH2_SESSION *session, const char *host, int port,
	char ret_text[SSH_FINGERPRINT_BYTES], struct err *e)
{
	size_t len = 0, i = 0;
	int type = LIBSSH2_HOSTKEY_TYPE_UNKNOWN;
	const char *key = libssh2_session_hostkey(session, &len, &type);
	char sum[SSH_FINGERPRINT_BYTES];
	struct libssh2_knownhost *found = NULL;

	if (!key)
		return err_set(e, ERR_UNAVAILABLE, "%s showed no host key", host);
	while (i < ARRAY_LEN(types) - 1 && types[i].of_session != type)
		i++;
	fingerprint(key, len, sum);
	snprintf(ret_text, SSH_FINGERPRINT_BYTES, "%s %.70s", types[i].method, sum);
	if (is_revoked(h, key, len))
		return err_set(e, ERR_UNAVAILABLE, "the host key of %s, %s, is marked as revoked in %s", host,
			ret_text, h->path);
	if (types[i].of_session == type &&
		libssh2_knownhost_checkp(h->known, host, port, key, len,
			LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW | types[i].known,
			&found) == LIBSSH2_KNOWNHOST_CHECK_MATCH)
		return 0;
	return changed(h, session, host, port, ret_text, e);
}
