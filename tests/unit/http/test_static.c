#include "kit.h"

#include "base/fsx.h"

#define H "Host: t\r\n"

static void put(const char *dir, const char *name, const char *text)
{
	char path[400];
	struct err e = { 0 };

	assert_ok(fsx_join(path, sizeof path, dir, name, &e), &e);
	assert_ok(fsx_replace(path, text, strlen(text), 0644, &e), &e);
}

static void files_of_the_web_app(void **state)
{
	static const struct {
		const char *path;
		int status;
		const char *body, *type, *cache;
	} cases[] = {
		{ "/", 200, "INDEX", "text/html; charset=utf-8", "no-cache" },
		{ "/index.html", 200, "INDEX", "text/html; charset=utf-8", "no-cache" },
		{ "/jobs/7", 200, "INDEX", "text/html; charset=utf-8", "no-cache" },
		{ "/favicon.svg", 200, "SVG", "image/svg+xml", "no-cache" },
		{ "/assets/app-3f9c2b1a.js", 200, "JS", "text/javascript; charset=utf-8",
			"public, max-age=31536000, immutable" },
		{ "/assets/plain-name.css", 200, "CSS", "text/css; charset=utf-8", "no-cache" },
		{ "/assets/app-3f9c2b1a.js?v=1", 200, "JS", NULL, NULL },
		{ "/assets/%61pp-3f9c2b1a.js", 200, "JS", NULL, NULL },
		{ "/assets/none.js", 404, NULL, "application/problem+json", "no-store" },
		{ "/../secret.txt", 404, NULL, NULL, NULL },
		{ "/assets/../../secret.txt", 404, NULL, NULL, NULL },
		{ "/%2e%2e/secret.txt", 404, NULL, NULL, NULL },
		{ "/..%2fsecret.txt", 404, NULL, NULL, NULL },
		{ "/assets//app-3f9c2b1a.js", 404, NULL, NULL, NULL },
		{ "//secret.txt", 404, NULL, NULL, NULL },
		{ "/.hidden.txt", 404, NULL, NULL, NULL },
		{ "/assets/.hidden.txt", 404, NULL, NULL, NULL },
		{ "/link.txt", 404, NULL, NULL, NULL },
		{ "/linked/secret.txt", 404, NULL, NULL, NULL },
		{ "/dir.d", 404, NULL, NULL, NULL },
		{ "/api/v1/none", 404, NULL, NULL, NULL },
		{ "/api", 404, NULL, NULL, NULL },
		{ "/apiary", 200, "INDEX", NULL, NULL },
		{ "/metrics/none", 404, NULL, NULL, NULL },
		{ "/healthzone", 200, "INDEX", NULL, NULL },
	};
	char top[TEST_DIR_BYTES], www[TEST_DIR_BYTES + 8], path[TEST_DIR_BYTES + 64];
	struct kit kit;
	struct reply r;
	struct err e = { 0 };

	(void)state;
	test_dir(top);
	(void)snprintf(www, sizeof www, "%s/www", top);
	(void)snprintf(path, sizeof path, "%s/assets", www);
	assert_ok(fsx_mkdirs(path, 0755, &e), &e);
	(void)snprintf(path, sizeof path, "%s/dir.d", www);
	assert_ok(fsx_mkdirs(path, 0755, &e), &e);
	put(top, "secret.txt", "SECRET");
	put(www, "index.html", "INDEX");
	put(www, "favicon.svg", "SVG");
	put(www, ".hidden.txt", "HIDDEN");
	put(www, "assets/.hidden.txt", "HIDDEN");
	put(www, "assets/app-3f9c2b1a.js", "JS");
	put(www, "assets/plain-name.css", "CSS");
	(void)snprintf(path, sizeof path, "%s/link.txt", www);
	assert_int_equal(symlink("../secret.txt", path), 0);
	(void)snprintf(path, sizeof path, "%s/linked", www);
	assert_int_equal(symlink("..", path), 0);

	const struct http_server_options opt = { .static_dir = www };
	kit_start(&kit, &opt);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char request[256];

		(void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n" H "\r\n", cases[i].path);
		int status = client_ask(kit.port, request, &r);
		if (status != cases[i].status)
			fail_msg("%s: %d", cases[i].path, status);
		if (cases[i].body)
			assert_string_equal(buf_str(&r.body), cases[i].body);
		if (cases[i].type)
			assert_string_equal(reply_header(&r, "Content-Type"), cases[i].type);
		if (cases[i].cache)
			assert_string_equal(reply_header(&r, "Cache-Control"), cases[i].cache);
		assert_null(strstr(buf_str(&r.body), "SECRET"));
		assert_null(strstr(buf_str(&r.body), "HIDDEN"));
		assert_non_null(reply_header(&r, "Content-Security-Policy"));
		reply_deinit(&r);
	}
	assert_int_equal(client_ask(kit.port, "GET /favicon.svg HTTP/1.1\r\n" H "\r\n", &r), 200);
	char request[256];
	(void)snprintf(request, sizeof request, "GET /favicon.svg HTTP/1.1\r\n" H "If-None-Match: %s\r\n\r\n",
		reply_header(&r, "ETag"));
	reply_deinit(&r);
	assert_int_equal(client_ask(kit.port, request, NULL), 304);
	kit_stop(&kit);
	test_dir_remove(top);
}

