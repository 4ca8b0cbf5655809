#include "http/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/internal.h"
#include "http/listen.h"
#include "http/peek.h"

enum { LINGER_MS = 30000, LINGER_IDLE_MS = 5000, LINGER_SOCKETS = 256, EVENTS = 128, ACCEPTS = 256 };
enum { LINGER_BYTES = 256 << 20, LINGER_PIECE = 1 << 20, RAW_BYTES = 4096, PAUSE_MS = 100 };

/* A socket that is the acceptor's: before its first request, or behind an early answer. */
struct sock {
	struct sock *prev, *next;
	int fd; /* -1: done, freed after this round of events */
	bool lingers, counted;
	int64_t deadline_ms, last_ms, bytes;
	struct peer_addr peer;
	struct sockaddr_storage addr;
	socklen_t addr_len;
};

/* Oldest first; all of a list have the same time to live, so the oldest is due first. */
struct socks {
	struct sock *first, *last;
	atomic_uint n;
};

struct acceptor {
	struct http_server *srv;
	pthread_t thread;
	int listen_fd, epoll_fd, wake_fd, port;
	atomic_bool stop, close_listener;
	struct socks waiting, lingering;
	struct sock *done;
	int64_t paused_until_ms, tick_ms, next_tick_ms;
	pthread_mutex_t inbox_mu;
	pthread_cond_t inbox_cond;
	struct sock *inbox; /* sockets to drain, from other threads */
	bool closed;        /* the listener is closed, nothing is handed over any more */
};

static void list_add(struct socks *l, struct sock *s)
{
	s->next = NULL;
	s->prev = l->last;
	if (l->last)
		l->last->next = s;
	else
		l->first = s;
	l->last = s;
	atomic_fetch_add(&l->n, 1);
}

static void list_del(struct socks *l, struct sock *s)
{
	if (s->prev)
		s->prev->next = s->next;
	else
		l->first = s->next;
	if (s->next)
		s->next->prev = s->prev;
	else
		l->last = s->prev;
	atomic_fetch_sub(&l->n, 1);
}

static void uncount(struct http_server *srv, const struct peer_addr *peer)
{
	(void)pthread_mutex_lock(&srv->addr_mu);
	peer_counts_del(srv->by_address, peer);
	(void)pthread_mutex_unlock(&srv->addr_mu);
}

/* Off the lists; an event of this round may still point to it, so the memory goes later. */
static void retire(struct acceptor *a, struct sock *s)
{
	list_del(s->lingers ? &a->lingering : &a->waiting, s);
	if (s->counted)
		uncount(a->srv, &s->peer);
	s->fd = -1;
	s->next = a->done;
	a->done = s;
}

