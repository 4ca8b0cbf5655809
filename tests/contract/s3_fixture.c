#include "s3_fixture.h"

#include "support/radosgw.h"

#include <curl/curl.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/strv.h"
#include "drivers/s3_sign.h"

void s3_fixture_open(struct s3_fixture *f)
{
	radosgw_or_skip();
	(void)curl_global_init(CURL_GLOBAL_ALL);
	memset(f, 0, sizeof *f);
	assert_true(radosgw_value("endpoint", f->endpoint, sizeof f->endpoint));
	assert_true(radosgw_value("endpoint_tls", f->endpoint_tls, sizeof f->endpoint_tls));
	assert_true(radosgw_value("access_key", f->access, sizeof f->access));
	assert_true(radosgw_value("secret_key", f->secret, sizeof f->secret));
	assert_true(radosgw_value("other_access_key", f->other_access, sizeof f->other_access));
	assert_true(radosgw_value("other_secret_key", f->other_secret, sizeof f->other_secret));
	assert_int_equal(fsx_join(f->ca_file, sizeof f->ca_file, getenv("RADOSGW"), "ca.pem", NULL), 0);
}

struct blob_s3_options s3_fixture_options(const struct s3_fixture *f)
{
	return (struct blob_s3_options){ .endpoint = f->endpoint,
		.public_endpoint = "",
		.bucket = f->bucket,
		.region = "us-east-1",
		.prefix = "gaitd/",
		.access_key = f->access,
		.secret_key = f->secret,
		.session_token = "",
		.ca_file = "",
		.encryption = "none",
		.kms_key = "",
		.first_delay_ms = 10,
		.stall_s = 20 };
}

struct body {
	const char *data;
	size_t left;
};

static size_t give(char *out, size_t size, size_t count, void *arg)
{
	struct body *b = arg;
	size_t n = size * count < b->left ? size * count : b->left;

	memcpy(out, b->data, n);
	b->data += n;
	b->left -= n;
	return n;
}

static size_t take(char *data, size_t size, size_t count, void *arg)
{
	return !arg || buf_add(arg, data, size * count, NULL) == 0 ? size * count : 0;
}

static long perform(const char *method, const char *url, struct curl_slist *headers, const void *data,
	size_t len, const char *ca_file, struct buf *out)
{
	struct body body = { data, len };
	long status = 0;
	CURL *h = curl_easy_init();

	assert_non_null(h);
	curl_easy_setopt(h, CURLOPT_URL, url);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(h, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
	if (ca_file)
		curl_easy_setopt(h, CURLOPT_CAINFO, ca_file);
	if (data) {
		curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(h, CURLOPT_READFUNCTION, give);
		curl_easy_setopt(h, CURLOPT_READDATA, &body);
		curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)len);
	}
	curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
	CURLcode rc = curl_easy_perform(h);
	if (rc != CURLE_OK)
		fail_msg("%s: %s", method, curl_easy_strerror(rc));
	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(h);
	return status;
}

