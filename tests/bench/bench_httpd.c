#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "base/log.h"
#include "http/multipart.h"
#include "http/reply.h"
#include "http/server.h"
#include "http/stream.h"

/* The real server with sinks of rising cost, for benchmarks and for the tests of the proxy settings:
 *   POST /api/v1/null     multipart, dropped          POST /api/v1/sha256  multipart, hashed
 *   POST /api/v1/file     multipart, to a file       POST /api/v1/disk    the same, durable before the answer
 *   POST /api/v1/limited  as null, at most 1,000,000 bytes
 *   GET  /api/v1/status   a small answer              GET  /api/v1/etag    the same, with an ETag
 *   GET  /api/v1/events   an event stream             POST /api/v1/publish one event for all streams
 *   GET  /api/v1/whoami   the client's address
 * bench_httpd [PORT [DIR [TRUSTED_PROXIES]]] prints "port N", and ends on SIGTERM or when standard input
 * ends. */

enum { SYNC_EVERY = 8 << 20 };

struct hub {
	pthread_mutex_t mu;
	struct http_stream **streams;
	unsigned n, room, news;
	const char *dir;
};

/* --- uploads -----------------------------------------------------------------------------------------------
 */

struct sink {
	struct multipart *parser;
	struct sha256 *hash;
	const char *dir; /* NULL: nothing is kept */
	int fd;
	bool durable;
	long long bytes, synced;
	uint8_t digest[SHA256_BYTES];
};

