#include "drivers/blob_libs3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "drivers/blob_libs3_parts.h"
#include "drivers/s3_site.h"

enum { LIST_MAX_BYTES = 1 << 20 };

static struct blob_libs3 *self(struct blob *b)
{
	return (struct blob_libs3 *)b;
}

int blob_libs3_key(const struct blob_libs3 *s, const char *key, char ret[LIBS3_KEY_BYTES], struct err *e)
{
	if (blob_key_check(key, e) < 0)
		return -1;
	(void)snprintf(ret, LIBS3_KEY_BYTES, "%s%s", s->site.prefix, key);
	return 0;
}

/* One page of keys, removed one by one: a job has some ten objects. *@ret_more: there are others. */
static int remove_page(struct blob_libs3 *s, const char *prefix, bool *ret_more, struct err *e)
{
	BUF_CLEANUP struct buf keys;
	struct libs3_call list = { .site = &s->site, .key = prefix, .out = &keys };

	buf_init(&keys, LIST_MAX_BYTES);
	int r = libs3_ask(&list, libs3_list, e);
	if (r != 0)
		return r < 0 ? -1 : err_set(e, ERR_UNAVAILABLE, "%s: mend blob.s3_bucket", s->site.host);
	for (const char *key = keys.data; key && key < keys.data + keys.len; key += strlen(key) + 1) {
		struct libs3_call c = { .site = &s->site, .key = key };
		if (!str_starts(key, prefix))
			return err_set(e, ERR_UNAVAILABLE, "%s: the listing names what was not asked for",
				s->site.host);
		if (libs3_ask(&c, libs3_delete, e) < 0)
			return -1;
		FAULT_POINT("blob_libs3.removed");
	}
	*ret_more = list.truncated && keys.len > 0;
	return 0;
}

static int remove_one(struct blob *b, const char *key, struct err *e)
{
	char full[LIBS3_KEY_BYTES];
	struct libs3_call c = { .site = &self(b)->site, .key = full };

	if (blob_libs3_key(self(b), key, full, e) < 0)
		return -1;
	return libs3_ask(&c, libs3_delete, e) < 0 ? err_wrap(e, "remove %s", key) : 0;
}

static int remove_prefix(struct blob *b, const char *prefix, struct err *e)
{
	struct blob_libs3 *s = self(b);
	char key[BLOB_KEY_BYTES + 1], full[LIBS3_KEY_BYTES];
	size_t len = strlen(prefix);
	bool more = true;

	if (len < 2 || prefix[len - 1] != '/' || !str_copy(key, sizeof key, prefix))
		return err_set(e, ERR_INVALID, "a prefix of blobs ends in '/'");
	key[len - 1] = '\0';
	if (blob_key_check(key, e) < 0)
		return -1;
	(void)snprintf(full, sizeof full, "%s%s", s->site.prefix, prefix);
	while (more)
		if (remove_page(s, full, &more, e) < 0)
			return err_wrap(e, "remove %s", prefix);
	return 0;
}

static int url_get(
	struct blob *b, const char *key, int64_t expires_s, char ret[BLOB_URL_BYTES], struct err *e)
{
	return blob_url_sign(&self(b)->secret, self(b)->url, "GET", key, expires_s, 0, ret, e);
}

static int url_put(struct blob *b, const char *key, int64_t expires_s, int64_t max_bytes,
	char ret[BLOB_URL_BYTES], struct err *e)
{
	return blob_url_sign(&self(b)->secret, self(b)->url, "PUT", key, expires_s, max_bytes, ret, e);
}

static int verify_url(struct blob *b, const char *method, const char *key, const char *expires,
	const char *max, const char *signature, int64_t now_s, int64_t *ret_max_bytes, struct err *e)
{
	return blob_url_verify(
		&self(b)->secret, method, key, expires, max, signature, now_s, ret_max_bytes, e);
}

/* A listing tells what is wrong; HEAD has no body to say it in. */
static int look_at_bucket(struct blob_libs3 *s, struct err *e)
{
	BUF_CLEANUP struct buf keys;
	struct libs3_call list = { .site = &s->site, .key = "gaitd-probe-", .out = &keys };

	buf_init(&keys, LIST_MAX_BYTES);
	int r = libs3_ask(&list, libs3_list, e);
	return r > 0 ? err_set(e, ERR_UNAVAILABLE, "%s: mend blob.s3_bucket", s->site.host) : r;
}

static int write_and_read(struct blob *b, struct err *e)
{
	static const char text[] = "probe";
	uint8_t random[8];
	char hex[2 * sizeof random + 1], prefix[48], key[64];
	BUF_CLEANUP struct buf back;

	buf_init(&back, sizeof text);
	random_bytes(random, sizeof random);
	hex_encode(random, sizeof random, hex);
	(void)snprintf(prefix, sizeof prefix, "probe-%s/", hex);
	(void)snprintf(key, sizeof key, "%sx", prefix);
	int r = blob_libs3_put_bytes(b, key, text, strlen(text), e);
	if (r == 0)
		r = blob_read_all(b, key, &back, e);
	if (r == 0 && strcmp(buf_str(&back), text) != 0)
		r = err_set(e, ERR_CORRUPT, "a small object came back changed");
	if (r == BLOB_NONE)
		r = err_set(e, ERR_UNAVAILABLE, "a small object was gone after it was written");
	int removed = remove_prefix(b, prefix, r == 0 ? e : NULL);
	return r < 0 || removed < 0 ? -1 : 0;
}