static void drop(struct acceptor *a, struct sock *s)
{
	/* Of a duplicated socket, closing alone would not end the watch: libmicrohttpd may still hold its
	 * own. */
	(void)epoll_ctl(a->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	(void)close(s->fd);
	retire(a, s);
}

static void free_done(struct acceptor *a)
{
	for (struct sock *s = a->done, *next; s; s = next) {
		next = s->next;
		free(s);
	}
	a->done = NULL;
}

static bool watch(struct acceptor *a, struct sock *s, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	return epoll_ctl(a->epoll_fd, op, s->fd, &ev) == 0;
}

/* @s is in no list, its socket in the epoll set where @op says MOD. */
static void linger(struct acceptor *a, struct sock *s, int op)
{
	int64_t now = clock_mono_ms();

	(void)shutdown(s->fd, SHUT_WR);
	s->lingers = true;
	s->deadline_ms = now + LINGER_MS;
	s->last_ms = now;
	list_add(&a->lingering, s);
	if (!watch(a, s, op, EPOLLIN | EPOLLRDHUP))
		drop(a, s);
	else if (atomic_load(&a->lingering.n) > LINGER_SOCKETS)
		drop(a, a->lingering.first);
}

static void drain(struct acceptor *a, struct sock *s, int64_t now)
{
	/* On TCP, MSG_TRUNC drops the bytes without copying them: tcp(7) */
	ssize_t n = recv(s->fd, NULL, LINGER_PIECE, MSG_TRUNC | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	s->bytes += n;
	s->last_ms = now;
	if (n <= 0 || s->bytes > LINGER_BYTES)
		drop(a, s);
}

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
	list_del(&a->waiting, s);
	linger(a, s, EPOLL_CTL_MOD);
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
	retire(a, s);
}

static struct side *choose(struct acceptor *a, struct strv method, struct strv path)
{
	const struct http_route *route;
	struct http_server *srv = a->srv;
	bool blocks = route_find(srv->opt.routes, srv->opt.route_count, method, path, NULL, &route) == 0 &&
		      (route->flags & HTTP_BLOCKING);

	return blocks ? &srv->blocking : &srv->api;
}

static void look(struct acceptor *a, struct sock *s)
{
	char bytes[PEEK_HEADER_BYTES];
	struct strv method, path;
	ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(a, s);
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

static void expire_waiting(struct acceptor *a, struct sock *s)
{
	atomic_fetch_add(&a->srv->timed_out, 1);
	if (s->bytes > 0)
		refuse(a, s, ERR_INVALID, 408, "the header fields did not come in time");
	else
		drop(a, s);
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

static void admit(struct acceptor *a, struct sock *s)
{
	s->deadline_ms = clock_mono_ms() + a->srv->opt.header_timeout_ms;
	list_add(&a->waiting, s);
	/* Adding reports data that are there already. */
	if (!watch(a, s, EPOLL_CTL_ADD, EPOLLIN | EPOLLET | EPOLLRDHUP)) {
		drop(a, s);
		return;
	}
	if (!count_address(a, s)) {
		refuse_busy(a, s);
		return;
	}
	if (atomic_load(&a->waiting.n) > a->srv->opt.max_waiting)
		expire_waiting(a, a->waiting.first);
}

static void listener_events(struct acceptor *a, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = &a->listen_fd };

	(void)epoll_ctl(a->epoll_fd, EPOLL_CTL_MOD, a->listen_fd, &ev);
}

/* Out of descriptors or memory: the oldest silent connection makes room, or accepting rests for a moment. */
static void out_of_descriptors(struct acceptor *a)
{
	if (a->waiting.first) {
		drop(a, a->waiting.first);
		return;
	}
	listener_events(a, 0);
	a->paused_until_ms = clock_mono_ms() + PAUSE_MS;
}

static void accept_all(struct acceptor *a)
{
	for (int i = 0; i < ACCEPTS; i++) {
		struct sock *s = calloc(1, sizeof *s);

		if (!s)
			return;
		s->addr_len = sizeof s->addr;
		s->fd = accept4(a->listen_fd, (struct sockaddr *)&s->addr, &s->addr_len,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (s->fd < 0) {
			bool full = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;

			free(s);
			if (full)
				out_of_descriptors(a);
			return;
		}
		admit(a, s);
	}
}

/* --- the thread -------------------------------------------------------------------------------------------
 */

static void end_accepting(struct acceptor *a)
{
	(void)close(a->listen_fd);
	a->listen_fd = -1;
	while (a->waiting.first)
		drop(a, a->waiting.first);
	(void)pthread_mutex_lock(&a->inbox_mu);
	a->closed = true;
	(void)pthread_cond_broadcast(&a->inbox_cond);
	(void)pthread_mutex_unlock(&a->inbox_mu);
}

static void take_inbox(struct acceptor *a)
{
	uint64_t n;

	(void)!read(a->wake_fd, &n, sizeof n);
	(void)pthread_mutex_lock(&a->inbox_mu);
	struct sock *s = a->inbox;
	a->inbox = NULL;
	(void)pthread_mutex_unlock(&a->inbox_mu);
	for (struct sock *next; s; s = next) {
		next = s->next;
		linger(a, s, EPOLL_CTL_ADD);
	}
	if (atomic_load(&a->close_listener) && a->listen_fd >= 0)
		end_accepting(a);
}

static void expire(struct acceptor *a, int64_t now)
{
	while (a->waiting.first && a->waiting.first->deadline_ms <= now)
		expire_waiting(a, a->waiting.first);
	while (a->lingering.first && a->lingering.first->deadline_ms <= now)
		drop(a, a->lingering.first);
	if (now < a->next_tick_ms)
		return;
	a->next_tick_ms = now + a->tick_ms;
	for (struct sock *s = a->lingering.first, *next; s; s = next) {
		next = s->next;
		if (now - s->last_ms >= LINGER_IDLE_MS)
			drop(a, s);
	}
	streams_tick(a->srv, now);
	body_rate_tick(a->srv, now);
	if (a->paused_until_ms && now >= a->paused_until_ms && a->listen_fd >= 0) {
		a->paused_until_ms = 0;
		listener_events(a, EPOLLIN);
	}
}

static int wait_ms(const struct acceptor *a, int64_t now)
{
	int64_t until = a->next_tick_ms;

	if (a->waiting.first && a->waiting.first->deadline_ms < until)
		until = a->waiting.first->deadline_ms;
	if (a->paused_until_ms && a->paused_until_ms < until)
		until = a->paused_until_ms;
	return until <= now ? 0 : (int)(until - now);
}

static void handle(struct acceptor *a, const struct epoll_event *events, int n)
{
	bool woken = false, incoming = false;
	int64_t now = clock_mono_ms();

	for (int i = 0; i < n; i++) {
		struct sock *s = events[i].data.ptr;

		if (events[i].data.ptr == &a->wake_fd)
			woken = true;
		else if (events[i].data.ptr == &a->listen_fd)
			incoming = true;
		else if (s->fd < 0)
			continue;
		else if (s->lingers)
			drain(a, s, now);
		else
			look(a, s);
	}
	if (woken)
		take_inbox(a);
	if (incoming && a->listen_fd >= 0)
		accept_all(a);
}

static void *acceptor_main(void *arg)
{
	struct acceptor *a = arg;
	struct epoll_event events[EVENTS];

	(void)pthread_setname_np(pthread_self(), "http-accept");
	while (!atomic_load(&a->stop)) {
		int n = epoll_wait(a->epoll_fd, events, EVENTS, wait_ms(a, clock_mono_ms()));

		handle(a, events, n);
		expire(a, clock_mono_ms());
		free_done(a);
	}
	return NULL;
}

static void wake(struct acceptor *a)
{
	uint64_t one = 1;

	(void)!write(a->wake_fd, &one, sizeof one);
}

void acceptor_linger(struct acceptor *a, int fd)
{
	struct sock *s = calloc(1, sizeof *s);

	if (!s) {
		(void)close(fd);
		return;
	}
	s->fd = fd;
	(void)pthread_mutex_lock(&a->inbox_mu);
	s->next = a->inbox;
	a->inbox = s;
	(void)pthread_mutex_unlock(&a->inbox_mu);
	wake(a);
}

void acceptor_close_listener(struct acceptor *a)
{
	atomic_store(&a->close_listener, true);
	wake(a);
	(void)pthread_mutex_lock(&a->inbox_mu);
	while (!a->closed)
		(void)pthread_cond_wait(&a->inbox_cond, &a->inbox_mu);
	(void)pthread_mutex_unlock(&a->inbox_mu);
}

void acceptor_counts(struct acceptor *a, unsigned *ret_waiting, unsigned *ret_lingering)
{
	*ret_waiting = atomic_load(&a->waiting.n);
	*ret_lingering = atomic_load(&a->lingering.n);
}

int acceptor_port(const struct acceptor *a)
{
	return a->port;
}

static void acceptor_free(struct acceptor *a)
{
	while (a->waiting.first)
		drop(a, a->waiting.first);
	while (a->lingering.first)
		drop(a, a->lingering.first);
	free_done(a);
	for (struct sock *s = a->inbox, *next; s; s = next) {
		next = s->next;
		(void)close(s->fd);
		free(s);
	}
	close_p(&a->listen_fd);
	close_p(&a->epoll_fd);
	close_p(&a->wake_fd);
	(void)pthread_mutex_destroy(&a->inbox_mu);
	(void)pthread_cond_destroy(&a->inbox_cond);
	free(a);
}

static int watch_own(struct acceptor *a, int *fd, struct err *e)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = fd };

	if (epoll_ctl(a->epoll_fd, EPOLL_CTL_ADD, *fd, &ev))
		return err_errno(e, ERR_IO, "epoll_ctl");
	return 0;
}

static int64_t clamp(int64_t v, int64_t least, int64_t most)
{
	return v < least ? least : v > most ? most : v;
}

static int prepare(struct acceptor *a, struct err *e)
{
	const struct http_server_options *opt = &a->srv->opt;
	int64_t tick =
		opt->heartbeat_ms < opt->min_rate_window_ms ? opt->heartbeat_ms : opt->min_rate_window_ms;

	a->tick_ms = clamp(tick / 15, 10, 1000);
	a->listen_fd = opt->listen_fd;
	a->port = opt->port;
	if (a->listen_fd <= 0 && listen_open(opt->host, opt->port, &a->listen_fd, &a->port, e))
		return -1;
	a->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->epoll_fd < 0 || a->wake_fd < 0)
		return err_errno(e, ERR_IO, "acceptor");
	if (watch_own(a, &a->listen_fd, e) || watch_own(a, &a->wake_fd, e))
		return -1;
	int failed = pthread_create(&a->thread, NULL, acceptor_main, a);
	if (failed) {
		errno = failed;
		return err_errno(e, ERR_IO, "acceptor thread");
	}
	return 0;
}

int acceptor_start(struct http_server *srv, struct err *e)
{
	struct acceptor *a = calloc(1, sizeof *a);

	if (!a)
		return err_set(e, ERR_NOMEM, "acceptor");
	a->srv = srv;
	a->listen_fd = a->epoll_fd = a->wake_fd = -1;
	(void)pthread_mutex_init(&a->inbox_mu, NULL);
	(void)pthread_cond_init(&a->inbox_cond, NULL);
	srv->acceptor = a; /* before its thread can bring a request */
	if (prepare(a, e) == 0)
		return 0;
	srv->acceptor = NULL;
	acceptor_free(a);
	return -1;
}

void acceptor_stop(struct acceptor *a)
{
	atomic_store(&a->stop, true);
	wake(a);
	(void)pthread_join(a->thread, NULL);
	acceptor_free(a);
}
