#include "http/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/internal.h"

/* Event streams. A stream with nothing to say is suspended: libmicrohttpd forgets its socket until it is
 * resumed. Looking whether there is something new and suspending happen under stream_mu, or a wake-up is
 * lost; pull() itself runs without it, so that it may take the hub's lock. */

enum { RESPONSE_BLOCK_BYTES = 1024 };

struct http_stream {
	struct http_req *req;
	const struct http_stream_hooks *hooks;
	void *ctx;
	struct http_stream *prev, *next;

	/* the loop's alone */
	struct buf out;
	size_t sent;
	bool greeted, ended;
	bool drained; /* pull() had nothing more, and news since would be noted */

	/* under stream_mu */
	bool suspended, news, beat;
	int64_t last_ms; /* when something was sent last */
};

static void resume(struct http_stream *s)
{
	if (!s->suspended)
		return;
	s->suspended = false;
	MHD_resume_connection(s->req->conn);
}

void http_stream_wake(struct http_stream *s)
{
	struct http_server *srv = s->req->srv;

	(void)pthread_mutex_lock(&srv->stream_mu);
	s->news = true;
	resume(s);
	(void)pthread_mutex_unlock(&srv->stream_mu);
}

struct http_req *http_stream_req(struct http_stream *s)
{
	return s->req;
}

static ssize_t copy_out(struct http_stream *s, char *out, size_t max)
{
	size_t n = s->out.len - s->sent;

	if (n > max)
		n = max;
	memcpy(out, s->out.data + s->sent, n);
	s->sent += n;
	if (s->sent == s->out.len) { /* a sleeping stream holds no buffer */
		buf_deinit(&s->out);
		s->sent = 0;
	}
	return (ssize_t)n;
}

/* What is there to do? 1: ask the hub; 0: asleep; -1: the server ends all streams. */
static int next_step(struct http_stream *s, bool *ret_beat)
{
	struct http_server *srv = s->req->srv;
	int step = 1;

	(void)pthread_mutex_lock(&srv->stream_mu);
	*ret_beat = s->beat;
	s->beat = false;
	if (srv->streams_end) {
		step = -1;
	} else if (s->drained && !s->news && !*ret_beat) {
		s->suspended = true;
		MHD_suspend_connection(s->req->conn);
		step = 0;
	}
	s->news = false;
	(void)pthread_mutex_unlock(&srv->stream_mu);
	return step;
}

static void note_sent(struct http_stream *s)
{
	struct http_server *srv = s->req->srv;
	int64_t now = clock_mono_ms();

	(void)pthread_mutex_lock(&srv->stream_mu);
	s->last_ms = now;
	(void)pthread_mutex_unlock(&srv->stream_mu);
}

/* Ask the hub until it has something or nothing more. */
static void fill(struct http_stream *s)
{
	int rc = s->hooks->pull(s, s->ctx, &s->out);

	s->drained = rc == 0;
	if (rc < 0)
		s->ended = true;
}

static ssize_t read_stream(void *cls, uint64_t pos, char *out, size_t max)
{
	struct http_stream *s = cls;
	bool beat;

	(void)pos;
	for (;;) {
		if (!s->greeted) { /* the headers go out at once, through proxies too */
			s->greeted = true;
			(void)buf_adds(&s->out, ":\n\n", NULL);
		}
		if (s->out.len > s->sent) {
			note_sent(s);
			return copy_out(s, out, max);
		}
		if (s->ended)
			return MHD_CONTENT_READER_END_OF_STREAM;
		int step = next_step(s, &beat);
		if (step < 0)
			return MHD_CONTENT_READER_END_OF_STREAM;
		if (step == 0)
			return 0;
		fill(s);
		if (beat && s->out.len == 0)
			(void)buf_adds(&s->out, ":\n\n", NULL);
	}
}

struct MHD_Response *stream_response(struct http_stream *s)
{
	/* read_stream() is not called after req_completed(), which closes the stream */
	return MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, RESPONSE_BLOCK_BYTES, read_stream, s, NULL);
}

