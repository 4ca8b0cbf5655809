#include "mailer_contract.h"

#include "support/testing.h"

enum { TEXT_BYTES = 1024 };

static const struct mailer_factory *factory;

static void close_mailer(struct mailer **m)
{
	if (*m)
		(*m)->ops->close(*m);
}

static struct mailer *open_mailer(void)
{
	struct err e = { 0 };
	struct mailer *m = NULL;

	if (factory->open(factory->ctx, &m, &e) < 0)
		fail_msg("open: %s", e.msg);
	return m;
}

/* A whole small message. */
static const char *text_of(const char *id, const char *body, char out[TEXT_BYTES])
{
	int n = snprintf(out, TEXT_BYTES,
		"Date: Sun, 22 Nov 2026 08:30:00 +0000\r\nFrom: gaitd@example.org\r\nTo: a@example.org\r\n"
		"Subject: test\r\nMessage-ID: <%s>\r\n\r\n%s",
		id, body);

	assert_true(n > 0 && n < TEXT_BYTES);
	return out;
}

static struct mailer_message message(const char *id, const char *text)
{
	return (struct mailer_message){ .message_id = id,
		.from = "gaitd@example.org",
		.to = "a@example.org",
		.rfc5322 = text,
		.date_ms = 1795336200000 };
}

/* @text arrived at least once (exactly once where promised), with LF for CRLF. */
static void assert_arrived(const char *id, const char *text)
{
	BUF_CLEANUP struct buf got, want;

	buf_init(&got, 8 << 20);
	buf_init(&want, 8 << 20);
	for (const char *p = text; *p; p++)
		if (p[0] != '\r' || p[1] != '\n')
			assert_int_equal(buf_addc(&want, *p, NULL), 0);
	unsigned n = factory->arrived(factory->ctx, id, &got);
	if (factory->exactly_once)
		assert_int_equal(n, 1);
	assert_true(n >= 1);
	assert_string_equal(buf_str(&got), buf_str(&want));
}

static unsigned arrivals(const char *id)
{
	BUF_CLEANUP struct buf ignored;

	buf_init(&ignored, 8 << 20);
	return factory->arrived(factory->ctx, id, &ignored);
}

static void delivers_whole(void **state)
{
	static const char *const bodies[] = { "", "hello\r\n", ".\r\n..\r\n.leading dot\r\n",
		"From here\r\n>From\r\n", "tab\there, trailing blanks  \r\n\r\n\r\nend\r\n" };
	CLEANUP(close_mailer) struct mailer *m = open_mailer();
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		char id[32], text[TEXT_BYTES];
		snprintf(id, sizeof id, "m%zu@example.org", i);
		struct mailer_message msg = message(id, text_of(id, bodies[i], text));
		assert_int_equal(arrivals(id), 0);
		if (m->ops->send(m, &msg, &e) != 0)
			fail_msg("send: %s", e.msg);
		assert_arrived(id, text);
	}
}

static void delivers_a_large_one(void **state)
{
	CLEANUP(close_mailer) struct mailer *m = open_mailer();
	BUF_CLEANUP struct buf text;
	char head[TEXT_BYTES];

	(void)state;
	buf_init(&text, 4 << 20);
	assert_int_equal(buf_adds(&text, text_of("large@example.org", "", head), NULL), 0);
	for (int i = 0; i < 40000; i++)
		assert_int_equal(buf_addf(&text, NULL, "line %d of a message that is rather long\r\n", i), 0);
	struct mailer_message msg = message("large@example.org", buf_str(&text));
	assert_int_equal(m->ops->send(m, &msg, NULL), 0);
	assert_arrived("large@example.org", buf_str(&text));
}

static void same_id_twice_does_no_harm(void **state)
{
	char texts[2][TEXT_BYTES];
	struct mailer *m = open_mailer();
	struct mailer_message one =
		message("one@example.org", text_of("one@example.org", "body\r\n", texts[0]));
	struct mailer_message two =
		message("two@example.org", text_of("two@example.org", "other\r\n", texts[1]));

	(void)state;
	assert_int_equal(m->ops->send(m, &one, NULL), 0);
	assert_int_equal(m->ops->send(m, &one, NULL), 0);
	close_mailer(&m);
	m = open_mailer();
	assert_int_equal(m->ops->send(m, &one, NULL), 0);
	assert_int_equal(m->ops->send(m, &two, NULL), 0);
	assert_arrived("one@example.org", one.rfc5322);
	assert_arrived("two@example.org", two.rfc5322);
	close_mailer(&m);
}

static void refuses_what_could_be_abused(void **state)
{
	static const char *const bad[] = { "", "a", "a@example.org\r\nBcc: b@example.org", "a@example.org ",
		"<a@b.org>", "a@b.org,c@d.org", "../a@b/c" };
	CLEANUP(close_mailer) struct mailer *m = open_mailer();
	char text[TEXT_BYTES];
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		for (int field = 0; field < 3; field++) {
			struct mailer_message msg =
				message("one@example.org", text_of("one@example.org", "", text));
			*(field == 0 ? &msg.message_id : field == 1 ? &msg.from : &msg.to) = bad[i];
			e = (struct err){ 0 };
			assert_int_equal(m->ops->send(m, &msg, &e), MAILER_REFUSED);
			assert_int_not_equal(e.msg[0], '\0');
		}
	}
	assert_int_equal(arrivals("one@example.org"), 0);
}

static void probes(void **state)
{
	CLEANUP(close_mailer) struct mailer *m = open_mailer();
	struct err e = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++)
		if (m->ops->probe(m, NULL, &e) != 0)
			fail_msg("%s", e.msg);
	assert_int_equal(arrivals("one@example.org"), 0);
}

static void killed_sender_asks_again(void **state)
{
	(void)state;
#ifndef GAITD_FAULTS
	skip_because("this build has no fault points");
#endif
	for (const char *const *point = factory->send_faults; *point; point++) {
		int status;
		char id[64], text[TEXT_BYTES];
		snprintf(id, sizeof id, "%s@example.org", *point);
		struct mailer_message msg = message(id, text_of(id, "a body of some length\r\n", text));
		pid_t pid = fork();
		if (pid == 0) {
			struct mailer *m = NULL;
			setenv("GAITD_FAULT", *point, 1);
			if (factory->open(factory->ctx, &m, NULL) == 0)
				(void)m->ops->send(m, &msg, NULL);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			fail_msg("the fault point %s was not reached", *point);
		if (arrivals(id) > 0)
			assert_arrived(id, msg.rfc5322); /* never a part of it */
		CLEANUP(close_mailer) struct mailer *m = open_mailer();
		assert_int_equal(m->ops->send(m, &msg, NULL), 0);
		assert_arrived(id, msg.rfc5322);
	}
}

static int begin(void **state)
{
	(void)state;
	factory->begin(factory->ctx);
	return 0;
}

static int end(void **state)
{
	(void)state;
	factory->end(factory->ctx);
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int mailer_contract_run(const struct mailer_factory *f)
{
	const struct CMUnitTest tests[] = { TEST(delivers_whole), TEST(delivers_a_large_one),
		TEST(same_id_twice_does_no_harm), TEST(refuses_what_could_be_abused), TEST(probes),
		TEST(killed_sender_asks_again) };

	factory = f;
	return cmocka_run_group_tests_name(f->name, tests, NULL, NULL);
}
