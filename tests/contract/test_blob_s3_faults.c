#include "support/hostile_http.h"

#include <time.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/strv.h"
#include "blob_contract.h"
#include "drivers/blob_s3.h"

/* The driver against servers that misbehave as radosgw cannot be made to: overload, broken and silent
 * connections, wrong clocks, answers that make no sense. */

#define XML(status, code, message)                                                                           \
	"HTTP/1.1 " status "\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n"                  \
	"<?xml version=\"1.0\"?><Error><Code>" code "</Code><Message>" message "</Message></Error>"
#define ABSENT  "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
#define CREATED "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
#define SLOW    XML("503 Slow Down", "SlowDown", "Please reduce your request rate.")

static struct hostile server;
static char holds[512]; /* the answer to HEAD of a key that holds "video" */

static struct blob *store(const struct hostile_step *steps, size_t count)
{
	struct err e = { 0 };
	struct blob *b = NULL;
	char endpoint[64];

	hostile_begin(&server, steps, count);
	snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", server.port);
	const struct blob_s3_options o = { .endpoint = endpoint,
		.public_endpoint = "",
		.bucket = "bucket",
		.region = "us-east-1",
		.prefix = "",
		.access_key = "AKIAEXAMPLE",
		.secret_key = "a-secret-that-nobody-may-see",
		.session_token = "a-token-that-nobody-may-see",
		.ca_file = "",
		.encryption = "none",
		.kms_key = "",
		.multipart_above = 100,
		.connect_s = 2,
		.stall_s = 1,
		.tries = 4,
		.first_delay_ms = 2 };
	assert_ok(blob_s3_open(&o, &b, &e), &e);
	return b;
}

#define STORE(steps) store(steps, ARRAY_LEN(steps))

static void done(struct blob *b)
{
	b->ops->close(b);
	hostile_end(&server);
}

static size_t count_of(const char *start)
{
	size_t n = 0;

	for (size_t i = 0; i < server.seen && i < HOSTILE_REQUESTS; i++)
		n += str_starts(server.heads[i], start);
	return n;
}

static int put(struct blob *b, struct err *e)
{
	return b->ops->put_bytes(b, "k", "video", 5, e);
}

static void tries_again_what_may_pass(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_REPLY, SLOW }, { HOSTILE_REPLY, ABSENT },
		{ HOSTILE_REPLY, SLOW },
		{ HOSTILE_REPLY, XML("429 Too Many Requests", "TooManyRequests", "slower") },
		{ HOSTILE_RESET, "" }, { HOSTILE_REPLY, CREATED },
		{ HOSTILE_RESET, "HTTP/1.1 200 OK\r\nContent-Le" },
		{ HOSTILE_REPLY, XML("500 Internal", "InternalError", "We encountered an internal error") },
		{ HOSTILE_REPLY, holds } };
	struct blob *b = STORE(steps);
	struct err e = { 0 };

	(void)state;
	assert_ok(put(b, &e), &e);
	done(b);
	assert_int_equal(server.seen, ARRAY_LEN(steps));
	assert_int_equal(count_of("PUT /bucket/k HTTP/1.1"), 4);
	assert_has(server.heads[5], "if-none-match: *");
	assert_has(server.heads[5], "x-amz-security-token: a-token-that-nobody-may-see");
	assert_has(server.heads[5], "x-amz-security-token, Signature=");
}

/* The settings say where videos go: nothing goes through a proxy of the environment. */
static void takes_no_proxy(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_REPLY, holds } };
	struct blob *b = STORE(steps);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(setenv("all_proxy", "http://127.0.0.1:1", 1), 0);
	int r = put(b, &e);
	assert_int_equal(unsetenv("http_proxy") + unsetenv("all_proxy"), 0);
	assert_ok(r, &e);
	done(b);
}