static int sink_begin(void *ctx, const char *name, const char *filename, const char *type, struct err *e)
{
	struct sink *s = ctx;

	(void)name, (void)filename, (void)type;
	if (!s->dir || s->fd >= 0)
		return 0;
	s->fd = open(s->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return s->fd < 0 ? err_errno(e, ERR_IO, "upload file") : 0;
}

static int sink_data(void *ctx, const void *bytes, size_t len, struct err *e)
{
	struct sink *s = ctx;

	s->bytes += (long long)len;
	if (s->hash && sha256_add(s->hash, bytes, len, e))
		return -1;
	if (s->fd < 0)
		return 0;
	if (fsx_write_all(s->fd, bytes, len, e))
		return -1;
	if (s->durable && s->bytes - s->synced >= SYNC_EVERY) { /* writing out goes on beside receiving */
		(void)sync_file_range(s->fd, s->synced, s->bytes - s->synced, SYNC_FILE_RANGE_WRITE);
		s->synced = s->bytes;
	}
	return 0;
}

static const struct multipart_hooks sink_hooks = { .file_begin = sink_begin, .file_data = sink_data };

static int upload_begin(struct http_req *r, struct err *e)
{
	static const struct multipart_limits limits = { .max_file_bytes = 8LL << 30 };
	const char *path = http_req_path(r);
	struct sink *s = calloc(1, sizeof *s);

	if (!s)
		return err_set(e, ERR_NOMEM, "upload");
	s->fd = -1;
	http_req_set_state(r, s);
	s->durable = str_ends(path, "/disk");
	if (s->durable || str_ends(path, "/file"))
		s->dir = ((struct hub *)http_req_app(r))->dir;
	if (str_ends(path, "/sha256") && !(s->hash = sha256_new(e)))
		return -1;
	return multipart_new(http_req_header(r, "Content-Type"), &limits, &sink_hooks, s, &s->parser, e);
}

static int upload_data(struct http_req *r, const void *bytes, size_t len, struct err *e)
{
	return multipart_feed(((struct sink *)http_req_state(r))->parser, bytes, len, e);
}

static int upload_end(struct http_req *r, struct err *e)
{
	BUF_CLEANUP struct buf out;
	struct sink *s = http_req_state(r);

	buf_init(&out, 256);
	if (multipart_end(s->parser, e) || (s->hash && sha256_end(s->hash, s->digest, e)))
		return -1;
	if (s->durable && s->fd >= 0 && fdatasync(s->fd))
		return err_errno(e, ERR_IO, "upload file");
	if (buf_addf(&out, e, "{\"bytes\":%lld}\n", s->bytes))
		return -1;
	return http_reply_json(r, 201, &out, e);
}

static void upload_done(struct http_req *r)
{
	struct sink *s = http_req_state(r);

	if (!s)
		return;
	multipart_free(s->parser);
	sha256_free(s->hash);
	close_p(&s->fd);
	free(s);
}

/* --- small answers -----------------------------------------------------------------------------------------
 */

static const char status_text[] = "{\"id\":\"job_0123456789abcdef\",\"status\":{\"code\":\"processing\","
				  "\"message\":\"Your videos are being "
				  "analysed.\"},\"phase\":\"running\",\"queue_position\":null,\"attempts\":1,"
				  "\"created\":\"2026-11-22T08:30:00.123Z\"}\n";

static int status_end(struct http_req *r, struct err *e)
{
	return http_reply_text(r, 200, "application/json", status_text, e);
}

static int etag_end(struct http_req *r, struct err *e)
{
	int rc = http_reply_etag(r, "v17", e);

	return rc ? rc : status_end(r, e);
}

static int whoami_end(struct http_req *r, struct err *e)
{
	BUF_CLEANUP struct buf out;
	const char *proto = http_req_header(r, "X-Forwarded-Proto"), *host = http_req_header(r, "Host"),
		   *forwarded = http_req_header(r, "Forwarded");

	buf_init(&out, 1024);
	if (buf_addf(&out, e, "client=%s proto=%s host=%s forwarded=%s\n", http_req_client(r),
		    proto ? proto : "-", host ? host : "-", forwarded ? forwarded : "-"))
		return -1;
	return http_reply_buf(r, 200, "text/plain", &out, e);
}

/* --- event streams -----------------------------------------------------------------------------------------
 */

struct sub {
	unsigned told, index;
};

static int sub_pull(struct http_stream *stream, void *ctx, struct buf *out)
{
	struct hub *hub = ctx;
	struct sub *sub = http_req_state(http_stream_req(stream));
	char text[16];
	int rc = 0;

	(void)pthread_mutex_lock(&hub->mu);
	if (sub->told < hub->news) {
		(void)snprintf(text, sizeof text, "%u", ++sub->told);
		rc = http_stream_event(out, text, "news", text, NULL) ? -1 : 1;
	}
	(void)pthread_mutex_unlock(&hub->mu);
	return rc;
}

static void sub_closed(struct http_stream *stream, void *ctx)
{
	struct hub *hub = ctx;
	struct sub *sub = http_req_state(http_stream_req(stream));

	(void)pthread_mutex_lock(&hub->mu);
	struct http_stream *last = hub->streams[--hub->n];
	hub->streams[sub->index] = last;
	((struct sub *)http_req_state(http_stream_req(last)))->index = sub->index;
	(void)pthread_mutex_unlock(&hub->mu);
}

static void sub_opened(struct http_stream *stream, void *ctx)
{
	struct hub *hub = ctx;
	struct sub *sub = http_req_state(http_stream_req(stream));

	(void)pthread_mutex_lock(&hub->mu);
	if (hub->n == hub->room) {
		hub->room = hub->room ? 2 * hub->room : 64;
		hub->streams = reallocarray(hub->streams, hub->room, sizeof(struct http_stream *));
		if (!hub->streams)
			abort();
	}
	sub->index = hub->n;
	sub->told = hub->news;
	hub->streams[hub->n++] = stream;
	(void)pthread_mutex_unlock(&hub->mu);
}

static const struct http_stream_hooks sub_hooks = { .pull = sub_pull, .closed = sub_closed };

static int events_end(struct http_req *r, struct err *e)
{
	struct sub *sub = calloc(1, sizeof *sub);

	if (!sub)
		return err_set(e, ERR_NOMEM, "event stream");
	http_req_set_state(r, sub);
	return http_reply_stream(r, &sub_hooks, sub_opened, http_req_app(r), e);
}

static void events_done(struct http_req *r)
{
	free(http_req_state(r));
}

static int publish_end(struct http_req *r, struct err *e)
{
	struct hub *hub = http_req_app(r);

	(void)pthread_mutex_lock(&hub->mu);
	hub->news++;
	for (unsigned i = 0; i < hub->n; i++)
		http_stream_wake(hub->streams[i]);
	(void)pthread_mutex_unlock(&hub->mu);
	return http_reply_empty(r, 204, e);
}

#define UPLOAD(path, max_bytes)                                                                              \
	{                                                                                                    \
		"POST", path, HTTP_BLOCKING, HTTP_BODY_STREAM, max_bytes, 0, upload_begin, upload_data,      \
			upload_end, upload_done                                                              \
	}

static const struct http_route routes[] = {
	{ .method = "GET", .pattern = "/api/v1/status", .end = status_end },
	{ .method = "GET", .pattern = "/api/v1/etag", .end = etag_end },
	{ .method = "GET", .pattern = "/api/v1/whoami", .end = whoami_end },
	UPLOAD("/api/v1/null", 8LL << 30),
	UPLOAD("/api/v1/sha256", 8LL << 30),
	UPLOAD("/api/v1/file", 8LL << 30),
	UPLOAD("/api/v1/disk", 8LL << 30),
	UPLOAD("/api/v1/limited", 1000000),
	{ .method = "GET",
		.pattern = "/api/v1/events",
		.flags = HTTP_KEEP_CONN,
		.end = events_end,
		.done = events_done },
	{ .method = "POST", .pattern = "/api/v1/publish", .flags = HTTP_BLOCKING, .end = publish_end },
};

int main(int argc, char **argv)
{
	struct hub hub = { .mu = PTHREAD_MUTEX_INITIALIZER, .dir = argc > 2 ? argv[2] : "/tmp" };
	struct http_server_options opt = { .host = "127.0.0.1",
		.routes = routes,
		.route_count = ARRAY_LEN(routes),
		.app = &hub,
		.trusted_proxies = argc > 3 ? argv[3] : NULL };
	struct http_server *server;
	struct err e;
	sigset_t ends;
	int64_t port = 0;

	if (argc > 1 && !str_to_i64(argv[1], 0, 65535, &port)) {
		(void)fputs("usage: bench_httpd [PORT [DIR [TRUSTED_PROXIES]]]\n", stderr);
		return 64;
	}
	opt.port = (int)port;
	log_init(2, LOG_TEXT, LOG_WARN);
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	if (http_server_start(&opt, &server, &e)) {
		(void)fprintf(stderr, "bench_httpd: %s\n", e.msg);
		return 1;
	}
	(void)printf("port %d\n", http_server_port(server));
	(void)fflush(stdout);
	struct pollfd wait[] = { { .fd = signalfd(-1, &ends, SFD_CLOEXEC), .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN } };
	char ignored[256];
	while (poll(wait, 2, -1) >= 0 && !wait[0].revents)
		if (wait[1].revents && read(STDIN_FILENO, ignored, sizeof ignored) <= 0)
			break;
	http_server_stop(server, 5000);
	free(hub.streams);
	return 0;
}
