#include "drivers/s3_call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "core/retry.h"
#include "drivers/s3_answer.h"
#include "drivers/s3_fault.h"

/* Slower than that for the site's stall_s is as good as nothing: an answer that comes byte by byte would hold
 * its thread for days. */
enum { DELAY_MOST_MS = 8000, SLOW_S = 600, BUFFER = 512 << 10, SLOWEST_BYTES_PER_S = 1000 };

void s3_call_init(struct s3_call *c, const char *method, const char *key, size_t answer_max)
{
	*c = (struct s3_call){ .method = method,
		.key = key,
		.fd = -1,
		.bytes = -1,
		.total = -1,
		.payload_sha256 = S3_EMPTY_SHA256 };
	buf_init(&c->answer, answer_max);
	buf_init(&c->wire.target, 16384);
	buf_init(&c->wire.headers, 16384);
}

/* They hold a signature, and the session token. */
static void drop_lines(struct s3_call *c)
{
	for (struct curl_slist *l = c->lines; l; l = l->next)
		secret_wipe(l->data, strlen(l->data));
	curl_slist_free_all(c->lines);
	c->lines = NULL;
}

void s3_call_deinit(struct s3_call *c)
{
	drop_lines(c);
	buf_deinit(&c->answer);
	buf_deinit(&c->wire.target);
	if (c->wire.headers.data)
		secret_wipe(c->wire.headers.data, c->wire.headers.cap);
	buf_deinit(&c->wire.headers);
}

/* More pairs than S3_CALL_PAIRS is a mistake of the caller's; the signature then misses one and S3 refuses.
 */
void s3_call_query(struct s3_call *c, const char *name, const char *value)
{
	if (c->query_count < S3_CALL_PAIRS)
		c->query[c->query_count++] = (struct s3_pair){ name, value };
}

void s3_call_header(struct s3_call *c, const char *name, const char *value)
{
	if (c->header_count < S3_CALL_PAIRS)
		c->headers[c->header_count++] = (struct s3_pair){ name, value };
}

int s3_call_body(struct s3_call *c, const void *body, size_t len, struct err *e)
{
	uint8_t sum[SHA256_BYTES];

	if (sha256_of(body, len, sum, e) < 0)
		return -1;
	hex_encode(sum, sizeof sum, c->payload_sha256);
	c->body = body;
	c->body_bytes = (int64_t)len;
	c->has_body = true;
	return 0;
}

void s3_call_file(struct s3_call *c, int fd, int64_t offset, int64_t len, const char sha256[SHA256_HEX_BYTES])
{
	memcpy(c->payload_sha256, sha256, SHA256_HEX_BYTES);
	c->fd = fd;
	c->offset = offset;
	c->body_bytes = len;
	c->has_body = true;
}

/* Straight from the file into curl's buffer: a part of 16 MB never lies in memory as a whole. */
static size_t send_body(char *out, size_t size, size_t count, void *arg)
{
	struct s3_call *c = arg;
	size_t room = size * count;
	int64_t left = c->body_bytes - c->sent;
	size_t n = left < (int64_t)room ? (size_t)left : room;

	if (n == 0)
		return 0;
	if (c->fd < 0) {
		memcpy(out, (const char *)c->body + c->sent, n);
	} else {
		ssize_t got;
		do
			got = pread(c->fd, out, n, c->offset + c->sent);
		while (got < 0 && errno == EINTR);
		if (got <= 0) {
			c->read_failed = true;
			return CURL_READFUNC_ABORT;
		}
		n = (size_t)got;
	}
	c->sent += (int64_t)n;
	return n;
}

static int seek_body(void *arg, curl_off_t offset, int origin)
{
	struct s3_call *c = arg;

	if (origin != SEEK_SET || offset < 0 || offset > c->body_bytes)
		return CURL_SEEKFUNC_CANTSEEK;
	c->sent = offset;
	return CURL_SEEKFUNC_OK;
}

static int ask_poll(void *arg, curl_off_t a, curl_off_t b, curl_off_t d, curl_off_t f)
{
	const struct s3_call *c = arg;

	(void)a, (void)b, (void)d, (void)f;
	return s3_poll_ask(c->poll) < 0 ? 1 : 0;
}

