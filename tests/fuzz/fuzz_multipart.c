#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "http/multipart.h"

/* The input: one line with the Content-Type, then the body. What the parser reports must not depend on the
 * cuts: the body in one piece, byte by byte, and in pieces whose sizes the input itself decides, all say the
 * same. */

struct report {
	uint64_t hash;
	int rc;
	enum err_kind kind;
	char msg[sizeof(((struct err *)0)->msg)];
};

static void mix(uint64_t *hash, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		*hash = (*hash ^ p[i]) * 1099511628211u;
}

static int on_field(void *ctx, const char *name, const char *value, size_t len, struct err *e)
{
	struct report *r = ctx;

	(void)e;
	if (!*name || value[len] != '\0')
		abort();
	mix(&r->hash, "F", 1);
	mix(&r->hash, name, strlen(name) + 1);
	mix(&r->hash, value, len);
	mix(&r->hash, ";", 1);
	return 0;
}

static int on_file(void *ctx, const char *name, const char *filename, const char *type, struct err *e)
{
	struct report *r = ctx;

	(void)e;
	if (!*name)
		abort();
	mix(&r->hash, "[", 1);
	mix(&r->hash, name, strlen(name) + 1);
	mix(&r->hash, filename, strlen(filename) + 1);
	mix(&r->hash, type, strlen(type) + 1);
	return 0;
}

static int on_data(void *ctx, const void *bytes, size_t len, struct err *e)
{
	(void)e;
	if (len == 0)
		abort();
	mix(&((struct report *)ctx)->hash, bytes, len);
	return 0;
}

static int on_end(void *ctx, struct err *e)
{
	(void)e;
	mix(&((struct report *)ctx)->hash, "]", 1);
	return 0;
}

static const struct multipart_hooks hooks = { on_field, on_file, on_data, on_end };
static const struct multipart_limits limits = { .max_parts = 4,
	.max_header_bytes = 256,
	.max_fields_bytes = 64,
	.max_file_bytes = 200,
	.max_overhead_bytes = 64 };

static int feed(struct multipart *m, const uint8_t *body, size_t len, unsigned mode, struct err *e)
{
	uint64_t sizes = 14695981039346656037u;

	mix(&sizes, body, len);
	for (size_t at = 0, n; at < len; at += n) {
		sizes = sizes * 6364136223846793005u + 1442695040888963407u;
		n = mode == 0 ? len : mode == 1 ? 1 : 1 + (size_t)(sizes >> 33) % 40;
		if (n > len - at)
			n = len - at;
		uint8_t *piece = malloc(n); /* of its own size */
		if (!piece)
			abort();
		memcpy(piece, body + at, n);
		int rc = multipart_feed(m, piece, n, e);
		free(piece);
		if (rc)
			return rc;
	}
	return multipart_end(m, e);
}

static void parse(const char *type, const uint8_t *body, size_t len, unsigned mode, struct report *r)
{
	struct multipart *m CLEANUP(multipart_free_p) = NULL;
	struct err e = { .kind = ERR_NONE };

	memset(r, 0, sizeof *r);
	r->hash = 14695981039346656037u;
	r->rc = multipart_new(type, &limits, &hooks, r, &m, &e);
	if (r->rc == 0)
		r->rc = feed(m, body, len, mode, &e);
	if ((r->rc != 0) != (e.kind != ERR_NONE))
		abort();
	r->kind = e.kind;
	memcpy(r->msg, e.msg, strlen(e.msg));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *lf = size ? memchr(data, '\n', size) : NULL;
	size_t type_len = lf ? (size_t)(lf - data) : size;
	char *type = malloc(type_len + 1);
	struct report whole, cut;

	if (!type)
		return 0;
	memcpy(type, data, type_len);
	type[type_len] = '\0';
	const uint8_t *body = lf ? lf + 1 : data + size;
	size_t len = lf ? size - type_len - 1 : 0;
	parse(type, body, len, 0, &whole);
	for (unsigned mode = 1; mode < 3; mode++) {
		parse(type, body, len, mode, &cut);
		if (memcmp(&whole, &cut, sizeof whole) != 0)
			abort();
	}
	free(type);
	return 0;
}
