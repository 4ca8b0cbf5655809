#include "kit.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "service/accounts.h"
#include "store/accounts.h"

static const char password[] = "correct horse battery";

static int sign_in(struct kit *k, const char *address, const char *email, const char *secret)
{
	char session[64];
	struct user u;
	int wait = 0;

	return account_sign_in(&k->s, address, email, secret, session, &u, &wait, &k->e);
}

static void sessions(void **state)
{
	struct kit *k = *state;
	char session[64], other[64];
	struct user u;
	int wait;

	assert_ok(account_set_password(&k->s, "os:test", k->ann.id, password, &k->e), &k->e);
	assert_ok(account_sign_in(&k->s, "10.0.0.1", "ANN@example.org", password, session, &u, &wait, &k->e),
		&k->e);
	assert_string_equal(u.id, k->ann.id);
	assert_ok(account_sign_in(&k->s, "10.0.0.1", "ann@example.org", password, other, &u, &wait, &k->e),
		&k->e);
	assert_string_not_equal(session, other);
	assert_ok(account_by_session(&k->s, session, &u, &k->e), &k->e);
	assert_string_equal(u.id, k->ann.id);
	assert_fails(account_by_token(&k->s, session, &u, &k->e), &k->e, ERR_UNAUTHENTICATED);
	assert_ok(account_sign_out(&k->s, session, &k->e), &k->e);
	assert_fails(account_by_session(&k->s, session, &u, &k->e), &k->e, ERR_UNAUTHENTICATED);
	assert_ok(account_by_session(&k->s, other, &u, &k->e), &k->e);
	clock_test_set(clock_wall_ms() + k->opt.session_ttl_ms, clock_mono_ms());
	assert_fails(account_by_session(&k->s, other, &u, &k->e), &k->e, ERR_UNAUTHENTICATED);
	clock_test_release();
	/* Only the hash is stored. */
	char sql[160];
	snprintf(sql, sizeof sql, "SELECT count(*) FROM sessions WHERE instr(hex(sha256), hex('%s'))", other);
	assert_int_equal(kit_number(k, sql), 0);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM audit WHERE action = 'sign_in'"), 2);
}

/* The answer never says which of the two was wrong, nor that an account is disabled or has no password. */
static void one_answer_for_all(void **state)
{
	struct kit *k = *state;
	char first[512];

	assert_ok(account_set_password(&k->s, "os:test", k->ann.id, password, &k->e), &k->e);
	assert_fails(sign_in(k, "1", "ann@example.org", "wrong horse battery"), &k->e, ERR_UNAUTHENTICATED);
	snprintf(first, sizeof first, "%s", k->e.msg);
	assert_fails(sign_in(k, "2", "nobody@example.org", password), &k->e, ERR_UNAUTHENTICATED);
	assert_string_equal(k->e.msg, first);
	assert_fails(sign_in(k, "3", "bob@example.org", ""), &k->e, ERR_UNAUTHENTICATED);
	assert_string_equal(k->e.msg, first);
	assert_ok(account_set_disabled(&k->s, "os:test", k->ann.id, true, &k->e), &k->e);
	assert_fails(sign_in(k, "4", "ann@example.org", password), &k->e, ERR_UNAUTHENTICATED);
	assert_string_equal(k->e.msg, first);
}

static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Processor time of this thread, the least of several: an unknown address costs a hash as well. */
static void unknown_takes_as_long(void **state)
{
	struct kit *k = *state;
	int64_t known = INT64_MAX, unknown = INT64_MAX;
	char address[16];

	assert_ok(account_set_password(&k->s, "os:test", k->ann.id, password, &k->e), &k->e);
	(void)sign_in(k, "0", "nobody@example.org", password); /* makes the decoy */
	for (int i = 0; i < 3; i++) {
		snprintf(address, sizeof address, "%d", i + 1);
		int64_t t = cpu_us();
		(void)sign_in(k, address, "ann@example.org", "wrong horse battery");
		t = cpu_us() - t;
		known = t < known ? t : known;
		char email[40];
		snprintf(email, sizeof email, "nobody%d@example.org", i);
		t = cpu_us();
		(void)sign_in(k, address, email, "wrong horse battery");
		t = cpu_us() - t;
		unknown = t < unknown ? t : unknown;
	}
	if (unknown < known / 2 || unknown > known * 2)
		fail_msg("known %lld us, unknown %lld us", (long long)known, (long long)unknown);
}

