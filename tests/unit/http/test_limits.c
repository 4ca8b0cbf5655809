#include "kit.h"

#include <signal.h>
#include <poll.h>
#include <sys/socket.h>

#define H "Host: t\r\n"

static struct kit kit;

static void await_stats(bool (*reached)(const struct http_stats *s))
{
	struct http_stats s;

	for (int i = 0; i < 10000; i++) {
		http_server_stats(kit.srv, &s);
		if (reached(&s))
			return;
		(void)poll(NULL, 0, 1);
	}
	fail_msg("api %u, blocking %u, waiting %u, lingering %u, streams %u", s.api, s.blocking, s.waiting,
		s.lingering, s.streams);
}

static bool nobody(const struct http_stats *s)
{
	return s->api == 0 && s->blocking == 0 && s->waiting == 0;
}

static bool none_waits(const struct http_stats *s)
{
	return s->waiting == 0;
}

static bool six_wait(const struct http_stats *s)
{
	return s->waiting == 6;
}

/* A burst over each daemon's limit: 503 with Retry-After beyond it, and all is well once it is over. */
static void bursts_are_refused_and_forgotten(void **state)
{
	const struct http_server_options opt = { .max_blocking = 4, .max_api = 4 };
	int fds[12];
	struct reply r;

	(void)state;
	kit_start(&kit, &opt);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 4; i++) {
			fds[i] = client_open(kit.port);
			client_send(fds[i], "GET /api/v1/hold HTTP/1.1\r\n" H "\r\n");
		}
		kit_await_holding(&kit, 4);
		for (int i = 4; i < 12; i++) {
			assert_int_equal(
				client_ask(kit.port, "GET /api/v1/hold HTTP/1.1\r\n" H "\r\n", &r), 503);
			assert_string_equal(reply_header(&r, "Retry-After"), "5");
			assert_string_equal(reply_header(&r, "Connection"), "close");
			assert_has(buf_str(&r.body), "urn:gaitd:error:busy");
			reply_deinit(&r);
		}
		/* the other daemon does not mind */
		assert_int_equal(client_ask(kit.port, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", NULL), 200);
		kit_release(&kit);
		for (int i = 0; i < 4; i++) {
			assert_true(client_read(fds[i], &r, false));
			assert_int_equal(r.status, 200);
			reply_deinit(&r);
			(void)close(fds[i]);
		}
		await_stats(nobody);
		kit.release = false;
	}
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 4; i++) {
			fds[i] = client_open(kit.port);
			client_send(fds[i], "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n");
			assert_true(client_read(fds[i], &r, false));
			reply_deinit(&r);
		}
		for (int i = 4; i < 12; i++)
			assert_int_equal(
				client_ask(kit.port, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", NULL), 503);
		for (int i = 0; i < 4; i++)
			(void)close(fds[i]);
		await_stats(nobody);
	}
	assert_int_equal(client_ask(kit.port, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", NULL), 200);
	kit_stop(&kit);
}

/* A big upload that is refused for want of a thread still reads its 503. */
static void refused_uploads_read_why(void **state)
{
	const struct http_server_options opt = { .max_blocking = 1 };
	int held, fd;
	char *zeros = calloc(1, 1 << 20);
	struct reply r;

	(void)state;
	kit_start(&kit, &opt);
	held = client_open(kit.port);
	client_send(held, "GET /api/v1/hold HTTP/1.1\r\n" H "\r\n");
	kit_await_holding(&kit, 1);
	fd = client_open(kit.port);
	client_send(fd, "POST /api/v1/upload HTTP/1.1\r\n" H "Content-Length: 33554432\r\n\r\n");
	for (int i = 0; i < 32; i++)
		client_send_n(fd, zeros, 1 << 20);
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 503);
	reply_deinit(&r);
	(void)close(fd);
	(void)close(held);
	free(zeros);
	kit_stop(&kit);
}

/* Silent and half-said requests end at the deadline: the silent without a word, the others with 408. */
static void slow_first_requests_end(void **state)
{
	const struct http_server_options opt = { .header_timeout_ms = 400 };
	static const char *const begun[] = { "", "GE", "GET /api/v1/ok HTTP/1.1\r\nHos",
		"GET /api/v1/ok HTTP/1.1\r\n" };
	struct reply r;

	(void)state;
	kit_start(&kit, &opt);
	for (size_t i = 0; i < ARRAY_LEN(begun); i++) {
		int fd = client_open(kit.port);

		client_send(fd, begun[i]);
		assert_int_equal(client_read(fd, &r, false), begun[i][0] != '\0');
		assert_int_equal(r.status, begun[i][0] ? 408 : 0);
		assert_true(client_at_end(fd));
		reply_deinit(&r);
		(void)close(fd);
	}
	/* dribbling does not help */
	int fd = client_open(kit.port);
	const char *p = "GET /api/v1/ok HTTP/1.1\r\nX: "
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	while (*p && poll(&ready, 1, 10) == 0)
		client_send_n(fd, p++, 1);
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 408);
	reply_deinit(&r);
	(void)close(fd);
	await_stats(none_waits);
	kit_stop(&kit);
}

