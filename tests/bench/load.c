#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/strv.h"

static const char help[] =
	"bench_load: clients for scripts/bench, on 127.0.0.1\n"
	"\n"
	"  bench_load send PORT METHOD PATH [OPTION]…   bodies: --clients at once, --count each one after "
	"the other\n"
	"  bench_load get PORT GET PATH [OPTION]…       requests on --clients kept connections for "
	"--seconds\n"
	"  bench_load streams PORT GET PATH [OPTION]…   --clients event streams; commands on standard "
	"input:\n"
	"                                               quiet, arm, quit\n"
	"  bench_load fsync 0 - DIR [OPTION]…           --count times fdatasync of 4 KiB and an upload's own "
	"syncs\n"
	"\n"
	"  --header TEXT    one more header line\n"
	"  --file FILE      a part of the body: the file as it is\n"
	"  --fill N         a part of the body: N bytes\n"
	"  --pattern FILE   … made of this file's content, for the --fill that follows\n"
	"  --bytes N        send: connect and send again until so much was sent by all together\n"
	"  --rate N         send: bytes a second a client; get: requests a second of all together\n"
	"  --hold MS        send: wait before the last two bytes, and count the time from there\n"
	"  --gap MS         send: wait between two requests\n"
	"  --seconds S      stop then\n";

_Noreturn void load_fail(const char *what)
{
	(void)fprintf(stderr, "bench_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

double load_now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int load_connect(int port)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at))
		load_fail("connect");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

uint64_t load_body_bytes(const struct load_options *o)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < o->segment_count; i++)
		sum += o->segments[i].total;
	return sum;
}

size_t load_head(const struct load_options *o, int64_t body, char *out, size_t size)
{
	char length[48] = "";

	if (body >= 0)
		(void)snprintf(length, sizeof length, "Content-Length: %lld\r\n", (long long)body);
	int n = snprintf(out, size, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s%s\r\n", o->method, o->path,
		o->port, o->headers, length);
	if (n < 0 || (size_t)n >= size) {
		errno = E2BIG;
		load_fail("headers");
	}
	return (size_t)n;
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

void load_sort(float *values, size_t n)
{
	qsort(values, n, sizeof values[0], by_value);
}

double load_quantile(const float *sorted, size_t n, double share)
{
	size_t i = (size_t)(share * (double)n);

	return n == 0 ? 0 : (double)sorted[i < n ? i : n - 1];
}

/* --- options -----------------------------------------------------------------------------------------------
 */

static void map_file(const char *path, const char **ret, size_t *ret_len)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) || st.st_size == 0)
		load_fail(path);
	*ret_len = (size_t)st.st_size;
	*ret = mmap(NULL, *ret_len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (*ret == MAP_FAILED)
		load_fail(path);
	(void)close(fd);
}

/* Bytes that look like a coded video: neither all the same nor full of line ends. */
static const char *noise(size_t *ret_len)
{
	enum { NOISE = 1 << 20 };
	static char bytes[NOISE];
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; bytes[0] == 0 && i < NOISE; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17; /* xorshift64, Marsaglia 2003 */
		bytes[NOISE - 1 - i] = (char)(x >> 32);
	}
	bytes[0] = 1;
	*ret_len = NOISE;
	return bytes;
}

static struct load_segment *add_segment(struct load_options *o)
{
	if (o->segment_count == LOAD_SEGMENTS) {
		errno = E2BIG;
		load_fail("body");
	}
	return &o->segments[o->segment_count++];
}

static bool take_body(struct load_options *o, const char *name, const char *value)
{
	static const char *pattern;
	static size_t pattern_len;
	int64_t n;

	if (strcmp(name, "--pattern") == 0) {
		map_file(value, &pattern, &pattern_len);
	} else if (strcmp(name, "--file") == 0) {
		struct load_segment *s = add_segment(o);
		map_file(value, &s->bytes, &s->len);
		s->total = s->len;
	} else if (strcmp(name, "--fill") == 0) {
		struct load_segment *s = add_segment(o);
		if (!str_to_i64(value, 1, INT64_C(1) << 40, &n))
			return false;
		s->bytes = pattern ? pattern : noise(&s->len);
		s->len = pattern ? pattern_len : s->len;
		s->total = (uint64_t)n;
		pattern = NULL;
	} else {
		return false;
	}
	return true;
}

static bool take(struct load_options *o, const char *name, const char *value)
{
	const struct {
		const char *name;
		int64_t *ret;
	} numbers[] = { { "--clients", &o->clients }, { "--count", &o->count }, { "--rate", &o->rate },
		{ "--hold", &o->hold_ms }, { "--gap", &o->gap_ms }, { "--bytes", &o->bytes },
		{ "--seconds", &o->seconds } };

	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (strcmp(name, numbers[i].name) == 0)
			return str_to_i64(value, 0, INT64_C(1) << 40, numbers[i].ret);
	if (strcmp(name, "--header") == 0) {
		size_t used = strlen(o->headers), room = sizeof o->headers - used;
		int n = snprintf(o->headers + used, room, "%s\r\n", value);
		return n > 0 && (size_t)n < room;
	}
	return take_body(o, name, value);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct load_options *o);
	} kinds[] = { { "send", load_send }, { "get", load_get }, { "streams", load_streams },
		{ "fsync", load_fsync } };
	static struct load_options o = { .clients = 1, .count = 1, .seconds = 60 };
	struct rlimit files;
	int64_t port;

	if (argc < 5 || argc % 2 == 0 || !str_to_i64(argv[2], 0, 65535, &port)) {
		(void)fputs(help, stderr);
		return 64;
	}
	o.port = (int)port;
	o.method = argv[3];
	o.path = argv[4];
	for (int i = 5; i + 1 < argc; i += 2)
		if (!take(&o, argv[i], argv[i + 1])) {
			(void)fprintf(stderr, "bench_load: %s %s cannot be used\n", argv[i], argv[i + 1]);
			return 64;
		}
	(void)signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(argv[1], kinds[i].name) == 0)
			return kinds[i].run(&o);
	(void)fputs(help, stderr);
	return 64;
}