/* Return false at the limit, or when all streams end. */
static bool enlist(struct http_server *srv, struct http_stream *s)
{
	bool room;

	(void)pthread_mutex_lock(&srv->stream_mu);
	room = !srv->streams_end && srv->stream_count < srv->opt.max_streams;
	if (room) {
		s->last_ms = clock_mono_ms();
		s->next = srv->streams;
		if (srv->streams)
			srv->streams->prev = s;
		srv->streams = s;
		srv->stream_count++;
	}
	(void)pthread_mutex_unlock(&srv->stream_mu);
	return room;
}

int http_reply_stream(struct http_req *r, const struct http_stream_hooks *hooks,
	void (*opened)(struct http_stream *s, void *ctx), void *ctx, struct err *e)
{
	struct http_stream *s;

	if (!r->side->loop || (r->route->flags & HTTP_BLOCKING) || r->answer.kind != ANSWER_NONE)
		return err_set(e, ERR_INTERNAL, "an event stream from a blocking route, or a second answer");
	s = calloc(1, sizeof *s);
	if (!s)
		return err_set(e, ERR_NOMEM, "event stream");
	s->req = r;
	s->hooks = hooks;
	s->ctx = ctx;
	buf_init(&s->out, HTTP_STREAM_PULL_BYTES);
	if (!enlist(r->srv, s)) {
		free(s);
		return err_set(e, ERR_BUSY, "all %u event streams are taken", r->srv->opt.max_streams);
	}
	r->answer.kind = ANSWER_STREAM;
	r->answer.status = 200;
	r->answer.stream = s;
	(void)str_copy(r->answer.type, sizeof r->answer.type, "text/event-stream");
	/* nginx holds answers back in its buffers unless told so */
	(void)answer_header(&r->answer, "X-Accel-Buffering", "no", e);
	if (r->counted) { /* a stop does not wait for streams */
		r->counted = false;
		server_request_ends(r->srv);
	}
	if (opened)
		opened(s, ctx);
	return HTTP_ANSWERED;
}

void stream_close(struct http_stream *s)
{
	struct http_server *srv = s->req->srv;

	if (s->hooks->closed)
		s->hooks->closed(s, s->ctx);
	(void)pthread_mutex_lock(&srv->stream_mu);
	if (s->prev)
		s->prev->next = s->next;
	else
		srv->streams = s->next;
	if (s->next)
		s->next->prev = s->prev;
	srv->stream_count--;
	(void)pthread_mutex_unlock(&srv->stream_mu);
	buf_deinit(&s->out);
	free(s);
}

/* Once a while, for all that are due together: each resumption makes libmicrohttpd walk all suspended ones.
 */
void streams_tick(struct http_server *srv, int64_t now_ms)
{
	(void)pthread_mutex_lock(&srv->stream_mu);
	for (struct http_stream *s = srv->streams; s; s = s->next)
		if (s->suspended && now_ms - s->last_ms >= srv->opt.heartbeat_ms) {
			s->beat = true;
			resume(s);
		}
	(void)pthread_mutex_unlock(&srv->stream_mu);
}

void streams_end(struct http_server *srv)
{
	(void)pthread_mutex_lock(&srv->stream_mu);
	srv->streams_end = true;
	for (struct http_stream *s = srv->streams; s; s = s->next)
		resume(s);
	(void)pthread_mutex_unlock(&srv->stream_mu);
}

static int add_field(struct buf *out, const char *name, const char *value, struct err *e)
{
	do {
		size_t len = strcspn(value, "\r\n");

		if (buf_addf(out, e, "%s: ", name) || buf_add(out, value, len, e) || buf_addc(out, '\n', e))
			return -1;
		value += len;
		if (value[0] == '\r' && value[1] == '\n')
			value++;
	} while (*value++);
	return 0;
}

int http_stream_event(struct buf *out, const char *id, const char *event, const char *data, struct err *e)
{
	if ((id && strpbrk(id, "\r\n")) || (event && strpbrk(event, "\r\n")))
		return err_set(e, ERR_INTERNAL, "line feed in an event's name or id");
	if ((id && add_field(out, "id", id, e)) || (event && add_field(out, "event", event, e)))
		return -1;
	if (add_field(out, "data", data, e))
		return -1;
	return buf_addc(out, '\n', e);
}
