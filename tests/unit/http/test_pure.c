#include "support/testing.h"

#include <netinet/in.h>

#include "http/peek.h"
#include "http/peer.h"
#include "http/target.h"

static void addresses(void **state)
{
	static const struct {
		const char *text, *shown;
		bool loopback;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", false },
		{ "::ffff:192.0.2.1", "192.0.2.1", false },
		{ "127.8.9.1", "127.8.9.1", true },
		{ "::ffff:127.0.0.1", "127.0.0.1", true },
		{ "::1", "::1", true },
		{ "2001:DB8::0:1", "2001:db8::1", false },
		{ "::", "::", false },
	};
	char text[PEER_TEXT_BYTES];
	struct peer_addr a;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(peer_parse(cases[i].text, &a));
		peer_text(&a, text);
		assert_string_equal(text, cases[i].shown);
		assert_int_equal(peer_is_loopback(&a), cases[i].loopback);
	}
	assert_false(peer_parse("192.0.2", &a));
	assert_false(peer_parse("192.0.2.1/8", &a));
	assert_false(peer_parse("", &a));
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_addr = { .s6_addr = { [10] = 255, [11] = 255, 192, 0, 2, 7 } } };
	assert_true(peer_from_sockaddr((struct sockaddr *)&in6, &a));
	peer_text(&a, text);
	assert_string_equal(text, "192.0.2.7");
	struct sockaddr other = { .sa_family = AF_UNIX };
	assert_false(peer_from_sockaddr(&other, &a));
}

static void blocks_of_addresses(void **state)
{
	static const struct {
		const char *list, *addr;
		bool in;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.0.1", true },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "10.0.0.0/9", "10.127.0.1", true },
		{ "10.0.0.0/9", "10.128.0.1", false },
		{ "10.0.0.1", "10.0.0.1", true },
		{ "10.0.0.1", "10.0.0.2", false },
		{ "0.0.0.0/0", "9.9.9.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "9.9.9.9", true },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ " 1.1.1.1,,2.2.2.2 ,3.3.3.3", "3.3.3.3", true },
		{ "", "1.1.1.1", false },
	};
	struct peer_list list;
	struct peer_addr a;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_ok(peer_list_parse(cases[i].list, &list, &e), &e);
		assert_true(peer_parse(cases[i].addr, &a));
		if (peer_list_has(&list, &a) != cases[i].in)
			fail_msg("%s in %s", cases[i].addr, cases[i].list);
	}
	assert_fails(peer_list_parse("1.2.3.4/", &list, &e), &e, ERR_CONFIG);
	assert_fails(peer_list_parse("1.2.3.4/x", &list, &e), &e, ERR_CONFIG);
	assert_fails(peer_list_parse("::1/129", &list, &e), &e, ERR_CONFIG);
	assert_fails(peer_list_parse("nginx", &list, &e), &e, ERR_CONFIG);
}

static void addresses_are_counted(void **state)
{
	struct peer_counts *c = peer_counts_new();
	struct peer_addr a, same_net, mapped;

	(void)state;
	assert_non_null(c);
	assert_true(peer_parse("2001:db8::1", &a));
	assert_true(peer_parse("2001:db8::ffff:2", &same_net));
	assert_true(peer_counts_add(c, &a, 2));
	assert_true(peer_counts_add(c, &same_net, 2));
	assert_false(peer_counts_add(c, &a, 2));
	peer_counts_del(c, &a);
	assert_true(peer_counts_add(c, &a, 2));
	assert_true(peer_parse("192.0.2.1", &a));
	assert_true(peer_parse("::ffff:192.0.2.1", &mapped));
	assert_true(peer_counts_add(c, &a, 1));
	assert_false(peer_counts_add(c, &mapped, 1));
	assert_true(peer_parse("192.0.2.2", &mapped));
	assert_true(peer_counts_add(c, &mapped, 1));
	for (unsigned i = 0; i < 5000; i++) { /* more than there are buckets */
		a.b[14] = (uint8_t)(i >> 8);
		a.b[15] = (uint8_t)i;
		a.b[13] = 77;
		assert_true(peer_counts_add(c, &a, 1));
	}
	peer_counts_free(c);
}

