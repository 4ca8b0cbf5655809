#include "kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fsx.h"

#define H "Host: t\r\n"

static struct kit kit;

static int setup(void **state)
{
	(void)state;
	kit_start(&kit, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kit_stop(&kit);
	return 0;
}

/* Status and a text that the body or the head must have. */
static const struct {
	const char *request;
	int status;
	const char *body, *head;
} asked[] = {
	{ "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", 200, "ok\n", "X-Content-Type-Options: nosniff" },
	{ "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", 200, "ok\n", "Cache-Control: no-store" },
	{ "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", 200, "ok\n",
		"Content-Security-Policy: default-src 'none'; frame-" },
	{ "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", 200, "ok\n", "X-Request-Id: req_" },
	{ "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", 200, "ok\n", "Referrer-Policy: no-referrer" },
	{ "\r\nGET /api/v1/ok HTTP/1.1\r\n" H "\r\n", 200, "ok\n", NULL },
	{ "GET http://t/api/v1/ok?x HTTP/1.1\r\n" H "\r\n", 200, "ok\n", NULL },
	{ "GET /api/v1/echo/a%2Fb?q=x+y%26z&q=2 HTTP/1.1\r\n" H
	  "User-Agent: me\r\nCookie: a=1; sid=s7\r\n\r\n",
		200, "id=a/b q=x y&z agent=me sid=s7 client=127.0.0.1 method=GET", "Connection: close" },
	{ "GET /api/v1/echo/%41 HTTP/1.1\r\n" H "X-Forwarded-For: 1.2.3.4\r\n\r\n", 200, "id=A", NULL },
	{ "GET /api/v1/echo/%41 HTTP/1.1\r\n" H "X-Forwarded-For: 1.2.3.4\r\n\r\n", 200, "client=127.0.0.1",
		NULL },
	{ "GET /api/v1/blobs/jobs/7/front.mp4 HTTP/1.1\r\n" H "\r\n", 200, "id=jobs/7/front.mp4 ", NULL },
	{ "GET /api/v1/echo/ HTTP/1.1\r\n" H "\r\n", 404, "\"status\":404", "application/problem+json" },
	{ "GET /api/v1/echo/a%00b HTTP/1.1\r\n" H "\r\n", 400, "bad escape", NULL },
	{ "GET /api/v1/echo/a%2 HTTP/1.1\r\n" H "\r\n", 400, "bad escape", NULL },
	{ "GET /api/v1/ok?a=%zz HTTP/1.1\r\n" H "\r\n", 400, "bad escape", NULL },
	{ "GET /api/v1/nothing HTTP/1.1\r\n" H "\r\n", 404, "urn:gaitd:error:not-found", NULL },
	{ "DELETE /api/v1/ok HTTP/1.1\r\n" H "\r\n", 405, "\"status\":405", "Allow: GET, HEAD, OPTIONS" },
	{ "PUT /api/v1/upload HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 405, NULL,
		"Allow: POST, PATCH, OPTIONS" },
	{ "OPTIONS /api/v1/upload HTTP/1.1\r\n" H "\r\n", 204, NULL, "Allow: POST, PATCH, OPTIONS" },
	{ "OPTIONS * HTTP/1.1\r\n" H "\r\n", 204, NULL, "Allow: OPTIONS" },
	{ "HEAD /api/v1/ok HTTP/1.1\r\n" H "\r\n", 200, NULL, "Content-Length: 3" },
	{ "GET /api/v1/silent HTTP/1.1\r\n" H "\r\n", 500, "\"request_id\":\"req_", NULL },
	{ "GET /api/v1/broken HTTP/1.1\r\n" H "\r\n", 500, "Its log has the reason", NULL },
	{ "GET /api/v1/busy HTTP/1.1\r\n" H "\r\n", 429, "too often", "Retry-After: 7" },
	{ "GET /api/v1/secure HTTP/1.1\r\n" H "\r\n", 401, "no token", "WWW-Authenticate: Bearer" },
	{ "GET /api/v1/secure HTTP/1.1\r\n" H "Authorization: Bearer gt_bad\r\n\r\n", 401, "bad token",
		NULL },
	{ "GET /api/v1/secure HTTP/1.1\r\n" H "Authorization: bearer gt_good\r\n\r\n", 200, "ok\n", NULL },
	{ "GET /api/v1/admin HTTP/1.1\r\n" H "Authorization: Bearer gt_good\r\n\r\n", 403, "not yours",
		NULL },
	{ "POST /api/v1/json HTTP/1.1\r\n" H
	  "Content-Type: application/json; charset=utf-8\r\nContent-Length: 7\r\n\r\n"
	  "{\"a\":1}",
		200, "{\"a\":1}", NULL },
	{ "POST /api/v1/json HTTP/1.1\r\n" H
	  "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n",
		200, "{\"a\":1}", NULL },
	{ "POST /api/v1/json HTTP/1.1\r\n" H "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415,
		"must be application/json", NULL },
	{ "POST /api/v1/json HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\n{}", 415, NULL, NULL },
	{ "POST /api/v1/json HTTP/1.1\r\n" H
	  "Content-Type: application/json\r\nContent-Length: 100001\r\nExpect: 100-continue\r\n\r\n",
		413, "the limit is 100000", "Connection: close" },
	{ "POST /api/v1/upload HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nabcde", 202, "{\"bytes\":5}",
		"Connection: close" },
	{ "PATCH /api/v1/upload HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 202, "{\"bytes\":5}", NULL },
	{ "POST /api/v1/upload HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde", 400,
		"given twice", "Connection: close" },
	{ "POST /api/v1/upload HTTP/1.1\r\n" H
	  "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		400, "given twice", "Connection: close" },
	{ "POST /api/v1/upload HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501,
		"chunked", "Connection: close" },
	{ "GET /api/v1/ok HTTP/1.1\r\n" H H "\r\n", 400, "more than one Host", NULL },
	{ "POST /api/v1/json HTTP/1.1\r\n" H "Origin: https://evil.example\r\nContent-Length: 0\r\n\r\n", 403,
		"another site", NULL },
	{ "POST /api/v1/json HTTP/1.1\r\n" H "Sec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n", 403,
		"another site", NULL },
	{ "POST /api/v1/upload HTTP/1.1\r\n" H "Origin: http://t\r\nContent-Length: 0\r\n\r\n", 202, NULL,
		NULL },
	{ "GET /api/v1/etag HTTP/1.1\r\n" H "\r\n", 200, "running", "ETag: \"17-running\"" },
	{ "GET /api/v1/etag HTTP/1.1\r\n" H "\r\n", 200, "running", "Cache-Control: private, no-cache" },
	{ "GET /api/v1/etag HTTP/1.1\r\n" H "If-None-Match: \"16\", W/\"17-running\"\r\n\r\n", 304, NULL,
		"ETag: \"17-running\"" },
	{ "GET /api/v1/etag HTTP/1.1\r\n" H "If-None-Match: \"17\"\r\n\r\n", 200, "running", NULL },
	{ "GET / HTTP/1.1\r\n" H "\r\n", 200, "<h1>gaitd", "script-src 'self'" },
	{ "GET /x.js HTTP/1.1\r\n" H "\r\n", 404, NULL, NULL },
	{ "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 404, NULL, NULL },
	{ "NONSENSE\r\n\r\n", 400, "no HTTP/1.1 request", "Connection: close" },
	{ "GET /a b HTTP/1.1\r\n\r\n", 400, NULL, NULL },
	{ "GET / HTTP/3.1\r\n\r\n", 400, NULL, NULL },
	{ "\x16\x03\x01\x02\x01", 400, NULL, NULL },
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
		struct reply r;
		int status = client_ask(kit.port, asked[i].request, &r);

		if (status != asked[i].status ||
			(asked[i].body && !strstr(buf_str(&r.body), asked[i].body)) ||
			(asked[i].head && !strstr(buf_str(&r.head), asked[i].head)))
			fail_msg("%s\n--- %d, not %d:\n%s%s", asked[i].request, status, asked[i].status,
				buf_str(&r.head), buf_str(&r.body));
		if (status >= 400)
			assert_string_equal(reply_header(&r, "Content-Type"), "application/problem+json");
		assert_null(strstr(buf_str(&r.body), "secret"));
		reply_deinit(&r);
	}
}

static void test_keep_alive_and_pipelining(void **state)
{
	int fd = client_open(kit.port);
	struct reply r;

	(void)state;
	client_send(fd, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\nGET /api/v1/echo/7 HTTP/1.1\r\n" H
			"\r\nPOST /api/v1/json HTTP/1.1\r\n" H
			"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
			"GET /api/v1/nothing HTTP/1.1\r\n" H "\r\nGET /api/v1/ok HTTP/1.1\r\n" H "\r\n");
	static const int status[] = { 200, 200, 200, 404, 200 };
	for (size_t i = 0; i < 5; i++) {
		assert_true(client_read(fd, &r, false));
		assert_int_equal(r.status, status[i]);
		assert_false(r.closed);
		reply_deinit(&r);
	}
	/* a small refused body does not cost the connection */
	client_send(fd, "POST /api/v1/nothing HTTP/1.1\r\n" H "Content-Length: 10\r\n\r\n0123456789"
			"GET /api/v1/ok HTTP/1.1\r\n" H "\r\n");
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 404);
	reply_deinit(&r);
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 200);
	reply_deinit(&r);
	(void)close(fd);
}

/* A browser's request is chosen anew each time; so is everyone's after an upload. */
static void test_connections_end(void **state)
{
	static const char *const requests[] = { "GET /api/v1/ok HTTP/1.1\r\n" H "Cookie: sid=1\r\n\r\n",
		"GET /api/v1/ok HTTP/1.1\r\n" H "User-Agent: Mozilla/5.0 (X11)\r\n\r\n",
		"POST /api/v1/upload HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\nx" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		int fd = client_open(kit.port);
		struct reply r;

		client_send(fd, requests[i]);
		assert_true(client_read(fd, &r, false));
		assert_true(r.closed);
		assert_true(client_at_end(fd));
		reply_deinit(&r);
		(void)close(fd);
	}
}

/* A kept-alive connection brings an upload and a sign-in to the loop: served, and the hooks still run
 * elsewhere. */
static void test_misplaced_blocking_routes(void **state)
{
	int fd = client_open(kit.port);
	struct reply r;

	(void)state;
	atomic_store(&kit.bytes, 0);
	atomic_store(&kit.on_loop, -1);
	client_send(fd, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\nPOST /api/v1/upload HTTP/1.1\r\n" H
			"Content-Length: 100000\r\n\r\n");
	char *big = calloc(1, 100000);
	client_send_n(fd, big, 100000);
	free(big);
	assert_true(client_read(fd, &r, false));
	reply_deinit(&r);
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 202);
	assert_string_equal(buf_str(&r.body), "{\"bytes\":100000}");
	assert_true(r.closed);
	reply_deinit(&r);
	(void)close(fd);

	fd = client_open(kit.port);
	client_send(fd, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\nPOST /api/v1/session HTTP/1.1\r\n" H
			"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
	assert_true(client_read(fd, &r, false));
	reply_deinit(&r);
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 200);
	assert_string_equal(buf_str(&r.body), "{}");
	assert_int_equal(atomic_load(&kit.on_loop), 0);
	reply_deinit(&r);
	(void)close(fd);
}