/* A byte now and then is as good as none: it must not hold a thread for days. */
static void ends_what_drips(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_DRIP,
		"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-99999/100000\r\nContent-Length: "
		"100000\r\n\r\n" } };
	struct blob *b = STORE(steps);
	struct blob_reader *r = NULL;
	struct err e = { 0 };

	(void)state;
	assert_fails(b->ops->open(b, "k", 0, -1, &r, &e), &e, ERR_TIMEOUT);
	done(b);
	assert_int_equal(server.seen, 4);
}

static void gives_up_after_a_while(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_REPLY, ABSENT }, { HOSTILE_REPLY, SLOW } };
	struct blob *b = STORE(steps);
	struct err e = { 0 };

	(void)state;
	assert_fails(put(b, &e), &e, ERR_UNAVAILABLE);
	assert_has(e.msg, "503 SlowDown: Please reduce your request rate.");
	assert_true(err_may_retry(e.kind));
	done(b);
	assert_int_equal(server.seen, 1 + 4);
}

static void heeds_retry_after(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_REPLY,
						      "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nConnection: "
						      "close\r\nContent-Length: 0\r\n\r\n" },
		{ HOSTILE_REPLY, holds } };
	struct blob *b = STORE(steps);
	struct err e = { 0 };
	int64_t begun_ms = clock_mono_ms();

	(void)state;
	assert_ok(put(b, &e), &e);
	assert_true(clock_mono_ms() - begun_ms >= 1000);
	done(b);
}

/* A put whose answer is lost has happened: the second one finds the key taken, by itself. */
static void survives_a_lost_answer(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_REPLY, ABSENT }, { HOSTILE_RESET, "HTTP/1.1 2" },
		{ HOSTILE_REPLY, XML("412 Precondition Failed", "PreconditionFailed", "") },
		{ HOSTILE_REPLY, holds } };
	struct blob *b = STORE(steps);
	struct err e = { 0 };

	(void)state;
	assert_ok(put(b, &e), &e);
	done(b);
	assert_int_equal(server.seen, 4);
}

static void does_without_conditions(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_REPLY, ABSENT },
		{ HOSTILE_REPLY, XML("501 Not Implemented", "NotImplemented", "If-None-Match") },
		{ HOSTILE_REPLY, CREATED }, { HOSTILE_REPLY, holds } };
	struct blob *b = STORE(steps);
	struct err e = { 0 };

	(void)state;
	assert_ok(put(b, &e), &e);
	done(b);
	assert_has(server.heads[1], "if-none-match");
	assert_null(strstr(server.heads[2], "if-none-match"));
}

static void sees_what_was_stored(void **state)
{
	static const struct {
		const char *head;
		enum err_kind kind;
		const char *words;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nx-amz-meta-sha256: %s\r\nConnection: "
		  "close\r\n\r\n",
			ERR_CONFLICT, "holds something else" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-amz-meta-sha256: %.62s00\r\nConnection: "
		  "close\r\n\r\n",
			ERR_CONFLICT, "holds something else" },
		{ "HTTP/1.1 200 OK\r\nx-amz-meta-sha256: %s\r\nConnection: close\r\n\r\n", ERR_UNAVAILABLE,
			"names no length" },
		{ ABSENT "%.0s", ERR_UNAVAILABLE, "gone after it was written" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char head[512], sum[SHA256_HEX_BYTES];
		const struct blob_stat want = blob_stat_of("video", 5);
		struct err e = { 0 };
		hex_encode(want.sha256, SHA256_BYTES, sum);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(head, sizeof head, cases[i].head, sum);
#pragma GCC diagnostic pop
		const struct hostile_step steps[] = { { HOSTILE_REPLY, ABSENT }, { HOSTILE_REPLY, CREATED },
			{ HOSTILE_REPLY, head } };
		struct blob *b = STORE(steps);
		assert_fails(put(b, &e), &e, cases[i].kind);
		assert_has(e.msg, cases[i].words);
		done(b);
	}
}

#define PART(range, length, bytes)                                                                           \
	"HTTP/1.1 206 Partial\r\nContent-Range: bytes " range "\r\nContent-Length: " length                  \
	"\r\nETag: \"e\"\r\nConnection: close\r\n\r\n" bytes

