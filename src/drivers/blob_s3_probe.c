#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "drivers/blob_s3_parts.h"
#include "drivers/s3_fault.h"
#include "drivers/s3_xml.h"

/* The way to the bucket, step by step: each one's failure says which setting to mend. */

enum { WAIT_S = 10 };

/* The host that is asked: in virtual-host style the bucket is part of its name. */
static void host_of(const struct blob_s3 *s, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s%s%s", s->site.is_virtual ? s->site.bucket : "",
		s->site.is_virtual ? "." : "", s->site.inner.host);
}

static int find_host(const struct blob_s3 *s, struct err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char host[S3_BUCKET_BYTES + 264];

	host_of(s, host, sizeof host);
	size_t n = strlen(host);
	if (host[0] == '[' && n > 2) { /* an IPv6 address */
		memmove(host, host + 1, n);
		host[n - 2] = '\0';
	}
	int rc = getaddrinfo(host, NULL, &hints, &list);
	if (rc != 0)
		return err_set(e, ERR_UNAVAILABLE, "%s: %s: mend blob.s3_endpoint%s, or the resolver", host,
			gai_strerror(rc), s->site.is_virtual ? " or set blob.s3_style to path" : "");
	freeaddrinfo(list);
	return 0;
}

/* Open a connection and no more; with TLS where @tls. */
static int reach(const struct blob_s3 *s, bool tls, struct err *e)
{
	char host[S3_BUCKET_BYTES + 264], url[S3_BUCKET_BYTES + 300], trouble[CURL_ERROR_SIZE] = "";
	CURL *h = curl_easy_init();

	if (!h)
		return err_set(e, ERR_NOMEM, "no memory for a connection");
	host_of(s, host, sizeof host);
	(void)snprintf(url, sizeof url, "%s://%s:%d/", tls ? "https" : "http", host, s->site.inner.port);
	(void)curl_easy_setopt(h, CURLOPT_URL, url);
	(void)curl_easy_setopt(h, CURLOPT_CONNECT_ONLY, 1L);
	s3_site_transport(&s->site, h);
	(void)curl_easy_setopt(h, CURLOPT_TIMEOUT, (long)WAIT_S);
	(void)curl_easy_setopt(h, CURLOPT_ERRORBUFFER, trouble);
	CURLcode rc = curl_easy_perform(h);
	curl_easy_cleanup(h);
	if (rc == CURLE_OK)
		return 0;
	const char *why = *trouble ? trouble : curl_easy_strerror(rc);
	if (!tls)
		return err_set(e, ERR_UNAVAILABLE,
			"%s:%d: %s: is the store up, is the port in blob.s3_endpoint right, is a firewall "
			"between?",
			host, s->site.inner.port, why);
	if (rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE)
		return s3_site_untrusted(&s->site, why, e);
	return err_set(e, ERR_UNAVAILABLE, "%s:%d: %s: TLS 1.2 or newer is needed; does that port speak it?",
		host, s->site.inner.port, why);
}

/* One request that names both: who asks, and for which bucket. Its refusal belongs to one of two steps. */
static int ask_bucket(struct blob_s3 *s, bool *ret_identity, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;
	CLEANUP(s3_xml_free_p) struct s3_xml *x = NULL;

	s3_call_init(&c, "GET", "", S3_ANSWER_BYTES);
	s3_call_query(&c, "list-type", "2");
	s3_call_query(&c, "max-keys", "1");
	s3_call_query(&c, "prefix", s->site.prefix);
	int r = s3_call(&s->site, &c, e);
	*ret_identity = r < 0 && s3_fault_is_identity(c.code);
	if (r < 0)
		return -1;
	if (r != S3_OK || s3_xml_parse(c.answer.data, c.answer.len, &x, NULL) < 0 ||
		!s3_xml_root(x, "ListBucketResult"))
		return err_set(e, ERR_UNAVAILABLE,
			"%s:%d answered %ld and no listing of a bucket: is that an S3 endpoint?",
			s->site.inner.host, s->site.inner.port, c.status);
	return 0;
}

/* With versions kept, what is erased stays: the operator should know. Asking may be forbidden. */
static bool keeps_versions(struct blob_s3 *s)
{
	CLEANUP(s3_call_deinit) struct s3_call c;
	CLEANUP(s3_xml_free_p) struct s3_xml *x = NULL;
	char status[16];

	s3_call_init(&c, "GET", "", S3_ANSWER_BYTES);
	s3_call_query(&c, "versioning", "");
	return s3_call(&s->site, &c, NULL) == S3_OK &&
	       s3_xml_parse(c.answer.data, c.answer.len, &x, NULL) == 0 &&
	       s3_xml_text(s3_xml_root(x, "VersioningConfiguration"), "Status", status, sizeof status) &&
	       strcmp(status, "Enabled") == 0;
}

static int identity_and_bucket(struct blob_s3 *s, const struct probe *p, struct err *e)
{
	char text[256];
	bool is_identity;
	int r = ask_bucket(s, &is_identity, e);

	if (probe_step(p, "credentials", is_identity ? -1 : 0, s->site.access, e) < 0)
		return -1;
	(void)snprintf(text, sizeof text, "%s%s", s->site.bucket,
		p && r == 0 && keeps_versions(s)
			? "; it keeps versions: what is erased stays there until a lifecycle rule removes it"
			: "");
	return probe_step(p, "bucket", r, text, e);
}

