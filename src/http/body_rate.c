#include "http/internal.h"

#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

/* The least rate of a body. libmicrohttpd's time-out sees idleness only: a byte every 20 seconds would hold a
 * thread for days. Each window in which too little came ends with 408. */

enum { ANSWER_BYTES = 16384 };

void body_rate_watch(struct http_req *r)
{
	struct http_server *srv = r->srv;

	(void)pthread_mutex_lock(&srv->body_mu);
	r->window_ms = clock_mono_ms();
	r->window_bytes = 0;
	r->body_prev = NULL;
	r->body_next = srv->bodies;
	if (srv->bodies)
		srv->bodies->body_prev = r;
	srv->bodies = r;
	r->in_bodies = true;
	(void)pthread_mutex_unlock(&srv->body_mu);
}

void body_rate_forget(struct http_req *r)
{
	struct http_server *srv = r->srv;

	if (!r->in_bodies)
		return;
	(void)pthread_mutex_lock(&srv->body_mu);
	if (r->body_prev)
		r->body_prev->body_next = r->body_next;
	else
		srv->bodies = r->body_next;
	if (r->body_next)
		r->body_next->body_prev = r->body_prev;
	r->in_bodies = false;
	(void)pthread_mutex_unlock(&srv->body_mu);
}

static int too_slow(const struct http_req *r, struct buf *out, struct err *e)
{
	struct answer_standing standing = req_standing(r);
	struct answer answer;
	struct err cause;

	answer_init(&answer);
	err_set(&cause, ERR_INVALID, "the body came too slowly");
	int rc = answer_problem(&answer, 408, answer_reason(408), &cause, NULL, r->id, e);
	if (rc == 0)
		rc = answer_raw(&answer, &standing, false, out, e);
	answer_deinit(&answer);
	return rc;
}

/* While @r is in the list its connection's thread sends nothing, and its socket is open. */
static void break_off(struct http_req *r)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(r->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	BUF_CLEANUP struct buf out;
	struct err e;

	buf_init(&out, ANSWER_BYTES);

	r->too_slow = true;
	atomic_fetch_add(&r->srv->timed_out, 1);
	if (!info)
		return;
	if (too_slow(r, &out, &e) == 0)
		(void)!send(info->connect_fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)shutdown(info->connect_fd, SHUT_RDWR);
}

void body_rate_tick(struct http_server *srv, int64_t now_ms)
{
	int64_t window = srv->opt.min_rate_window_ms;
	int64_t least = (int64_t)srv->opt.min_rate_bytes_s * window / 1000;

	(void)pthread_mutex_lock(&srv->body_mu);
	for (struct http_req *r = srv->bodies; r; r = r->body_next) {
		int64_t received = atomic_load_explicit(&r->received, memory_order_relaxed);

		if (now_ms - r->window_ms < window || r->too_slow)
			continue;
		/* Time that our own data() took is not the client's. */
		if (!atomic_load_explicit(&r->in_hook, memory_order_relaxed) &&
			received - r->window_bytes < least)
			break_off(r);
		r->window_ms = now_ms;
		r->window_bytes = received;
	}
	(void)pthread_mutex_unlock(&srv->body_mu);
}
