#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <microhttpd.h>

#include "base/buf.h"
#include "http/answer.h"
#include "http/http.h"
#include "http/peer.h"
#include "http/server.h"
#include "http/target.h"

/* What the files of this layer share. */

struct acceptor;
/* One of the two daemons and our own count of its connections, taken before the hand-over and given back by
 * the CLOSED notification: libmicrohttpd 0.9.75 deadlocks at its own limit, which therefore stays out of
 * reach. */
struct side {
	struct http_server *srv;
	struct MHD_Daemon *mhd;
	bool loop;
	unsigned max;
	atomic_uint count;
};

struct http_server {
	struct http_server_options opt;
	struct side api, blocking;
	struct acceptor *acceptor;
	struct peer_list proxies;
	bool hsts;
	char origin[256]; /* of public_url: scheme://host[:port]; "" unknown */
	uint64_t id_seed;
	atomic_ullong id_next;

	/* While anything here is not zero, a request is under way that a stop waits for. */
	pthread_mutex_t idle_mu;
	pthread_cond_t idle_cond;
	unsigned requests_now; /* without event streams; under idle_mu */
	unsigned offloads;     /* hooks of loop requests on threads of their own; under idle_mu */
	bool no_offloads;      /* under idle_mu */
	atomic_bool draining;  /* no keep-alive any more */

	pthread_mutex_t addr_mu;
	struct peer_counts *by_address;

	pthread_mutex_t stream_mu; /* guards the list, and suspending against waking */
	struct http_stream *streams;
	unsigned stream_count;
	bool streams_end;

	pthread_mutex_t body_mu; /* guards the list of requests whose body is being read */
	struct http_req *bodies;

	atomic_ullong requests, refused_busy, timed_out;
};

enum phase {
	PHASE_NEW,
	PHASE_OPENING, /* begin() runs on a thread of its own, the connection is suspended */
	PHASE_BODY,
	PHASE_DISCARD, /* answered already; what is left of a small body is dropped */
	PHASE_ENDING,  /* end() runs on a thread of its own */
	PHASE_SENT,    /* handed to libmicrohttpd, or written by us */
};

struct http_req {
	struct http_server *srv;
	struct side *side;
	struct MHD_Connection *conn;
	const struct http_route *route;
	const char *method;
	struct target target;
	struct err refusal; /* of the target, before any route is known */
	struct {
		struct strv name;
		const char *value; /* in param_text */
	} params[TARGET_PARAMS];
	unsigned params_n;
	char *param_text;

	enum phase phase;
	bool entered; /* past the auth hook: done() is due */
	bool expects; /* Expect: 100-continue */
	bool counted; /* in requests_now */
	bool written; /* past libmicrohttpd: it was written whole */
	bool completed;
	int linger_fd; /* a duplicate of the socket, drained by the acceptor after an early answer */
	int64_t content_length, max_body;
	atomic_llong received;
	int64_t start_ms;
	struct buf body;
	struct answer answer;

	/* under body_mu */
	struct http_req *body_prev, *body_next;
	bool in_bodies, too_slow;
	atomic_bool in_hook; /* our own data() runs: not the client's fault */
	int64_t window_ms, window_bytes;

	void *state, *principal;
	void (*release_principal)(void *principal);
	char id[24];
	char client[PEER_TEXT_BYTES];
};

/* request.c: libmicrohttpd's callbacks; cls is the struct side */
void *req_uri_log(void *cls, const char *uri, struct MHD_Connection *conn);
enum MHD_Result req_handle(void *cls, struct MHD_Connection *conn, const char *url, const char *method,
	const char *version, const char *data, size_t *size, void **ctx);
void req_completed(void *cls, struct MHD_Connection *conn, void **ctx, enum MHD_RequestTerminationCode how);

/* admit.c: match the route, check headers, call auth and begin(). Return 0: read the body; else r->answer is
 * set */
int req_identify(struct http_req *r);
int req_admit(struct http_req *r);
void req_problem(struct http_req *r, const struct err *cause);
void req_problem_as(struct http_req *r, int status, const char *title, const struct err *cause);

/* send.c */
struct answer_standing req_standing(const struct http_req *r);
enum MHD_Result req_queue(struct http_req *r);
/* Write the answer past libmicrohttpd and leave the rest of the body to the acceptor; always MHD_NO (close).
 */
enum MHD_Result req_send_raw(struct http_req *r);

/* stream.c */
struct MHD_Response *stream_response(struct http_stream *s);
void stream_close(struct http_stream *s);
void streams_tick(struct http_server *srv, int64_t now_ms);
void streams_end(struct http_server *srv);

/* body_rate.c: bodies slower than the least rate are broken off with 408 */
void body_rate_watch(struct http_req *r);
void body_rate_forget(struct http_req *r);
void body_rate_tick(struct http_server *srv, int64_t now_ms);

/* static.c */
int static_end(struct http_req *r, struct err *e);

/* server.c */
void server_request_id(struct http_server *srv, char out[24]);
void server_request_starts(struct http_server *srv);
void server_request_ends(struct http_server *srv);
bool server_offload_starts(struct http_server *srv);
void server_offload_ends(struct http_server *srv);