static void small_name(char prefix[48], char key[64])
{
	uint8_t random[8];
	char hex[2 * sizeof random + 1];

	random_bytes(random, sizeof random);
	hex_encode(random, sizeof random, hex);
	(void)snprintf(prefix, 48, "probe-%s/", hex);
	(void)snprintf(key, 64, "%sx", prefix);
}

static int write_and_read(struct blob_s3 *s, struct err *e)
{
	static const char text[] = "probe";
	struct blob *b = &s->base;
	char prefix[48], key[64];
	BUF_CLEANUP struct buf back;

	buf_init(&back, sizeof text);
	small_name(prefix, key);
	int rc = b->ops->put_bytes(b, key, text, strlen(text), e);
	if (rc == 0)
		rc = blob_read_all(b, key, &back, e);
	if (rc == 0 && strcmp(buf_str(&back), text) != 0)
		rc = err_set(e, ERR_CORRUPT, "a small object came back changed");
	if (rc == BLOB_NONE)
		rc = err_set(e, ERR_UNAVAILABLE, "a small object was gone after it was written");
	int removed = blob_s3_remove_prefix(b, prefix, rc == 0 ? e : NULL);
	return rc == 0 ? removed : rc;
}

/* Send or fetch @url as a compute node would: without keys. */
static int use_url(const struct blob_s3 *s, const char *url, bool put, struct buf *answer, struct err *e)
{
	CLEANUP(s3_call_deinit) struct s3_call c;
	struct s3_site plain = { .inner = s->site.outer, .connect_s = WAIT_S, .stall_s = WAIT_S };
	CURL *h = curl_easy_init();
	long status = 0;

	(void)str_copy(plain.ca_file, sizeof plain.ca_file, s->site.ca_file);
	s3_call_init(&c, put ? "PUT" : "GET", "", 4096);
	int r = h ? 0 : err_set(e, ERR_NOMEM, "no memory for a connection");
	if (r == 0 && put)
		r = s3_call_body(&c, "probe", 5, e);
	if (r == 0)
		r = s3_call_prepare_plain(&plain, &c, h, url, e);
	if (r == 0) {
		CURLcode rc = curl_easy_perform(h);
		(void)curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
		s3_fault_read(&c);
		if (rc != CURLE_OK)
			r = err_set(e, ERR_UNAVAILABLE, "%s:%d: %s", plain.inner.host, plain.inner.port,
				*c.trouble ? c.trouble : curl_easy_strerror(rc));
		else if (status != 200)
			r = err_set(e, ERR_UNAVAILABLE, "%s:%d answered %ld %s: %s", plain.inner.host,
				plain.inner.port, status, c.code, c.message);
		else if (!put)
			r = buf_add(answer, c.answer.data, c.answer.len, e);
	}
	curl_easy_cleanup(h);
	return r;
}

static int presigned(struct blob_s3 *s, struct err *e)
{
	struct blob *b = &s->base;
	char prefix[48], key[64], url[BLOB_URL_BYTES];
	const int64_t until_s = clock_wall_ms() / 1000 + 300;
	BUF_CLEANUP struct buf back;

	buf_init(&back, 4096);
	small_name(prefix, key);
	int r = b->ops->url_put(b, key, until_s, 5, url, e);
	if (r == 0)
		r = use_url(s, url, true, NULL, e);
	if (r == 0)
		r = b->ops->url_get(b, key, until_s, url, e);
	if (r == 0)
		r = use_url(s, url, false, &back, e);
	if (r == 0 && strcmp(buf_str(&back), "probe") != 0)
		r = err_set(e, ERR_CORRUPT, "a small object came back changed");
	(void)blob_s3_remove_prefix(b, prefix, NULL);
	secret_wipe(url, sizeof url);
	return r < 0 ? err_wrap(e, "compute nodes use presigned addresses (blob.s3_public_endpoint)") : 0;
}

int blob_s3_probe(struct blob *b, const struct probe *p, struct err *e)
{
	struct blob_s3 *s = blob_s3_of(b);
	const bool is_tls = s->site.inner.is_tls;
	char where[300];

	(void)snprintf(where, sizeof where, "%s:%d", s->site.inner.host, s->site.inner.port);
	if (probe_step(p, "DNS", find_host(s, e), s->site.inner.host, e) < 0 ||
		probe_step(p, "TCP", reach(s, false, e), where, e) < 0 ||
		(is_tls && probe_step(p, "TLS", reach(s, true, e), where, e) < 0) ||
		identity_and_bucket(s, p, e) < 0 ||
		probe_step(p, "write, read, delete", write_and_read(s, e), s->site.bucket, e) < 0)
		return -1;
	if (p && p->thorough)
		return probe_step(p, "presigned URL", presigned(s, e), s->site.outer.host, e);
	probe_skip(p, "presigned URL", "not asked for");
	return 0;
}