/* Sent packed to browsers that take it, with the type of what is in it and an ETag of its own. */
static void packed_neighbours(void **state)
{
	static const struct {
		const char *path, *accept, *body, *coding;
	} cases[] = {
		{ "/app.js", NULL, "PLAIN", NULL },
		{ "/app.js", "identity", "PLAIN", NULL },
		{ "/app.js", "gzip", "GZIP", "gzip" },
		{ "/app.js", "gzip, deflate, br, zstd", "BROTLI", "br" },
		{ "/app.js", "GZip;q=0.5", "GZIP", "gzip" },
		{ "/app.js", "br;q=0, gzip", "GZIP", "gzip" },
		{ "/app.js", "br ; q=0.001", "BROTLI", "br" },
		{ "/app.js", "br;q=0.000", "PLAIN", NULL },
		{ "/app.js", "brotli, xgzip", "PLAIN", NULL },
		{ "/app.js", "*", "PLAIN", NULL },
		{ "/app.js", "", "PLAIN", NULL },
		{ "/style.css", "br, gzip", "STYLE", NULL },
		{ "/link.js", "br", "LINKED", NULL },
		{ "/jobs/7", "br", "PACKED INDEX", "br" },
	};
	char top[TEST_DIR_BYTES], path[TEST_DIR_BYTES + 64], plain[80] = "", packed[80] = "", request[256];
	struct kit kit;
	struct reply r;

	(void)state;
	test_dir(top);
	put(top, "index.html", "INDEX");
	put(top, "index.html.br", "PACKED INDEX");
	put(top, "app.js", "PLAIN");
	put(top, "app.js.gz", "GZIP");
	put(top, "app.js.br", "BROTLI");
	put(top, "style.css", "STYLE");
	put(top, "link.js", "LINKED");
	(void)snprintf(path, sizeof path, "%s/link.js.br", top);
	assert_int_equal(symlink("app.js.br", path), 0);

	const struct http_server_options opt = { .static_dir = top };
	kit_start(&kit, &opt);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		(void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n" H "%s%s%s\r\n", cases[i].path,
			cases[i].accept ? "Accept-Encoding: " : "", cases[i].accept ? cases[i].accept : "",
			cases[i].accept ? "\r\n" : "");
		assert_int_equal(client_ask(kit.port, request, &r), 200);
		if (strcmp(buf_str(&r.body), cases[i].body) != 0)
			fail_msg("%s: %s", cases[i].accept ? cases[i].accept : "-", buf_str(&r.body));
		if (cases[i].coding)
			assert_string_equal(reply_header(&r, "Content-Encoding"), cases[i].coding);
		else
			assert_null(reply_header(&r, "Content-Encoding"));
		assert_string_equal(reply_header(&r, "Vary"), "Accept-Encoding");
		assert_null(strstr(reply_header(&r, "Content-Type"), "octet-stream"));
		if (strcmp(cases[i].path, "/app.js") == 0)
			(void)snprintf(cases[i].coding ? packed : plain, sizeof plain, "%s",
				reply_header(&r, "ETag"));
		reply_deinit(&r);
	}
	assert_string_not_equal(plain, packed);
	kit_stop(&kit);
	test_dir_remove(top);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(files_of_the_web_app),
		cmocka_unit_test(packed_neighbours) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
