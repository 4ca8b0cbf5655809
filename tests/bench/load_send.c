#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

/* Bodies: a thread a client, as plain as a client can be, so that it costs little beside the server. */

enum { PIECE = 256 << 10, TAIL = 2, CODES = 600 };

struct job {
	const struct load_options *o;
	double deadline_s;
	atomic_ullong sent;
	atomic_uint codes[CODES]; /* of answers; 0: the connection ended without one */
	_Atomic(unsigned) latency_count;
	float *latencies_ms; /* from the last bytes to the answer, or from the connection to it */
	size_t latency_room;
};

static void sleep_ms(int64_t ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* Return false where the server wants no more. */
static bool send_all(struct job *job, int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		atomic_fetch_add(&job->sent, (unsigned long long)n);
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* A piece at a time; with a rate in halves of a second, as slow links deliver packets. */
static bool send_segment(struct job *job, int fd, const struct load_segment *s, uint64_t total)
{
	const struct load_options *o = job->o;
	uint64_t done = 0;

	while (done < total) {
		size_t at = (size_t)(done % s->len), n = s->len - at, most = PIECE;
		if (o->rate > 0)
			most = (size_t)(o->rate > 1 ? o->rate / 2 : 1);
		n = n < most ? n : most;
		n = n < total - done ? n : (size_t)(total - done);
		if (load_now_s() > job->deadline_s || !send_all(job, fd, s->bytes + at, n))
			return false;
		done += n;
		if (o->rate > 0)
			sleep_ms(500);
	}
	return true;
}

static unsigned read_code(int fd)
{
	char head[64];
	size_t have = 0;

	while (have < 12) {
		ssize_t n = recv(fd, head + have, sizeof head - 1 - have, 0);
		if (n <= 0)
			return 0;
		have += (size_t)n;
	}
	head[have] = '\0';
	if (strncmp(head, "HTTP/1.1 ", 9) != 0)
		return 0;
	return (unsigned)strtoul(head + 9, NULL, 10) % CODES;
}

/* To the end, so that the server never meets a reset. */
static void read_rest(int fd)
{
	char rest[4096];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	(void)shutdown(fd, SHUT_WR);
	while (poll(&p, 1, 100) > 0 && recv(fd, rest, sizeof rest, 0) > 0)
		;
}

static bool send_body(struct job *job, int fd, double *ret_start_s)
{
	const struct load_options *o = job->o;
	struct load_segment last;

	for (unsigned i = 0; i < o->segment_count; i++) {
		const struct load_segment *s = &o->segments[i];
		bool held = o->hold_ms > 0 && i + 1 == o->segment_count && s->total > TAIL;
		if (!send_segment(job, fd, s, s->total - (held ? TAIL : 0)))
			return false;
		if (!held)
			continue;
		last = *s;
		sleep_ms(o->hold_ms);
		*ret_start_s = load_now_s();
		if (!send_all(job, fd, last.bytes + (size_t)((last.total - TAIL) % last.len), TAIL))
			return false;
	}
	return true;
}

static void one(struct job *job)
{
	char head[8192];
	double start_s = load_now_s();
	int fd = load_connect(job->o->port);
	size_t n = load_head(job->o, (int64_t)load_body_bytes(job->o), head, sizeof head);

	if (send_all(job, fd, head, n))
		(void)send_body(job, fd, &start_s);
	unsigned code = load_now_s() > job->deadline_s ? 0 : read_code(fd);
	double took_ms = (load_now_s() - start_s) * 1000;
	atomic_fetch_add(&job->codes[code], 1);
	unsigned at = atomic_fetch_add(&job->latency_count, 1);
	if (at < job->latency_room)
		job->latencies_ms[at] = (float)took_ms;
	if (code > 0)
		read_rest(fd);
	(void)close(fd);
}

static void *client(void *arg)
{
	struct job *job = arg;
	const struct load_options *o = job->o;

	for (int64_t i = 0; load_now_s() < job->deadline_s; i++) {
		if (o->bytes ? atomic_load(&job->sent) >= (unsigned long long)o->bytes : i >= o->count)
			break;
		if (i > 0 && o->gap_ms > 0)
			sleep_ms(o->gap_ms);
		one(job);
	}
	return NULL;
}

static void print_codes(const struct job *job)
{
	const char *comma = "";

	for (unsigned i = 0; i < CODES; i++) {
		unsigned n = atomic_load(&job->codes[i]);
		if (n == 0)
			continue;
		(void)printf("%s\"%u\":%u", comma, i, n);
		comma = ",";
	}
}

int load_send(const struct load_options *o)
{
	static struct job job;
	pthread_t *threads = calloc((size_t)o->clients, sizeof *threads);
	pthread_attr_t attr;
	double start_s = load_now_s();

	job.o = o;
	job.deadline_s = start_s + (double)o->seconds;
	job.latency_room = 100000;
	job.latencies_ms = calloc(job.latency_room, sizeof job.latencies_ms[0]);
	if (!threads || !job.latencies_ms)
		load_fail("memory");
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, 128 << 10);
	for (int64_t i = 0; i < o->clients; i++)
		if (pthread_create(&threads[i], &attr, client, &job))
			load_fail("thread");
	for (int64_t i = 0; i < o->clients; i++)
		(void)pthread_join(threads[i], NULL);
	double took_s = load_now_s() - start_s;
	size_t n = atomic_load(&job.latency_count);
	n = n < job.latency_room ? n : job.latency_room;
	load_sort(job.latencies_ms, n);
	(void)printf("{\"bytes\":%llu,\"seconds\":%.6f,\"requests\":%zu,\"p50_ms\":%.4f,\"codes\":{",
		atomic_load(&job.sent), took_s, n, load_quantile(job.latencies_ms, n, 0.5));
	print_codes(&job);
	(void)printf("}}\n");
	free(threads);
	free(job.latencies_ms);
	return 0;
}
