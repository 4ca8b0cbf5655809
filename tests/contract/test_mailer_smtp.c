#include "support/server.h"

#include "base/clock.h"
#include "base/strv.h"
#include "drivers/mail_net.h"
#include "drivers/mail_smtp.h"
#include "mailer_contract.h"

/* Against tests/support/smtp.py: one server with STARTTLS and login for most of it. */

#define USER     "gaitd"
#define PASSWORD "correct horse \"battery\" st\xc3\xa4ple"

static char top[TEST_DIR_BYTES], box[TEST_DIR_BYTES + 16], ca[TEST_DIR_BYTES + 32];
static struct test_server server;

static struct mail_smtp_options options(void)
{
	return (struct mail_smtp_options){ .host = "localhost",
		.port = server.port,
		.security = MAIL_SMTP_STARTTLS,
		.user = USER,
		.password = PASSWORD,
		.ca_file = ca,
		.helo = "gait.example.org",
		.connect_timeout_ms = 10000,
		.timeout_ms = 60000 };
}

static struct mailer *opened(const struct mail_smtp_options *o)
{
	struct mailer *m = NULL;
	struct err e = { 0 };

	assert_ok(mail_smtp_open(o, &m, &e), &e);
	return m;
}

static int send_to(struct mailer *m, const char *from, const char *to, struct err *e)
{
	const struct mailer_message msg = { .message_id = "case@example.org",
		.from = from,
		.to = to,
		.rfc5322 = "Subject: x\r\nMessage-ID: <case@example.org>\r\n\r\nbody\r\n" };

	*e = (struct err){ 0 };
	return m->ops->send(m, &msg, e);
}

static int contract_open(void *ctx, struct mailer **ret, struct err *e)
{
	const struct mail_smtp_options o = options();

	(void)ctx;
	return mail_smtp_open(&o, ret, e);
}

static void empty_box(void *ctx)
{
	CLEANUP(closedir_p) DIR *d = opendir(box);
	const struct dirent *entry;

	(void)ctx;
	assert_non_null(d);
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "ca.pem") != 0)
			assert_int_equal(unlinkat(dirfd(d), entry->d_name, 0), 0);
}

static unsigned arrived(void *ctx, const char *message_id, struct buf *out)
{
	(void)ctx;
	return test_server_files(box, message_id, out);
}

static unsigned sessions(void)
{
	struct buf text BUF_CLEANUP;
	char path[TEST_DIR_BYTES + 32];
	unsigned n = 0;

	buf_init(&text, 1 << 16);
	(void)snprintf(path, sizeof path, "%s/.sessions", box);
	if (fsx_exists(path))
		assert_int_equal(fsx_read_file(path, &text, NULL), 0);
	for (const char *p = buf_str(&text); *p; p++)
		n += *p == '\n';
	return n;
}

