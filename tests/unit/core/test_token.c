#include "support/testing.h"

#include "base/strv.h"
#include "core/token.h"

static void api_token(void **state)
{
	uint8_t random[32];
	char token[TOKEN_BYTES], other[TOKEN_BYTES];

	(void)state;
	memset(random, 0, sizeof random);
	token_make(random, token);
	assert_string_equal(token, "gt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	random[31] = 1;
	token_make(random, other);
	assert_string_not_equal(token, other);
	assert_int_equal(strlen(other), 46);
}

/* The same attempt, key and nonce give the same bearer; each of them counts. */
static void attempt_token(void **state)
{
	uint8_t key[32] = { 1 }, nonce[16] = { 2 };
	char first[TOKEN_BYTES], again[TOKEN_BYTES], other[TOKEN_BYTES], long_id[200];
	struct err e = { 0 };

	(void)state;
	assert_ok(token_for_attempt(key, "a-1", nonce, first, &e), &e);
	assert_ok(token_for_attempt(key, "a-1", nonce, again, &e), &e);
	assert_string_equal(first, again);
	assert_true(str_starts(first, "ga_"));
	assert_int_equal(strlen(first), 46);
	assert_ok(token_for_attempt(key, "a-2", nonce, other, &e), &e);
	assert_string_not_equal(first, other);
	nonce[15] = 9;
	assert_ok(token_for_attempt(key, "a-1", nonce, other, &e), &e);
	assert_string_not_equal(first, other);
	nonce[15] = 0;
	key[31] = 9;
	assert_ok(token_for_attempt(key, "a-1", nonce, other, &e), &e);
	assert_string_not_equal(first, other);
	memset(long_id, 'a', sizeof long_id - 1);
	long_id[sizeof long_id - 1] = '\0';
	assert_fails(token_for_attempt(key, long_id, nonce, other, &e), &e, ERR_INVALID);
}

/* SHA-256 of "abc": FIPS 180-4. */
static void hash(void **state)
{
	uint8_t out[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];
	struct err e = { 0 };

	(void)state;
	assert_ok(token_hash("abc", out, &e), &e);
	hex_encode(out, sizeof out, hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(api_token), cmocka_unit_test(attempt_token),
		cmocka_unit_test(hash) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
