#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "http/http.h"

/* The server: one port, two libmicrohttpd daemons over one table of routes. The acceptor looks at the request
 * line and hands the connection to the event loop or to a thread of its own. docs/adr/0010-two-daemons.md */

struct http_server;

struct http_server_options {
	const char *host; /* address, not a name: "127.0.0.1", "::1", "::", "0.0.0.0" */
	int port;         /* 0: any free one, see http_server_port() */
	int listen_fd;    /* from listen_open(), taken over; 0: none, listen on host and port here */
	const struct http_route *routes;
	unsigned route_count;
	void *app; /* http_req_app() */

	/* Who asks? For routes with auth ≠ 0, before begin(). 0: go on; HTTP_ANSWERED; -1 and @e (401, 403
	 * …). On the event loop it must not wait. */
	int (*auth)(struct http_req *r, int need, struct err *e);

	const char
		*public_url; /* "https://…" turns HSTS on and names the site for the origin check; or NULL */
	const char *trusted_proxies; /* addresses and CIDR blocks with commas or blanks between; NULL: none */
	bool proxy_says_forwarded;   /* the proxy sets Forwarded (RFC 7239, 2014), not X-Forwarded-For */

	/* 0 takes the default in brackets. */
	unsigned max_api;               /* connections on the event loop (6000) */
	unsigned max_blocking;          /* connections with a thread of their own (256) */
	unsigned max_waiting;           /* connections whose first request has not come yet (2048) */
	unsigned max_per_address;       /* connections of one address that is no trusted proxy; 0: no limit */
	unsigned max_streams;           /* event streams (5000) */
	unsigned api_memory_bytes;      /* a connection (16 KiB) */
	unsigned blocking_memory_bytes; /* a connection (1 MiB) */
	unsigned header_timeout_ms;     /* for the first request's headers (5000) */
	unsigned idle_timeout_s;        /* without a byte in either direction (30) */
	unsigned min_rate_bytes_s;      /* of a body (512), over … */
	unsigned min_rate_window_ms;    /* … this long (60000) */
	unsigned heartbeat_ms;          /* of event streams (15000) */
	const char *static_dir;         /* files of the web app; NULL: a built-in page */
};

/**
 * http_server_check_listen() - may the server listen there?
 * A listener that is not loopback needs trusted proxies, for TLS ends there. Return 0; -1 with ERR_CONFIG
 */
int http_server_check_listen(const char *host, const char *trusted_proxies, struct err *e);

/**
 * http_server_start() - listen and serve
 * @opt   copied, the routes and strings are borrowed until http_server_stop()
 * @ret   set on 0; end with http_server_stop()
 * Errors ERR_CONFIG (options), ERR_UNAVAILABLE (address in use), ERR_IO.  SIGPIPE is ignored from here on.
 */
int http_server_start(const struct http_server_options *opt, struct http_server **ret, struct err *e);

int http_server_port(const struct http_server *s);

/**
 * http_server_stop() - close the listener, let uploads finish, end all streams, stop and free
 * @grace_ms  how long requests under way on own threads may go on; what is left then is broken off
 */
void http_server_stop(struct http_server *s, int grace_ms);

/* The same in two steps: refuse new connections at once, go on with the rest. */
void http_server_close_listener(struct http_server *s);

struct http_stats {
	unsigned api, blocking, waiting, lingering, streams; /* now */
	uint64_t requests, refused_busy, timed_out;          /* since the start */
};
void http_server_stats(struct http_server *s, struct http_stats *out);
