#include "kit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fsx.h"
#include "base/log.h"
#include "base/strv.h"
#include "http/reply.h"
#include "http/stream.h"

enum { PATIENCE_MS = 10000 };

/* --- routes ------------------------------------------------------------------------------------------------
 */

static struct kit *kit_of(const struct http_req *r)
{
	return http_req_app(r);
}

static int ok_end(struct http_req *r, struct err *e)
{
	return http_reply_text(r, 200, "text/plain", "ok\n", e);
}

static int echo_end(struct http_req *r, struct err *e)
{
	BUF_CLEANUP struct buf out;
	const char *q = http_req_query(r, "q"), *agent = http_req_header(r, "user-agent"),
		   *cookie = http_req_cookie(r, "sid");

	buf_init(&out, 65536);
	if (buf_addf(&out, e, "id=%s q=%s agent=%s sid=%s client=%s method=%s", http_req_param(r, "id"),
		    q ? q : "-", agent ? agent : "-", cookie ? cookie : "-", http_req_client(r),
		    http_req_method(r)))
		return -1;
	return http_reply_buf(r, 200, "text/plain", &out, e);
}

static int json_end(struct http_req *r, struct err *e)
{
	BUF_CLEANUP struct buf out;
	struct strv body = http_req_body(r);

	atomic_store(&kit_of(r)->on_loop, http_req_on_loop(r));
	buf_init(&out, 1 << 20);
	if (buf_add(&out, body.p, body.n, e))
		return -1;
	return http_reply_json(r, 200, &out, e);
}

static int note_begin(struct http_req *r, struct err *e)
{
	(void)e;
	atomic_fetch_add(&kit_of(r)->begun, 1);
	return 0;
}

static int note_data(struct http_req *r, const void *bytes, size_t len, struct err *e)
{
	(void)bytes, (void)e;
	atomic_fetch_add(&kit_of(r)->bytes, (long long)len);
	return 0;
}

static void note_done(struct http_req *r)
{
	if (http_req_completed(r))
		atomic_fetch_add(&kit_of(r)->completed, 1);
	atomic_fetch_add(&kit_of(r)->done, 1);
}

static int upload_end(struct http_req *r, struct err *e)
{
	BUF_CLEANUP struct buf out;

	atomic_fetch_add(&kit_of(r)->ended, 1);
	buf_init(&out, 256);
	if (buf_addf(&out, e, "{\"bytes\":%lld}", atomic_load(&kit_of(r)->bytes)))
		return -1;
	return http_reply_json(r, 202, &out, e);
}

static int refuse_begin(struct http_req *r, struct err *e)
{
	struct field_errors fields = { .n = 0 };
	struct err cause;

	atomic_fetch_add(&kit_of(r)->begun, 1);
	field_errors_add(&fields, "age", "is missing");
	field_errors_add(&fields, "sex", "is \"X\"");
	err_set(&cause, ERR_FIELD, "2 fields are wrong");
	return http_reply_problem(r, &cause, &fields, e);
}

static int midway_data(struct http_req *r, const void *bytes, size_t len, struct err *e)
{
	(void)bytes;
	if (atomic_fetch_add(&kit_of(r)->bytes, (long long)len) + (long long)len > 1 << 20)
		return err_set(e, ERR_MEDIA, "this is no video");
	return 0;
}

static int silent_end(struct http_req *r, struct err *e)
{
	(void)r, (void)e;
	return 0;
}

static int broken_end(struct http_req *r, struct err *e)
{
	(void)r;
	return err_set(e, ERR_INTERNAL, "secret inner path /var/lib/x");
}

static int busy_end(struct http_req *r, struct err *e)
{
	http_reply_retry_after(r, 7);
	return err_set(e, ERR_RATE, "too often");
}

static int hold_end(struct http_req *r, struct err *e)
{
	struct kit *k = kit_of(r);

	(void)pthread_mutex_lock(&k->mu);
	k->holding++;
	(void)pthread_cond_broadcast(&k->cond);
	while (!k->release)
		(void)pthread_cond_wait(&k->cond, &k->mu);
	k->holding--;
	(void)pthread_mutex_unlock(&k->mu);
	return ok_end(r, e);
}

static int file_end(struct http_req *r, struct err *e)
{
	char path[128];
	struct http_file file = { .type = "text/plain", .etag = "v1", .download = "a \"b\" \xc3\xa9.txt" };

	if (fsx_join(path, sizeof path, kit_of(r)->dir, http_req_param(r, "name"), e))
		return -1;
	file.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file.fd < 0)
		return err_errno(e, ERR_NOT_FOUND, "no such file");
	if (fsx_size(path, &file.size_bytes, e)) {
		(void)close(file.fd);
		return -1;
	}
	return http_reply_file(r, &file, e);
}

