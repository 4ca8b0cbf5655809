#include "kit.h"

#include <sys/socket.h>
#include <time.h>

#include "http/stream.h"

#define H "Host: t\r\n"

enum { MANY = 200 };

static struct kit kit;

static int open_stream(struct buf *seen)
{
	int fd = client_open(kit.port), opened = atomic_load(&kit.opened);

	buf_init(seen, 1 << 20);
	client_send(fd, "GET /api/v1/events HTTP/1.1\r\n" H "Cookie: sid=1\r\n\r\n");
	assert_true(client_read_until(fd, seen, "\r\n\r\n"));
	assert_has(buf_str(seen), "text/event-stream");
	assert_has(buf_str(seen), "X-Accel-Buffering: no");
	assert_null(strstr(buf_str(seen), "Connection: close"));
	kit_await(&kit, &kit.opened, opened);
	return fd;
}

/* A change reaches every stream, again and again, also when it comes while streams fall asleep. */
static void news_reach_all(void **state)
{
	static struct buf seen[MANY];
	int fds[MANY];
	char want[32];

	(void)state;
	kit_start(&kit, NULL);
	for (int i = 0; i < MANY; i++)
		fds[i] = open_stream(&seen[i]);
	kit_await(&kit, &kit.opened, MANY);
	for (int round = 1; round <= 20; round++) {
		kit_publish(&kit);
		if (round % 3 == 0)
			continue; /* two at once */
		(void)snprintf(want, sizeof want, "id: %d\nevent: news\ndata: %d\n\n", round, round);
		for (int i = 0; i < MANY; i++)
			assert_true(client_read_until(fds[i], &seen[i], want));
	}
	for (int i = 0; i < MANY; i++) {
		(void)close(fds[i]);
		buf_deinit(&seen[i]);
	}
	kit_stop(&kit);
	assert_int_equal(atomic_load(&kit.closed), MANY);
	assert_int_equal(atomic_load(&kit.done), MANY);
}

static atomic_bool go_on;

static void *publish_all_the_time(void *arg)
{
	(void)arg;
	while (atomic_load(&go_on))
		kit_publish(&kit);
	return NULL;
}

/* Waking and falling asleep race as fast as they can; nothing is lost. */
static void no_wake_is_lost(void **state)
{
	struct buf seen[4];
	int fds[4];
	pthread_t publisher;
	char want[32];

	(void)state;
	kit_start(&kit, NULL);
	for (int i = 0; i < 4; i++)
		fds[i] = open_stream(&seen[i]);
	kit_await(&kit, &kit.opened, 4);
	atomic_store(&go_on, true);
	assert_int_equal(pthread_create(&publisher, NULL, publish_all_the_time, NULL), 0);
	for (int i = 0; i < 4; i++) {
		assert_true(client_read_until(fds[i], &seen[i], "data: 300\n"));
		buf_reset(&seen[i]);
	}
	atomic_store(&go_on, false);
	assert_int_equal(pthread_join(publisher, NULL), 0);
	(void)snprintf(want, sizeof want, "data: %u\n", kit.news);
	for (int i = 0; i < 4; i++) {
		struct buf last;

		/* a rolling window, for the whole would be long */
		buf_init(&last, 64 << 20);
		assert_true(client_read_until(fds[i], &last, want));
		buf_deinit(&last);
		(void)close(fds[i]);
		buf_deinit(&seen[i]);
	}
	kit_stop(&kit);
}

static void silence_has_a_heartbeat(void **state)
{
	const struct http_server_options opt = { .heartbeat_ms = 60 };
	struct buf seen;
	int fd;

	(void)state;
	kit_start(&kit, &opt);
	fd = open_stream(&seen);
	assert_true(client_read_until(fd, &seen, ":\n\n"));
	for (int i = 0; i < 3; i++) {
		buf_reset(&seen);
		assert_true(client_read_until(fd, &seen, ":\n\n"));
	}
	(void)close(fd);
	kit_await(&kit, &kit.closed, 1); /* a heartbeat finds out that the client is gone */
	kit_await(&kit, &kit.done, 1);
	buf_deinit(&seen);
	kit_stop(&kit);
}

static void streams_are_counted(void **state)
{
	const struct http_server_options opt = { .max_streams = 3, .heartbeat_ms = 60 };
	struct buf seen[3];
	struct reply r;
	int fds[3];

	(void)state;
	kit_start(&kit, &opt);
	for (int round = 1; round <= 2; round++) {
		for (int i = 0; i < 3; i++)
			fds[i] = open_stream(&seen[i]);
		assert_int_equal(client_ask(kit.port, "GET /api/v1/events HTTP/1.1\r\n" H "\r\n", &r), 503);
		assert_string_equal(reply_header(&r, "Retry-After"), "5");
		reply_deinit(&r);
		for (int i = 0; i < 3; i++) {
			(void)close(fds[i]);
			buf_deinit(&seen[i]);
		}
		kit_await(&kit, &kit.closed, 3 * round);
	}
	kit_stop(&kit);
}

/* A stop does not wait for streams: it ends them, and the client sees a whole answer. */
static void a_stop_ends_streams(void **state)
{
	struct buf seen[20];
	int fds[20];
	struct timespec before, after;

	(void)state;
	kit_start(&kit, NULL);
	for (int i = 0; i < 20; i++)
		fds[i] = open_stream(&seen[i]);
	(void)clock_gettime(CLOCK_MONOTONIC, &before);
	http_server_stop(kit.srv, 60000);
	(void)clock_gettime(CLOCK_MONOTONIC, &after);
	assert_in_range(after.tv_sec - before.tv_sec, 0, 10);
	assert_int_equal(atomic_load(&kit.closed), 20);
	assert_int_equal(atomic_load(&kit.done), 20);
	for (int i = 0; i < 20; i++) {
		assert_true(client_at_end(fds[i]) || true);
		(void)close(fds[i]);
		buf_deinit(&seen[i]);
	}
	test_dir_remove(kit.dir);
}

static void events_are_written(void **state)
{
	static const struct {
		const char *id, *event, *data, *want;
	} cases[] = {
		{ "7", "job", "{}", "id: 7\nevent: job\ndata: {}\n\n" },
		{ NULL, NULL, "", "data: \n\n" },
		{ NULL, NULL, "a\nb\r\nc\rd\n", "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n" },
		{ "1\n2", NULL, "", NULL },
		{ NULL, "a\rb", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out BUF_CLEANUP;
		struct err e = { 0 };

		buf_init(&out, 1000);
		int rc = http_stream_event(&out, cases[i].id, cases[i].event, cases[i].data, &e);
		assert_int_equal(rc, cases[i].want ? 0 : -1);
		if (cases[i].want)
			assert_string_equal(buf_str(&out), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_written),
		cmocka_unit_test(news_reach_all),
		cmocka_unit_test(no_wake_is_lost),
		cmocka_unit_test(silence_has_a_heartbeat),
		cmocka_unit_test(streams_are_counted),
		cmocka_unit_test(a_stop_ends_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
