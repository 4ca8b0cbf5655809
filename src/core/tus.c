#include "core/tus.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"

enum { KEYS_MAX = 32 };

static int take_view(const uint8_t *value, size_t len, struct tus_metadata *m, struct err *e)
{
	static const char *const names[] = { "front", "side" };
	const struct strv said = { (const char *)value, len };

	for (int v = 0; v < (int)ARRAY_LEN(names); v++)
		if (strv_eq(said, names[v]))
			m->view = v;
	return m->view >= 0 ? 0 : err_set(e, ERR_INVALID, "Upload-Metadata: view is neither front nor side");
}

/* The next piece of @rest up to @end, which is passed. */
static struct strv cut(struct strv *rest, char end)
{
	const char *at = memchr(rest->p, end, rest->n);
	struct strv piece = { rest->p, at ? (size_t)(at - rest->p) : rest->n };
	size_t passed = piece.n + (at ? 1 : 0);

	*rest = (struct strv){ rest->p + passed, rest->n - passed };
	return piece;
}

static int take_pair(struct strv pair, struct strv keys[], unsigned n, struct tus_metadata *m, struct err *e)
{
	uint8_t value[TUS_METADATA_BYTES];
	struct strv rest = strv_trim(pair), key = cut(&rest, ' ');

	if (key.n == 0)
		return err_set(e, ERR_INVALID, "Upload-Metadata: a key is empty");
	for (unsigned i = 0; i < n; i++)
		if (keys[i].n == key.n && memcmp(keys[i].p, key.p, key.n) == 0)
			return err_set(e, ERR_INVALID, "Upload-Metadata: the key %.*s came twice", (int)key.n,
				key.p);
	int len = base64_decode(rest.p, rest.n, value, sizeof value);
	if (len < 0)
		return err_set(e, ERR_INVALID, "Upload-Metadata: the value of %.*s is not base64", (int)key.n,
			key.p);
	keys[n] = key;
	return strv_eq(key, "view") ? take_view(value, (size_t)len, m, e) : 0;
}

int tus_metadata_parse(const char *text, struct tus_metadata *ret, struct err *e)
{
	struct tus_metadata m = { .view = -1 };
	struct strv keys[KEYS_MAX], rest = strv_of(text);
	unsigned n = 0;

	if (rest.n >= TUS_METADATA_BYTES)
		return err_set(e, ERR_HEADERS, "Upload-Metadata has %d bytes or more", TUS_METADATA_BYTES);
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] < 0x20 || rest.p[i] > 0x7e)
			return err_set(e, ERR_INVALID, "Upload-Metadata: only printable ASCII is allowed");
	if (text && rest.n == 0)
		return err_set(e, ERR_INVALID, "Upload-Metadata: a key is empty");
	while (text && rest.p) {
		bool more = memchr(rest.p, ',', rest.n) != NULL;
		if (n == KEYS_MAX)
			return err_set(e, ERR_INVALID, "Upload-Metadata: more than %d keys", KEYS_MAX);
		if (take_pair(cut(&rest, ','), keys, n++, &m, e) < 0)
			return -1;
		if (!more)
			break;
	}
	*ret = m;
	return 0;
}

int tus_checksum_parse(const char *text, struct tus_checksum *ret, struct err *e)
{
	static const char *const offered[] = { "sha1", "sha256" };
	struct tus_checksum sum = { .algorithm = "" };

	if (text) {
		struct strv rest = strv_trim(strv_of(text)), name = cut(&rest, ' ');
		for (size_t i = 0; i < ARRAY_LEN(offered); i++)
			if (strv_eq(name, offered[i]))
				sum.algorithm = offered[i];
		if (!*sum.algorithm)
			return err_set(e, ERR_INVALID, "Upload-Checksum: the algorithms are " TUS_CHECKSUMS);
		int len = base64_decode(rest.p, rest.n, sum.want, sizeof sum.want);
		if (len < 0 || (size_t)len != digest_bytes(sum.algorithm))
			return err_set(e, ERR_INVALID, "Upload-Checksum: no %s in base64", sum.algorithm);
	}
	*ret = sum;
	return 0;
}
