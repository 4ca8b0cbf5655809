#include "drivers/s3_sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/strv.h"

static const char algorithm[] = "AWS4-HMAC-SHA256";

/* What both forms of a signature are made of. */
struct canon {
	char date[S3_DATE_BYTES]; /* 20130524T000000Z */
	char scope[128];          /* 20130524/us-east-1/s3/aws4_request */
	struct buf names;         /* host;range;x-amz-date */
	struct buf query, text;   /* text: the canonical request */
};

static void canon_init(struct canon *c)
{
	buf_init(&c->names, 1024);
	buf_init(&c->query, 16384);
	buf_init(&c->text, 65536);
}

static void canon_deinit(struct canon *c)
{
	buf_deinit(&c->names);
	/* Both may hold the session token. */
	if (c->query.data)
		secret_wipe(c->query.data, c->query.cap);
	if (c->text.data)
		secret_wipe(c->text.data, c->text.cap);
	buf_deinit(&c->query);
	buf_deinit(&c->text);
}

int s3_encode(const char *text, int keep_slash, struct buf *out, struct err *e)
{
	static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";

	for (const char *p = text; *p;) {
		size_t n = strspn(p, kept);
		if (n == 0 && keep_slash && *p == '/')
			n = 1;
		if (n > 0 && buf_add(out, p, n, e) < 0)
			return -1;
		if (n == 0 && buf_addf(out, e, "%%%02X", (unsigned)(unsigned char)*p) < 0)
			return -1;
		p += n > 0 ? n : 1;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct s3_pair *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->value, y->value);
}

/* The query, each name and value encoded, in the order of the encoded names. Encoding keeps the order of
 * letters, digits and hyphens, which is all that names are made of here. */
static int canon_query(struct s3_pair *q, size_t n, struct buf *out, struct err *e)
{
	buf_reset(out);
	qsort(q, n, sizeof *q, by_name);
	for (size_t i = 0; i < n; i++)
		if ((i > 0 && buf_addc(out, '&', e) < 0) || s3_encode(q[i].name, 0, out, e) < 0 ||
			buf_addc(out, '=', e) < 0 || s3_encode(q[i].value, 0, out, e) < 0)
			return -1;
	return buf_add(out, "", 0, e);
}

static int canon_date(struct canon *c, const struct s3_keys *k, int64_t at_s, struct err *e)
{
	time_t t = (time_t)at_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(c->date, sizeof c->date, "%Y%m%dT%H%M%SZ", &tm) != 16)
		return err_set(e, ERR_INVALID, "no time to sign for");
	if (snprintf(c->scope, sizeof c->scope, "%.8s/%s/s3/aws4_request", c->date, k->region) >=
		(int)sizeof c->scope)
		return err_set(e, ERR_CONFIG, "the region's name is too long");
	return 0;
}

static int canon_names(struct canon *c, struct s3_pair *h, size_t n, struct err *e)
{
	qsort(h, n, sizeof *h, by_name);
	for (size_t i = 0; i < n; i++)
		if (buf_addf(&c->names, e, "%s%s", i > 0 ? ";" : "", h[i].name) < 0)
			return -1;
	return 0;
}

