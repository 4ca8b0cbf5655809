#include "drivers/blob_s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/strv.h"
#include "drivers/blob_s3_parts.h"

static const struct s3_poll nobody;

int blob_s3_key(const struct blob_s3 *s, const char *key, char ret[S3_KEY_BYTES], struct err *e)
{
	if (blob_key_check(key, e) < 0)
		return -1;
	(void)snprintf(ret, S3_KEY_BYTES, "%s%s", s->site.prefix, key);
	return 0;
}

/* The same question as a GET of the first byte: its answer may have a document that names the reason. */
static int ask_why(struct blob_s3 *s, const char *key, struct s3_poll poll, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;

	s3_call_init(&c, "GET", key, S3_ANSWER_BYTES);
	s3_call_header(&c, "range", "bytes=0-0");
	c.poll = poll;
	return s3_call(&s->site, &c, e);
}

int blob_s3_head(struct blob_s3 *s, const char *key, bool certain, struct s3_poll poll, struct s3_call *c,
	struct err *e)
{
	s3_call_init(c, "HEAD", key, S3_ANSWER_BYTES);
	c->poll = poll;
	int r = s3_call(&s->site, c, e);
	bool is_vague = (r < 0 && c->status >= 300 && c->status < 500) || (r == S3_ABSENT && certain);

	if (is_vague && ask_why(s, key, poll, e) < 0)
		return -1;
	return r == S3_OK || r == S3_ABSENT ? r : -1;
}

/* An object that came through a presigned address says nothing about its sum. */
static int hash_object(
	struct blob_s3 *s, const char *key, struct s3_poll poll, struct blob_stat *ret, struct err *e)
{
	enum { CHUNK = 1 << 16 };
	CLEANUP(blob_reader_close_p) struct blob_reader *r = NULL;
	CLEANUP(sha256_free_p) struct sha256 *h = sha256_new(e);
	CLEANUP(free_p) char *chunk = malloc(CHUNK);
	ssize_t n;

	if (!h || !chunk)
		return h ? err_set(e, ERR_NOMEM, "no memory to hash a blob") : -1;
	int rc = blob_s3_read_key(s, key, 0, -1, &r, e);
	if (rc != 0)
		return rc;
	ret->bytes = r->left;
	while ((n = r->read(r, chunk, CHUNK, e)) > 0) {
		if (s3_poll_ask(poll) < 0)
			return err_set(e, ERR_CONFLICT, "cancelled");
		if (sha256_add(h, chunk, (size_t)n, e) < 0)
			return -1;
	}
	return n < 0 ? -1 : sha256_end(h, ret->sha256, e);
}

int blob_s3_stat_key(struct blob_s3 *s, const char *key, bool certain, struct s3_poll poll,
	struct blob_stat *ret, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;
	int r = blob_s3_head(s, key, certain, poll, &c, e);

	if (r != S3_OK)
		return r == S3_ABSENT ? BLOB_NONE : -1;
	if (c.bytes < 0)
		return err_set(
			e, ERR_UNAVAILABLE, "S3 HEAD %s/%s: the answer names no length", s->site.bucket, key);
	ret->bytes = c.bytes;
	if (hex_decode(c.sha256, ret->sha256, sizeof ret->sha256) == SHA256_BYTES)
		return 0;
	return hash_object(s, key, poll, ret, e);
}

int blob_s3_holds(
	struct blob_s3 *s, const char *key, const struct blob_stat *want, struct s3_poll poll, struct err *e)
{
	struct blob_stat have;
	int r = blob_s3_stat_key(s, key, false, poll, &have, e);

	if (r != 0)
		return r;
	if (have.bytes != want->bytes || memcmp(have.sha256, want->sha256, SHA256_BYTES) != 0)
		return err_set(e, ERR_CONFLICT, "blob %s holds something else", key);
	return 0;
}

void blob_s3_making(struct blob_s3 *s, const struct blob_stat *want, struct s3_making *m, struct s3_call *c)
{
	hex_encode(want->sha256, SHA256_BYTES, m->sha256);
	s3_call_header(c, "content-type", "application/octet-stream");
	s3_call_header(c, "x-amz-meta-sha256", m->sha256);
	if (strcmp(s->encryption, "none") == 0)
		return;
	s3_call_header(c, "x-amz-server-side-encryption", s->encryption);
	if (*s->kms_key)
		s3_call_header(c, "x-amz-server-side-encryption-aws-kms-key-id", s->kms_key);
}

void blob_s3_only_new(struct blob_s3 *s, struct s3_call *c)
{
	if (!atomic_load(&s->lacks_conditions))
		s3_call_header(c, "if-none-match", "*");
}

