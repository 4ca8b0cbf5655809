#include "support/server.h"

#include "base/json.h"
#include "drivers/mail_http.h"
#include "mailer_contract.h"

/* Against tests/support/relay.py. */

#define TOKEN "s3cret-token-of-the-relay"

static char top[TEST_DIR_BYTES], box[TEST_DIR_BYTES + 16], url[64];
static struct test_server server;

static struct mail_http_options options(void)
{
	return (struct mail_http_options){
		.url = url, .token = TOKEN, .connect_timeout_ms = 10000, .timeout_ms = 60000
	};
}

static struct mailer *opened(const struct mail_http_options *o)
{
	struct mailer *m = NULL;
	struct err e = { 0 };

	assert_ok(mail_http_open(o, &m, &e), &e);
	return m;
}

static int send_to(struct mailer *m, const char *to, struct err *e)
{
	const struct mailer_message msg = { .message_id = "case@example.org",
		.from = "gaitd@example.org",
		.to = to,
		.rfc5322 = "Subject: x\r\nMessage-ID: <case@example.org>\r\n\r\nbody\r\n",
		.subject = "x \xe2\x80\x9c",
		.text = "line\nline",
		.html = "<p>\"</p>",
		.date_ms = 1795336200123 };

	*e = (struct err){ 0 };
	return m->ops->send(m, &msg, e);
}

static int contract_open(void *ctx, struct mailer **ret, struct err *e)
{
	const struct mail_http_options o = options();

	(void)ctx;
	return mail_http_open(&o, ret, e);
}

static void empty_box(void *ctx)
{
	(void)ctx;
	assert_int_equal(fsx_remove_tree(box, NULL), 0);
	assert_int_equal(fsx_mkdirs(box, 0700, NULL), 0);
}

static unsigned arrived(void *ctx, const char *message_id, struct buf *out)
{
	(void)ctx;
	return test_server_files(box, message_id, out);
}

static void answers_are_judged(void **state)
{
	static const struct {
		const char *to;
		int want;
		const char *says;
	} cases[] = {
		{ "200@example.org", 0, "" },
		{ "299@example.org", 0, "" },
		{ "301@example.org", -1, "mail.http_url" },
		{ "307@example.org", -1, "mail.http_url" },
		{ "400@example.org", MAILER_REFUSED, "400" },
		{ "401@example.org", -1, "mail.http_token_file" },
		{ "402@example.org", -1, "mail.http_token_file" },
		{ "403@example.org", -1, "mail.http_token_file" },
		{ "404@example.org", -1, "mail.http_url" },
		{ "405@example.org", -1, "mail.http_url" },
		{ "408@example.org", MAILER_DEFERRED, "408" },
		{ "407@example.org", -1, "mail.http_url" },
		{ "409@example.org", MAILER_DEFERRED, "409" },
		{ "410@example.org", -1, "mail.http_url" },
		{ "413@example.org", MAILER_REFUSED, "413" },
		{ "415@example.org", -1, "mail.http_url" },
		{ "422@example.org", MAILER_REFUSED, "422" },
		{ "425@example.org", MAILER_DEFERRED, "425" },
		{ "429@example.org", -1, "429" },
		{ "500@example.org", MAILER_DEFERRED, "500" },
		{ "502@example.org", -1, "502" },
		{ "503@example.org", -1, "503" },
		{ "504@example.org", -1, "504" },
		{ "507@example.org", MAILER_DEFERRED, "507" },
		{ "drop@example.org", MAILER_DEFERRED, "127.0.0.1" },
		{ "stall@example.org", MAILER_DEFERRED, "in time" },
	};
	struct mail_http_options o = options();
	struct err e;

	(void)state;
	o.timeout_ms = 1500;
	struct mailer *m = opened(&o);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int r = send_to(m, cases[i].to, &e);
		if (r != cases[i].want || !strstr(e.msg, cases[i].says))
			fail_msg("%s: %d: %s", cases[i].to, r, e.msg);
		assert_null(strstr(e.msg, TOKEN));
		assert_null(strstr(e.msg, cases[i].to));
		assert_null(strstr(e.msg, "something")); /* the relay's words may hold the mail's */
	}
	m->ops->close(m);
}