/* Of the rows that services.md measured and their neighbours. */
static void answers_are_judged(void **state)
{
	static const struct {
		const char *from, *to;
		int want;
		enum err_kind kind;
		const char *says;
	} cases[] = {
		{ "gaitd@example.org", "451@example.org", MAILER_DEFERRED, ERR_BUSY,
			"RCPT TO with 451 4.1.1" },
		{ "gaitd@example.org", "450@example.org", MAILER_DEFERRED, ERR_BUSY, "RCPT TO with 450" },
		{ "gaitd@example.org", "550@example.org", MAILER_REFUSED, ERR_INVALID,
			"RCPT TO with 550 5.1.1" },
		{ "gaitd@example.org", "552@example.org", MAILER_REFUSED, ERR_INVALID, "552" },
		{ "gaitd@example.org", "421@example.org", -1, ERR_UNAVAILABLE, "421" },
		{ "gaitd@example.org", "530@example.org", -1, ERR_CONFIG, "mail.smtp_user" },
		{ "gaitd@example.org", "data452@example.org", MAILER_DEFERRED, ERR_BUSY,
			"the message with 452" },
		{ "gaitd@example.org", "data554@example.org", MAILER_REFUSED, ERR_INVALID,
			"the message with 554" },
		{ "gaitd@example.org", "data421@example.org", -1, ERR_UNAVAILABLE, "421" },
		{ "from451@example.org", "a@example.org", MAILER_DEFERRED, ERR_BUSY, "MAIL FROM with 451" },
		{ "from550@example.org", "a@example.org", -1, ERR_CONFIG,
			"mail.from, or not from this machine: 550" },
		{ "from552@example.org", "a@example.org", MAILER_REFUSED, ERR_INVALID, "MAIL FROM with 552" },
		{ "gaitd@example.org", "drop@example.org", MAILER_DEFERRED, ERR_UNAVAILABLE,
			"during RCPT TO" },
		{ "gaitd@example.org", "datadrop@example.org", MAILER_DEFERRED, ERR_UNAVAILABLE,
			"during the message" },
	};
	const struct mail_smtp_options o = options();
	struct mailer *m = opened(&o);
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int r = send_to(m, cases[i].from, cases[i].to, &e);
		if (r != cases[i].want || e.kind != cases[i].kind)
			fail_msg("%s to %s: %d, %s: %s", cases[i].from, cases[i].to, r, err_kind_name(e.kind),
				e.msg);
		assert_has(e.msg, cases[i].says);
		/* What the server says may name people. */
		assert_null(strstr(e.msg, "x.y@"));
		assert_null(strstr(e.msg, cases[i].to));
		/* And each leaves the next message alone. */
		assert_ok(send_to(m, "gaitd@example.org", "a@example.org", &e), &e);
	}
	assert_int_equal(test_server_files(box, "case@example.org", NULL), ARRAY_LEN(cases));
	m->ops->close(m);
}

static void silence_ends(void **state)
{
	struct mail_smtp_options o = options();
	struct err e;

	(void)state;
	o.timeout_ms = 1500;
	struct mailer *m = opened(&o);
	for (int where = 0; where < 2; where++) {
		assert_int_equal(send_to(m, "gaitd@example.org",
					 where ? "datastall@example.org" : "stall@example.org", &e),
			MAILER_DEFERRED);
		assert_int_equal(e.kind, ERR_TIMEOUT);
		assert_ok(send_to(m, "gaitd@example.org", "a@example.org", &e), &e);
	}
	m->ops->close(m);
}

/* Steps of a probe, as "DNS ok, TCP ok, TLS failed, login skipped". */
static void note_step(void *arg, const char *what, enum probe_outcome outcome, const char *text)
{
	static const char *const names[] = { "ok", "failed", "skipped" };
	char *all = arg;
	size_t n = strlen(all);

	assert_non_null(text);
	(void)snprintf(all + n, 512 - n, "%s%s %s", n ? ", " : "", what, names[outcome]);
}