static void reads_through_broken_connections(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_REPLY, PART("0-4/5", "5", "vi") },
		{ HOSTILE_RESET, PART("0-4/5", "5", "vide") }, { HOSTILE_STALL, PART("0-4/5", "5", "v") },
		{ HOSTILE_REPLY, PART("0-4/5", "5", "video") } };
	struct blob *b = STORE(steps);
	BUF_CLEANUP struct buf all;
	struct err e = { 0 };

	(void)state;
	buf_init(&all, 100);
	assert_ok(blob_read_all(b, "k", &all, &e), &e);
	assert_string_equal(buf_str(&all), "video");
	done(b);
}

static void refuses_other_bytes(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nvideo",
		PART("0-4/9", "5", "video"), PART("0-4/*", "5", "video"), PART("x", "5", "video"),
		"HTTP/1.1 206 Partial\r\nContent-Length: 5\r\nConnection: close\r\n\r\nvideo"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		const struct hostile_step steps[] = { { HOSTILE_REPLY, answers[i] } };
		struct blob *b = STORE(steps);
		struct blob_reader *r = NULL;
		struct err e = { 0 };
		assert_fails(b->ops->open(b, "k", 0, -1, &r, &e), &e, ERR_UNAVAILABLE);
		done(b);
	}
}

static void ends_what_stalls(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_STALL, "" } };
	struct blob *b = STORE(steps);
	struct blob_stat st;
	struct err e = { 0 };
	int64_t begun_ms = clock_mono_ms();

	(void)state;
	assert_fails(b->ops->stat(b, "k", &st, &e), &e, ERR_TIMEOUT);
	assert_true(clock_mono_ms() - begun_ms < 30000);
	done(b);
	assert_int_equal(server.seen, 4);
}

static void tells_the_clocks_difference(void **state)
{
	char answer[512], date[64];
	time_t there = time(NULL) - 3600;
	struct tm tm;
	struct err e = { 0 };
	struct blob_stat st;

	(void)state;
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&there, &tm));
	snprintf(answer, sizeof answer,
		"HTTP/1.1 403 Forbidden\r\nDate: %s\r\nConnection: close\r\n\r\n<Error><Code>"
		"RequestTimeTooSkewed</Code><Message>The difference is too large</Message></Error>",
		date);
	const struct hostile_step steps[] = { { HOSTILE_REPLY, answer } };
	struct blob *b = STORE(steps);
	assert_fails(b->ops->stat(b, "k", &st, &e), &e, ERR_UNAVAILABLE);
	assert_has(e.msg, "this machine's clock is 360");
	assert_has(e.msg, "s ahead of the store's");
	done(b);
}

