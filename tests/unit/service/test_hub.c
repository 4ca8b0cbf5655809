#include "kit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "service/hub.h"
#include "service/jobs.h"

struct listener {
	struct hub_subscriber sub;
	atomic_int woken;
};

static void wake(void *arg)
{
	atomic_fetch_add(&((struct listener *)arg)->woken, 1);
}

static void listen_to(struct kit *k, struct listener *l, const char *job)
{
	*l = (struct listener){ .sub = { .wake = wake, .arg = l } };
	snprintf(l->sub.job, sizeof l->sub.job, "%s", job);
	hub_subscribe(k->s.hub, &l->sub);
}

static bool came(atomic_int *n, int want)
{
	for (int i = 0; i < 4000 && atomic_load(n) < want; i++)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	return atomic_load(n) >= want;
}

static void poke(void *arg)
{
	wake_poke(&((struct service *)arg)->hub_news);
}

/* News of a job wake its own streams, whoever committed them, and nobody else's. */
static void news(void **state)
{
	struct kit *k = *state;
	struct job mine, other, ret;
	struct listener a, b, c;
	pthread_t thread;

	kit_job(k, &mine);
	kit_job(k, &other);
	store_on_commit(k->s.store, poke, &k->s);
	listen_to(k, &a, mine.id);
	listen_to(k, &b, mine.id);
	listen_to(k, &c, other.id);
	assert_int_equal(hub_subscribers(k->s.hub), 3);
	assert_int_equal(pthread_create(&thread, NULL, hub_main, &k->s), 0);
	/* Behind the service's back, as gaitctl would: no poke. */
	char sql[300];
	snprintf(sql, sizeof sql,
		"INSERT INTO events (job, at_ms, kind, state, phase, attempt, text) VALUES ('%s', 1, 'note', "
		"'queued', '', "
		"0, 'x')",
		mine.id);
	/* The hub counts from where it finds the log at its start: so news until it has begun. */
	for (int i = 0; i < 400 && atomic_load(&a.woken) == 0; i++) {
		kit_sql(k, sql);
		(void)nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	assert_true(came(&a.woken, 1) && came(&b.woken, 1));
	assert_int_equal(atomic_load(&c.woken), 0);
	hub_unsubscribe(k->s.hub, &b.sub);
	hub_unsubscribe(k->s.hub, &b.sub);
	int before = atomic_load(&b.woken);
	assert_ok(jobs_cancel(&k->s, &k->ann, "user:a", other.id, &ret, &k->e), &k->e);
	assert_true(came(&c.woken, 1));
	assert_int_equal(atomic_load(&b.woken), before);
	wake_stop(&k->s.hub_news);
	pthread_join(thread, NULL);
	hub_unsubscribe(k->s.hub, &a.sub);
	hub_unsubscribe(k->s.hub, &c.sub);
	assert_int_equal(hub_subscribers(k->s.hub), 0);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(news) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