static void limits(void **state)
{
	struct kit *k = *state;
	char session[64];
	struct user u;
	int wait = 0;

	assert_ok(account_set_password(&k->s, "os:test", k->ann.id, password, &k->e), &k->e);
	clock_test_set(clock_wall_ms(), 1000000);
	for (int i = 0; i < 3; i++)
		assert_fails(
			sign_in(k, i ? "a" : "b", "ann@example.org", "wrong"), &k->e, ERR_UNAUTHENTICATED);
	/* By account: from anywhere, also with the right password, however it is written. */
	assert_fails(account_sign_in(&k->s, "c", "Ann@Example.org", password, session, &u, &wait, &k->e),
		&k->e, ERR_RATE);
	assert_true(wait >= 900 && wait <= 901);
	clock_test_advance(899000);
	assert_fails(sign_in(k, "c", "ann@example.org", password), &k->e, ERR_RATE);
	clock_test_advance(2000);
	assert_ok(sign_in(k, "c", "ann@example.org", password), &k->e);
	/* A success clears the account's failures. */
	for (int i = 0; i < 2; i++)
		assert_fails(sign_in(k, "d", "ann@example.org", "wrong"), &k->e, ERR_UNAUTHENTICATED);
	assert_ok(sign_in(k, "d", "ann@example.org", password), &k->e);
	for (int i = 0; i < 2; i++)
		assert_fails(sign_in(k, "d", "ann@example.org", "wrong"), &k->e, ERR_UNAUTHENTICATED);
	assert_ok(sign_in(k, "e", "ann@example.org", password), &k->e);
}

/* Who has an account cannot wash an address clean with it and go on guessing others' passwords. */
static void a_success_does_not_clear_the_address(void **state)
{
	struct kit *k = *state;
	char email[40];

	assert_ok(account_set_password(&k->s, "os:test", k->ann.id, password, &k->e), &k->e);
	clock_test_set(clock_wall_ms(), 1000000);
	for (int i = 0; i < 6; i++) {
		snprintf(email, sizeof email, "victim%d@example.org", i);
		assert_fails(sign_in(k, "a", email, "guess"), &k->e, ERR_UNAUTHENTICATED);
		if (i < 5)
			assert_ok(sign_in(k, "a", "ann@example.org", password), &k->e);
	}
	assert_fails(sign_in(k, "a", "victim9@example.org", "guess"), &k->e, ERR_RATE);
	assert_fails(sign_in(k, "a", "ann@example.org", password), &k->e, ERR_RATE);
	assert_ok(sign_in(k, "b", "ann@example.org", password), &k->e);
}

static void tokens(void **state)
{
	struct kit *k = *state;
	char token[64], id[ID_BYTES], sql[160];
	struct user u;

	assert_ok(token_add(&k->s, "os:test", k->ann.id, "lab", 0, token, id, &k->e), &k->e);
	assert_ok(account_by_token(&k->s, token, &u, &k->e), &k->e);
	assert_string_equal(u.id, k->ann.id);
	snprintf(sql, sizeof sql,
		"SELECT count(*) FROM audit WHERE action = 'token_add' AND instr(detail || object, '%s')",
		token);
	assert_int_equal(kit_number(k, sql), 0);
	token[10] = (char)(token[10] == 'A' ? 'B' : 'A');
	assert_fails(account_by_token(&k->s, token, &u, &k->e), &k->e, ERR_UNAUTHENTICATED);
	assert_ok(token_revoke(&k->s, "os:test", id, &k->e), &k->e);
	assert_fails(token_revoke(&k->s, "os:test", id, &k->e), &k->e, ERR_NOT_FOUND);
	assert_ok(token_add(&k->s, "os:test", k->ann.id, "short", clock_wall_ms() + 1000, token, id, &k->e),
		&k->e);
	clock_test_set(clock_wall_ms() + 2000, 5);
	assert_fails(account_by_token(&k->s, token, &u, &k->e), &k->e, ERR_UNAUTHENTICATED);
	clock_test_release();
	assert_ok(account_by_token(&k->s, token, &u, &k->e), &k->e);
	assert_ok(account_set_disabled(&k->s, "os:test", k->ann.id, true, &k->e), &k->e);
	assert_fails(account_by_token(&k->s, token, &u, &k->e), &k->e, ERR_UNAUTHENTICATED);
	assert_fails(account_by_token(&k->s, "", &u, &k->e), &k->e, ERR_UNAUTHENTICATED);
	assert_fails(token_add(&k->s, "os:test", k->ann.id, "", 0, token, id, &k->e), &k->e, ERR_FIELD);
	assert_fails(token_add(&k->s, "os:test", "nobody", "x", 0, token, id, &k->e), &k->e, ERR_NOT_FOUND);
}