/* Expect: 100-continue: a good request is told to go on, a refused one gets its answer and no 100. */
static void test_expect(void **state)
{
	BUF_CLEANUP struct buf seen;
	struct reply r;
	int fd = client_open(kit.port);

	(void)state;
	buf_init(&seen, 4096);
	client_send(
		fd, "POST /api/v1/upload HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	assert_true(client_read_until(fd, &seen, "HTTP/1.1 100 Continue\r\n\r\n"));
	client_send(fd, "abc");
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 202);
	reply_deinit(&r);
	(void)close(fd);

	fd = client_open(kit.port);
	client_send(
		fd, "POST /api/v1/secure HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
	buf_reset(&seen);
	assert_true(client_read_until(fd, &seen, "\r\n\r\n"));
	assert_true(strncmp(buf_str(&seen), "HTTP/1.1 401 ", 13) == 0);
	(void)close(fd);
}

/* A client that sends all of a refused 64 MB before it reads still gets the answer. */
static void early_answer(const char *path, int status, int lower, const char *text)
{
	int fd = client_open(kit.port), done = atomic_load(&kit.done);
	size_t piece = 1 << 20;
	char *zeros = calloc(1, piece), head[256];
	struct reply r;

	snprintf(head, sizeof head, "POST %s HTTP/1.1\r\n" H "Content-Length: %d\r\n\r\n", path, 64 << 20);
	client_send(fd, head);
	for (int i = 0; i < 64; i++)
		client_send_n(fd, zeros, piece);
	free(zeros);
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, status);
	assert_true(r.closed);
	assert_non_null(strstr(buf_str(&r.body), text));
	reply_deinit(&r);
	(void)close(fd);
	kit_await(&kit, &kit.done, done + lower);
}

