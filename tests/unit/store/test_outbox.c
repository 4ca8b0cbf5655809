#include "kit.h"

#include "store/outbox.h"

static void add(struct kit *k, const struct job *job, enum mail_due mail)
{
	kit_begin(k, STORE_WRITE);
	assert_ok(store_outbox_add(k->tx, job, mail, k->now, &k->e), &k->e);
	kit_commit(k);
}

static void once_a_kind_and_attempt(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	add(k, &job, MAIL_DUE_RECEIVED);
	add(k, &job, MAIL_DUE_NONE);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox"), 1);
	job.attempt = 1;
	add(k, &job, MAIL_DUE_RECEIVED);
	add(k, &job, MAIL_DUE_RESULT);
	add(k, &job, MAIL_DUE_RESULT);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox"), 2);
	job.attempt = 2;
	add(k, &job, MAIL_DUE_RESULT);
	add(k, &job, MAIL_DUE_FAILURE);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox"), 4);
	job.erased = true;
	job.attempt = 3;
	add(k, &job, MAIL_DUE_RESULT);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox"), 4);
}

static void to_whom(void **state)
{
	struct kit *k = *state;
	struct user u = {
		.role = ROLE_SUBMITTER, .email = "new@example.org", .id = "01aryz6s410000000000000001"
	};
	struct job job;
	char text[80];

	kit_begin(k, STORE_WRITE);
	assert_ok(store_user_insert(k->tx, &u, &k->e), &k->e);
	kit_commit(k);
	kit_job(k, u.id, 0, &job); /* not confirmed, none given: nobody */
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox"), 0);
	snprintf(job.submission.email, sizeof job.submission.email, "given@example.org");
	add(k, &job, MAIL_DUE_RESULT);
	kit_text(k, "SELECT recipient FROM outbox", text, sizeof text);
	assert_string_equal(text, "given@example.org");
}

static int64_t next_due(struct kit *k)
{
	int64_t due;

	kit_begin(k, STORE_READ);
	assert_ok(store_outbox_next_due(k->tx, &due, &k->e), &k->e);
	kit_rollback(k);
	return due;
}

static void delivery(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job;
	struct outbox_item o, list[4];
	unsigned n;
	int64_t count;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	assert_int_equal(next_due(k), INT64_MAX);
	kit_job(k, u.id, 0, &job);
	assert_int_equal(next_due(k), k->now);
	kit_begin(k, STORE_WRITE);
	assert_int_equal(store_outbox_due(k->tx, k->now - 1, &o, &k->e), STORE_NONE);
	assert_ok(store_outbox_due(k->tx, k->now, &o, &k->e), &k->e);
	assert_string_equal(o.kind, "received");
	assert_string_equal(o.recipient, "a@example.org");
	assert_string_equal(o.job, job.id);
	assert_ok(store_outbox_retry(k->tx, o.id, k->now + 10, "greylisted", &k->e), &k->e);
	assert_int_equal(store_outbox_due(k->tx, k->now, &o, &k->e), STORE_NONE);
	assert_ok(store_outbox_due(k->tx, k->now + 10, &o, &k->e), &k->e);
	assert_int_equal(o.tries, 1);
	assert_string_equal(o.last_error, "greylisted");
	assert_ok(store_outbox_bounced(k->tx, o.id, "no such user", &k->e), &k->e);
	assert_int_equal(store_outbox_due(k->tx, k->now + 99, &o, &k->e), STORE_NONE);
	assert_ok(store_outbox_kick(k->tx, o.id, k->now, &k->e), &k->e);
	assert_ok(store_outbox_due(k->tx, k->now, &o, &k->e), &k->e);
	assert_ok(store_outbox_sent(k->tx, o.id, k->now, &k->e), &k->e);
	assert_int_equal(store_outbox_kick(k->tx, o.id, k->now, &k->e), STORE_NONE);
	assert_ok(store_outbox_retry(k->tx, o.id, 1, "late", &k->e), &k->e);
	assert_int_equal(store_outbox_due(k->tx, k->now, &o, &k->e), STORE_NONE);
	assert_ok(store_outbox_list(k->tx, "sent", list, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].tries, 3);
	assert_string_equal(list[0].last_error, "");
	assert_ok(store_outbox_list(k->tx, NULL, list, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_ok(store_outbox_count(k->tx, "pending", &count, &k->e), &k->e);
	assert_int_equal(count, 0);
	kit_commit(k);
}

/* A bounced mail of an erased job has nobody to go to any more. */
static void dropped(void **state)
{
	struct kit *k = *state;
	struct user u;
	struct job job;
	struct outbox_item o;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &u);
	kit_job(k, u.id, 0, &job);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_outbox_due(k->tx, k->now, &o, &k->e), &k->e);
	assert_ok(store_outbox_bounced(k->tx, o.id, "no", &k->e), &k->e);
	assert_ok(store_outbox_drop(k->tx, job.id, &k->e), &k->e);
	assert_int_equal(store_outbox_kick(k->tx, o.id, k->now, &k->e), STORE_NONE);
	kit_commit(k);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM outbox WHERE recipient = ''"), 1);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(once_a_kind_and_attempt), T(to_whom), T(delivery), T(dropped) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