static void accounts(void **state)
{
	struct kit *k = *state;
	struct user u;

	assert_fails(
		account_add(&k->s, "os:test", "no address", ROLE_STAFF, NULL, &u, &k->e), &k->e, ERR_FIELD);
	assert_fails(account_add(&k->s, "os:test", "c@example.org", ROLE_STAFF, "short", &u, &k->e), &k->e,
		ERR_FIELD);
	assert_fails(account_add(&k->s, "os:test", "ANN@example.org", ROLE_STAFF, NULL, &u, &k->e), &k->e,
		ERR_CONFLICT);
	assert_ok(account_add(&k->s, "os:test", "c@example.org", ROLE_ADMIN, password, &u, &k->e), &k->e);
	assert_true(account_is_staff(&u) && account_is_staff(&k->staff) && !account_is_staff(&k->ann));
	assert_ok(account_set_role(&k->s, "os:test", u.id, ROLE_SUBMITTER, &k->e), &k->e);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM users WHERE role = 'admin'"), 0);
	assert_fails(account_set_role(&k->s, "os:test", "nobody", ROLE_STAFF, &k->e), &k->e, ERR_NOT_FOUND);
	assert_fails(account_set_password(&k->s, "os:test", "nobody", password, &k->e), &k->e, ERR_NOT_FOUND);
	assert_fails(account_set_disabled(&k->s, "os:test", "nobody", true, &k->e), &k->e, ERR_NOT_FOUND);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM audit WHERE action LIKE 'user_%'"), 5);
}

static int change(struct kit *k, const char *present, const char *to, char ret_session[64], int *ret_wait)
{
	return account_change_password(&k->s, "10.0.0.9", &k->ann, present, to, ret_session, ret_wait, &k->e);
}

static void own_password(void **state)
{
	static const char better[] = "a better horse battery";
	struct kit *k = *state;
	char session[64], old[64];
	struct user u;
	int wait;

	assert_fails(change(k, "", better, session, &wait), &k->e, ERR_CONFLICT);
	assert_ok(account_set_password(&k->s, "os:test", k->ann.id, password, &k->e), &k->e);
	assert_ok(account_sign_in(&k->s, "1", "ann@example.org", password, old, &u, &wait, &k->e), &k->e);
	assert_true(u.password_given);
	assert_fails(change(k, password, "short", session, &wait), &k->e, ERR_FIELD);
	assert_fails(change(k, password, password, session, &wait), &k->e, ERR_FIELD);
	assert_fails(change(k, "wrong horse battery", better, session, &wait), &k->e, ERR_FORBIDDEN);
	assert_ok(account_by_session(&k->s, old, &u, &k->e), &k->e);
	assert_ok(change(k, password, better, session, &wait), &k->e);
	assert_fails(account_by_session(&k->s, old, &u, &k->e), &k->e, ERR_UNAUTHENTICATED);
	assert_ok(account_by_session(&k->s, session, &u, &k->e), &k->e);
	assert_true(strcmp(u.id, k->ann.id) == 0 && !u.password_given);
	assert_fails(sign_in(k, "1", "ann@example.org", password), &k->e, ERR_UNAUTHENTICATED);
	assert_ok(sign_in(k, "1", "ann@example.org", better), &k->e);
	assert_int_equal(
		kit_number(k,
			"SELECT count(*) FROM audit WHERE action = 'user_password' AND detail = 'own' AND "
			"actor = 'user:' || object"),
		1);
	assert_ok(account_sign_out_everywhere(&k->s, &k->ann, &k->e), &k->e);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM sessions"), 0);
	/* A disabled account changes nothing, whatever its last request was let through by. */
	assert_ok(account_set_disabled(&k->s, "os:test", k->ann.id, true, &k->e), &k->e);
	assert_fails(change(k, better, password, session, &wait), &k->e, ERR_CONFLICT);
	assert_int_equal(kit_number(k, "SELECT count(*) FROM sessions"), 0);
}

/* Wrong present passwords and failed sign-ins are the same failures. */
static void own_password_limits(void **state)
{
	struct kit *k = *state;
	char session[64];
	int wait = 0;

	assert_ok(account_set_password(&k->s, "os:test", k->ann.id, password, &k->e), &k->e);
	for (unsigned i = 0; i + 1 < k->opt.sign_ins_per_account; i++)
		assert_fails(change(k, "wrong horse battery", "a better horse battery", session, &wait),
			&k->e, ERR_FORBIDDEN);
	assert_fails(sign_in(k, "2", "Ann@example.org", "wrong horse battery"), &k->e, ERR_UNAUTHENTICATED);
	assert_fails(change(k, password, "a better horse battery", session, &wait), &k->e, ERR_RATE);
	assert_true(wait > 0);
	assert_fails(sign_in(k, "2", "ann@example.org", password), &k->e, ERR_RATE);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(sessions), T(one_answer_for_all), T(unknown_takes_as_long),
		T(limits), T(a_success_does_not_clear_the_address), T(tokens), T(accounts), T(own_password),
		T(own_password_limits) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