/* The oldest silent connection makes room for a new one. */
static void waiting_room_is_bounded(void **state)
{
	const struct http_server_options opt = { .max_waiting = 6 };
	int fds[40];

	(void)state;
	kit_start(&kit, &opt);
	for (int i = 0; i < 40; i++)
		fds[i] = client_open(kit.port);
	assert_true(client_at_end(fds[0]));
	assert_true(client_at_end(fds[33]));
	await_stats(six_wait);
	client_send(fds[39], "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n");
	struct reply r;
	assert_true(client_read(fds[39], &r, false));
	assert_int_equal(r.status, 200);
	reply_deinit(&r);
	for (int i = 0; i < 40; i++)
		(void)close(fds[i]);
	kit_stop(&kit);
}

static void one_address_has_its_share(void **state)
{
	const struct http_server_options opt = { .max_per_address = 3 };
	const struct http_server_options behind = { .max_per_address = 3, .trusted_proxies = "127.0.0.0/8" };
	int fds[8];
	struct reply r;

	(void)state;
	kit_start(&kit, &opt);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++) {
			fds[i] = client_open(kit.port);
			client_send(fds[i], "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n");
			assert_true(client_read(fds[i], &r, false));
			reply_deinit(&r);
		}
		assert_int_equal(client_ask(kit.port, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", NULL), 503);
		for (int i = 0; i < 3; i++)
			(void)close(fds[i]);
		await_stats(nobody);
	}
	assert_int_equal(client_ask(kit.port, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", NULL), 200);
	kit_stop(&kit);

	/* all the world comes through the proxy: it has no share */
	kit_start(&kit, &behind);
	for (int i = 0; i < 8; i++) {
		fds[i] = client_open(kit.port);
		client_send(fds[i], "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n");
		assert_true(client_read(fds[i], &r, false));
		assert_int_equal(r.status, 200);
		reply_deinit(&r);
	}
	for (int i = 0; i < 8; i++)
		(void)close(fds[i]);
	kit_stop(&kit);
}

static void proxies_name_the_client(void **state)
{
	static const struct {
		bool rfc7239;
		const char *header, *client;
	} cases[] = {
		{ false, "X-Forwarded-For: 203.0.113.9\r\n", "client=203.0.113.9 " },
		{ false, "X-Forwarded-For: 9.9.9.9, 203.0.113.9\r\n", "client=203.0.113.9 " },
		{ false, "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 203.0.113.9\r\n",
			"client=203.0.113.9 " },
		{ false, "X-Forwarded-For: 203.0.113.9, 127.0.0.1, ::1\r\n", "client=203.0.113.9 " },
		{ false, "X-Forwarded-For: ::ffff:203.0.113.9\r\n", "client=203.0.113.9 " },
		{ false, "X-Forwarded-For: 2001:db8::7\r\n", "client=2001:db8::7 " },
		{ false, "X-Forwarded-For: nonsense\r\n", "client=127.0.0.1 " },
		{ false, "Forwarded: for=203.0.113.9\r\n", "client=127.0.0.1 " },
		{ true, "Forwarded: for=203.0.113.9;proto=https\r\nX-Forwarded-For: 9.9.9.9\r\n",
			"client=203.0.113.9 " },
		{ true, "Forwarded: for=9.9.9.9, proto=https; For=\"[2001:db8::7]:4711\"\r\n",
			"client=2001:db8::7 " },
	};
	char request[256];
	struct reply r;

	(void)state;
	for (int rfc = 0; rfc < 2; rfc++) {
		const struct http_server_options opt = { .trusted_proxies = "127.0.0.1, ::1",
			.proxy_says_forwarded = rfc };

		kit_start(&kit, &opt);
		for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
			if (cases[i].rfc7239 != rfc)
				continue;
			(void)snprintf(request, sizeof request, "GET /api/v1/echo/x HTTP/1.1\r\n" H "%s\r\n",
				cases[i].header);
			assert_int_equal(client_ask(kit.port, request, &r), 200);
			assert_has(buf_str(&r.body), cases[i].client);
			reply_deinit(&r);
		}
		kit_stop(&kit);
	}
}

/* The least rate of a body: dribbling ends with 408, a steady body passes. */
static void slow_bodies_end(void **state)
{
	const struct http_server_options opt = { .min_rate_bytes_s = 100, .min_rate_window_ms = 500 };
	struct reply r;
	int fd;

	(void)state;
	kit_start(&kit, &opt);
	fd = client_open(kit.port);
	client_send(fd, "POST /api/v1/upload HTTP/1.1\r\n" H "Content-Length: 1000000\r\n\r\n");
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	while (poll(&ready, 1, 20) == 0)
		client_send_n(fd, "x", 1);
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 408);
	reply_deinit(&r);
	(void)close(fd);
	kit_await(&kit, &kit.done, 1);

	fd = client_open(kit.port);
	client_send(fd, "POST /api/v1/upload HTTP/1.1\r\n" H "Content-Length: 1600\r\n\r\n");
	ready.fd = fd;
	for (int i = 0; i < 32; i++) {
		assert_int_equal(poll(&ready, 1, 20), 0); /* 2,500 B/s */
		client_send_n(fd, "01234567890123456789012345678901234567890123456789", 50);
	}
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 202);
	reply_deinit(&r);
	(void)close(fd);
	kit_stop(&kit);
}