static int etag_end(struct http_req *r, struct err *e)
{
	int rc = http_reply_etag(r, "17-running", e);

	return rc ? rc : http_reply_text(r, 200, "application/json", "{\"state\":\"running\"}", e);
}

struct pulled {
	int left;
};

static ssize_t pull_read(void *ctx, char *out, size_t max)
{
	struct pulled *p = ctx;

	if (p->left-- <= 0)
		return 0;
	size_t n = max < 1000 ? max : 1000;
	memset(out, 'p', n);
	return (ssize_t)n;
}

static int pull_end(struct http_req *r, struct err *e)
{
	struct pulled *p = calloc(1, sizeof *p);

	if (!p)
		return err_set(e, ERR_NOMEM, "pull");
	p->left = 5;
	return http_reply_pull(
		r, 200, "text/plain", http_req_query(r, "sized") ? 5000 : -1, pull_read, free, p, e);
}

/* Event streams: one number an event; each stream remembers the last it has told. */
struct sub {
	unsigned told, index;
};

static int sub_pull(struct http_stream *s, void *ctx, struct buf *out)
{
	struct kit *k = ctx;
	struct sub *sub = http_req_state(http_stream_req(s));
	char text[16];
	int rc = 0;

	atomic_fetch_add(&k->pulls, 1);
	(void)pthread_mutex_lock(&k->mu);
	if (sub->told < k->news) {
		snprintf(text, sizeof text, "%u", ++sub->told);
		rc = http_stream_event(out, text, "news", text, NULL) ? -1 : 1;
	}
	(void)pthread_mutex_unlock(&k->mu);
	return rc;
}

static void sub_closed(struct http_stream *s, void *ctx)
{
	struct kit *k = ctx;
	struct sub *sub = http_req_state(http_stream_req(s));

	(void)pthread_mutex_lock(&k->mu);
	k->streams[sub->index] = NULL;
	(void)pthread_mutex_unlock(&k->mu);
	atomic_fetch_add(&k->closed, 1);
}

static void sub_opened(struct http_stream *s, void *ctx)
{
	struct kit *k = ctx;
	struct sub *sub = http_req_state(http_stream_req(s));

	(void)pthread_mutex_lock(&k->mu);
	sub->index = k->stream_n++;
	k->streams[sub->index] = s;
	(void)pthread_mutex_unlock(&k->mu);
	atomic_fetch_add(&k->opened, 1);
}

static const struct http_stream_hooks sub_hooks = { .pull = sub_pull, .closed = sub_closed };

static int events_end(struct http_req *r, struct err *e)
{
	struct sub *sub = calloc(1, sizeof *sub);

	if (!sub)
		return err_set(e, ERR_NOMEM, "sub");
	http_req_set_state(r, sub);
	return http_reply_stream(r, &sub_hooks, sub_opened, kit_of(r), e);
}

static void events_done(struct http_req *r)
{
	free(http_req_state(r));
	note_done(r);
}

static int kit_auth(struct http_req *r, int need, struct err *e)
{
	const char *token = http_req_bearer(r);

	if (!token)
		return err_set(e, ERR_UNAUTHENTICATED, "no token");
	if (strcmp(token, "gt_good") != 0)
		return err_set(e, ERR_UNAUTHENTICATED, "bad token");
	return need > 1 ? err_set(e, ERR_FORBIDDEN, "not yours") : 0;
}

