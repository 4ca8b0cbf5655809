#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max_bytes)
{
	/* No object is larger than PTRDIFF_MAX; below it none of the sums here can wrap. */
	*b = (struct buf){ .max = max_bytes < PTRDIFF_MAX / 4 ? max_bytes : PTRDIFF_MAX / 4 };
}

void buf_deinit(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

int buf_reserve(struct buf *b, size_t more, struct err *e)
{
	if (more > b->max || b->len > b->max - more)
		return err_set(e, ERR_TOO_LARGE, "more than %zu bytes", b->max);
	size_t need = b->len + more + 1;
	if (need <= b->cap)
		return 0;
	size_t cap = b->cap < 64 ? 64 : b->cap;
	while (cap < need)
		cap += cap / 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	char *data = realloc(b->data, cap);
	if (!data)
		return err_set(e, ERR_NOMEM, "no memory for %zu bytes", cap);
	b->data = data;
	b->cap = cap;
	return 0;
}

int buf_add(struct buf *b, const void *data, size_t len, struct err *e)
{
	if (buf_reserve(b, len, e) < 0)
		return -1;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int buf_adds(struct buf *b, const char *text, struct err *e)
{
	return buf_add(b, text, strlen(text), e);
}

int buf_addc(struct buf *b, char c, struct err *e)
{
	return buf_add(b, &c, 1, e);
}

int buf_addf(struct buf *b, struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		return err_set(e, ERR_INTERNAL, "a format cannot be printed");
	if (buf_reserve(b, (size_t)len, e) < 0)
		return -1;
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
	return 0;
}

char *buf_steal(struct buf *b)
{
	if (buf_reserve(b, 0, NULL) < 0)
		return NULL;
	b->data[b->len] = '\0';
	char *data = b->data;
	b->data = NULL;
	b->len = b->cap = 0;
	return data;
}

const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}