static void idle_connections_end(void **state)
{
	const struct http_server_options opt = { .idle_timeout_s = 1 };
	struct reply r;
	int fd;

	(void)state;
	kit_start(&kit, &opt);
	fd = client_open(kit.port);
	client_send(fd, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n");
	assert_true(client_read(fd, &r, false));
	reply_deinit(&r);
	assert_true(client_at_end(fd));
	(void)close(fd);
	await_stats(nobody);
	kit_stop(&kit);
}

static void *stop_it(void *arg)
{
	http_server_stop(kit.srv, *(int *)arg);
	return NULL;
}

/* A stop lets the upload under way finish; new connections are refused at once. */
static void stop_lets_uploads_finish(void **state)
{
	pthread_t stopper;
	struct reply r;
	int fd, grace = 10000;

	(void)state;
	kit_start(&kit, NULL);
	fd = client_open(kit.port);
	client_send(fd, "POST /api/v1/upload HTTP/1.1\r\n" H "Content-Length: 6\r\n\r\nabc");
	kit_await(&kit, &kit.begun, 1);
	int idle = client_open(kit.port);
	client_send(idle, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n");
	assert_true(client_read(idle, &r, false));
	reply_deinit(&r);
	int silent = client_open(kit.port);
	assert_int_equal(pthread_create(&stopper, NULL, stop_it, &grace), 0);
	assert_true(client_at_end(silent)); /* the listener is closed by now */
	client_send(fd, "def");
	assert_true(client_read(fd, &r, false));
	assert_int_equal(r.status, 202);
	reply_deinit(&r);
	assert_int_equal(pthread_join(stopper, NULL), 0);
	assert_true(client_at_end(idle));
	assert_int_equal(atomic_load(&kit.completed), 2);
	assert_int_equal(atomic_load(&kit.done), 2);
	(void)close(fd);
	(void)close(idle);
	(void)close(silent);
	test_dir_remove(kit.dir);
}

/* What is not through when the grace is over is broken off, and every done() comes before the stop returns.
 */
static void stop_breaks_off_after_the_grace(void **state)
{
	int fds[6];

	(void)state;
	kit_start(&kit, NULL);
	for (int i = 0; i < 6; i++) {
		fds[i] = client_open(kit.port);
		client_send(fds[i], "POST /api/v1/upload HTTP/1.1\r\n" H "Content-Length: 6\r\n\r\nabc");
	}
	kit_await(&kit, &kit.begun, 6);
	http_server_stop(kit.srv, 50);
	assert_int_equal(atomic_load(&kit.done), 6);
	assert_int_equal(atomic_load(&kit.completed), 0);
	assert_int_equal(atomic_load(&kit.ended), 0);
	for (int i = 0; i < 6; i++)
		(void)close(fds[i]);
	test_dir_remove(kit.dir);
}

static void *release_it(void *arg)
{
	struct pollfd gone = { .fd = *(int *)arg, .events = POLLIN };

	(void)poll(&gone, 1, 10000); /* the listener is closed: the stop is under way */
	kit_release(&kit);
	return NULL;
}

/* Kept-alive connections bring requests that wait to the event loop: it goes on serving, their number has the
 * same limit as everywhere, and a stop waits for them, since nothing can be stopped under a suspended
 * connection. */
static void waiting_hooks_leave_the_loop_free(void **state)
{
	const struct http_server_options opt = { .max_blocking = 3 };
	int fds[4];
	struct reply r;
	pthread_t releaser;

	(void)state;
	kit_start(&kit, &opt);
	for (int i = 0; i < 4; i++) {
		fds[i] = client_open(kit.port);
		client_send(
			fds[i], "GET /api/v1/ok HTTP/1.1\r\n" H "\r\nGET /api/v1/hold HTTP/1.1\r\n" H "\r\n");
		assert_true(client_read(fds[i], &r, false));
		assert_int_equal(r.status, 200);
		reply_deinit(&r);
		if (i < 3)
			kit_await_holding(&kit, (unsigned)i + 1);
	}
	assert_true(client_read(fds[3], &r, false));
	assert_int_equal(r.status, 503);
	reply_deinit(&r);
	for (int i = 0; i < 50; i++)
		assert_int_equal(client_ask(kit.port, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", NULL), 200);
	assert_int_equal(client_ask(kit.port, "GET /api/v1/hold HTTP/1.1\r\n" H "\r\n", NULL), 503);
	int silent = client_open(kit.port);
	assert_int_equal(pthread_create(&releaser, NULL, release_it, &silent), 0);
	http_server_stop(kit.srv, 0);
	assert_int_equal(pthread_join(releaser, NULL), 0);
	for (int i = 0; i < 4; i++)
		(void)close(fds[i]);
	(void)close(silent);
	test_dir_remove(kit.dir);
}

static void starts_and_refuses_to(void **state)
{
	static const struct {
		const char *host, *proxies;
		int rc;
	} cases[] = {
		{ "127.0.0.1", NULL, 0 },
		{ "127.9.9.9", "", 0 },
		{ "::1", NULL, 0 },
		{ "::ffff:127.0.0.1", NULL, 0 },
		{ "0.0.0.0", NULL, -1 },
		{ "::", NULL, -1 },
		{ "192.0.2.1", "", -1 },
		{ "0.0.0.0", "10.0.0.0/8", 0 },
		{ "::", "fd00::/8 127.0.0.1", 0 },
		{ "localhost", NULL, -1 },
		{ "", NULL, -1 },
		{ "127.0.0.1", "10.0.0.0/33", -1 },
		{ "127.0.0.1", "proxy.example", -1 },
	};
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(http_server_check_listen(cases[i].host, cases[i].proxies, &e), cases[i].rc);
	/* a port that is taken is said to be */
	kit_start(&kit, NULL);
	const struct http_server_options taken = { .host = "127.0.0.1", .port = kit.port };
	struct http_server *other;
	assert_fails(http_server_start(&taken, &other, &e), &e, ERR_UNAVAILABLE);
	const struct http_route unfinished = { "POST", "/x", 0, HTTP_BODY_STREAM, 10, 0, NULL, NULL, NULL,
		NULL };
	const struct http_server_options wrong = {
		.host = "127.0.0.1", .routes = &unfinished, .route_count = 1
	};
	assert_fails(http_server_start(&wrong, &other, &e), &e, ERR_CONFIG);
	kit_stop(&kit);
	const struct http_server_options v6 = { .host = "::1" };
	kit_start(&kit, &v6);
	kit_stop(&kit);
}

static void https_is_remembered(void **state)
{
	const struct http_server_options opt = { .public_url = "https://gait.example:8443/x" };
	struct reply r;

	(void)state;
	kit_start(&kit, &opt);
	assert_int_equal(client_ask(kit.port, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", &r), 200);
	assert_string_equal(reply_header(&r, "Strict-Transport-Security"), "max-age=31536000");
	reply_deinit(&r);
	assert_int_equal(client_ask(kit.port,
				 "POST /api/v1/upload HTTP/1.1\r\n" H
				 "Origin: https://gait.example:8443\r\nContent-Length: 0\r\n\r\n",
				 NULL),
		202);
	assert_int_equal(client_ask(kit.port,
				 "POST /api/v1/upload HTTP/1.1\r\n" H
				 "Origin: https://gait.example\r\nContent-Length: 0\r\n\r\n",
				 NULL),
		403);
	kit_stop(&kit);
}

/* A client that hangs up while an answer is written must not end the process. */
static void no_signal_kills(void **state)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	char path[300];

	(void)state;
	kit_start(&kit, NULL);
	(void)snprintf(path, sizeof path, "%s/big", kit.dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(ftruncate(fileno(f), 64 << 20), 0);
	assert_int_equal(fclose(f), 0);
	for (int i = 0; i < 10; i++) {
		int fd = client_open(kit.port);
		char some[1000];

		client_send(fd, i % 2 ? "GET /api/v1/files/big HTTP/1.1\r\n" H "\r\n"
				      : "GET /api/v1/pull HTTP/1.1\r\n" H "\r\n");
		assert_true(recv(fd, some, sizeof some, 0) > 0);
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		(void)close(fd);
	}
	await_stats(nobody);
	assert_int_equal(client_ask(kit.port, "GET /api/v1/ok HTTP/1.1\r\n" H "\r\n", NULL), 200);
	kit_stop(&kit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bursts_are_refused_and_forgotten),
		cmocka_unit_test(refused_uploads_read_why),
		cmocka_unit_test(slow_first_requests_end),
		cmocka_unit_test(waiting_room_is_bounded),
		cmocka_unit_test(one_address_has_its_share),
		cmocka_unit_test(proxies_name_the_client),
		cmocka_unit_test(slow_bodies_end),
		cmocka_unit_test(idle_connections_end),
		cmocka_unit_test(stop_lets_uploads_finish),
		cmocka_unit_test(stop_breaks_off_after_the_grace),
		cmocka_unit_test(waiting_hooks_leave_the_loop_free),
		cmocka_unit_test(starts_and_refuses_to),
		cmocka_unit_test(https_is_remembered),
		cmocka_unit_test(no_signal_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