static const struct http_route routes[] = {
	{ "GET", "/api/v1/ok", 0, HTTP_BODY_NONE, 0, 0, note_begin, NULL, ok_end, note_done },
	{ "GET", "/api/v1/echo/{id}", 0, HTTP_BODY_NONE, 0, 0, NULL, NULL, echo_end, NULL },
	{ "GET", "/api/v1/blobs/{id...}", 0, HTTP_BODY_NONE, 0, 0, NULL, NULL, echo_end, NULL },
	{ "POST", "/api/v1/json", 0, HTTP_BODY_JSON, 100000, 0, NULL, NULL, json_end, NULL },
	{ "POST", "/api/v1/session", HTTP_BLOCKING, HTTP_BODY_JSON, 4096, 0, note_begin, NULL, json_end,
		note_done },
	{ "POST", "/api/v1/upload", HTTP_BLOCKING, HTTP_BODY_STREAM, 1 << 30, 0, note_begin, note_data,
		upload_end, note_done },
	{ "PATCH", "/api/v1/upload", HTTP_BLOCKING, HTTP_BODY_STREAM, 1 << 30, 0, note_begin, note_data,
		upload_end, note_done },
	{ "POST", "/api/v1/small", HTTP_BLOCKING, HTTP_BODY_STREAM, 1000, 0, note_begin, note_data,
		upload_end, note_done },
	{ "POST", "/api/v1/refuse", HTTP_BLOCKING, HTTP_BODY_STREAM, 1 << 30, 0, refuse_begin, note_data,
		upload_end, note_done },
	{ "POST", "/api/v1/midway", HTTP_BLOCKING, HTTP_BODY_STREAM, 1 << 30, 0, note_begin, midway_data,
		upload_end, note_done },
	{ "GET", "/api/v1/secure", 0, HTTP_BODY_NONE, 0, 1, NULL, NULL, ok_end, NULL },
	{ "GET", "/api/v1/admin", 0, HTTP_BODY_NONE, 0, 2, NULL, NULL, ok_end, NULL },
	{ "POST", "/api/v1/secure", HTTP_BLOCKING, HTTP_BODY_STREAM, 1 << 30, 1, note_begin, note_data,
		upload_end, note_done },
	{ "GET", "/api/v1/silent", 0, HTTP_BODY_NONE, 0, 0, NULL, NULL, silent_end, NULL },
	{ "GET", "/api/v1/broken", 0, HTTP_BODY_NONE, 0, 0, NULL, NULL, broken_end, NULL },
	{ "GET", "/api/v1/busy", 0, HTTP_BODY_NONE, 0, 0, NULL, NULL, busy_end, NULL },
	{ "GET", "/api/v1/hold", HTTP_BLOCKING, HTTP_BODY_NONE, 0, 0, NULL, NULL, hold_end, NULL },
	{ "GET", "/api/v1/files/{name}", 0, HTTP_BODY_NONE, 0, 0, NULL, NULL, file_end, NULL },
	{ "GET", "/api/v1/etag", 0, HTTP_BODY_NONE, 0, 0, NULL, NULL, etag_end, NULL },
	{ "GET", "/api/v1/pull", HTTP_BLOCKING, HTTP_BODY_NONE, 0, 0, NULL, NULL, pull_end, NULL },
	{ "GET", "/api/v1/events", HTTP_KEEP_CONN, HTTP_BODY_NONE, 0, 0, NULL, NULL, events_end,
		events_done },
};

/* --- the server --------------------------------------------------------------------------------------------
 */

static pthread_once_t log_once = PTHREAD_ONCE_INIT;

static void quiet_log(void)
{
	log_init(2, LOG_TEXT, getenv("HTTP_TEST_LOG") ? LOG_DEBUG : LOG_ERROR);
}

void kit_start(struct kit *k, const struct http_server_options *opt)
{
	struct http_server_options o = opt ? *opt : (struct http_server_options){ .port = 0 };
	struct err e = { .kind = ERR_NONE };

	*k = (struct kit){ .port = 0 };
	(void)pthread_once(&log_once, quiet_log); /* another server may be logging already */
	(void)pthread_mutex_init(&k->mu, NULL);
	(void)pthread_cond_init(&k->cond, NULL);
	snprintf(k->dir, sizeof k->dir, "%s", "/tmp/gaitd-http-XXXXXX");
	assert_non_null(mkdtemp(k->dir));
	if (!o.host)
		o.host = "127.0.0.1";
	o.routes = routes;
	o.route_count = sizeof routes / sizeof routes[0];
	o.app = k;
	o.auth = kit_auth;
	if (http_server_start(&o, &k->srv, &e))
		fail_msg("http_server_start: %s", e.msg);
	k->port = http_server_port(k->srv);
	assert_in_range(k->port, 1, 65535);
}

void kit_stop(struct kit *k)
{
	kit_release(k);
	http_server_stop(k->srv, 2000);
	assert_int_equal(fsx_remove_tree(k->dir, NULL), 0);
	(void)pthread_mutex_destroy(&k->mu);
	(void)pthread_cond_destroy(&k->cond);
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void kit_await(struct kit *k, atomic_int *counter, int want)
{
	int64_t until = now_ms() + PATIENCE_MS;

	(void)k;
	while (atomic_load(counter) < want) {
		if (now_ms() > until)
			fail_msg("%d did not become %d", atomic_load(counter), want);
		(void)poll(NULL, 0, 1);
	}
}

void kit_await_holding(struct kit *k, unsigned want)
{
	int64_t until = now_ms() + PATIENCE_MS;

	(void)pthread_mutex_lock(&k->mu);
	while (k->holding < want) {
		struct timespec t;

		(void)clock_gettime(CLOCK_REALTIME, &t);
		t.tv_sec++;
		(void)pthread_cond_timedwait(&k->cond, &k->mu, &t);
		if (now_ms() > until)
			fail_msg("%u requests hold, not %u", k->holding, want);
	}
	(void)pthread_mutex_unlock(&k->mu);
}

void kit_release(struct kit *k)
{
	(void)pthread_mutex_lock(&k->mu);
	k->release = true;
	(void)pthread_cond_broadcast(&k->cond);
	(void)pthread_mutex_unlock(&k->mu);
}

void kit_publish(struct kit *k)
{
	(void)pthread_mutex_lock(&k->mu);
	k->news++;
	for (unsigned i = 0; i < k->stream_n; i++)
		if (k->streams[i])
			http_stream_wake(k->streams[i]);
	(void)pthread_mutex_unlock(&k->mu);
}

/* --- the client --------------------------------------------------------------------------------------------
 */

int client_open(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&a, sizeof a))
		fail_msg("connect: %s", strerror(errno));
	return fd;
}

