#include "kit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "core/retry.h"
#include "drivers/mail_smtp.h"
#include "service/admin_view.h"
#include "service/notify.h"
#include "store/outbox.h"
#include "support/server.h"

/* The outbox against a real mail server, with the clock moved by hand. */

struct site {
	struct kit *k;
	struct test_server server;
	char box[TEST_DIR_BYTES + 16];
	int port;
};

static int free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	CLEANUP(close_p) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static void start_server(struct site *t)
{
	char port[8];

	(void)snprintf(port, sizeof port, "%d", t->port);
	const char *const args[] = { "tests/support/smtp.py", t->box, "--tls", "none", "--port", port, NULL };
	t->server = test_server_start(args);
}

static int setup(void **state)
{
	struct site *t = calloc(1, sizeof *t);
	void *kit;

	if (!t || kit_setup(&kit) != 0)
		return -1;
	t->k = kit;
	t->server.pid = -1;
	t->port = free_port();
	(void)snprintf(t->box, sizeof t->box, "%s/box", t->k->dir);
	const struct mail_smtp_options o = { .host = "127.0.0.1",
		.port = t->port,
		.security = MAIL_SMTP_NONE,
		.connect_timeout_ms = 10000,
		.timeout_ms = 30000 };
	t->k->s.mailer->ops->close(t->k->s.mailer);
	assert_ok(mail_smtp_open(&o, &t->k->s.mailer, &t->k->e), &t->k->e);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct site *t = *state;
	void *kit = t->k;

	clock_test_release();
	test_server_stop(&t->server);
	free(t);
	return kit_teardown(&kit);
}

/* A mail to each of @to. */
static void mails_to(struct kit *k, const char *const *to, size_t n)
{
	char sql[200];

	for (size_t i = 0; i < n; i++) {
		struct job job;
		kit_job(k, &job);
		(void)snprintf(sql, sizeof sql, "UPDATE outbox SET recipient = '%s' WHERE job = '%s'", to[i],
			job.id);
		kit_sql(k, sql);
	}
	clock_test_set(clock_wall_ms() + 1000, clock_mono_ms());
}

/* Until nothing is due. */
static void drain(struct kit *k)
{
	int r;

	while ((r = notify_once(&k->s, &k->e)) == NOTIFY_SENT)
		;
	assert_int_equal(r, NOTIFY_IDLE);
}

static void only_the_stuck_one_waits(void **state)
{
	static const char *const to[] = { "451@example.org", "ann@example.org", "550@example.org",
		"drop@example.org" };
	struct site *t = *state;
	struct kit *k = t->k;
	int64_t longest = 0;
	int tries = 1;

	start_server(t);
	mails_to(k, to, ARRAY_LEN(to));
	int64_t start = clock_wall_ms();
	drain(k);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM outbox WHERE state = 'sent' AND recipient LIKE 'ann@%'"),
		1);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM outbox WHERE state = 'bounced' AND recipient LIKE "
			      "'550@%' AND last_error LIKE '%RCPT TO with 550%'"),
		1);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM outbox WHERE state = 'pending' AND tries = 1"), 2);
	/* 30 s, doubling up to 6 h, five days long; then it is given up and says why. */
	while (kit_number(
		       k, "SELECT count(*) FROM outbox WHERE state = 'pending' AND recipient LIKE '451@%'") ==
		1) {
		int64_t due = kit_number(k, "SELECT due_ms FROM outbox WHERE recipient LIKE '451@%'");
		int64_t delay = due - clock_wall_ms(), most = retry_mail_delay_ms(tries, UINT32_MAX);
		assert_true(delay >= most / 2 && delay <= most);
		longest = delay > longest ? delay : longest;
		clock_test_advance(delay);
		drain(k);
		tries++;
		assert_true(tries < 60);
		assert_int_equal(
			kit_number(k, "SELECT tries FROM outbox WHERE recipient LIKE '451@%'"), tries);
	}
	assert_true(clock_wall_ms() - start > retry_mail_give_up_ms);
	assert_true(clock_wall_ms() - start < retry_mail_give_up_ms + 6 * 3600 * 1000);
	assert_true(longest > 3 * 3600 * 1000 && tries > 20);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM outbox WHERE state = 'bounced' AND recipient LIKE "
			      "'451@%' AND last_error LIKE '%451 4.1.1%'"),
		1);
}

static void a_later_try_arrives_once(void **state)
{
	static const char *const to[] = { "slow@example.org" };
	struct site *t = *state;
	struct kit *k = t->k;

	start_server(t);
	mails_to(k, to, ARRAY_LEN(to));
	drain(k);
	assert_int_equal(
		kit_number(k, "SELECT count(*) FROM outbox WHERE state = 'pending' AND tries = 1"), 1);
	clock_test_advance(30000);
	drain(k);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE state = 'sent' AND tries = 2"), 1);
	clock_test_advance(retry_mail_give_up_ms);
	drain(k);
	assert_int_equal(test_server_files(t->box, "received", NULL), 1);
}

static void a_dead_server_is_not_hammered(void **state)
{
	static const char *const to[] = { "a@example.org", "b@example.org", "c@example.org",
		"d@example.org" };
	struct site *t = *state;
	struct kit *k = t->k;
	struct err e = { 0 };

	mails_to(k, to, ARRAY_LEN(to));
	drain(k);
	/* One failed connection ends the round. */
	assert_int_equal(kit_number(k, "SELECT sum(tries) FROM outbox"), 1);
	drain(k);
	assert_int_equal(kit_number(k, "SELECT sum(tries) FROM outbox"), 1);
	/* An operator may have any message tried at once. */
	clock_test_advance(1);
	struct buf id BUF_CLEANUP;
	buf_init(&id, 100);
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		struct outbox_item o[8];
		unsigned n;
		assert_ok(store_begin(k->s.store, STORE_READ, &tx, &e), &e);
		assert_ok(store_outbox_list(tx, "pending", o, 8, &n, &e), &e);
		for (unsigned i = 0; i < n; i++)
			if (o[i].tries == 0 && id.len == 0)
				assert_ok(buf_adds(&id, o[i].id, &e), &e);
	}
	assert_ok(outbox_retry(&k->s, "os:test", buf_str(&id), &e), &e);
	drain(k);
	assert_int_equal(kit_number(k, "SELECT sum(tries) FROM outbox"), 2);
	/* Six hours: a connection every few minutes, however many wait. */
	for (int minute = 0; minute < 360; minute++) {
		clock_test_advance(60000);
		drain(k);
	}
	int64_t tried = kit_number(k, "SELECT sum(tries) FROM outbox");
	assert_true(tried > 60 && tried < 150);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE state = 'pending'"), ARRAY_LEN(to));
	/* Back again: the first that gets through brings all that was due along. */
	start_server(t);
	clock_test_advance(5 * 60000);
	drain(k);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE state = 'sent'"), ARRAY_LEN(to));
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = { T(only_the_stuck_one_waits), T(a_later_try_arrives_once),
		T(a_dead_server_is_not_hammered) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
