#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

/* Event streams. Once all are open it prints {"open":N} and obeys lines on standard input:
 *   quiet  answer {"quiet":N} when nothing but heartbeats came for half a second
 *   arm    answer {"armed":N}, then {"all":N,"first_s":…,"last_s":…} once each stream has had an event
 *   quit   (or the end of the input) end
 * Times are CLOCK_MONOTONIC. */

enum { EVENTS = 512 };

static const char mark[] = "\ndata:"; /* a chunk's size in hexadecimal cannot look like that */

struct stream {
	int fd;
	unsigned matched; /* bytes of mark */
	bool answered, told;
	char head[16];
	size_t head_len;
};

struct held {
	struct stream *streams;
	int64_t n, opened, told;
	bool armed, quiet_wanted;
	double first_s, last_s, last_event_s, deadline_s;
};

static void event_came(struct held *h, struct stream *s)
{
	h->last_event_s = load_now_s();
	if (!h->armed || s->told)
		return;
	s->told = true;
	if (h->told++ == 0)
		h->first_s = h->last_event_s;
	if (h->told == h->n) {
		h->armed = false;
		(void)printf("{\"all\":%lld,\"first_s\":%.6f,\"last_s\":%.6f}\n", (long long)h->n, h->first_s,
			h->last_event_s);
		(void)fflush(stdout);
	}
}

static void answer_came(struct held *h, struct stream *s, const char *bytes, size_t n)
{
	while (n > 0 && s->head_len < 12) {
		s->head[s->head_len++] = *bytes++;
		n--;
	}
	if (s->head_len < 12)
		return;
	if (strncmp(s->head, "HTTP/1.1 200", 12) != 0) {
		(void)fprintf(stderr, "bench_load: an event stream got %.12s\n", s->head);
		exit(1);
	}
	s->answered = true;
	h->last_event_s = load_now_s();
	if (++h->opened == h->n) {
		(void)printf("{\"open\":%lld}\n", (long long)h->n);
		(void)fflush(stdout);
	}
}

static void receive(struct held *h, struct stream *s)
{
	char in[16 << 10];
	ssize_t n = recv(s->fd, in, sizeof in, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		load_fail("the server closed an event stream");
	if (!s->answered)
		answer_came(h, s, in, (size_t)n);
	for (ssize_t i = 0; i < n; i++) {
		s->matched = in[i] == mark[s->matched] ? s->matched + 1 : in[i] == mark[0];
		if (s->matched == sizeof mark - 1) {
			s->matched = 0;
			event_came(h, s);
		}
	}
}

/* Return false when it is time to go. */
static bool obey(struct held *h)
{
	char line[64];

	if (!fgets(line, sizeof line, stdin) || strcmp(line, "quit\n") == 0)
		return false;
	if (strcmp(line, "quiet\n") == 0) {
		h->quiet_wanted = true;
	} else if (strcmp(line, "arm\n") == 0) {
		for (int64_t i = 0; i < h->n; i++)
			h->streams[i].told = false;
		h->told = 0;
		h->armed = true;
		(void)printf("{\"armed\":%lld}\n", (long long)h->n);
		(void)fflush(stdout);
	}
	return true;
}

static void hold(struct held *h, int epoll)
{
	struct epoll_event events[EVENTS];

	while (load_now_s() < h->deadline_s) {
		int n = epoll_wait(epoll, events, EVENTS, 100);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr)
				receive(h, events[i].data.ptr);
			else if (!obey(h))
				return;
		}
		if (h->quiet_wanted && load_now_s() - h->last_event_s > 0.5) {
			h->quiet_wanted = false;
			(void)printf("{\"quiet\":%lld}\n", (long long)h->n);
			(void)fflush(stdout);
		}
	}
	errno = ETIMEDOUT;
	load_fail("event streams");
}

int load_streams(const struct load_options *o)
{
	char head[8192];
	static struct held h;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	size_t len = load_head(o, -1, head, sizeof head);
	struct epoll_event in = { .events = EPOLLIN };

	h.n = o->clients;
	h.deadline_s = load_now_s() + (double)o->seconds;
	h.streams = calloc((size_t)h.n, sizeof *h.streams);
	if (!h.streams || epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &in))
		load_fail("event streams");
	(void)setvbuf(stdin, NULL, _IONBF, 0);
	for (int64_t i = 0; i < h.n; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &h.streams[i] };
		h.streams[i].fd = load_connect(o->port);
		if (send(h.streams[i].fd, head, len, MSG_NOSIGNAL) != (ssize_t)len ||
			epoll_ctl(epoll, EPOLL_CTL_ADD, h.streams[i].fd, &ev))
			load_fail("event stream");
	}
	hold(&h, epoll);
	for (int64_t i = 0; i < h.n; i++)
		(void)close(h.streams[i].fd);
	free(h.streams);
	return 0;
}
