#include <errno.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "http/acceptor_parts.h"
#include "http/peek.h"

/* A connection before its first request: its bytes are looked at, not taken, until the header is whole; then
 * the socket goes to the daemon that suits the route. */

enum { RAW_BYTES = 4096 };

/* --- answers of our own ------------------------------------------------------------------------------------
 */

static void refuse(struct acceptor *a, struct sock *s, enum err_kind kind, int status, const char *detail)
{
	BUF_CLEANUP struct buf out;
	struct answer answer;
	char id[24];
	struct err cause, e;

	answer_init(&answer);
	buf_init(&out, RAW_BYTES);
	server_request_id(a->srv, id);
	err_set(&cause, kind, "%s", detail);
	const struct answer_standing standing = { .request_id = id, .hsts = a->srv->hsts };
	if (answer_problem(&answer, status, answer_reason(status), &cause, NULL, id, &e) == 0 &&
		answer_raw(&answer, &standing, false, &out, &e) == 0)
		(void)!send(s->fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	answer_deinit(&answer);
	sock_list_del(&a->waiting, s);
	sock_linger(a, s, EPOLL_CTL_MOD);
}

static void refuse_busy(struct acceptor *a, struct sock *s)
{
	atomic_fetch_add(&a->srv->refused_busy, 1);
	refuse(a, s, ERR_BUSY, 503, "too many connections");
}

/* --- before the first request ------------------------------------------------------------------------------
 */

static void hand_over(struct acceptor *a, struct sock *s, struct side *side)
{
	int fd = s->fd;
	bool counted = s->counted;

	if (atomic_fetch_add(&side->count, 1) >= side->max) {
		atomic_fetch_sub(&side->count, 1);
		refuse_busy(a, s);
		return;
	}
	(void)epoll_ctl(a->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	s->counted = false; /* the CLOSED notification gives it back */
	if (MHD_add_connection(side->mhd, fd, (struct sockaddr *)&s->addr, s->addr_len) != MHD_YES) {
		atomic_fetch_sub(&side->count, 1); /* libmicrohttpd has closed the socket */
		s->counted = counted;
	}
	sock_retire(a, s);
}

static struct side *choose(struct acceptor *a, struct strv method, struct strv path)
{
	const struct http_route *route;
	struct http_server *srv = a->srv;
	int found = route_find(srv->opt.routes, srv->opt.route_count, method, path, NULL, &route);
	bool blocks = found == 0 ? route->flags & HTTP_BLOCKING
				 : found == ROUTE_NO_METHOD &&
					   route_is_tus(srv->opt.routes, srv->opt.route_count, path);

	return blocks ? &srv->blocking : &srv->api;
}

void sock_look(struct acceptor *a, struct sock *s)
{
	char bytes[PEEK_HEADER_BYTES];
	struct strv method, path;
	ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		sock_drop(a, s);
		return;
	}
	s->bytes = n;
	switch (peek_request(bytes, (size_t)n, &method, &path)) {
	case PEEK_MORE:
		return;
	case PEEK_REQUEST:
		hand_over(a, s, choose(a, method, path));
		return;
	case PEEK_MALFORMED:
		refuse(a, s, ERR_INVALID, 400, "this is no HTTP/1.1 request");
		return;
	case PEEK_LONG_TARGET:
		refuse(a, s, ERR_INVALID, 414, "the request line is over 4096 bytes");
		return;
	case PEEK_LONG_HEADERS:
		refuse(a, s, ERR_HEADERS, 431, "the header fields are over 8192 bytes");
		return;
	}
}

void sock_expire(struct acceptor *a, struct sock *s)
{
	atomic_fetch_add(&a->srv->timed_out, 1);
	if (s->bytes > 0)
		refuse(a, s, ERR_INVALID, 408, "the header fields did not come in time");
	else
		sock_drop(a, s);
}

static bool count_address(struct acceptor *a, struct sock *s)
{
	struct http_server *srv = a->srv;

	if (srv->opt.max_per_address == 0 || !peer_from_sockaddr((struct sockaddr *)&s->addr, &s->peer) ||
		peer_list_has(&srv->proxies, &s->peer))
		return true;
	(void)pthread_mutex_lock(&srv->addr_mu);
	s->counted = peer_counts_add(srv->by_address, &s->peer, srv->opt.max_per_address);
	(void)pthread_mutex_unlock(&srv->addr_mu);
	return s->counted;
}

void sock_admit(struct acceptor *a, struct sock *s)
{
	s->deadline_ms = clock_mono_ms() + a->srv->opt.header_timeout_ms;
	sock_list_add(&a->waiting, s);
	/* Adding reports data that are there already. */
	if (!sock_watch(a, s, EPOLL_CTL_ADD, EPOLLIN | EPOLLET | EPOLLRDHUP)) {
		sock_drop(a, s);
		return;
	}
	if (!count_address(a, s)) {
		refuse_busy(a, s);
		return;
	}
	if (atomic_load(&a->waiting.n) > a->srv->opt.max_waiting)
		sock_expire(a, a->waiting.first);
}