static void says_what_to_mend(void **state)
{
	static const struct {
		const char *answer, *words;
	} cases[] = {
		{ XML("403 Forbidden", "InvalidAccessKeyId", "no"), "blob.s3_access_key" },
		{ XML("403 Forbidden", "SignatureDoesNotMatch", "no"), "blob.s3_secret_key_file" },
		{ XML("403 Forbidden", "AccessDenied", "no"), "policy" },
		{ XML("400 Bad Request", "ExpiredToken", "no"), "blob.s3_session_token_file" },
		{ XML("404 Not Found", "NoSuchBucket", "no"), "there is no bucket bucket" },
		{ "HTTP/1.1 301 Moved\r\nx-amz-bucket-region: eu-central-1\r\nConnection: "
		  "close\r\n\r\n<Error><Code>"
		  "PermanentRedirect</Code><Message>elsewhere</Message></Error>",
			"the bucket is in eu-central-1" },
		{ "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nno XML at all", "403" },
		{ "HTTP/1.1 403 Forbidden\r\nConnection: "
		  "close\r\n\r\n<Error><Code>A</Code><Message>two\nlines"
		  "</Message></Error>",
			"403 A: two lines" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct hostile_step steps[] = { { HOSTILE_REPLY, cases[i].answer } };
		struct blob *b = STORE(steps);
		struct blob_stat st;
		struct err e = { 0 };
		assert_fails(b->ops->stat(b, "k", &st, &e), &e, ERR_UNAVAILABLE);
		assert_has(e.msg, cases[i].words);
		assert_null(strstr(e.msg, "Signature="));
		assert_null(strstr(e.msg, "nobody-may-see"));
		done(b);
	}
}

#define OK_XML(body) "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n" body
#define NO_UPLOADS                                                                                           \
	OK_XML("<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")

/* What is removed is what was listed, and only below the prefix. */
static void removes_no_foreign_key(void **state)
{
	static const char *const lists[] = {
		OK_XML("<ListBucketResult><Contents><Key>other/1</Key></Contents></ListBucketResult>"),
		OK_XML("<ListBucketResult><Contents></Contents></ListBucketResult>"),
		OK_XML("<ListBucketResult><Contents><Key>jobs%2F1%2</Key></Contents></ListBucketResult>"),
		OK_XML("<ListBucketResult><Contents><Key>jobs/1/%00</Key></Contents></ListBucketResult>"),
		OK_XML("<!DOCTYPE a [<!ENTITY k "
		       "\"jobs/1/x\">]><ListBucketResult><Contents><Key>&k;</Key></Contents>"
		       "</ListBucketResult>"),
		OK_XML("<ListBucketResult><Contents>"), OK_XML("\x01\x02 garbage"), OK_XML(""),
		OK_XML("<Other/>"), ABSENT
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const struct hostile_step steps[] = { { HOSTILE_REPLY, NO_UPLOADS },
			{ HOSTILE_REPLY, lists[i] } };
		struct blob *b = STORE(steps);
		struct err e = { 0 };
		assert_fails(b->ops->remove_prefix(b, "jobs/1/", &e), &e, ERR_UNAVAILABLE);
		done(b);
		assert_int_equal(count_of("DELETE"), 0);
	}
}

static void removes_page_by_page(void **state)
{
	const struct hostile_step steps[] = {
		{ HOSTILE_REPLY,
			OK_XML("<ListMultipartUploadsResult "
			       "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
			       "<Upload><Key>jobs%2F1%2Fa</Key><UploadId>u/1</UploadId></Upload>"
			       "<IsTruncated>true</IsTruncated><NextKeyMarker>jobs%2F1%2Fa</NextKeyMarker>"
			       "<NextUploadIdMarker>u/1</NextUploadIdMarker></ListMultipartUploadsResult>") },
		{ HOSTILE_REPLY, "HTTP/1.1 204 Gone\r\nConnection: close\r\n\r\n" },
		{ HOSTILE_REPLY, NO_UPLOADS },
		{ HOSTILE_REPLY, OK_XML("<ListBucketResult><Contents><Key>jobs%2F1%2Fa+b%25</Key></"
					"Contents></ListBucketResult>") },
		{ HOSTILE_REPLY, "HTTP/1.1 204 Gone\r\nConnection: close\r\n\r\n" },
		{ HOSTILE_REPLY, OK_XML("<ListBucketResult></ListBucketResult>") }
	};
	struct blob *b = STORE(steps);
	struct err e = { 0 };

	(void)state;
	assert_ok(b->ops->remove_prefix(b, "jobs/1/", &e), &e);
	done(b);
	assert_true(str_starts(server.heads[1], "DELETE /bucket/jobs/1/a?uploadId=u%2F1 "));
	assert_has(server.heads[2], "key-marker=jobs%2F1%2Fa&");
	assert_has(server.heads[2], "upload-id-marker=u%2F1&");
	assert_true(str_starts(server.heads[4], "DELETE /bucket/jobs/1/a%20b%25 "));
	assert_int_equal(server.seen, 6);
}

/* CompleteMultipartUpload may say 200 and fail in its document; whatever fails in the end, the upload is
 * aborted. */
static void aborts_what_cannot_be_completed(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_REPLY, ABSENT }, { HOSTILE_REPLY, NO_UPLOADS },
		{ HOSTILE_REPLY, OK_XML("<InitiateMultipartUploadResult><UploadId>u1</UploadId></"
					"InitiateMultipartUploadResult>") },
		{ HOSTILE_REPLY, SLOW }, { HOSTILE_REPLY, CREATED }, { HOSTILE_REPLY, ABSENT },
		{ HOSTILE_REPLY,
			OK_XML("<Error><Code>InternalError</Code><Message>again</Message></Error>") },
		{ HOSTILE_REPLY,
			OK_XML("<Error><Code>InternalError</Code><Message>again</Message></Error>") },
		{ HOSTILE_REPLY,
			OK_XML("<Error><Code>InternalError</Code><Message>again</Message></Error>") },
		{ HOSTILE_REPLY,
			OK_XML("<Error><Code>InternalError</Code><Message>again</Message></Error>") },
		{ HOSTILE_REPLY, "HTTP/1.1 204 Gone\r\nConnection: close\r\n\r\n" } };
	char dir[TEST_DIR_BYTES], path[512], data[200];
	struct err e = { 0 };

	(void)state;
	memset(data, 'v', sizeof data);
	const struct blob_stat want = blob_stat_of(data, sizeof data);
	test_dir(dir);
	blob_local_file(dir, "video", data, sizeof data, path);
	struct blob *b = STORE(steps);
	assert_fails(b->ops->put_file(b, "k", path, &want, NULL, NULL, &e), &e, ERR_UNAVAILABLE);
	assert_has(e.msg, "InternalError");
	done(b);
	test_dir_remove(dir);
	assert_int_equal(server.seen, ARRAY_LEN(steps));
	assert_true(str_starts(server.heads[10], "DELETE /bucket/k?uploadId=u1 "));
}