static void note_step(void *arg, const char *what, enum probe_outcome outcome, const char *text)
{
	static const char *const names[] = { "ok", "failed", "skipped" };
	char *all = arg;
	size_t n = strlen(all);

	assert_non_null(text);
	(void)snprintf(all + n, 512 - n, "%s%s %s", n ? ", " : "", what, names[outcome]);
}

static void site_faults(void **state)
{
	static const struct {
		const char *url; /* with %d for the port */
		const char *token;
		const char *says, *steps;
		bool probe_fails;
	} cases[] = {
		{ "http://127.0.0.1:%d/mail", "wrong", "mail.http_token_file",
			"DNS ok, TCP ok, TLS skipped, answer failed", true },
		{ "http://127.0.0.1:%d/mail", "", "mail.http_token_file",
			"DNS ok, TCP ok, TLS skipped, answer failed", true },
		{ "http://127.0.0.1:%d/elsewhere", TOKEN, "mail.http_url",
			"DNS ok, TCP ok, TLS skipped, answer ok", false },
		{ "http://127.0.0.2:%d/mail", TOKEN, "127.0.0.2",
			"DNS ok, TCP failed, TLS skipped, answer skipped", true },
		{ "https://127.0.0.1:%d/mail", TOKEN, "127.0.0.1",
			"DNS ok, TCP ok, TLS failed, answer skipped", true },
		{ "https://no-such-name.invalid:%d/", TOKEN, "mail.http_url",
			"DNS failed, TCP skipped, TLS skipped, answer skipped", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char where[80], steps[512] = "";
		struct mail_http_options o = options();
		const struct probe p = { .step = note_step, .arg = steps };
		struct err e;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(where, sizeof where, cases[i].url, server.port);
#pragma GCC diagnostic pop
		o.url = where;
		o.token = cases[i].token;
		o.timeout_ms = 1500;
		struct mailer *m = opened(&o);
		int r = send_to(m, "a@example.org", &e);
		if (r != -1 || !strstr(e.msg, cases[i].says))
			fail_msg("case %zu: %d: %s", i, r, e.msg);
		e = (struct err){ 0 };
		assert_int_equal(m->ops->probe(m, &p, &e), cases[i].probe_fails ? -1 : 0);
		if (cases[i].probe_fails)
			assert_has(e.msg, cases[i].says);
		assert_string_equal(steps, cases[i].steps);
		m->ops->close(m);
	}
}

/* The body and the headers that docs/mail-http.md promises. */
static void what_the_relay_gets(void **state)
{
	const struct mail_http_options o = options();
	struct mailer *m = opened(&o);
	CLEANUP(json_free_p) struct json *root = NULL;
	struct buf seen BUF_CLEANUP;
	char path[TEST_DIR_BYTES + 64];
	struct err e = { 0 };
	static const struct {
		const char *of, *name, *value;
	} wants[] = {
		{ "json", "message_id", "case@example.org" },
		{ "json", "from", "gaitd@example.org" },
		{ "json", "to", "a@example.org" },
		{ "json", "date", "2026-11-22T08:30:00.123Z" },
		{ "json", "subject", "x \xe2\x80\x9c" },
		{ "json", "text", "line\nline" },
		{ "json", "html", "<p>\"</p>" },
		{ "json", "raw", "Subject: x\r\nMessage-ID: <case@example.org>\r\n\r\nbody\r\n" },
		{ "headers", "Authorization", "Bearer " TOKEN },
		{ "headers", "Content-Type", "application/json" },
		{ "headers", "Idempotency-Key", "case@example.org" },
		{ "headers", "User-Agent", "gaitd/" GAITD_VERSION },
	};

	(void)state;
	empty_box(NULL);
	assert_ok(send_to(m, "a@example.org", &e), &e);
	m->ops->close(m);
	CLEANUP(closedir_p) DIR *d = opendir(box);
	const struct dirent *entry;
	buf_init(&seen, 1 << 16);
	assert_non_null(d);
	while ((entry = readdir(d)))
		if (strncmp(entry->d_name, ".case@example.org.", 18) == 0) {
			(void)snprintf(path, sizeof path, "%s/%.100s", box, entry->d_name);
			assert_ok(fsx_read_file(path, &seen, &e), &e);
		}
	assert_ok(json_parse(seen.data, seen.len, 8, &root, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(wants); i++)
		assert_string_equal(
			json_str(json_get(json_get(root, wants[i].of), wants[i].name), ""), wants[i].value);
}

static void over_tls(void **state)
{
	char apart[TEST_DIR_BYTES + 16], ca[TEST_DIR_BYTES + 32], where[64], steps[512] = "";
	const struct probe p = { .step = note_step, .arg = steps };
	struct mail_http_options o = options();
	struct err e = { 0 };

	(void)state;
	(void)snprintf(apart, sizeof apart, "%s/tls", top);
	(void)snprintf(ca, sizeof ca, "%s/ca.pem", apart);
	const char *const args[] = { "tests/support/relay.py", apart, "--tls", "--token", TOKEN, NULL };
	struct test_server other = test_server_start(args);
	(void)snprintf(where, sizeof where, "https://localhost:%d/mail", other.port);
	o.url = where;
	struct mailer *m = opened(&o);
	assert_int_equal(send_to(m, "a@example.org", &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_has(e.msg, "mail.http_ca_file");
	m->ops->close(m);
	o.ca_file = ca;
	m = opened(&o);
	assert_ok(send_to(m, "a@example.org", &e), &e);
	assert_ok(m->ops->probe(m, &p, &e), &e);
	assert_string_equal(steps, "DNS ok, TCP ok, TLS ok, answer ok");
	m->ops->close(m);
	test_server_stop(&other);
}

static void refused_settings(void **state)
{
	static const struct {
		const char *url, *token;
	} cases[] = {
		{ "", "" },
		{ "mail.example.org/x", "" },
		{ "ftp://127.0.0.1/", "" },
		{ "http://mail.example.org/", "" },
		{ "http://10.0.0.1/", "" },
		{ "https://user:pw@mail.example.org/", "" },
		{ "https://mail.example.org/\r\nX: y", "" },
		{ "https://mail.example.org/", "a b" },
		{ "https://mail.example.org/", "a\r\nX: y" },
		{ "https://mail.example.org/", "t\xc3\xb6ken" },
	};
	struct mail_http_options good = { .url = "http://[::1]:9/" };
	struct mailer *m = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct mail_http_options o = { .url = cases[i].url, .token = cases[i].token };
		struct err e = { 0 };
		assert_fails(mail_http_open(&o, &m, &e), &e, ERR_CONFIG);
		assert_has(e.msg, "mail.http_");
		assert_null(m);
	}
	m = opened(&good);
	m->ops->close(m);
}

int main(void)
{
	static const char *const faults[] = { "mail_http.before_send", "mail_http.after_send", NULL };
	const struct mailer_factory http = { "mail_http", contract_open, empty_box, empty_box, arrived, NULL,
		false, faults };
	const struct CMUnitTest tests[] = { cmocka_unit_test(answers_are_judged),
		cmocka_unit_test(site_faults), cmocka_unit_test(what_the_relay_gets),
		cmocka_unit_test(over_tls), cmocka_unit_test(refused_settings) };
	const char *const args[] = { "tests/support/relay.py", box, "--token", TOKEN, NULL };

	test_dir(top);
	(void)snprintf(box, sizeof box, "%s/box", top);
	server = test_server_start(args);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%d/mail", server.port);
	int failed = mailer_contract_run(&http);
	failed += cmocka_run_group_tests_name("mail_http alone", tests, NULL, NULL);
	test_server_stop(&server);
	test_dir_remove(top);
	return failed;
}