bool blob_s3_without_condition(struct blob_s3 *s, struct s3_call *c)
{
	if (c->status != 501 || c->header_count == 0 ||
		strcmp(c->headers[c->header_count - 1].name, "if-none-match") != 0)
		return false;
	atomic_store(&s->lacks_conditions, true);
	c->header_count--;
	return true;
}

int blob_s3_put_call(struct blob_s3 *s, struct s3_call *c, const struct blob_stat *want, struct err *e)
{
	struct s3_making m;

	blob_s3_making(s, want, &m, c);
	blob_s3_only_new(s, c);
	int r = s3_call(&s->site, c, e);
	if (r < 0 && blob_s3_without_condition(s, c))
		r = s3_call(&s->site, c, e);
	if (r < 0)
		return -1;
	if (r != S3_OK && r != S3_TAKEN)
		return err_set(
			e, ERR_UNAVAILABLE, "S3 PUT %s/%s: answered %ld", s->site.bucket, c->key, c->status);
	if (r == S3_OK)
		FAULT_POINT("blob_s3.put");
	/* Taken: by another, or by our own earlier try whose answer was lost. It is there: nobody is asked
	 * any more whether it shall be. */
	r = blob_s3_holds(s, c->key, want, nobody, e);
	return r == BLOB_NONE ? err_set(e, ERR_UNAVAILABLE, "S3 %s/%s: gone after it was written",
					s->site.bucket, c->key)
			      : r;
}

static int s3_put_bytes(struct blob *b, const char *key, const void *data, size_t len, struct err *e)
{
	struct blob_s3 *s = blob_s3_of(b);
	CLEANUP(s3_call_deinit) struct s3_call c;
	struct blob_stat want = { .bytes = (int64_t)len };
	char full[S3_KEY_BYTES] = "";

	s3_call_init(&c, "PUT", full, S3_ANSWER_BYTES);
	if (blob_s3_key(s, key, full, e) < 0 || sha256_of(data, len, want.sha256, e) < 0)
		return -1;
	int r = blob_s3_holds(s, full, &want, nobody, e);
	if (r != BLOB_NONE)
		return r;
	if (s3_call_body(&c, data, len, e) < 0)
		return -1;
	return blob_s3_put_call(s, &c, &want, e);
}

static int s3_stat(struct blob *b, const char *key, struct blob_stat *ret, struct err *e)
{
	char full[S3_KEY_BYTES];

	if (blob_s3_key(blob_s3_of(b), key, full, e) < 0)
		return -1;
	return blob_s3_stat_key(blob_s3_of(b), full, true, nobody, ret, e);
}

int blob_s3_url(struct blob *b, const char *method, const char *key, int64_t expires_s,
	char ret[BLOB_URL_BYTES], struct err *e)
{
	struct blob_s3 *s = blob_s3_of(b);
	const struct s3_keys keys = s3_site_keys(&s->site);
	const int64_t now_s = clock_wall_ms() / 1000, left_s = expires_s - now_s;
	BUF_CLEANUP struct buf target;
	char full[S3_KEY_BYTES];
	struct s3_place at;

	buf_init(&target, 8192);
	if (blob_s3_key(s, key, full, e) < 0 || s3_site_place(&s->site, true, full, &at, e) < 0)
		return -1;
	const struct s3_request r = { .method = method, .host = at.host, .path = at.path, .at_s = now_s };
	if (s3_presign(&keys, &r, left_s < S3_URL_SECONDS_MAX ? left_s : S3_URL_SECONDS_MAX, &target, e) < 0)
		return -1;
	int n = snprintf(ret, BLOB_URL_BYTES, "%s%s", at.origin, buf_str(&target));
	if (n < 0 || n >= BLOB_URL_BYTES) {
		ret[0] = '\0';
		return err_set(e, ERR_CONFIG,
			"a presigned address has more than %d bytes: the session token is too long",
			BLOB_URL_BYTES - 1);
	}
	return 0;
}

static int s3_url_get(
	struct blob *b, const char *key, int64_t expires_s, char ret[BLOB_URL_BYTES], struct err *e)
{
	return blob_s3_url(b, "GET", key, expires_s, ret, e);
}

static int s3_url_put(struct blob *b, const char *key, int64_t expires_s, int64_t max_bytes,
	char ret[BLOB_URL_BYTES], struct err *e)
{
	(void)max_bytes; /* S3 can only be told an exact length; stat's caller compares */
	return blob_s3_url(b, "PUT", key, expires_s, ret, e);
}

