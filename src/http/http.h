#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

/* What a route handler sees: the table of routes and one request. No other layer includes libmicrohttpd.
 *
 * Life of a request:  match → auth hook → begin() → data()* → end() → answer sent → done()
 * begin() sees the headers only: a refusal there costs no body. done() is called exactly once for each
 * request that passed the auth hook, also when begin() refused or the client went away. Of several routes
 * that match, the first in the table wins; HEAD is served by GET routes. Routes without HTTP_BLOCKING run on
 * the event loop and must not wait: no fsync, no password hash, no lock over 1 ms. Where a kept-alive
 * connection brings a blocking route to the loop, its auth hook, begin() and end() run on a thread of their
 * own all the same; data() then runs on the loop. */

struct http_req;

enum http_flag {
	HTTP_BLOCKING = 1u << 0,  /* on a thread of its own: uploads, sign-in, whatever may wait */
	HTTP_KEEP_CONN = 1u << 1, /* keep the connection though the request bears a cookie (event streams) */
	HTTP_CACHEABLE = 1u << 2, /* no `Cache-Control: no-store`: the handler says what holds */
	/* Of resumable uploads (tus 1.0.0): every answer says Tus-Resumable, X-HTTP-Method-Override counts. A
	 * path whose OPTIONS route has it has it for all methods. */
	HTTP_TUS = 1u << 3,
};

enum http_body {
	HTTP_BODY_NONE,   /* up to 16 KiB are read and dropped, more is refused */
	HTTP_BODY_JSON,   /* application/json, collected: http_req_body() in end(); refused otherwise (415) */
	HTTP_BODY_RAW,    /* any type, collected */
	HTTP_BODY_STREAM, /* any type, handed to data() as it comes */
};

/* What a hook returns beside -1 (@e describes the refusal, sent as a problem document) */
enum { HTTP_OK = 0 /* go on; from end(): answered */, HTTP_ANSWERED = 1 /* an http_reply_…() was called */ };

struct http_route {
	const char *method;
	const char *pattern; /* "/api/v1/jobs/{id}/files/{name}"; a last "{rest...}" takes what is left */
	unsigned flags;      /* enum http_flag */
	enum http_body body;
	int64_t max_body; /* bytes, checked against Content-Length before begin() and while reading */
	int auth;         /* handed to the server's auth hook where not 0 */
	int (*begin)(struct http_req *r, struct err *e);
	int (*data)(struct http_req *r, const void *bytes, size_t len, struct err *e);
	int (*end)(struct http_req *r, struct err *e); /* must answer */
	void (*done)(struct http_req *r);              /* http_req_completed() tells how it ended */
};

/* --- the request ------------------------------------------------------------------------------------------
 * Strings live as long as the request. Names of headers are compared without case. */

void *http_req_app(const struct http_req *r); /* http_server_options.app */
const struct http_route *http_req_route(const struct http_req *r);
const char *http_req_method(const struct http_req *r);
const char *http_req_path(const struct http_req *r);                    /* decoded */
const char *http_req_param(const struct http_req *r, const char *name); /* of the pattern; "" absent */
const char *http_req_query(struct http_req *r, const char *name);       /* NULL absent; first wins */
const char *http_req_header(struct http_req *r, const char *name);      /* NULL absent */
const char *http_req_cookie(struct http_req *r, const char *name);      /* NULL absent */
const char *http_req_id(const struct http_req *r);                      /* also sent as X-Request-Id */
const char *http_req_client(
	const struct http_req *r);               /* address as text, behind trusted proxies the client's */
bool http_req_on_loop(const struct http_req *r); /* on the event loop: do not wait */

/* -1 where unknown (chunked), 0 where there is no body. */
int64_t http_req_content_length(const struct http_req *r);

/* From begin(): another limit than the route's (a configured one). Refuses at once where the declared length
 * is over it: `return http_req_set_max_body(r, n, e);` */
int http_req_set_max_body(struct http_req *r, int64_t max_bytes, struct err *e);

/* The collected body (HTTP_BODY_JSON, HTTP_BODY_RAW), NUL-terminated behind its length. */
struct strv http_req_body(const struct http_req *r);

/* The token of `Authorization: Bearer …`; NULL where there is none. */
const char *http_req_bearer(struct http_req *r);

/* The handler's state, and who asks (set by the auth hook; @release may be NULL, called after done()). */
void http_req_set_state(struct http_req *r, void *state);
void *http_req_state(const struct http_req *r);
void http_req_set_principal(struct http_req *r, void *principal, void (*release)(void *principal));
void *http_req_principal(const struct http_req *r);

/* In done(): was the answer sent whole, and which status had it (0: none)? */
bool http_req_completed(const struct http_req *r);
int http_req_status(const struct http_req *r);
