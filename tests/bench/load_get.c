#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

/* Small requests on kept connections, one under way each. Without a rate the next goes out when the answer is
 * there. With one, requests are due at fixed times and the time counts from then on, whether or not a
 * connection was free: a server that stalls cannot hide it by being asked less. */

enum { IN_BYTES = 64 << 10, EVENTS = 256, CODES = 600 };

struct conn {
	int fd;
	bool busy;
	double due_s;
	size_t have, body_left;
	bool in_body;
	unsigned code;
	char in[IN_BYTES];
};

struct run {
	const struct load_options *o;
	struct conn *conns;
	int epoll;
	char head[8192];
	size_t head_len;
	unsigned codes[CODES];
	float *latencies_ms;
	size_t n, room;
	double start_s, next_due_s;
	uint64_t issued;
};

static void issue(struct run *r, struct conn *c, double due_s)
{
	size_t sent = 0;

	while (sent < r->head_len) {
		ssize_t n = send(c->fd, r->head + sent, r->head_len - sent, MSG_NOSIGNAL);
		if (n < 0)
			load_fail("send");
		sent += (size_t)n;
	}
	c->busy = true;
	c->due_s = due_s;
	c->have = 0;
	c->in_body = false;
	r->issued++;
}

static void finished(struct run *r, struct conn *c)
{
	if (r->n < r->room)
		r->latencies_ms[r->n] = (float)((load_now_s() - c->due_s) * 1000);
	r->n++;
	r->codes[c->code]++;
	c->busy = false;
}

/* Is the head whole? Then what is left of the body. */
static bool head_whole(struct conn *c)
{
	char *end, *length;

	c->in[c->have] = '\0';
	end = strstr(c->in, "\r\n\r\n");
	if (!end)
		return false;
	*end = '\0';
	c->code = (unsigned)strtoul(c->in + 9, NULL, 10) % CODES;
	length = strcasestr(c->in, "\r\nContent-Length:");
	c->body_left = length && c->code != 304 ? strtoul(length + 17, NULL, 10) : 0;
	size_t got = c->have - (size_t)(end + 4 - c->in);
	c->body_left -= got < c->body_left ? got : c->body_left;
	c->in_body = true;
	return true;
}

static void receive(struct run *r, struct conn *c)
{
	size_t room = sizeof c->in - 1 - (c->in_body ? 0 : c->have);
	ssize_t n = recv(c->fd, c->in_body ? c->in : c->in + c->have, room, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		load_fail("the server closed a kept connection");
	if (c->in_body) {
		c->body_left -= (size_t)n < c->body_left ? (size_t)n : c->body_left;
	} else {
		c->have += (size_t)n;
		if (!head_whole(c))
			return;
	}
	if (c->body_left == 0)
		finished(r, c);
}

/* Send what is due. Return how long nothing more will be, in milliseconds. */
static int issue_due(struct run *r, double now_s)
{
	const double step_s = r->o->rate > 0 ? 1.0 / (double)r->o->rate : 0;
	/* In turn: a connection without a request for long is rightly closed. */
	const uint64_t first = r->issued, n = (uint64_t)r->o->clients;

	for (uint64_t i = 0; i < n; i++) {
		struct conn *c = &r->conns[(first + i) % n];
		if (c->busy)
			continue;
		if (r->o->rate == 0) {
			issue(r, c, load_now_s());
		} else if (r->next_due_s <= now_s) {
			issue(r, c, r->next_due_s);
			r->next_due_s += step_s;
		}
	}
	return r->o->rate == 0 ? 1000 : 1;
}

static void loop(struct run *r)
{
	struct epoll_event events[EVENTS];
	double now_s = load_now_s();

	r->start_s = r->next_due_s = now_s;
	while (now_s < r->start_s + (double)r->o->seconds) {
		int wait_ms = issue_due(r, now_s);
		int n = epoll_wait(r->epoll, events, EVENTS, wait_ms);
		for (int i = 0; i < n; i++)
			receive(r, events[i].data.ptr);
		now_s = load_now_s();
	}
}

static void print(struct run *r)
{
	const double took_s = load_now_s() - r->start_s;
	const char *comma = "";
	size_t n = r->n < r->room ? r->n : r->room;

	load_sort(r->latencies_ms, n);
	(void)printf("{\"requests\":%zu,\"seconds\":%.6f,\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"p999_ms\":%.4f,"
		     "\"max_ms\":%.4f,\"codes\":{",
		r->n, took_s, load_quantile(r->latencies_ms, n, 0.5), load_quantile(r->latencies_ms, n, 0.99),
		load_quantile(r->latencies_ms, n, 0.999), load_quantile(r->latencies_ms, n, 1));
	for (unsigned i = 0; i < CODES; i++)
		if (r->codes[i]) {
			(void)printf("%s\"%u\":%u", comma, i, r->codes[i]);
			comma = ",";
		}
	(void)printf("}}\n");
}

int load_get(const struct load_options *o)
{
	static struct run r;

	r.o = o;
	r.room = 4 << 20;
	r.latencies_ms = calloc(r.room, sizeof r.latencies_ms[0]);
	r.conns = calloc((size_t)o->clients, sizeof *r.conns);
	r.epoll = epoll_create1(EPOLL_CLOEXEC);
	r.head_len = load_head(o, -1, r.head, sizeof r.head);
	if (!r.latencies_ms || !r.conns || r.epoll < 0)
		load_fail("memory");
	for (int64_t i = 0; i < o->clients; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &r.conns[i] };
		r.conns[i].fd = load_connect(o->port);
		if (epoll_ctl(r.epoll, EPOLL_CTL_ADD, r.conns[i].fd, &ev))
			load_fail("epoll");
	}
	loop(&r);
	print(&r);
	free(r.latencies_ms);
	free(r.conns);
	return 0;
}