static int probe(struct blob *b, const struct probe *p, struct err *e)
{
	if (probe_step(p, "bucket", look_at_bucket(self(b), e), self(b)->site.name, e) < 0) {
		probe_skip(p, "write, read, delete", "an earlier step failed");
		return -1;
	}
	return probe_step(p, "write, read, delete", write_and_read(b, e), self(b)->site.host, e);
}

static void close_store(struct blob *b)
{
	struct blob_libs3 *s = self(b);

	libs3_site_close(&s->site);
	for (size_t i = 0; i < LIBS3_PUT_LOCKS; i++)
		pthread_mutex_destroy(&s->put_locks[i]);
	secret_wipe(&s->secret, sizeof s->secret);
	free(s);
}

static const struct blob_relay_ops relay_ops = {
	.verify_url = verify_url,
	.writer_open = blob_libs3_writer_open,
	.writer_add = blob_libs3_writer_add,
	.writer_commit = blob_libs3_writer_commit,
	.writer_close = blob_libs3_writer_close,
	.sweep = blob_libs3_sweep,
};

static const struct blob_ops libs3_ops = {
	.name = "libs3",
	.relay = &relay_ops,
	.put_file = blob_libs3_put_file,
	.put_bytes = blob_libs3_put_bytes,
	.stat = blob_libs3_stat,
	.open = blob_libs3_read,
	.remove = remove_one,
	.remove_prefix = remove_prefix,
	.url_get = url_get,
	.url_put = url_put,
	.probe = probe,
	.close = close_store,
};

/* Texts into the site, checked as blob_s3 checks them. */
static int take_site(struct libs3_site *t, const struct blob_libs3_options *o, struct err *e)
{
	static const char bucket_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	struct s3_endpoint at;

	if (s3_endpoint_parse(o->endpoint, &at, e) < 0)
		return err_wrap(e, "blob.s3_endpoint");
	if (strlen(o->bucket) < 3 || strspn(o->bucket, bucket_letters) != strlen(o->bucket) ||
		!str_copy(t->name, sizeof t->name, o->bucket))
		return err_set(e, ERR_CONFIG, "blob.s3_bucket: \"%s\" is no name of a bucket", o->bucket);
	if (!*o->access_key || !*o->secret_key || !str_copy(t->access, sizeof t->access, o->access_key) ||
		!str_copy(t->secret, sizeof t->secret, o->secret_key))
		return err_set(e, ERR_CONFIG, "blob.s3_access_key or the secret key is empty or too long");
	if (!str_copy(t->prefix, sizeof t->prefix, o->prefix) ||
		!str_copy(t->ca_file, sizeof t->ca_file, o->ca_file) ||
		(*o->prefix && !str_ends(o->prefix, "/")))
		return err_set(e, ERR_CONFIG, "blob.s3_prefix does not end in '/' or is too long");
	bool usual = at.port == (at.is_tls ? 443 : 80);
	(void)snprintf(t->host, sizeof t->host, usual ? "%s" : "%s:%d", at.host, at.port);
	t->bucket = (S3BucketContext){ .hostName = t->host,
		.bucketName = t->name,
		.protocol = at.is_tls ? S3ProtocolHTTPS : S3ProtocolHTTP,
		.uriStyle = o->is_virtual ? S3UriStyleVirtualHost : S3UriStylePath,
		.accessKeyId = t->access,
		.secretAccessKey = t->secret };
	t->connect_s = o->connect_s ? o->connect_s : 10;
	t->stall_s = o->stall_s ? o->stall_s : 60;
	t->tries = o->tries ? o->tries : 6;
	t->first_delay_ms = o->first_delay_ms ? o->first_delay_ms : 200;
	return 0;
}

static int take_url(struct blob_libs3 *s, const struct blob_libs3_options *o, struct err *e)
{
	if (!o->base_url)
		return 0;
	if (o->signing_key_bytes < 16 || o->signing_key_bytes > sizeof s->secret.bytes ||
		!str_copy(s->url, sizeof s->url, o->base_url))
		return err_set(e, ERR_CONFIG, "the key or the address of signed URLs has a wrong length");
	memcpy(s->secret.bytes, o->signing_key, o->signing_key_bytes);
	s->secret.len = o->signing_key_bytes;
	return 0;
}

int blob_libs3_open(const struct blob_libs3_options *o, struct blob **ret, struct err *e)
{
	if (libs3_start(e) < 0)
		return -1;
	struct blob_libs3 *s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "no memory for a blob store");
	s->base.ops = &libs3_ops;
	pthread_mutex_init(&s->site.lock, NULL);
	for (size_t i = 0; i < LIBS3_PUT_LOCKS; i++)
		pthread_mutex_init(&s->put_locks[i], NULL);
	if (take_site(&s->site, o, e) < 0 || take_url(s, o, e) < 0 || fsx_mkdirs(o->spool, 0700, e) < 0) {
		close_store(&s->base);
		return -1;
	}
	if (!str_copy(s->spool, sizeof s->spool, o->spool)) {
		close_store(&s->base);
		return err_set(e, ERR_CONFIG, "%s is too long", o->spool);
	}
	*ret = &s->base;
	return 0;
}
