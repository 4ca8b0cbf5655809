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
#include "http/acceptor_parts.h"
#include "http/listen.h"

enum { EVENTS = 128, ACCEPTS = 256, PAUSE_MS = 100 };

static void listener_events(struct acceptor *a, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = &a->listen_fd };

	(void)epoll_ctl(a->epoll_fd, EPOLL_CTL_MOD, a->listen_fd, &ev);
}

/* Out of descriptors or memory: the oldest silent connection makes room, or accepting rests for a moment. */
static void out_of_descriptors(struct acceptor *a)
{
	if (a->waiting.first) {
		sock_drop(a, a->waiting.first);
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
		sock_admit(a, s);
	}
}

/* --- the thread -------------------------------------------------------------------------------------------
 */

static void end_accepting(struct acceptor *a)
{
	(void)close(a->listen_fd);
	a->listen_fd = -1;
	while (a->waiting.first)
		sock_drop(a, a->waiting.first);
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
		sock_linger(a, s, EPOLL_CTL_ADD);
	}
	if (atomic_load(&a->close_listener) && a->listen_fd >= 0)
		end_accepting(a);
}

static void expire(struct acceptor *a, int64_t now)
{
	while (a->waiting.first && a->waiting.first->deadline_ms <= now)
		sock_expire(a, a->waiting.first);
	while (a->lingering.first && a->lingering.first->deadline_ms <= now)
		sock_drop(a, a->lingering.first);
	if (now < a->next_tick_ms)
		return;
	a->next_tick_ms = now + a->tick_ms;
	sock_drop_idle(a, now);
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
			sock_drain(a, s, now);
		else
			sock_look(a, s);
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
		socks_free_done(a);
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
		sock_drop(a, a->waiting.first);
	while (a->lingering.first)
		sock_drop(a, a->lingering.first);
	socks_free_done(a);
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