/* From the moment on in which the server has seen that many requests. */
static int stop_when_seen(void *arg)
{
	return server.seen >= *(const size_t *)arg ? -1 : 0;
}

/* A store that falls silent before the first part is sent: the caller is asked at every question. */
static void stops_before_the_first_part(void **state)
{
	const char *const answers[] = { ABSENT, NO_UPLOADS };
	char dir[TEST_DIR_BYTES], path[512], data[200];

	(void)state;
	memset(data, 'v', sizeof data);
	const struct blob_stat want = blob_stat_of(data, sizeof data);
	test_dir(dir);
	blob_local_file(dir, "video", data, sizeof data, path);
	for (size_t at = 1; at <= ARRAY_LEN(answers) + 1; at++) {
		struct hostile_step steps[ARRAY_LEN(answers) + 1] = { { HOSTILE_REPLY, answers[0] },
			{ HOSTILE_REPLY, answers[1] } };
		steps[at - 1] = (struct hostile_step){ HOSTILE_STALL, "" };
		struct blob *b = store(steps, at);
		struct err e = { 0 };
		assert_fails(
			b->ops->put_file(b, "k", path, &want, stop_when_seen, &at, &e), &e, ERR_CONFLICT);
		done(b);
		assert_int_equal(server.seen, at);
	}
	test_dir_remove(dir);
}

/* Nor can a store that is being told to complete be told otherwise: what it was asked it does, and an object
 * would appear behind the caller's back. */