static int add_line(struct s3_call *c, const char *text, struct err *e)
{
	struct curl_slist *longer = curl_slist_append(c->lines, text);

	if (!longer)
		return err_set(e, ERR_NOMEM, "no memory for a request");
	c->lines = longer;
	return 0;
}

/* "name: value\n"… as curl wants them. A header without a value would be dropped by curl. */
static int add_lines(struct s3_call *c, struct err *e)
{
	drop_lines(c);
	for (char *p = c->wire.headers.data, *end; p && (end = strchr(p, '\n')); p = end + 1) {
		*end = '\0';
		if (add_line(c, p, e) < 0)
			return -1;
	}
	/* A large body waits for the store's word; a small one is sooner sent than asked for. */
	return c->fd >= 0 && c->body_bytes > BUFFER ? 0 : add_line(c, "expect:", e);
}

static int sign_now(struct s3_site *s, struct s3_call *c, struct s3_place *at, struct err *e)
{
	const struct s3_keys keys = s3_site_keys(s);

	if (s3_site_place(s, false, c->key, at, e) < 0)
		return -1;
	const struct s3_request r = { .method = c->method,
		.host = at->host,
		.path = at->path,
		.query = c->query,
		.query_count = c->query_count,
		.headers = c->headers,
		.header_count = c->header_count,
		.payload_sha256 = c->payload_sha256,
		.at_s = clock_wall_ms() / 1000 };
	return s3_sign(&keys, &r, &c->wire, e);
}

static void set_transport(const struct s3_site *s, struct s3_call *c, CURL *h)
{
	s3_site_transport(s, h);
	(void)curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, s->inner.is_tls ? "https" : "http");
	(void)curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(h, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(h, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT, (long)s->connect_s);
	(void)curl_easy_setopt(h, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST_BYTES_PER_S);
	(void)curl_easy_setopt(h, CURLOPT_LOW_SPEED_TIME, c->is_slow ? (long)SLOW_S : (long)s->stall_s);
	(void)curl_easy_setopt(h, CURLOPT_USERAGENT, "gaitd/" GAITD_VERSION);
	(void)curl_easy_setopt(h, CURLOPT_BUFFERSIZE, (long)BUFFER);
	(void)curl_easy_setopt(h, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER);
	(void)curl_easy_setopt(h, CURLOPT_ERRORBUFFER, c->trouble);
}

static void set_callbacks(struct s3_call *c, CURL *h)
{
	(void)curl_easy_setopt(h, CURLOPT_PRIVATE, c);
	(void)curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, s3_answer_header);
	(void)curl_easy_setopt(h, CURLOPT_HEADERDATA, c);
	(void)curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, s3_answer_body);
	(void)curl_easy_setopt(h, CURLOPT_WRITEDATA, c);
	if (c->poll.ask && !c->is_slow) {
		(void)curl_easy_setopt(h, CURLOPT_NOPROGRESS, 0L);
		(void)curl_easy_setopt(h, CURLOPT_XFERINFOFUNCTION, ask_poll);
		(void)curl_easy_setopt(h, CURLOPT_XFERINFODATA, c);
	}
	if (c->has_body) {
		(void)curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(h, CURLOPT_INFILESIZE_LARGE, (curl_off_t)c->body_bytes);
		(void)curl_easy_setopt(h, CURLOPT_READFUNCTION, send_body);
		(void)curl_easy_setopt(h, CURLOPT_READDATA, c);
		(void)curl_easy_setopt(h, CURLOPT_SEEKFUNCTION, seek_body);
		(void)curl_easy_setopt(h, CURLOPT_SEEKDATA, c);
	}
	if (strcmp(c->method, "HEAD") == 0)
		(void)curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
	else
		(void)curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, c->method);
}

int s3_call_prepare_plain(const struct s3_site *s, struct s3_call *c, CURL *h, const char *url, struct err *e)
{
	if (add_lines(c, e) < 0)
		return -1;
	s3_answer_forget(c);
	c->status = 0;
	c->sent = 0;
	c->read_failed = false;
	c->trouble[0] = '\0';
	set_transport(s, c, h);
	set_callbacks(c, h);
	if (curl_easy_setopt(h, CURLOPT_URL, url) != CURLE_OK ||
		curl_easy_setopt(h, CURLOPT_HTTPHEADER, c->lines) != CURLE_OK)
		return err_set(e, ERR_NOMEM, "no memory for a request");
	return 0;
}