static void s3_close(struct blob *b)
{
	struct blob_s3 *s = blob_s3_of(b);

	if (!s)
		return;
	s3_site_close(&s->site);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

static int s3_remove(struct blob *b, const char *key, struct err *e)
{
	char full[S3_KEY_BYTES];

	return blob_s3_key(blob_s3_of(b), key, full, e) < 0 ? -1 : blob_s3_remove_key(blob_s3_of(b), full, e);
}

static const struct blob_ops s3_ops = {
	.name = "s3",
	.relay = NULL,
	.put_file = blob_s3_put_file,
	.put_bytes = s3_put_bytes,
	.stat = s3_stat,
	.open = blob_s3_open_reader,
	.remove = s3_remove,
	.remove_prefix = blob_s3_remove_prefix,
	.url_get = s3_url_get,
	.url_put = s3_url_put,
	.probe = blob_s3_probe,
	.close = s3_close,
};

static int take_texts(struct blob_s3 *s, const struct blob_s3_options *o, struct err *e)
{
	struct s3_site *t = &s->site;
	const struct {
		char *to;
		size_t size;
		const char *from, *what;
	} texts[] = { { t->bucket, sizeof t->bucket, o->bucket, "bucket" },
		{ t->region, sizeof t->region, o->region, "region" },
		{ t->prefix, sizeof t->prefix, o->prefix, "prefix" },
		{ t->access, sizeof t->access, o->access_key, "access key" },
		{ t->secret, sizeof t->secret, o->secret_key, "secret key" },
		{ t->token, sizeof t->token, o->session_token, "session token" },
		{ t->ca_file, sizeof t->ca_file, o->ca_file, "CA file" },
		{ s->encryption, sizeof s->encryption, o->encryption, "encryption" },
		{ s->kms_key, sizeof s->kms_key, o->kms_key, "KMS key" } };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!str_copy(texts[i].to, texts[i].size, texts[i].from))
			return err_set(e, ERR_CONFIG, "the store's %s is too long", texts[i].what);
	if (*t->prefix && !str_ends(t->prefix, "/"))
		return err_set(e, ERR_CONFIG, "the prefix of the store's keys must end in '/'");
	return 0;
}

static void take_numbers(struct blob_s3 *s, const struct blob_s3_options *o)
{
	enum { PART_LEAST = 5 << 20, AT_ONCE_MOST = 32 };

	s->multipart_above = o->multipart_above > 0 ? o->multipart_above : 64000000;
	s->part_bytes = o->part_bytes > 0 ? o->part_bytes : 16000000;
	if (s->part_bytes < PART_LEAST)
		s->part_bytes = PART_LEAST;
	s->parts_at_once = o->parts_at_once > 0 ? o->parts_at_once : 4;
	if (s->parts_at_once > AT_ONCE_MOST)
		s->parts_at_once = AT_ONCE_MOST;
	s->site.connect_s = o->connect_s > 0 ? o->connect_s : 10;
	s->site.stall_s = o->stall_s > 0 ? o->stall_s : 60;
	s->site.tries = o->tries > 0 ? o->tries : 6;
	s->site.first_delay_ms = o->first_delay_ms > 0 ? o->first_delay_ms : 200;
	s->site.is_virtual = o->is_virtual;
}

static int take_endpoints(struct blob_s3 *s, const struct blob_s3_options *o, struct err *e)
{
	char amazon[128];

	(void)snprintf(amazon, sizeof amazon, "https://s3.%s.amazonaws.com", s->site.region);
	if (s3_endpoint_parse(*o->endpoint ? o->endpoint : amazon, &s->site.inner, e) < 0)
		return -1;
	s->site.outer = s->site.inner;
	return *o->public_endpoint ? s3_endpoint_parse(o->public_endpoint, &s->site.outer, e) : 0;
}

int blob_s3_open(const struct blob_s3_options *o, struct blob **ret, struct err *e)
{
	CLEANUP(free_p) struct blob_s3 *s = calloc(1, sizeof *s);

	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for a blob store");
	s->base.ops = &s3_ops;
	take_numbers(s, o);
	if (take_texts(s, o, e) < 0 || take_endpoints(s, o, e) < 0 || s3_site_open(&s->site, e) < 0) {
		secret_wipe(&s->site, sizeof s->site);
		return -1;
	}
	if (pthread_mutex_init(&s->lock, NULL) != 0) {
		s3_site_close(&s->site);
		return err_set(e, ERR_NOMEM, "no memory for a blob store");
	}
	*ret = &TAKE(s)->base;
	return 0;
}