static void completes_what_is_begun(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_REPLY, ABSENT }, { HOSTILE_REPLY, NO_UPLOADS },
		{ HOSTILE_REPLY, OK_XML("<InitiateMultipartUploadResult><UploadId>u1</UploadId></"
					"InitiateMultipartUploadResult>") },
		{ HOSTILE_REPLY, CREATED }, { HOSTILE_REPLY, ABSENT }, { HOSTILE_REPLY, SLOW },
		{ HOSTILE_REPLY, "HTTP/1.1 204 Gone\r\nConnection: close\r\n\r\n" } };
	char dir[TEST_DIR_BYTES], path[512], data[200];
	struct err e = { 0 };
	size_t at = 6;

	(void)state;
	memset(data, 'v', sizeof data);
	const struct blob_stat want = blob_stat_of(data, sizeof data);
	test_dir(dir);
	blob_local_file(dir, "video", data, sizeof data, path);
	struct blob *b = STORE(steps);
	assert_fails(b->ops->put_file(b, "k", path, &want, stop_when_seen, &at, &e), &e, ERR_CONFLICT);
	done(b);
	test_dir_remove(dir);
	assert_int_equal(server.seen, ARRAY_LEN(steps));
	assert_true(str_starts(server.heads[5], "POST /bucket/k?uploadId=u1 "));
	assert_true(str_starts(server.heads[6], "DELETE /bucket/k?uploadId=u1 "));
}

static void note_bucket(void *arg, const char *what, enum probe_outcome outcome, const char *text)
{
	if (strcmp(what, "bucket") == 0 && outcome == PROBE_OK)
		snprintf(arg, 256, "%s", text);
}

/* Versions keep what was erased: whoever runs doctor learns of it. */
static void probe_tells_of_versions(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_REPLY,
						      OK_XML("<ListBucketResult></ListBucketResult>") },
		{ HOSTILE_REPLY, OK_XML("<VersioningConfiguration><Status>Enabled</Status></"
					"VersioningConfiguration>") },
		{ HOSTILE_REPLY, XML("403 Forbidden", "AccessDenied", "no") } };
	struct blob *b = STORE(steps);
	char text[256] = "";
	const struct probe p = { .step = note_bucket, .arg = text };
	struct err e = { 0 };

	(void)state;
	assert_fails(b->ops->probe(b, &p, &e), &e, ERR_UNAVAILABLE);
	assert_has(text, "bucket; it keeps versions: what is erased stays there");
	done(b);
}

static void says_when_nobody_listens(void **state)
{
	const struct hostile_step steps[] = { { HOSTILE_REPLY, ABSENT } };
	struct blob *b = STORE(steps);
	struct blob_stat st;
	struct err e = { 0 };

	(void)state;
	hostile_end(&server);
	assert_fails(b->ops->stat(b, "k", &st, &e), &e, ERR_UNAVAILABLE);
	assert_has(e.msg, "onnect");
	b->ops->close(b);
}

static void refuses_bad_options(void **state)
{
	static const struct {
		const char *endpoint, *bucket, *prefix, *access, *region;
	} cases[] = { { "ftp://host", "bucket", "", "a", "r" },
		{ "http://host/path", "bucket", "", "a", "r" },
		{ "http://user@host", "bucket", "", "a", "r" }, { "http://host:0", "bucket", "", "a", "r" },
		{ "http://host:x", "bucket", "", "a", "r" }, { "http://[::1", "bucket", "", "a", "r" },
		{ "http://", "bucket", "", "a", "r" }, { "", "Bucket", "", "a", "r" },
		{ "", "b", "", "a", "r" }, { "", "a/b/c", "", "a", "r" }, { "", "bucket", "/x/", "a", "r" },
		{ "", "bucket", "x", "a", "r" }, { "", "bucket", "a//", "a", "r" },
		{ "", "bucket", "../", "a", "r" }, { "", "bucket", "", "", "r" },
		{ "", "bucket", "", "a b", "r" }, { "", "bucket", "", "a", "" },
		{ "", "bucket", "", "a", "us\r\nx: y" } };
	struct blob *b = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct blob_s3_options o = { .endpoint = cases[i].endpoint,
			.public_endpoint = "",
			.bucket = cases[i].bucket,
			.region = cases[i].region,
			.prefix = cases[i].prefix,
			.access_key = cases[i].access,
			.secret_key = "s",
			.session_token = "",
			.ca_file = "",
			.encryption = "none",
			.kms_key = "" };
		struct err e = { 0 };
		if (blob_s3_open(&o, &b, &e) == 0)
			fail_msg("case %zu was accepted", i);
		assert_int_equal(e.kind, ERR_CONFIG);
	}
}