static void test_early_answers_arrive(void **state)
{
	(void)state;
	early_answer("/api/v1/refuse", 422, 1, "{\"field\":\"sex\",\"reason\":\"is \\\"X\\\"\"}");
	early_answer("/api/v1/secure", 401, 0, "no token");
	early_answer("/api/v1/small", 413, 1, "the limit is 1000");
	early_answer("/api/v1/nothing", 404, 0, "nothing at this address");
	atomic_store(&kit.bytes, 0);
	early_answer("/api/v1/midway", 415, 1, "this is no video");
	assert_in_range(atomic_load(&kit.bytes), 1 << 20, 4 << 20);
}

static void test_chunked_over_the_limit(void **state)
{
	struct reply r;
	int fd = client_open(kit.port);
	char chunk[606];

	(void)state;
	memcpy(chunk, "258\r\n", 5);
	memset(chunk + 5, 'x', 600);
	client_send(fd, "POST /api/v1/small HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 4; i++) {
		client_send_n(fd, chunk, 605);
		client_send(fd, "\r\n");
	}
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 413);
	reply_deinit(&r);
	(void)close(fd);
}

/* done() comes once, whatever happens to the client. */
static void test_client_gone(void **state)
{
	struct kit own; /* so that no late done() of another test is counted */

	(void)state;
	kit_start(&own, NULL);
	for (int i = 0; i < 8; i++) {
		int fd = client_open(own.port);
		struct linger reset = { .l_onoff = 1, .l_linger = 0 };

		client_send(fd, "POST /api/v1/upload HTTP/1.1\r\n" H "Content-Length: 1000000\r\n\r\nabc");
		kit_await(&own, &own.begun, i + 1);
		if (i % 2)
			(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		(void)close(fd);
	}
	kit_await(&own, &own.done, 8);
	kit_stop(&own);
	assert_int_equal(atomic_load(&own.done), 8);
	assert_int_equal(atomic_load(&own.ended), 0);
	assert_int_equal(atomic_load(&own.completed), 0);
}

static void test_byte_by_byte(void **state)
{
	static const char text[] = "POST /api/v1/json HTTP/1.1\r\n" H
				   "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
	int fd = client_open(kit.port);
	struct reply r;

	(void)state;
	for (const char *p = text; *p; p++)
		client_send_n(fd, p, 1);
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 200);
	reply_deinit(&r);
	(void)close(fd);
}