void client_send_n(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0)
			return; /* the server has closed; the answer tells */
		p += n;
		len -= (size_t)n;
	}
}

void client_send(int fd, const char *text)
{
	client_send_n(fd, text, strlen(text));
}

/* Up to @max more bytes into @b; 0 at the end, -1 reset; fails the test when nothing comes. */
static ssize_t receive(int fd, struct buf *b, size_t max)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char piece[16384];

	if (poll(&p, 1, PATIENCE_MS) != 1)
		fail_msg("no answer within %d ms", PATIENCE_MS);
	ssize_t n = recv(fd, piece, max < sizeof piece ? max : sizeof piece, 0);
	if (n > 0)
		assert_int_equal(buf_add(b, piece, (size_t)n, NULL), 0);
	return n;
}

bool client_read_until(int fd, struct buf *seen, const char *text)
{
	while (!strstr(buf_str(seen), text))
		if (receive(fd, seen, 16384) <= 0)
			return false;
	return true;
}

const char *reply_header(const struct reply *r, const char *name)
{
	static char value[1024];
	size_t len = strlen(name);

	for (const char *line = strstr(buf_str(&r->head), "\r\n"); line; line = strstr(line + 2, "\r\n")) {
		const char *p = line + 2;

		if (strncasecmp(p, name, len) == 0 && p[len] == ':') {
			p += len + 1;
			p += strspn(p, " ");
			size_t n = strcspn(p, "\r\n");
			memcpy(value, p, n);
			value[n] = '\0';
			return value;
		}
	}
	return NULL;
}

static bool read_exactly(int fd, struct buf *b, size_t n)
{
	while (n > 0) {
		ssize_t got = receive(fd, b, n);

		if (got <= 0)
			return false;
		n -= (size_t)got;
	}
	return true;
}

static bool read_line(int fd, struct buf *line)
{
	buf_reset(line);
	while (line->len == 0 || line->data[line->len - 1] != '\n')
		if (!read_exactly(fd, line, 1))
			return false;
	return true;
}

static bool read_chunks(int fd, struct buf *body)
{
	BUF_CLEANUP struct buf line;

	buf_init(&line, 1024);
	for (;;) {
		if (!read_line(fd, &line))
			return false;
		size_t n = strtoul(buf_str(&line), NULL, 16);
		if (n == 0)
			return read_line(fd, &line);
		if (!read_exactly(fd, body, n) || !read_line(fd, &line))
			return false;
	}
}

bool client_read(int fd, struct reply *out, bool head_only)
{
	struct err e;

	buf_init(&out->head, 65536);
	buf_init(&out->body, 64u << 20);
	out->status = 0;
	while (out->head.len < 4 || memcmp(out->head.data + out->head.len - 4, "\r\n\r\n", 4) != 0)
		if (!read_exactly(fd, &out->head, 1))
			return false;
	out->status = (int)strtol(out->head.data + 9, NULL, 10);
	if (out->status == 100) {
		reply_deinit(out);
		return client_read(fd, out, head_only);
	}
	const char *conn = reply_header(out, "Connection");
	out->closed = conn && strcasecmp(conn, "close") == 0;
	if (head_only || out->status == 204 || out->status == 304)
		return true;
	const char *coding = reply_header(out, "Transfer-Encoding");
	if (coding)
		return read_chunks(fd, &out->body);
	const char *length = reply_header(out, "Content-Length");
	int64_t n = 0;
	if (!length || !str_to_i64(length, 0, 64 << 20, &n))
		return false;
	(void)e;
	return read_exactly(fd, &out->body, (size_t)n);
}

bool client_at_end(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	if (poll(&p, 1, PATIENCE_MS) != 1)
		fail_msg("the connection does not end");
	return recv(fd, &c, 1, 0) <= 0;
}

void reply_deinit(struct reply *r)
{
	buf_deinit(&r->head);
	buf_deinit(&r->body);
}

int client_ask(int port, const char *request, struct reply *out)
{
	int fd = client_open(port);
	struct reply mine;

	client_send(fd, request);
	bool ok = client_read(fd, out ? out : &mine, strncmp(request, "HEAD ", 5) == 0);
	int status = ok ? (out ? out : &mine)->status : -1;
	if (!out)
		reply_deinit(&mine);
	(void)close(fd);
	return status;
}