static void makes_addresses_of_both_styles(void **state)
{
	static const struct {
		const char *endpoint, *public_endpoint;
		bool is_virtual;
		const char *want;
	} cases[] = { { "", "", false, "https://s3.eu-west-1.amazonaws.com/bucket/pre/k?X-Amz-Algorithm=" },
		{ "", "", true, "https://bucket.s3.eu-west-1.amazonaws.com/pre/k?X-Amz-Algorithm=" },
		{ "http://127.0.0.1:9000", "", false, "http://127.0.0.1:9000/bucket/pre/k?" },
		{ "http://[::1]:9000", "", false, "http://[::1]:9000/bucket/pre/k?" },
		{ "http://10.0.0.1:9000", "https://s3.example.org/", true,
			"https://bucket.s3.example.org/pre/k?" },
		{ "https://h:443", "", false, "https://h/bucket/pre/k?" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct blob_s3_options o = { .endpoint = cases[i].endpoint,
			.public_endpoint = cases[i].public_endpoint,
			.bucket = "bucket",
			.region = "eu-west-1",
			.prefix = "pre/",
			.access_key = "a",
			.secret_key = "s",
			.session_token = "",
			.ca_file = "",
			.encryption = "none",
			.kms_key = "",
			.is_virtual = cases[i].is_virtual };
		const int64_t now_s = clock_wall_ms() / 1000;
		char url[BLOB_URL_BYTES];
		struct blob *b = NULL;
		struct err e = { 0 };
		assert_ok(blob_s3_open(&o, &b, &e), &e);
		assert_ok(b->ops->url_get(b, "k", now_s + 60, url, &e), &e);
		if (!str_starts(url, cases[i].want))
			fail_msg("%s does not begin with %s", url, cases[i].want);
		/* Seven days are the most, whatever is asked for; what is over has no address. */
		assert_ok(b->ops->url_put(b, "k", now_s + 30 * 86400, 1, url, &e), &e);
		assert_has(url, "X-Amz-Expires=604800&");
		assert_fails(b->ops->url_get(b, "k", now_s - 1, url, &e), &e, ERR_INVALID);
		b->ops->close(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(tries_again_what_may_pass),
		cmocka_unit_test(takes_no_proxy), cmocka_unit_test(ends_what_drips),
		cmocka_unit_test(gives_up_after_a_while), cmocka_unit_test(heeds_retry_after),
		cmocka_unit_test(survives_a_lost_answer), cmocka_unit_test(does_without_conditions),
		cmocka_unit_test(sees_what_was_stored), cmocka_unit_test(reads_through_broken_connections),
		cmocka_unit_test(refuses_other_bytes), cmocka_unit_test(ends_what_stalls),
		cmocka_unit_test(tells_the_clocks_difference), cmocka_unit_test(says_what_to_mend),
		cmocka_unit_test(removes_no_foreign_key), cmocka_unit_test(removes_page_by_page),
		cmocka_unit_test(aborts_what_cannot_be_completed),
		cmocka_unit_test(stops_before_the_first_part), cmocka_unit_test(completes_what_is_begun),
		cmocka_unit_test(probe_tells_of_versions), cmocka_unit_test(says_when_nobody_listens),
		cmocka_unit_test(refuses_bad_options), cmocka_unit_test(makes_addresses_of_both_styles) };
	const struct blob_stat video = blob_stat_of("video", 5);
	char sum[SHA256_HEX_BYTES];

	hex_encode(video.sha256, SHA256_BYTES, sum);
	snprintf(holds, sizeof holds,
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx-amz-meta-sha256: %s\r\nConnection: close\r\n\r\n",
		sum);
	return cmocka_run_group_tests_name("blob_s3 against hostile servers", tests, NULL, NULL);
}