static void test_too_long(void **state)
{
	char *big = malloc(20001);
	static const struct {
		const char *before, *after;
		size_t n;
		int status;
	} cases[] = {
		{ "GET /api/v1/echo/", " HTTP/1.1\r\n" H "\r\n", 3000, 200 },
		{ "GET /api/v1/echo/", " HTTP/1.1\r\n" H "\r\n", 5000, 414 },
		{ "GET /api/v1/echo/", " HTTP/1.1\r\n" H "\r\n", 20000, 414 },
		{ "GET /api/v1/ok HTTP/1.1\r\n" H "X: ", "\r\n\r\n", 7000, 200 },
		{ "GET /api/v1/ok HTTP/1.1\r\n" H "X: ", "\r\n\r\n", 9000, 431 },
		{ "GET /api/v1/ok HTTP/1.1\r\n" H "X: ", "\r\n\r\n", 20000, 431 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int fd = client_open(kit.port);
		struct reply r;

		memset(big, 'a', cases[i].n);
		client_send(fd, cases[i].before);
		client_send_n(fd, big, cases[i].n);
		client_send(fd, cases[i].after);
		assert_true(client_read(fd, &r, false));
		assert_int_equal(r.status, cases[i].status);
		reply_deinit(&r);
		(void)close(fd);
	}
	/* on a kept-alive connection libmicrohttpd says it */
	int fd = client_open(kit.port);
	struct reply r;
	client_send(fd, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n");
	assert_true(client_read(fd, &r, false));
	reply_deinit(&r);
	memset(big, 'a', 20000);
	client_send(fd, "GET /api/v1/ok HTTP/1.1\r\n" H "X: ");
	client_send_n(fd, big, 20000);
	client_send(fd, "\r\n\r\n");
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 431);
	reply_deinit(&r);
	(void)close(fd);
	free(big);
}

static void test_pulled_bodies(void **state)
{
	struct reply r;

	(void)state;
	assert_int_equal(client_ask(kit.port, "GET /api/v1/pull HTTP/1.1\r\n" H "\r\n", &r), 200);
	assert_int_equal(r.body.len, 5000);
	assert_string_equal(reply_header(&r, "Transfer-Encoding"), "chunked");
	reply_deinit(&r);
	assert_int_equal(client_ask(kit.port, "GET /api/v1/pull?sized HTTP/1.1\r\n" H "\r\n", &r), 200);
	assert_int_equal(r.body.len, 5000);
	assert_string_equal(reply_header(&r, "Content-Length"), "5000");
	reply_deinit(&r);
}

static void test_request_ids_differ(void **state)
{
	char first[64];
	struct reply r;

	(void)state;
	assert_int_equal(client_ask(kit.port, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", &r), 200);
	snprintf(first, sizeof first, "%s", reply_header(&r, "X-Request-Id"));
	reply_deinit(&r);
	assert_int_equal(client_ask(kit.port, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", &r), 200);
	assert_string_not_equal(first, reply_header(&r, "X-Request-Id"));
	assert_int_equal(strlen(first), 20);
	reply_deinit(&r);
}

static const struct {
	const char *header;
	int status;
	const char *body, *content_range;
} ranges[] = {
	{ "", 200, "0123456789", NULL },
	{ "Range: bytes=2-5\r\n", 206, "2345", "bytes 2-5/10" },
	{ "Range: bytes=7-\r\n", 206, "789", "bytes 7-9/10" },
	{ "Range: bytes=-3\r\n", 206, "789", "bytes 7-9/10" },
	{ "Range: bytes=-30\r\n", 206, "0123456789", "bytes 0-9/10" },
	{ "Range: bytes=0-0\r\n", 206, "0", "bytes 0-0/10" },
	{ "Range: bytes=5-99\r\n", 206, "56789", "bytes 5-9/10" },
	{ "Range: bytes=10-\r\n", 416, NULL, "bytes */10" },
	{ "Range: bytes=-0\r\n", 416, NULL, "bytes */10" },
	{ "Range: bytes=5-2\r\n", 200, "0123456789", NULL },
	{ "Range: bytes=0-1,3-4\r\n", 200, "0123456789", NULL },
	{ "Range: lines=0-1\r\n", 200, "0123456789", NULL },
	{ "Range: bytes=x-1\r\n", 200, "0123456789", NULL },
	{ "Range: bytes=2-5\r\nIf-Range: \"v1\"\r\n", 206, "2345", "bytes 2-5/10" },
	{ "Range: bytes=2-5\r\nIf-Range: \"v0\"\r\n", 200, "0123456789", NULL },
	{ "If-None-Match: \"v1\"\r\n", 304, "", NULL },
	{ "If-None-Match: *\r\n", 304, "", NULL },
};

static void test_files(void **state)
{
	char path[128], request[256];
	struct reply r;

	(void)state;
	assert_int_equal(fsx_join(path, sizeof path, kit.dir, "ten", NULL), 0);
	assert_int_equal(fsx_replace(path, "0123456789", 10, 0600, NULL), 0);
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
		snprintf(request, sizeof request, "GET /api/v1/files/ten HTTP/1.1\r\n" H "%s\r\n",
			ranges[i].header);
		int status = client_ask(kit.port, request, &r);
		if (status != ranges[i].status)
			fail_msg("%s: %d", ranges[i].header, status);
		if (ranges[i].body)
			assert_string_equal(buf_str(&r.body), ranges[i].body);
		if (ranges[i].content_range)
			assert_string_equal(reply_header(&r, "Content-Range"), ranges[i].content_range);
		if (status == 200)
			assert_string_equal(reply_header(&r, "Content-Disposition"),
				"attachment; filename=\"a _b_ __.txt\"; "
				"filename*=UTF-8''a%20%22b%22%20%C3%A9.txt");
		reply_deinit(&r);
	}
	assert_int_equal(
		client_ask(kit.port, "HEAD /api/v1/files/ten HTTP/1.1\r\n" H "Range: bytes=1-2\r\n\r\n", &r),
		200);
	assert_string_equal(reply_header(&r, "Content-Length"), "10");
	reply_deinit(&r);
	assert_int_equal(fsx_join(path, sizeof path, kit.dir, "none", NULL), 0);
	assert_int_equal(fsx_replace(path, "", 0, 0600, NULL), 0);
	assert_int_equal(client_ask(kit.port, "GET /api/v1/files/none HTTP/1.1\r\n" H "\r\n", &r), 200);
	assert_int_equal(r.body.len, 0);
	reply_deinit(&r);
	assert_int_equal(client_ask(kit.port, "GET /api/v1/files/absent HTTP/1.1\r\n" H "\r\n", NULL), 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_keep_alive_and_pipelining),
		cmocka_unit_test(test_connections_end),
		cmocka_unit_test(test_misplaced_blocking_routes),
		cmocka_unit_test(test_expect),
		cmocka_unit_test(test_early_answers_arrive),
		cmocka_unit_test(test_chunked_over_the_limit),
		cmocka_unit_test(test_client_gone),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_pulled_bodies),
		cmocka_unit_test(test_request_ids_differ),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