int s3_call_prepare(struct s3_site *s, struct s3_call *c, CURL *h, struct err *e)
{
	struct s3_place at;
	BUF_CLEANUP struct buf url;

	buf_init(&url, 32768);
	if (sign_now(s, c, &at, e) < 0 || buf_addf(&url, e, "%s%s", at.origin, buf_str(&c->wire.target)) < 0)
		return -1;
	return s3_call_prepare_plain(s, c, h, buf_str(&url), e);
}

/* May the same request pass a moment later? The request is repeatable: PUT and DELETE by nature, POST of a
 * multipart upload because a second one is only a second upload. */
static bool transfer_may_pass(CURLcode rc)
{
	static const CURLcode passing[] = { CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT,
		CURLE_OPERATION_TIMEDOUT, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING,
		CURLE_PARTIAL_FILE, CURLE_SSL_CONNECT_ERROR, CURLE_WEIRD_SERVER_REPLY,
		CURLE_SEND_FAIL_REWIND };

	for (size_t i = 0; i < ARRAY_LEN(passing); i++)
		if (rc == passing[i])
			return true;
	return false;
}

static bool refusal_may_pass(const struct s3_call *c)
{
	static const char *const codes[] = { "RequestTimeout", "BadDigest", "XAmzContentSHA256Mismatch",
		"IncompleteBody", "ConditionalRequestConflict", "OperationAborted", "SlowDown" };

	if (c->status == 429 || c->status == 408 || (c->status >= 500 && c->status != 501))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (strcmp(c->code, codes[i]) == 0)
			return true;
	return false;
}

int s3_call_judge(const struct s3_site *s, struct s3_call *c, CURL *h, CURLcode rc, struct err *e)
{
	if (rc != CURLE_OK) {
		(void)s3_fault_set_transfer(s, c, rc, e);
		return transfer_may_pass(rc) ? S3_AGAIN : -1;
	}
	(void)curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &c->status);
	if (c->status >= 200 && c->status < 300)
		return S3_OK;
	s3_fault_read(c);
	if (c->status == 404 && strcmp(c->code, "NoSuchBucket") != 0)
		return S3_ABSENT;
	if (c->status == 412)
		return S3_TAKEN;
	if (c->status == 416)
		return S3_BEYOND;
	(void)s3_fault_set(s, c, e);
	return refusal_may_pass(c) ? S3_AGAIN : -1;
}

int64_t s3_call_delay_ms(const struct s3_site *s, const struct s3_call *c, int failures)
{
	uint32_t random;

	random_bytes(&random, sizeof random);
	int64_t ms = retry_delay_ms(failures, s->first_delay_ms, DELAY_MOST_MS, random);
	return ms > c->retry_after_ms ? ms : c->retry_after_ms;
}

int s3_call_wait(const struct s3_call *c, int64_t ms, struct err *e)
{
	const int64_t end = clock_mono_ms() + ms;

	for (int64_t left = ms; left > 0; left = end - clock_mono_ms()) {
		const long piece = left < 100 ? (long)left : 100;
		const struct timespec t = { .tv_nsec = piece * 1000000 };
		if (s3_poll_ask(c->poll) < 0)
			return err_set(e, ERR_CONFLICT, "cancelled");
		(void)nanosleep(&t, NULL);
	}
	return 0;
}

int s3_call(struct s3_site *s, struct s3_call *c, struct err *e)
{
	for (int failures = 0;;) {
		CURL *h = s3_site_take(s);
		if (!h)
			return err_set(e, ERR_NOMEM, "no memory for a request");
		int r = s3_call_prepare(s, c, h, e);
		if (r == 0)
			r = s3_call_judge(s, c, h, curl_easy_perform(h), e);
		s3_site_give(s, h);
		if (r != S3_AGAIN)
			return r;
		if (++failures >= (c->tries ? c->tries : s->tries))
			return -1;
		if (s3_call_wait(c, s3_call_delay_ms(s, c, failures), e) < 0)
			return -1;
	}
}
