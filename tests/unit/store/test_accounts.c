#include "kit.h"

static const uint8_t hash[SHA256_BYTES] = { 1 }, other_hash[SHA256_BYTES] = { 2 };

static void users(void **state)
{
	struct kit *k = *state;
	struct user a, u, list[4];
	unsigned n;
	enum role role;

	kit_user(k, "Ann@Example.org", ROLE_SUBMITTER, &a);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_user_by_email(k->tx, "ann@example.ORG", &u, &k->e), &k->e);
	assert_string_equal(u.id, a.id);
	assert_string_equal(u.email, "Ann@Example.org");
	assert_true(u.email_confirmed && !u.disabled);
	assert_string_equal(u.password_hash, "");
	u.id[0] = '7';
	snprintf(u.email, sizeof u.email, "ANN@example.org");
	assert_fails(store_user_insert(k->tx, &u, &k->e), &k->e, ERR_CONFLICT);
	assert_int_equal(store_user_by_email(k->tx, "bob@example.org", &u, &k->e), STORE_NONE);
	assert_int_equal(store_user_get(k->tx, "nobody", &u, &k->e), STORE_NONE);
	assert_ok(store_user_set_role(k->tx, a.id, ROLE_ADMIN, &k->e), &k->e);
	assert_ok(store_user_get(k->tx, a.id, &u, &k->e), &k->e);
	assert_int_equal(u.role, ROLE_ADMIN);
	assert_ok(store_users_list(k->tx, list, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	kit_commit(k);
	for (int r = ROLE_SUBMITTER; r <= ROLE_ADMIN; r++) {
		assert_true(role_parse(role_name((enum role)r), &role));
		assert_int_equal(role, r);
	}
	assert_false(role_parse("root", &role));
}

static void sessions(void **state)
{
	struct kit *k = *state;
	struct user a, u;

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &a);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_session_insert(k->tx, hash, a.id, 100, 200, &k->e), &k->e);
	assert_ok(store_session_user(k->tx, hash, 199, &u, &k->e), &k->e);
	assert_int_equal(store_session_user(k->tx, hash, 200, &u, &k->e), STORE_NONE);
	assert_int_equal(store_session_user(k->tx, other_hash, 150, &u, &k->e), STORE_NONE);
	assert_ok(store_sessions_expire(k->tx, 199, &k->e), &k->e);
	assert_ok(store_session_user(k->tx, hash, 150, &u, &k->e), &k->e);
	assert_ok(store_sessions_expire(k->tx, 200, &k->e), &k->e);
	assert_int_equal(store_session_user(k->tx, hash, 150, &u, &k->e), STORE_NONE);
	assert_ok(store_session_insert(k->tx, hash, a.id, 100, 200, &k->e), &k->e);
	assert_ok(store_session_delete(k->tx, hash, &k->e), &k->e);
	assert_int_equal(store_session_user(k->tx, hash, 150, &u, &k->e), STORE_NONE);
	/* A new password ends the sessions that the old one opened. */
	assert_ok(store_session_insert(k->tx, hash, a.id, 100, 200, &k->e), &k->e);
	assert_ok(store_user_set_password(k->tx, a.id, "$argon2id$x", true, &k->e), &k->e);
	assert_int_equal(store_session_user(k->tx, hash, 150, &u, &k->e), STORE_NONE);
	assert_ok(store_user_get(k->tx, a.id, &u, &k->e), &k->e);
	assert_string_equal(u.password_hash, "$argon2id$x");
	kit_commit(k);
}

static void tokens(void **state)
{
	struct kit *k = *state;
	struct user a, b, u;
	struct api_token t = { .id = "01aryz6s410000000000000001",
		.name = "lab",
		.created_ms = 1,
		.expires_ms = 100 },
			 list[4];
	unsigned n;

	kit_user(k, "a@example.org", ROLE_STAFF, &a);
	kit_user(k, "b@example.org", ROLE_STAFF, &b);
	memcpy(t.user, a.id, ID_BYTES);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_token_insert(k->tx, &t, hash, &k->e), &k->e);
	assert_fails(store_token_insert(k->tx, &t, hash, &k->e), &k->e, ERR_CONFLICT);
	t.id[25] = '2';
	t.expires_ms = 0;
	memcpy(t.user, b.id, ID_BYTES);
	assert_ok(store_token_insert(k->tx, &t, other_hash, &k->e), &k->e);
	assert_ok(store_token_user(k->tx, hash, 99, &u, &k->e), &k->e);
	assert_string_equal(u.id, a.id);
	assert_int_equal(store_token_user(k->tx, hash, 100, &u, &k->e), STORE_NONE);
	assert_ok(store_token_user(k->tx, other_hash, INT64_MAX, &u, &k->e), &k->e);
	assert_ok(store_tokens_list(k->tx, a.id, list, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].name, "lab");
	assert_ok(store_tokens_list(k->tx, NULL, list, 4, &n, &k->e), &k->e);
	assert_int_equal(n, 2);
	// The newest first, and a list that is cut off ends with the old ones.
	assert_string_equal(list[0].id, t.id);
	assert_string_equal(list[1].name, "lab");
	assert_ok(store_tokens_list(k->tx, NULL, list, 1, &n, &k->e), &k->e);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].id, t.id);
	assert_ok(store_token_revoke(k->tx, t.id, 50, &k->e), &k->e);
	assert_int_equal(store_token_revoke(k->tx, t.id, 51, &k->e), STORE_NONE);
	assert_int_equal(store_token_revoke(k->tx, "nobody", 51, &k->e), STORE_NONE);
	assert_int_equal(store_token_user(k->tx, other_hash, 60, &u, &k->e), STORE_NONE);
	kit_commit(k);
}

static void disabled(void **state)
{
	struct kit *k = *state;
	struct user a, u;
	struct api_token t = { .id = "01aryz6s410000000000000001", .name = "lab", .created_ms = 1 };

	kit_user(k, "a@example.org", ROLE_SUBMITTER, &a);
	memcpy(t.user, a.id, ID_BYTES);
	kit_begin(k, STORE_WRITE);
	assert_ok(store_token_insert(k->tx, &t, hash, &k->e), &k->e);
	assert_ok(store_session_insert(k->tx, hash, a.id, 1, 200, &k->e), &k->e);
	assert_ok(store_user_set_disabled(k->tx, a.id, true, 5, &k->e), &k->e);
	assert_int_equal(store_token_user(k->tx, hash, 10, &u, &k->e), STORE_NONE);
	assert_int_equal(store_session_user(k->tx, hash, 10, &u, &k->e), STORE_NONE);
	assert_ok(store_user_set_disabled(k->tx, a.id, false, 6, &k->e), &k->e);
	assert_ok(store_token_user(k->tx, hash, 10, &u, &k->e), &k->e);
	assert_int_equal(store_session_user(k->tx, hash, 10, &u, &k->e), STORE_NONE);
	kit_commit(k);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, kit_setup, kit_teardown)
	const struct CMUnitTest tests[] = { T(users), T(sessions), T(tokens), T(disabled) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
