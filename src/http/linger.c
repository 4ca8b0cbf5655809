#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/acceptor_parts.h"

/* A socket closed with unread bytes makes the kernel reset the connection, and the answer on its way is lost
 * to the client. So sockets that were answered early are read on, within bounds, and what comes is dropped.
 */

enum { LINGER_MS = 30000, LINGER_IDLE_MS = 5000, LINGER_SOCKETS = 256 };
enum { LINGER_BYTES = 256 << 20, LINGER_PIECE = 1 << 20 };

void sock_list_add(struct socks *l, struct sock *s)
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

void sock_list_del(struct socks *l, struct sock *s)
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

void sock_retire(struct acceptor *a, struct sock *s)
{
	sock_list_del(s->lingers ? &a->lingering : &a->waiting, s);
	if (s->counted)
		uncount(a->srv, &s->peer);
	s->fd = -1;
	s->next = a->done;
	a->done = s;
}

void sock_drop(struct acceptor *a, struct sock *s)
{
	/* Of a duplicated socket, closing alone would not end the watch: libmicrohttpd may still hold its
	 * own. */
	(void)epoll_ctl(a->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	(void)close(s->fd);
	sock_retire(a, s);
}

void socks_free_done(struct acceptor *a)
{
	for (struct sock *s = a->done, *next; s; s = next) {
		next = s->next;
		free(s);
	}
	a->done = NULL;
}

bool sock_watch(struct acceptor *a, struct sock *s, int op, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };

	return epoll_ctl(a->epoll_fd, op, s->fd, &ev) == 0;
}

void sock_linger(struct acceptor *a, struct sock *s, int op)
{
	int64_t now = clock_mono_ms();

	(void)shutdown(s->fd, SHUT_WR);
	s->lingers = true;
	s->deadline_ms = now + LINGER_MS;
	s->last_ms = now;
	sock_list_add(&a->lingering, s);
	if (!sock_watch(a, s, op, EPOLLIN | EPOLLRDHUP))
		sock_drop(a, s);
	else if (atomic_load(&a->lingering.n) > LINGER_SOCKETS)
		sock_drop(a, a->lingering.first);
}

void sock_drain(struct acceptor *a, struct sock *s, int64_t now)
{
	/* On TCP, MSG_TRUNC drops the bytes without copying them: tcp(7) */
	ssize_t n = recv(s->fd, NULL, LINGER_PIECE, MSG_TRUNC | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	s->bytes += n;
	s->last_ms = now;
	if (n <= 0 || s->bytes > LINGER_BYTES)
		sock_drop(a, s);
}

void sock_drop_idle(struct acceptor *a, int64_t now_ms)
{
	for (struct sock *s = a->lingering.first, *next; s; s = next) {
		next = s->next;
		if (now_ms - s->last_ms >= LINGER_IDLE_MS)
			sock_drop(a, s);
	}
}
