#include "ports/blob.h"

#include <string.h>

#include "base/cleanup.h"

int blob_key_check(const char *key, struct err *e)
{
	size_t len = strlen(key), segment = 0;

	if (len == 0 || len >= BLOB_KEY_BYTES)
		return err_set(e, ERR_INVALID, "blob key must have 1 to %d bytes", BLOB_KEY_BYTES - 1);
	if (strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._-/") != len)
		return err_set(e, ERR_INVALID, "blob key has characters other than a-z 0-9 . _ - /");
	for (size_t i = 0; i <= len; i++) {
		if (key[i] != '/' && key[i] != '\0')
			continue;
		size_t n = i - segment;
		if (n == 0 || key[segment] == '.')
			return err_set(e, ERR_INVALID,
				"blob key has an empty segment or one that begins with a dot");
		segment = i + 1;
	}
	return 0;
}

int blob_read_all(struct blob *b, const char *key, struct buf *out, struct err *e)
{
	CLEANUP(blob_reader_close_p) struct blob_reader *r = NULL;
	int rc = b->ops->open(b, key, 0, -1, &r, e);

	if (rc != 0)
		return rc;
	for (;;) {
		char chunk[16384];
		ssize_t n = r->read(r, chunk, sizeof chunk, e);
		if (n < 0)
			return -1;
		if (n == 0)
			return buf_add(out, "", 0, e);
		if (buf_add(out, chunk, (size_t)n, e) < 0)
			return err_wrap(e, "blob %s", key);
	}
}
