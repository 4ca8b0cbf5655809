#pragma once

#include "base/buf.h"
#include "http/http.h"

/* Event streams (text/event-stream, WHATWG HTML, 9.2). A stream sleeps in libmicrohttpd's suspended state
 * until http_stream_wake(); then pull() is asked for text until it has none. A wake-up between the last
 * pull() and the falling asleep is never lost. A comment goes out after 15 s of silence. */

struct http_stream;

struct http_stream_hooks {
	/* Append whole events to @out (empty; at most HTTP_STREAM_PULL_BYTES). Return 1: added, ask again; 0:
	 * nothing more than what @out holds now, if anything: then sleep; -1: end the stream after what @out
	 * holds. On the event loop, without any lock of the server held: it may take the hub's lock. */
	int (*pull)(struct http_stream *s, void *ctx, struct buf *out);
	/* Once, when the client is gone or the server stops. After it returns, @s is freed: under the hub's
	 * lock, forget it here, and call http_stream_wake() only under the same lock. */
	void (*closed)(struct http_stream *s, void *ctx);
};

#define HTTP_STREAM_PULL_BYTES 16384

/**
 * http_reply_stream() - answer with an event stream
 * @opened   called with the stream before it starts, so that the hub can list it: may be NULL
 * Return    HTTP_ANSWERED; -1 with ERR_BUSY at the limit of streams: closed() is then not called
 * Threads   @hooks and @ctx outlive the stream
 */
int http_reply_stream(struct http_req *r, const struct http_stream_hooks *hooks,
	void (*opened)(struct http_stream *s, void *ctx), void *ctx, struct err *e);

/* There is news. Any thread; never waits. The order of locks is: the hub's, then the server's. */
void http_stream_wake(struct http_stream *s);

/* The request of a stream: for pull() and closed() to reach its state. */
struct http_req *http_stream_req(struct http_stream *s);

/* Append one event; data with line feeds become several data lines. @id and @event may be NULL. */
int http_stream_event(struct buf *out, const char *id, const char *event, const char *data, struct err *e);