/* @c->query and @c->names are made already. */
static int canon_text(struct canon *c, const struct s3_request *r, const struct s3_pair *h, size_t n,
	const char *payload, struct err *e)
{
	if (buf_addf(&c->text, e, "%s\n", r->method) < 0 || s3_encode(r->path, 1, &c->text, e) < 0 ||
		buf_addf(&c->text, e, "\n%s\n", buf_str(&c->query)) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (buf_addf(&c->text, e, "%s:%s\n", h[i].name, h[i].value) < 0)
			return -1;
	return buf_addf(&c->text, e, "\n%s\n%s", buf_str(&c->names), payload);
}

static int hmac_text(uint8_t key[SHA256_BYTES], const char *text, struct err *e)
{
	uint8_t out[SHA256_BYTES];

	if (hmac_sha256(key, SHA256_BYTES, text, strlen(text), out, e) < 0)
		return -1;
	memcpy(key, out, SHA256_BYTES);
	secret_wipe(out, sizeof out);
	return 0;
}

int s3_sign_key(const char *secret, const char *day, const char *region, const char *service,
	uint8_t out[SHA256_BYTES], struct err *e)
{
	char first[260];
	int n = snprintf(first, sizeof first, "AWS4%s", secret), r;

	if (n < 0 || n >= (int)sizeof first)
		r = err_set(e, ERR_CONFIG, "the secret key is too long");
	else
		r = hmac_sha256(first, (size_t)n, day, strlen(day), out, e);
	secret_wipe(first, sizeof first);
	return r < 0 || hmac_text(out, region, e) < 0 || hmac_text(out, service, e) < 0 ||
			       hmac_text(out, "aws4_request", e) < 0
		       ? -1
		       : 0;
}

static int canon_sign(
	const struct canon *c, const struct s3_keys *k, char hex[SHA256_HEX_BYTES], struct err *e)
{
	uint8_t hash[SHA256_BYTES], key[SHA256_BYTES];
	char day[9] = "", text[320];

	memcpy(day, c->date, 8);
	if (sha256_of(c->text.data, c->text.len, hash, e) < 0)
		return -1;
	hex_encode(hash, sizeof hash, hex);
	(void)snprintf(text, sizeof text, "%s\n%s\n%s\n%s", algorithm, c->date, c->scope, hex);
	if (s3_sign_key(k->secret, day, k->region, "s3", key, e) < 0)
		return -1;
	int r = hmac_text(key, text, e);
	hex_encode(key, sizeof key, hex);
	secret_wipe(key, sizeof key);
	return r;
}

static bool has_token(const struct s3_keys *k)
{
	return k->token && *k->token;
}

static int too_many(struct err *e)
{
	return err_set(e, ERR_INVALID, "more than %d parameters or headers", S3_PAIRS_MAX);
}

static int header_lines(const struct canon *c, const struct s3_keys *k, const struct s3_pair *h, size_t n,
	struct buf *out, struct err *e)
{
	char signature[SHA256_HEX_BYTES];

	if (canon_sign(c, k, signature, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (strcmp(h[i].name, "host") != 0 && buf_addf(out, e, "%s: %s\n", h[i].name, h[i].value) < 0)
			return -1;
	return buf_addf(out, e, "authorization: %s Credential=%s/%s, SignedHeaders=%s, Signature=%s\n",
		algorithm, k->access, c->scope, buf_str(&c->names), signature);
}

int s3_sign(const struct s3_keys *k, const struct s3_request *r, struct s3_signed *out, struct err *e)
{
	CLEANUP(canon_deinit) struct canon c;
	struct s3_pair q[S3_PAIRS_MAX], h[S3_PAIRS_MAX + 4];
	size_t n = 0;

	canon_init(&c);
	buf_reset(&out->target);
	buf_reset(&out->headers);
	if (r->query_count > S3_PAIRS_MAX || r->header_count > S3_PAIRS_MAX)
		return too_many(e);
	if (canon_date(&c, k, r->at_s, e) < 0)
		return -1;
	for (size_t i = 0; i < r->query_count; i++)
		q[i] = r->query[i];
	for (; n < r->header_count; n++)
		h[n] = r->headers[n];
	h[n++] = (struct s3_pair){ "host", r->host };
	h[n++] = (struct s3_pair){ "x-amz-content-sha256", r->payload_sha256 };
	h[n++] = (struct s3_pair){ "x-amz-date", c.date };
	if (has_token(k))
		h[n++] = (struct s3_pair){ "x-amz-security-token", k->token };
	if (canon_query(q, r->query_count, &c.query, e) < 0 || canon_names(&c, h, n, e) < 0 ||
		canon_text(&c, r, h, n, r->payload_sha256, e) < 0 ||
		header_lines(&c, k, h, n, &out->headers, e) < 0 || s3_encode(r->path, 1, &out->target, e) < 0)
		return -1;
	return c.query.len > 0 ? buf_addf(&out->target, e, "?%s", buf_str(&c.query)) : 0;
}

int s3_presign(const struct s3_keys *k, const struct s3_request *r, int64_t seconds, struct buf *target,
	struct err *e)
{
	CLEANUP(canon_deinit) struct canon c;
	struct s3_pair q[S3_PAIRS_MAX + 6], h[S3_PAIRS_MAX + 1];
	char credential[256], expires[24], signature[SHA256_HEX_BYTES];
	size_t nq = 0, nh = 0;

	canon_init(&c);
	buf_reset(target);
	if (r->query_count > S3_PAIRS_MAX || r->header_count > S3_PAIRS_MAX)
		return too_many(e);
	if (seconds < 1 || seconds > S3_URL_SECONDS_MAX)
		return err_set(e, ERR_INVALID, "a presigned address holds from 1 s to 7 days");
	if (canon_date(&c, k, r->at_s, e) < 0)
		return -1;
	(void)snprintf(credential, sizeof credential, "%s/%s", k->access, c.scope);
	(void)snprintf(expires, sizeof expires, "%" PRId64, seconds);
	for (; nh < r->header_count; nh++)
		h[nh] = r->headers[nh];
	h[nh++] = (struct s3_pair){ "host", r->host };
	for (; nq < r->query_count; nq++)
		q[nq] = r->query[nq];
	if (canon_names(&c, h, nh, e) < 0)
		return -1;
	q[nq++] = (struct s3_pair){ "X-Amz-Algorithm", algorithm };
	q[nq++] = (struct s3_pair){ "X-Amz-Credential", credential };
	q[nq++] = (struct s3_pair){ "X-Amz-Date", c.date };
	q[nq++] = (struct s3_pair){ "X-Amz-Expires", expires };
	q[nq++] = (struct s3_pair){ "X-Amz-SignedHeaders", buf_str(&c.names) };
	if (has_token(k))
		q[nq++] = (struct s3_pair){ "X-Amz-Security-Token", k->token };
	if (canon_query(q, nq, &c.query, e) < 0 || canon_text(&c, r, h, nh, "UNSIGNED-PAYLOAD", e) < 0 ||
		canon_sign(&c, k, signature, e) < 0 || s3_encode(r->path, 1, target, e) < 0)
		return -1;
	return buf_addf(target, e, "?%s&X-Amz-Signature=%s", buf_str(&c.query), signature);
}