/* What is the site's fault is nobody's bounce, and the probe says where it is. */
static void site_faults(void **state)
{
	static const char nobody_there[] = "no-such-name.invalid";
	static const char *const plain[] = { "tests/support/smtp.py", box, "--tls", "none", NULL };
	static const char *const tls[] = { "tests/support/smtp.py", box, "--tls", "tls", NULL };
	static const char *const greets[] = { "tests/support/smtp.py", box, "--raw", "554", NULL };
	static const char *const later[] = { "tests/support/smtp.py", box, "--raw", "421", NULL };
	static const char *const silent[] = { "tests/support/smtp.py", box, "--raw", "silent", NULL };
	static const char *const drops[] = { "tests/support/smtp.py", box, "--raw", "drop", NULL };
	static const struct {
		const char *const *server; /* NULL: the usual one */
		const char *host, *password, *ca;
		enum mail_smtp_security security;
		enum err_kind kind;
		const char *says, *steps;
	} cases[] = {
		{ NULL, NULL, "wrong", NULL, MAIL_SMTP_STARTTLS, ERR_CONFIG, "mail.smtp_password_file",
			"DNS ok, TCP ok, TLS ok, login failed" },
		{ NULL, NULL, NULL, "", MAIL_SMTP_STARTTLS, ERR_CONFIG, "mail.smtp_ca_file",
			"DNS ok, TCP ok, TLS failed, login skipped" },
		{ NULL, NULL, NULL, "/nonexistent/ca.pem", MAIL_SMTP_STARTTLS, ERR_CONFIG,
			"mail.smtp_ca_file", "DNS ok, TCP ok, TLS failed, login skipped" },
		{ NULL, "127.0.0.2", NULL, NULL, MAIL_SMTP_STARTTLS, ERR_UNAVAILABLE, "127.0.0.2",
			"DNS ok, TCP failed, TLS skipped, login skipped" },
		{ NULL, nobody_there, NULL, NULL, MAIL_SMTP_STARTTLS, ERR_CONFIG, "mail.smtp_host",
			"DNS failed, TCP skipped, TLS skipped, login skipped" },
		{ NULL, NULL, NULL, NULL, MAIL_SMTP_TLS, ERR_UNAVAILABLE, "localhost",
			"DNS ok, TCP ok, TLS failed, login skipped" },
		{ plain, NULL, NULL, NULL, MAIL_SMTP_STARTTLS, ERR_CONFIG, "mail.smtp_security",
			"DNS ok, TCP ok, TLS failed, login skipped" },
		{ tls, NULL, NULL, NULL, MAIL_SMTP_STARTTLS, ERR_TIMEOUT, "in time",
			"DNS ok, TCP ok, TLS failed, login skipped" },
		{ greets, NULL, NULL, NULL, MAIL_SMTP_STARTTLS, ERR_UNAVAILABLE, "554 no service here",
			"DNS ok, TCP ok, TLS failed, login skipped" },
		{ later, NULL, NULL, NULL, MAIL_SMTP_STARTTLS, ERR_UNAVAILABLE, "421 no service here",
			"DNS ok, TCP ok, TLS failed, login skipped" },
		{ silent, NULL, NULL, NULL, MAIL_SMTP_STARTTLS, ERR_TIMEOUT, "in time",
			"DNS ok, TCP ok, TLS failed, login skipped" },
		{ drops, NULL, NULL, NULL, MAIL_SMTP_STARTTLS, ERR_UNAVAILABLE, "localhost",
			"DNS ok, TCP ok, TLS failed, login skipped" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mail_smtp_options o = options();
		struct test_server other = { .pid = -1 };
		struct err e;
		char steps[512] = "", where[64];
		const struct probe p = { .step = note_step, .arg = steps };
		char apart[TEST_DIR_BYTES + 16];
		if (cases[i].server) {
			const char *args[8] = { 0 };
			(void)snprintf(apart, sizeof apart, "%s/apart", top);
			for (size_t k = 0; cases[i].server[k]; k++)
				args[k] = k == 1 ? apart : cases[i].server[k];
			other = test_server_start(args);
			o.port = other.port;
		}
		o.host = cases[i].host ? cases[i].host : o.host;
		o.password = cases[i].password ? cases[i].password : o.password;
		o.ca_file = cases[i].ca ? cases[i].ca : o.ca_file;
		o.security = cases[i].security;
		o.timeout_ms = cases[i].kind == ERR_TIMEOUT ? 1500 : 10000;
		struct mailer *m = opened(&o);
		(void)snprintf(where, sizeof where, "case %zu", i);
		int r = send_to(m, "gaitd@example.org", "a@example.org", &e);
		if (r != -1 || e.kind != cases[i].kind || !strstr(e.msg, cases[i].says))
			fail_msg("%s: %d, %s: %s", where, r, err_kind_name(e.kind), e.msg);
		assert_null(strstr(e.msg, o.password));
		e = (struct err){ 0 };
		assert_int_equal(m->ops->probe(m, &p, &e), -1);
		assert_has(e.msg, cases[i].says);
		assert_string_equal(steps, cases[i].steps);
		m->ops->close(m);
		test_server_stop(&other);
	}
}

static void refused_settings(void **state)
{
	static const struct {
		const char *host, *user, *password, *helo;
		enum mail_smtp_security security;
	} cases[] = {
		{ "", NULL, NULL, NULL, MAIL_SMTP_STARTTLS },
		{ "a b", NULL, NULL, NULL, MAIL_SMTP_STARTTLS },
		{ "host/path", NULL, NULL, NULL, MAIL_SMTP_STARTTLS },
		{ "user@host", NULL, NULL, NULL, MAIL_SMTP_STARTTLS },
		{ "localhost\r\nMAIL", NULL, NULL, NULL, MAIL_SMTP_STARTTLS },
		{ "localhost", NULL, NULL, "x\r\nMAIL FROM:<a>", MAIL_SMTP_STARTTLS },
		{ "localhost", NULL, NULL, "x%0d%0aMAIL", MAIL_SMTP_STARTTLS },
		{ "localhost", "u", NULL, NULL, MAIL_SMTP_STARTTLS },
		{ "localhost", NULL, "p", NULL, MAIL_SMTP_STARTTLS },
		{ "mail.example.org", "u", "p", NULL, MAIL_SMTP_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct mail_smtp_options o = { .host = cases[i].host,
			.user = cases[i].user,
			.password = cases[i].password,
			.helo = cases[i].helo,
			.security = cases[i].security };
		struct mailer *m = NULL;
		struct err e = { 0 };
		assert_fails(mail_smtp_open(&o, &m, &e), &e, ERR_CONFIG);
		assert_has(e.msg, "mail.smtp_");
		assert_null(m);
	}
}

/* The other two ways to connect, and what the server saw of us. */
static void every_security(void **state)
{
	static const struct {
		const char *tls;
		enum mail_smtp_security security;
		const char *steps;
	} cases[] = { { "tls", MAIL_SMTP_TLS, "DNS ok, TCP ok, TLS ok, login ok" },
		{ "none", MAIL_SMTP_NONE, "DNS ok, TCP ok, TLS skipped, login ok" },
		{ "starttls", MAIL_SMTP_STARTTLS, "DNS ok, TCP ok, TLS ok, login ok" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char apart[TEST_DIR_BYTES + 16], path[TEST_DIR_BYTES + 64], steps[512] = "";
		struct mail_smtp_options o = options();
		struct buf seen BUF_CLEANUP;
		struct err e = { 0 };
		(void)snprintf(apart, sizeof apart, "%s/sec-%s", top, cases[i].tls);
		const char *const args[] = { "tests/support/smtp.py", apart, "--tls", cases[i].tls, "--user",
			USER, "--password", PASSWORD, NULL };
		struct test_server other = test_server_start(args);
		(void)snprintf(path, sizeof path, "%s/ca.pem", apart);
		o.port = other.port;
		o.security = cases[i].security;
		o.ca_file = path;
		const struct probe p = { .step = note_step, .arg = steps };
		struct mailer *m = opened(&o);
		assert_ok(m->ops->probe(m, &p, &e), &e);
		assert_string_equal(steps, cases[i].steps);
		assert_ok(send_to(m, "gaitd@example.org", "a@example.org", &e), &e);
		m->ops->close(m);
		buf_init(&seen, 1 << 16);
		char file[TEST_DIR_BYTES + 64];
		(void)snprintf(file, sizeof file, "%s/.case@example.org.1.json", apart);
		assert_ok(fsx_read_file(file, &seen, &e), &e);
		assert_has(buf_str(&seen), "\"from\": \"gaitd@example.org\", \"to\": [\"a@example.org\"]");
		assert_has(buf_str(&seen),
			cases[i].security == MAIL_SMTP_NONE ? "\"tls\": false" : "\"tls\": true");
		assert_has(buf_str(&seen), "\"user\": \"" USER "\", \"helo\": \"gait.example.org\"");
		test_server_stop(&other);
	}
}

/* Many messages, one connection; and one that the server closed meanwhile is no failure. */
static void the_connection_is_kept(void **state)
{
	const struct mail_smtp_options o = options();
	struct mailer *m = opened(&o);
	struct err e;
	unsigned before = sessions();

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_ok(send_to(m, "gaitd@example.org", "a@example.org", &e), &e);
	assert_int_equal(sessions(), before + 1);
	test_server_order(&server, "close", "closed");
	assert_ok(send_to(m, "gaitd@example.org", "a@example.org", &e), &e);
	assert_int_equal(sessions(), before + 2);
	m->ops->close(m);
}

/* /readyz asks often: what has just worked is not tried again, what has just failed not at once. */
static void a_quiet_probe_asks_seldom(void **state)
{
	struct mail_smtp_options o = options();
	struct mailer *m = opened(&o);
	struct err e = { 0 };
	unsigned before = sessions();

	(void)state;
	clock_test_set(clock_wall_ms(), 1000);
	for (int i = 0; i < 3; i++)
		assert_ok(m->ops->probe(m, NULL, &e), &e);
	assert_int_equal(sessions(), before + 1);
	clock_test_advance(61000);
	assert_ok(m->ops->probe(m, NULL, &e), &e);
	assert_int_equal(sessions(), before + 2);
	m->ops->close(m);
	o.password = "wrong";
	m = opened(&o);
	for (int i = 0; i < 3; i++) {
		e = (struct err){ 0 };
		assert_int_equal(m->ops->probe(m, NULL, &e), -1);
		assert_has(e.msg, "mail.smtp_password_file");
	}
	assert_int_equal(sessions(), before + 3);
	clock_test_advance(16000);
	assert_int_equal(m->ops->probe(m, NULL, &e), -1);
	assert_int_equal(sessions(), before + 4);
	clock_test_release();
	m->ops->close(m);
}

static void server_words_for_logs(void **state)
{
	static const struct {
		const char *said, *want;
	} cases[] = {
		{ "550 5.1.1 no such user\r\n", "550 5.1.1 no such user" },
		{ "550 <ann.b@example.org>: unknown", "550 <a\xe2\x80\xa6@example.org>: unknown" },
		{ "a@b x\x1b[31m\x80y", "a@b x?[31m?y" },
		{ "ann+x@h bob@h", "a\xe2\x80\xa6@h b\xe2\x80\xa6@h" },
		{ "@@ @", "@@ @" },
		{ "", "" },
	};
	char out[80], tiny[8], longest[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		mail_net_quote(cases[i].said, strlen(cases[i].said), out, sizeof out);
		assert_string_equal(out, cases[i].want);
	}
	memset(longest, 'x', sizeof longest);
	longest[200] = '@';
	mail_net_quote(longest, sizeof longest, tiny, sizeof tiny);
	assert_true(strlen(tiny) < sizeof tiny);
	assert_true(mail_net_is_loopback("127.9.9.9") && mail_net_is_loopback("LOCALHOST") &&
		    mail_net_is_loopback("::1"));
	assert_false(mail_net_is_loopback("127.0.0.1.example.org") || mail_net_is_loopback("10.0.0.1") ||
		     mail_net_is_loopback("localhost.example.org"));
}

int main(void)
{
	static const char *const faults[] = { "mail_smtp.before_send", "mail_smtp.after_send", NULL };
	const struct mailer_factory smtp = { "mail_smtp", contract_open, empty_box, empty_box, arrived, NULL,
		false, faults };
	const struct CMUnitTest tests[] = { cmocka_unit_test(answers_are_judged),
		cmocka_unit_test(silence_ends), cmocka_unit_test(site_faults),
		cmocka_unit_test(refused_settings), cmocka_unit_test(every_security),
		cmocka_unit_test(the_connection_is_kept), cmocka_unit_test(a_quiet_probe_asks_seldom),
		cmocka_unit_test(server_words_for_logs) };
	const char *const args[] = { "tests/support/smtp.py", box, "--user", USER, "--password", PASSWORD,
		NULL };

	test_dir(top);
	(void)snprintf(box, sizeof box, "%s/box", top);
	(void)snprintf(ca, sizeof ca, "%s/ca.pem", box);
	server = test_server_start(args);
	int failed = mailer_contract_run(&smtp);
	failed += cmocka_run_group_tests_name("mail_smtp alone", tests, NULL, NULL);
	test_server_stop(&server);
	test_dir_remove(top);
	return failed;
}
