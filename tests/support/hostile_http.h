#pragma once

#include "support/testing.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

/* A server that answers requests with a script, one step each, over real sockets: for what a well-behaved
 * server cannot be made to do. Every connection ends after its step. */

enum hostile_act {
	HOSTILE_REPLY, /* the text, then the end of the connection */
	HOSTILE_RESET, /* the text, then RST */
	HOSTILE_STALL, /* the text, then nothing until the client goes or the test ends */
	HOSTILE_DRIP,  /* the text, then a byte each 50 ms until the client goes or the test ends */
};

struct hostile_step {
	enum hostile_act act;
	const char *text; /* "" for none; the last step is repeated */
};

enum { HOSTILE_REQUESTS = 64, HOSTILE_HEAD_BYTES = 8192 };

struct hostile {
	int listener, stop[2], port;
	pthread_t thread;
	const struct hostile_step *steps;
	size_t step_count;
	size_t seen; /* requests; read it after hostile_end(), or between calls of the client */
	char heads[HOSTILE_REQUESTS][HOSTILE_HEAD_BYTES];
};

static inline bool hostile_wait(const struct hostile *h, int fd)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = h->stop[0], .events = POLLIN } };

	while (poll(p, 2, 30000) < 0)
		assert_int_equal(errno, EINTR);
	return p[1].revents == 0 && p[0].revents != 0;
}

/* The head of a request into @head, its body thrown away. */
static inline bool hostile_read(const struct hostile *h, int fd, char head[HOSTILE_HEAD_BYTES])
{
	size_t n = 0;
	char *end = NULL;

	head[0] = '\0';
	while (!end) {
		if (n + 1 >= HOSTILE_HEAD_BYTES || !hostile_wait(h, fd))
			return false;
		ssize_t got = recv(fd, head + n, HOSTILE_HEAD_BYTES - 1 - n, 0);
		if (got <= 0)
			return false;
		n += (size_t)got;
		head[n] = '\0';
		end = strstr(head, "\r\n\r\n");
	}
	const char *length = strcasestr(head, "\r\ncontent-length:");
	long left = length ? strtol(length + 17, NULL, 10) - (long)(n - (size_t)(end + 4 - head)) : 0;
	if (left > 0 && strcasestr(head, "\r\nexpect: 100"))
		(void)send(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
	for (char waste[4096]; left > 0;) {
		ssize_t got = hostile_wait(h, fd) ? recv(fd, waste, sizeof waste, 0) : -1;
		if (got <= 0)
			return false;
		left -= got;
	}
	return true;
}

static inline void hostile_serve(struct hostile *h, int fd)
{
	static char extra[HOSTILE_HEAD_BYTES];
	char *head = h->seen < HOSTILE_REQUESTS ? h->heads[h->seen] : extra;
	struct linger reset = { 1, 0 };

	if (!hostile_read(h, fd, head))
		return;
	const struct hostile_step *s = &h->steps[h->seen < h->step_count ? h->seen : h->step_count - 1];
	h->seen++;
	(void)send(fd, s->text, strlen(s->text), MSG_NOSIGNAL);
	if (s->act == HOSTILE_RESET)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	if (s->act == HOSTILE_STALL)
		(void)hostile_wait(h, fd);
	while (s->act == HOSTILE_DRIP && send(fd, "x", 1, MSG_NOSIGNAL) == 1) {
		struct pollfd p = { .fd = h->stop[0], .events = POLLIN };
		if (poll(&p, 1, 50) != 0)
			break;
	}
}

static inline void *hostile_run(void *arg)
{
	struct hostile *h = arg;

	while (hostile_wait(h, h->listener)) {
		int fd = accept(h->listener, NULL, NULL);
		if (fd < 0)
			continue;
		hostile_serve(h, fd);
		close(fd);
	}
	return NULL;
}

static inline void hostile_begin(struct hostile *h, const struct hostile_step *steps, size_t count)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof at;

	memset(h, 0, sizeof *h);
	h->steps = steps;
	h->step_count = count;
	h->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(h->listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(h->listener, 16), 0);
	assert_int_equal(getsockname(h->listener, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(pipe(h->stop), 0);
	h->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&h->thread, NULL, hostile_run, h), 0);
}

static inline void hostile_end(struct hostile *h)
{
	assert_int_equal(write(h->stop[1], "x", 1), 1);
	assert_int_equal(pthread_join(h->thread, NULL), 0);
	close(h->stop[0]);
	close(h->stop[1]);
	close(h->listener);
}