static void targets(void **state)
{
	static const struct {
		const char *uri, *path, *first, *value;
		int rc;
	} cases[] = {
		{ "/", "/", NULL, NULL, 0 },
		{ "/a%20b?x=1", "/a b", "x", "1", 0 },
		{ "/a?x", "/a", "x", "", 0 },
		{ "/a?&&x=a%3Db=c&y", "/a", "x", "a=b=c", 0 },
		{ "/a?x%3D=1+1#frag", "/a", "x=", "1 1", 0 },
		{ "/a#frag?x=1", "/a", NULL, NULL, 0 },
		{ "/+", "/+", NULL, NULL, 0 },
		{ "*", "*", NULL, NULL, 0 },
		{ "http://h/x?y=z", "/x", "y", "z", 0 },
		{ "https://h", "/", NULL, NULL, 0 },
		{ "a", NULL, NULL, NULL, -1 },
		{ "", NULL, NULL, NULL, -1 },
		{ "/%", NULL, NULL, NULL, -1 },
		{ "/%1", NULL, NULL, NULL, -1 },
		{ "/%g1", NULL, NULL, NULL, -1 },
		{ "/%00", NULL, NULL, NULL, -1 },
		{ "/%7f", NULL, NULL, NULL, -1 },
		{ "/?a=%0a", NULL, NULL, NULL, -1 },
		{ "/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q&r&s&t&u&v&w&x&y", NULL, NULL, NULL, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct target t = { 0 };
		struct err e = { 0 };

		assert_int_equal(target_parse(cases[i].uri, &t, &e), cases[i].rc);
		if (cases[i].rc == 0) {
			assert_string_equal(t.path, cases[i].path);
			assert_int_equal(t.query_n > 0, cases[i].first != NULL);
		}
		if (cases[i].first) {
			assert_string_equal(t.query[0].name, cases[i].first);
			assert_string_equal(t.query[0].value, cases[i].value);
		}
		target_deinit(&t);
	}
}

static const struct http_route routes[] = {
	{ .method = "GET", .pattern = "/jobs" },
	{ .method = "POST", .pattern = "/jobs" },
	{ .method = "GET", .pattern = "/jobs/latest" },
	{ .method = "GET", .pattern = "/jobs/{id}" },
	{ .method = "DELETE", .pattern = "/jobs/{id}" },
	{ .method = "GET", .pattern = "/jobs/{id}/files/{name}" },
	{ .method = "PUT", .pattern = "/blobs/{key...}" },
	{ .method = "GET", .pattern = "/uploads/{id}" },
	{ .method = "HEAD", .pattern = "/uploads/{id}" },
	{ .method = "GET", .pattern = "/a{x}b" },
};

static void routes_are_found(void **state)
{
	static const struct {
		const char *method, *path;
		int found; /* index; -1: no path, -2: no method */
		const char *params;
	} cases[] = {
		{ "GET", "/jobs", 0, "" },
		{ "HEAD", "/jobs", 0, "" },
		{ "POST", "/jobs", 1, "" },
		{ "PUT", "/jobs", -2, NULL },
		{ "get", "/jobs", -2, NULL },
		{ "GET", "/jobs/", -1, NULL },
		{ "GET", "/job", -1, NULL },
		{ "GET", "", -1, NULL },
		{ "GET", "/jobs/latest", 2, "" },
		{ "GET", "/jobs/7", 3, "id=7;" },
		{ "DELETE", "/jobs/latest", 4, "id=latest;" },
		{ "GET", "/jobs/7/", -1, NULL },
		{ "GET", "/jobs//files/a", -1, NULL },
		{ "GET", "/jobs/7/files/a%2Fb", 5, "id=7;name=a%2Fb;" },
		{ "PUT", "/blobs/a/b/c", 6, "key=a/b/c;" },
		{ "PUT", "/blobs/", -1, NULL },
		{ "HEAD", "/uploads/1", 8, "id=1;" },
		{ "GET", "/uploads/1", 7, "id=1;" },
		{ "OPTIONS", "/uploads/1", -2, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct http_route *route = NULL;
		struct route_params params;
		char text[128] = "";
		int rc = route_find(routes, ARRAY_LEN(routes), strv_of(cases[i].method),
			strv_of(cases[i].path), &params, &route);
		int found = rc == 0 ? (int)(route - routes) : rc == ROUTE_NO_PATH ? -1 : -2;

		if (found != cases[i].found)
			fail_msg("%s %s: %d", cases[i].method, cases[i].path, found);
		if (rc != 0)
			continue;
		for (unsigned k = 0; k < params.n; k++)
			(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s=%.*s;",
				(int)params.items[k].name.n, params.items[k].name.p,
				(int)params.items[k].raw.n, params.items[k].raw.p);
		assert_string_equal(text, cases[i].params);
	}
	char allow[64];
	route_allow(routes, ARRAY_LEN(routes), strv_of("/jobs"), allow, sizeof allow);
	assert_string_equal(allow, "GET, HEAD, POST, OPTIONS");
	route_allow(routes, ARRAY_LEN(routes), strv_of("/uploads/1"), allow, sizeof allow);
	assert_string_equal(allow, "GET, HEAD, OPTIONS");
}

static void first_bytes(void **state)
{
	static const struct {
		const char *text;
		enum peek_result want;
		const char *path;
	} cases[] = {
		{ "", PEEK_MORE, NULL },
		{ "\r\n", PEEK_MORE, NULL },
		{ "G", PEEK_MORE, NULL },
		{ "GET / HTTP/1.1", PEEK_MORE, NULL },
		{ "GET / HTTP/1.1\r\n", PEEK_MORE, NULL },
		{ "GET / HTTP/1.1\r\nA: b\r\n", PEEK_MORE, NULL },
		{ "GET / HTTP/1.1\r\nA: b\r\n\r", PEEK_MORE, NULL },
		{ "GET / HTTP/1.1\r\nA: b\r\n\r\n", PEEK_REQUEST, "/" },
		{ "GET / HTTP/1.1\r\n\r\n", PEEK_REQUEST, "/" },
		{ "GET / HTTP/1.0\n\n", PEEK_REQUEST, "/" },
		{ "\r\nGET /a?b HTTP/1.1\r\n\r\nrest", PEEK_REQUEST, "/a" },
		{ "POST http://h:8/a/b#c HTTP/1.1\r\n\r\n", PEEK_REQUEST, "/a/b" },
		{ "OPTIONS * HTTP/1.1\r\n\r\n", PEEK_REQUEST, "*" },
		{ "M-SEARCH / HTTP/1.1\r\n\r\n", PEEK_REQUEST, "/" },
		{ "get / HTTP/1.1\r\n\r\n", PEEK_MALFORMED, NULL },
		{ "GET /\r\n", PEEK_MALFORMED, NULL },
		{ "GET  / HTTP/1.1\r\n", PEEK_MALFORMED, NULL },
		{ "GET / HTTP/2.0\r\n", PEEK_MALFORMED, NULL },
		{ "GET / HTTP/1.10\r\n", PEEK_MALFORMED, NULL },
		{ "GET /\x01 HTTP/1.1\r\n", PEEK_MALFORMED, NULL },
		{ "G\x80T / HTTP/1.1\r\n", PEEK_MALFORMED, NULL },
		{ "\x16\x03\x01", PEEK_MALFORMED, NULL },
		{ "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", PEEK_MALFORMED, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct strv method, path;
		size_t n = strlen(cases[i].text);
		char *exact = malloc(n + 1); /* so that a read beyond the end is seen */

		memcpy(exact, cases[i].text, n);
		char *tight = realloc(exact, n ? n : 1);
		enum peek_result got = peek_request(tight, n, &method, &path);
		if (got != cases[i].want)
			fail_msg("\"%s\": %d", cases[i].text, (int)got);
		if (got == PEEK_REQUEST)
			assert_true(strv_eq(path, cases[i].path));
		free(tight);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(blocks_of_addresses),
		cmocka_unit_test(addresses_are_counted),
		cmocka_unit_test(targets),
		cmocka_unit_test(routes_are_found),
		cmocka_unit_test(first_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
