#include "drivers/s3_answer.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/strv.h"

enum { RETRY_AFTER_MOST_MS = 30000 };

size_t s3_answer_body(char *data, size_t size, size_t count, void *arg)
{
	struct s3_call *c = arg;

	return buf_add(&c->answer, data, size * count, NULL) < 0 ? 0 : size * count;
}

static void copy_value(struct strv v, char *out, size_t size)
{
	if (v.n < size)
		memcpy(out, v.p, v.n);
	out[v.n < size ? v.n : 0] = '\0';
}

/* It is told to people. */
static bool is_region(struct strv v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!isalnum((unsigned char)v.p[i]) && v.p[i] != '-')
			return false;
	return true;
}

static int64_t number_of(struct strv v)
{
	int64_t n;

	return strv_to_i64(v, 0, INT64_MAX, &n) ? n : -1;
}

void s3_answer_forget(struct s3_call *c)
{
	buf_reset(&c->answer);
	c->bytes = c->total = -1;
	c->retry_after_ms = 0;
	c->etag[0] = c->sha256[0] = c->date[0] = c->region[0] = c->code[0] = c->message[0] = '\0';
}

static void take_field(struct s3_call *c, struct strv name, struct strv v)
{
	if (strv_ieq(name, "content-length"))
		c->bytes = number_of(v);
	else if (strv_ieq(name, "content-range")) { /* bytes 0-9/1234, or with a star before the slash */
		const char *slash = memchr(v.p, '/', v.n);
		if (slash)
			c->total = number_of((struct strv){ slash + 1, v.n - (size_t)(slash + 1 - v.p) });
	} else if (strv_ieq(name, "etag"))
		copy_value(v, c->etag, sizeof c->etag);
	else if (strv_ieq(name, "x-amz-meta-sha256"))
		copy_value(v, c->sha256, sizeof c->sha256);
	else if (strv_ieq(name, "date"))
		copy_value(v, c->date, sizeof c->date);
	else if (strv_ieq(name, "x-amz-bucket-region") && is_region(v))
		copy_value(v, c->region, sizeof c->region);
	else if (strv_ieq(name, "retry-after") && number_of(v) > 0)
		c->retry_after_ms =
			number_of(v) > RETRY_AFTER_MOST_MS / 1000 ? RETRY_AFTER_MOST_MS : number_of(v) * 1000;
}

size_t s3_answer_header(char *data, size_t size, size_t count, void *arg)
{
	struct s3_call *c = arg;
	struct strv line = { data, size * count };
	const char *colon = memchr(line.p, ':', line.n);

	if (line.n > 5 && memcmp(line.p, "HTTP/", 5) == 0) {
		s3_answer_forget(c); /* of 100 Continue, or of an earlier try */
	} else if (colon) {
		size_t n = (size_t)(colon - line.p);
		struct strv value = { colon + 1, line.n - n - 1 };
		while (value.n > 0 && (value.p[value.n - 1] == '\r' || value.p[value.n - 1] == '\n'))
			value.n--;
		take_field(c, (struct strv){ line.p, n }, strv_trim(value));
	}
	return line.n;
}
