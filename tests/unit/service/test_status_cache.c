#include "kit.h"

#include "base/clock.h"
#include "core/token.h"
#include "service/accounts.h"
#include "service/status_cache.h"
#include "service/worker.h"

static void keep_answer(struct kit *k, struct status_cache *c, const struct user *who, const struct job *j)
{
	struct buf answer BUF_CLEANUP;

	buf_init(&answer, 1024);
	assert_ok(buf_adds(&answer, "{\"answer\":1}", &k->e), &k->e);
	status_cache_keep_job(c, status_cache_generation(c), who, j, "tag", &answer);
}

static int ask(struct status_cache *c, const struct user *who, const char *job)
{
	char tag[STATUS_TAG_BYTES];
	struct buf out BUF_CLEANUP;

	buf_init(&out, 1024);
	int r = status_cache_job(c, who, job, tag, &out);
	if (r == 0) {
		assert_string_equal(buf_str(&out), "{\"answer\":1}");
		assert_string_equal(tag, "tag");
	}
	return r;
}

/* Kept until anybody commits, this process or another; a rolled-back change is no news. */
static void answers(void **state)
{
	struct kit *k = *state;
	struct status_cache *c;
	struct job j;

	kit_job(k, &j);
	assert_ok(status_cache_new(k->s.store, &c, &k->e), &k->e);
	assert_int_equal(ask(c, &k->ann, j.id), STATUS_CACHE_MISS);
	keep_answer(k, c, &k->ann, &j);
	assert_int_equal(ask(c, &k->ann, j.id), 0);
	/* The owner's own, and what staff see is another answer. */
	assert_int_equal(ask(c, &k->bob, j.id), STATUS_CACHE_MISS);
	assert_int_equal(ask(c, &k->staff, j.id), STATUS_CACHE_MISS);
	assert_int_equal(ask(c, &k->ann, "1"), STATUS_CACHE_MISS);
	keep_answer(k, c, &k->staff, &j);
	assert_int_equal(ask(c, &k->staff, j.id), 0);
	assert_ok(worker_once(&k->s, &k->e), &k->e);
	assert_int_equal(ask(c, &k->ann, j.id), STATUS_CACHE_MISS);
	keep_answer(k, c, &k->ann, &j);
	kit_sql(k, "INSERT INTO meta VALUES ('another', 'process')");
	assert_int_equal(ask(c, &k->ann, j.id), STATUS_CACHE_MISS);
	status_cache_free(c);
}

/* What was read before a commit is worthless after it, even when it is kept later. */
static void late_keeping(void **state)
{
	struct kit *k = *state;
	struct status_cache *c;
	struct buf answer BUF_CLEANUP;
	struct job j;

	buf_init(&answer, 64);
	assert_ok(buf_adds(&answer, "old", &k->e), &k->e);
	kit_job(k, &j);
	assert_ok(status_cache_new(k->s.store, &c, &k->e), &k->e);
	int64_t before = status_cache_generation(c);
	kit_sql(k, "INSERT INTO meta VALUES ('in', 'between')");
	status_cache_keep_job(c, before, &k->ann, &j, "", &answer);
	assert_int_equal(ask(c, &k->ann, j.id), STATUS_CACHE_MISS);
	status_cache_keep_job(c, -1, &k->ann, &j, "", &answer);
	assert_int_equal(ask(c, &k->ann, j.id), STATUS_CACHE_MISS);
	status_cache_free(c);
}

/* A token works at once and from the cache; it ends with its time, its revocation and its account. */
static void tokens(void **state)
{
	struct kit *k = *state;
	struct user u;
	char token[64], id[ID_BYTES];
	int64_t now = clock_wall_ms();

	assert_ok(status_cache_new(k->s.store, &k->s.status_cache, &k->e), &k->e);
	assert_ok(token_add(&k->s, "test", k->ann.id, "short", now + 60000, token, id, &k->e), &k->e);
	for (int i = 0; i < 3; i++) {
		assert_ok(account_by_token(&k->s, token, &u, &k->e), &k->e);
		assert_string_equal(u.id, k->ann.id);
	}
	clock_test_set(now + 60001, clock_mono_ms());
	assert_int_equal(account_by_token(&k->s, token, &u, &k->e), -1);
	clock_test_release();
	assert_ok(account_by_token(&k->s, token, &u, &k->e), &k->e);
	assert_ok(token_revoke(&k->s, "test", id, &k->e), &k->e);
	assert_int_equal(account_by_token(&k->s, token, &u, &k->e), -1);
	assert_int_equal(k->e.kind, ERR_UNAUTHENTICATED);
	assert_ok(token_add(&k->s, "test", k->ann.id, "long", 0, token, id, &k->e), &k->e);
	assert_ok(account_by_token(&k->s, token, &u, &k->e), &k->e);
	assert_ok(account_set_disabled(&k->s, "test", k->ann.id, true, &k->e), &k->e);
	assert_int_equal(account_by_token(&k->s, token, &u, &k->e), -1);
	status_cache_free(k->s.status_cache);
	k->s.status_cache = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(late_keeping, kit_setup, kit_teardown),
		cmocka_unit_test_setup_teardown(tokens, kit_setup, kit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
