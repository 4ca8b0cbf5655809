#include "kit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/health_watch.h"

/* What /readyz, status and doctor say about the house. */

static const struct health_part *part(const struct health *h, const char *name)
{
	for (unsigned i = 0; i < h->n; i++)
		if (strcmp(h->parts[i].name, name) == 0)
			return &h->parts[i];
	return NULL;
}

static void shallow(void **state)
{
	struct kit *k = *state;
	struct health h;

	health_check(&k->s, false, &h);
	assert_true(h.ok);
	assert_null(part(&h, "store"));
	atomic_store(&k->s.ready, false);
	health_check(&k->s, false, &h);
	assert_false(h.ok || h.ready);
	atomic_store(&k->s.ready, true);
	k->s.opt.min_free_bytes = INT64_MAX;
	health_check(&k->s, false, &h);
	assert_false(h.ok);
	assert_true(part(&h, "start-up")->ok);
	assert_non_null(strstr(part(&h, "spool")->detail, "upload.min_free_bytes"));
}

static void deep(void **state)
{
	struct kit *k = *state;
	struct health h;

	health_check(&k->s, true, &h);
	assert_int_equal(h.n, HEALTH_PARTS);
	assert_true(part(&h, "store")->ok && part(&h, "mail")->ok && part(&h, "database")->ok);
	assert_string_equal(part(&h, "store")->detail, "dir");
}

/* A port that could not be opened is somebody else's to report. */
static void without_a_port(void **state)
{
	struct kit *k = *state;
	struct mailer *mailer = k->s.mailer;
	struct health h;

	k->s.mailer = NULL;
	health_check(&k->s, true, &h);
	assert_null(part(&h, "mail"));
	health_add(&h, "mail", false, "no such host");
	assert_true(!h.ok && h.ready && !part(&h, "mail")->needed);
	assert_string_equal(part(&h, "mail")->detail, "no such host");
	unsigned n = h.n;
	for (int i = 0; i < HEALTH_PARTS; i++)
		health_add(&h, "more", true, "");
	assert_int_equal(h.n, HEALTH_PARTS);
	assert_true(n <= HEALTH_PARTS);
	k->s.mailer = mailer;
}

static void put_file(struct kit *k, const char *name, int64_t age_s)
{
	char path[4200];
	int64_t then = clock_wall_ms() / 1000 - age_s;
	const struct timespec times[2] = { { .tv_sec = (time_t)then }, { .tv_sec = (time_t)then } };

	snprintf(path, sizeof path, "%s/%s", k->s.spool, name);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "12345", 5), 5);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void debts(void **state)
{
	struct kit *k = *state;
	struct health_debts d;
	struct job job;

	assert_ok(health_debts(&k->s, &d, &k->e), &k->e);
	assert_true(d.mails_waiting == 0 && d.mails_bounced == 0 && d.orphans == 0 && !d.mail_error[0]);
	kit_job(k, &job);
	put_file(k, "of-nobody.mp4", 7200);
	put_file(k, "just-now.mp4", 10);
	kit_sql(k, "DELETE FROM outbox");
	kit_sql(k,
		"INSERT INTO outbox (id, job, attempt, kind, message_id, recipient, state, created_ms, "
		"due_ms, last_error) SELECT 'a', id, 0, 'received', 'a', 'ann@example.org', 'pending', 1, 1, "
		"'no route' FROM jobs UNION ALL SELECT 'b', id, 1, 'result', 'b', 'ann@example.org', "
		"'bounced', 2, 2, 'no such mailbox' FROM jobs");
	assert_ok(health_debts(&k->s, &d, &k->e), &k->e);
	assert_int_equal(d.mails_waiting, 1);
	assert_int_equal(d.mails_bounced, 1);
	assert_string_equal(d.mail_error, "no route");
	assert_int_equal(d.orphans, 1);
	assert_int_equal(d.orphans_bytes, 5);
}

static const char *of_mail(const struct health *h)
{
	const struct health_part *p = part(h, "mail");

	assert_non_null(p);
	return p ? p->detail : "";
}

/* A mail server that lets itself be waited for, and counts how often it is tried. */
static struct {
	struct mailer base;
	pthread_mutex_t gate;
	atomic_int tries;
	atomic_bool fails;
} slow = { .gate = PTHREAD_MUTEX_INITIALIZER };

static int slow_probe(struct mailer *m, const struct probe *p, struct err *e)
{
	(void)m, (void)p;
	atomic_fetch_add(&slow.tries, 1);
	pthread_mutex_lock(&slow.gate);
	pthread_mutex_unlock(&slow.gate);
	return atomic_load(&slow.fails) ? err_set(e, ERR_UNAVAILABLE, "nobody there") : 0;
}

static const struct mailer_ops slow_ops = { .name = "slow", .probe = slow_probe };

static void asked_often_tried_seldom(void **state)
{
	struct kit *k = *state;
	struct mailer *mailer = k->s.mailer;
	struct health h;
	pthread_t thread;

	slow.base.ops = &slow_ops;
	k->s.mailer = &slow.base;
	pthread_mutex_lock(&slow.gate);
	assert_int_equal(pthread_create(&thread, NULL, health_watch_main, &k->s), 0);
	health_recent(&k->s, &h); /* returns all the same */
	assert_true(h.ready && !h.ok && part(&h, "store")->ok && part(&h, "cluster")->ok);
	assert_has(of_mail(&h), "first time");
	clock_test_set(clock_wall_ms(), clock_mono_ms());
	clock_test_advance(12000);
	health_recent(&k->s, &h);
	assert_has(of_mail(&h), "has not answered for 1");
	pthread_mutex_unlock(&slow.gate);
	for (int i = 0; i < 20 && !part(&h, "mail")->ok; i++)
		health_recent(&k->s, &h);
	assert_true(h.ok);
	for (int i = 0; i < 50; i++)
		health_recent(&k->s, &h);
	assert_int_equal(atomic_load(&slow.tries), 1);
	/* What failed is tried sooner, yet not each time either. */
	atomic_store(&slow.fails, true);
	clock_test_advance(10001);
	health_recent(&k->s, &h);
	assert_true(h.ready && !h.ok);
	assert_string_equal(of_mail(&h), "nobody there");
	clock_test_advance(4000);
	health_recent(&k->s, &h);
	assert_int_equal(atomic_load(&slow.tries), 2);
	atomic_store(&slow.fails, false);
	clock_test_advance(2000);
	health_recent(&k->s, &h);
	assert_int_equal(atomic_load(&slow.tries), 3);
	assert_true(h.ok);
	wake_stop(&k->s.health_wish);
	pthread_join(thread, NULL);
	clock_test_release();
	k->s.mailer = mailer;
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(shallow), T(deep), T(without_a_port), T(debts),
		T(asked_often_tried_seldom) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
