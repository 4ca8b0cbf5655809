#pragma once

#include "support/testing.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "http/server.h"

/* A real server over loopback with a small table of routes, and a client of raw sockets. Whatever waits does
 * so with a deadline (10 s) on an event, never by sleeping. */

struct kit {
	struct http_server *srv;
	int port;
	char dir[64];
	/* what the handlers saw */
	atomic_int begun, ended, done, completed, on_loop, opened, closed, pulls;
	atomic_llong bytes;
	/* GET /api/v1/hold waits for it */
	pthread_mutex_t mu;
	pthread_cond_t cond;
	unsigned holding;
	bool release;
	/* event streams: the hub */
	struct http_stream *streams[512];
	unsigned stream_n, news;
};

/* @opt may be NULL; host, routes, auth and app are filled in. */
void kit_start(struct kit *k, const struct http_server_options *opt);
void kit_stop(struct kit *k);

/* Waits until *@counter is @want or more; fails the test after 10 s. */
void kit_await(struct kit *k, atomic_int *counter, int want);
void kit_await_holding(struct kit *k, unsigned want);
void kit_release(struct kit *k);
void kit_publish(struct kit *k); /* one more event for every stream */

struct reply {
	int status;
	struct buf head, body;
	bool closed; /* the server ended the connection behind it */
};

int client_open(int port);
void client_send(int fd, const char *text);
void client_send_n(int fd, const void *data, size_t len);
/* Read one whole answer. @head_only: of a HEAD request. Returns false where the connection ended before. */
bool client_read(int fd, struct reply *out, bool head_only);
bool client_at_end(int fd); /* waits for the end of the connection; false where more bytes came */
void reply_deinit(struct reply *r);
/* The value of a header, or NULL. Static storage, overwritten by the next call. */
const char *reply_header(const struct reply *r, const char *name);

/* One request on a connection of its own; the answer's status. */
int client_ask(int port, const char *request, struct reply *out);

/* Read until @text came, at most 10 s. */
bool client_read_until(int fd, struct buf *seen, const char *text);
