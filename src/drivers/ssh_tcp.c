#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "drivers/ssh_parts.h"

enum { UNANSWERED_MS = 30000, KEEP_IDLE_S = 30, KEEP_INTERVAL_S = 10, KEEP_COUNT = 3 };

static void addrinfo_p(struct addrinfo **list)
{
	if (*list)
		freeaddrinfo(*list);
}

static unsigned count(const struct addrinfo *list)
{
	unsigned n = 0;

	for (; list; list = list->ai_next)
		n++;
	return n;
}

/* A peer that vanished without a word must be noticed: by the kernel, while we wait and while we do not. */
static void tune(int fd)
{
	int on = 1, idle = KEEP_IDLE_S, interval = KEEP_INTERVAL_S, tries = KEEP_COUNT;
	unsigned unanswered = UNANSWERED_MS;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof tries);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered, sizeof unanswered);
}

/* The socket, or -1 and errno. */
static int connect_one(const struct addrinfo *a, int64_t wait_ms)
{
	CLEANUP(close_p)
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
	int error = 0;
	socklen_t len = sizeof error;

	if (fd < 0)
		return -1;
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
		int64_t deadline = clock_mono_ms() + wait_ms;
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		int r;
		if (errno != EINPROGRESS)
			return -1;
		do {
			int64_t left = deadline - clock_mono_ms();
			r = poll(&p, 1, left > 0 ? (int)left : 0);
		} while (r < 0 && errno == EINTR);
		if (r <= 0) {
			errno = r == 0 ? ETIMEDOUT : errno;
			return -1;
		}
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
			return -1;
		if (error) {
			errno = error;
			return -1;
		}
	}
	tune(fd);
	return take_fd(&fd);
}

static int connect_any(const struct ssh_options *o, const struct addrinfo *list, int64_t deadline_ms,
	int *ret_fd, struct err *e)
{
	unsigned left = count(list);
	char address[NI_MAXHOST] = "";

	for (const struct addrinfo *a = list; a; a = a->ai_next, left--) {
		int64_t rest = deadline_ms - clock_mono_ms();
		int fd = connect_one(a, rest > 0 ? rest / left : 0);
		if (fd >= 0) {
			*ret_fd = fd;
			return 0;
		}
		int why = errno;
		(void)getnameinfo(
			a->ai_addr, a->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST);
		errno = why;
	}
	return err_errno(e, ERR_UNAVAILABLE,
		"no connection to %s (%s) port %d: does sshd run there, is a firewall between?", o->host,
		address, o->port);
}

int ssh_tcp(
	const struct ssh_options *o, int64_t deadline_ms, const struct probe *p, int *ret_fd, struct err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	CLEANUP(addrinfo_p) struct addrinfo *list = NULL;
	char port[16], text[96];

	snprintf(port, sizeof port, "%d", o->port);
	int r = getaddrinfo(o->host, port, &hints, &list);
	if (r != 0)
		r = err_set(e, ERR_UNAVAILABLE, "the name %s cannot be resolved: %s", o->host,
			r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
	else if (clock_mono_ms() >= deadline_ms) /* the resolver has its own time-outs, in resolv.conf */
		r = err_set(e, ERR_UNAVAILABLE,
			"the name %s took too long to resolve: see /etc/resolv.conf, or name an address",
			o->host);
	snprintf(text, sizeof text, "%u address%s", count(list), count(list) == 1 ? "" : "es");
	if (probe_step(p, "DNS", r, text, e) < 0)
		return -1;
	snprintf(text, sizeof text, "port %d", o->port);
	return probe_step(p, "TCP", connect_any(o, list, deadline_ms, ret_fd, e), text, e);
}