long s3_fixture_ask(const struct s3_fixture *f, const char *method, const char *key, const char *query,
	const void *body, size_t len, struct buf *out)
{
	struct s3_keys keys = { f->access, f->secret, NULL, "us-east-1" };
	struct s3_pair pairs[S3_PAIRS_MAX];
	struct s3_signed wire;
	struct curl_slist *lines = NULL;
	char path[1200], sum[SHA256_HEX_BYTES], url[4096], text[512];
	uint8_t hash[SHA256_BYTES];
	struct err e = { 0 };
	size_t n = 0;

	snprintf(text, sizeof text, "%s", query);
	for (char *save = NULL, *p = strtok_r(text, "&", &save); p; p = strtok_r(NULL, "&", &save)) {
		char *value = strchr(p, '=');
		if (value)
			*value++ = '\0';
		pairs[n++] = (struct s3_pair){ p, value ? value : "" };
	}
	assert_ok(sha256_of(body ? body : "", len, hash, &e), &e);
	hex_encode(hash, sizeof hash, sum);
	snprintf(path, sizeof path, "/%s%s%s", f->bucket, *key ? "/" : "", key);
	buf_init(&wire.target, 8192);
	buf_init(&wire.headers, 8192);
	const struct s3_request r = { method, strstr(f->endpoint, "://") + 3, path, pairs, n, NULL, 0, sum,
		clock_wall_ms() / 1000 };
	assert_ok(s3_sign(&keys, &r, &wire, &e), &e);
	snprintf(url, sizeof url, "%s%s", f->endpoint, buf_str(&wire.target));
	for (char *save = NULL, *p = strtok_r(wire.headers.data, "\n", &save); p;
		p = strtok_r(NULL, "\n", &save))
		lines = curl_slist_append(lines, p);
	long status = perform(method, url, lines, body, len, NULL, out);
	curl_slist_free_all(lines);
	buf_deinit(&wire.target);
	buf_deinit(&wire.headers);
	return status;
}

long s3_fixture_url(const char *method, const char *url, const char *header, const void *body, size_t len,
	const char *ca_file, struct buf *out)
{
	struct curl_slist *lines = header ? curl_slist_append(NULL, header) : NULL;
	long status = perform(method, url, lines, body, len, ca_file, out);

	curl_slist_free_all(lines);
	return status;
}

void s3_fixture_bucket(struct s3_fixture *f)
{
	uint8_t random[8];
	char hex[2 * sizeof random + 1];

	random_bytes(random, sizeof random);
	hex_encode(random, sizeof random, hex);
	snprintf(f->bucket, sizeof f->bucket, "gaitd-%s", hex);
	assert_int_equal(s3_fixture_ask(f, "PUT", "", "", NULL, 0, NULL), 200);
}

static int count(const struct s3_fixture *f, const char *query, const char *tag)
{
	BUF_CLEANUP struct buf out;
	int n = 0;

	buf_init(&out, 4 << 20);
	assert_int_equal(s3_fixture_ask(f, "GET", "", query, NULL, 0, &out), 200);
	for (const char *p = buf_str(&out); (p = strstr(p, tag)); p++)
		n++;
	return n;
}

int s3_fixture_objects(const struct s3_fixture *f)
{
	return count(f, "list-type=2", "<Contents>");
}

int s3_fixture_uploads(const struct s3_fixture *f)
{
	return count(f, "uploads", "<Upload>");
}

/* The text behind the next @tag of @p into @out; NULL: none. */
static const char *next_text(const char *p, const char *tag, char *out, size_t size)
{
	p = strstr(p, tag);
	if (!p)
		return NULL;
	p += strlen(tag);
	snprintf(out, size, "%.*s", (int)strcspn(p, "<"), p);
	return p;
}

void s3_fixture_bucket_end(struct s3_fixture *f)
{
	BUF_CLEANUP struct buf out;
	char key[1200], id[512], query[600];

	buf_init(&out, 4 << 20);
	assert_int_equal(s3_fixture_ask(f, "GET", "", "list-type=2", NULL, 0, &out), 200);
	for (const char *p = buf_str(&out); (p = next_text(p, "<Key>", key, sizeof key));)
		assert_int_equal(s3_fixture_ask(f, "DELETE", key, "", NULL, 0, NULL), 204);
	buf_reset(&out);
	assert_int_equal(s3_fixture_ask(f, "GET", "", "uploads", NULL, 0, &out), 200);
	for (const char *p = buf_str(&out); (p = next_text(p, "<Key>", key, sizeof key));) {
		p = next_text(p, "<UploadId>", id, sizeof id);
		assert_non_null(p);
		snprintf(query, sizeof query, "uploadId=%s", id);
		assert_int_equal(s3_fixture_ask(f, "DELETE", key, query, NULL, 0, NULL), 204);
	}
	assert_int_equal(s3_fixture_ask(f, "DELETE", "", "", NULL, 0, NULL), 204);
}
