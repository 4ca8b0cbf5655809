#include "support/testing.h"

#include "base/buf.h"

static void grows_and_stays_terminated(void **state)
{
	struct buf b BUF_CLEANUP;
	struct err e = { 0 };

	(void)state;
	buf_init(&b, 100000);
	assert_string_equal(buf_str(&b), "");
	for (int i = 0; i < 10000; i++) {
		assert_ok(buf_addc(&b, (char)('a' + i % 26), &e), &e);
		assert_int_equal(b.data[b.len], '\0');
	}
	assert_int_equal(b.len, 10000);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	buf_reset(&b);
	assert_string_equal(buf_str(&b), "");
	assert_ok(buf_addf(&b, &e, "%d-%s", 12, "x"), &e);
	assert_ok(buf_adds(&b, "!", &e), &e);
	assert_string_equal(buf_str(&b), "12-x!");
}

static void the_cap_is_an_error_not_a_truncation(void **state)
{
	static const size_t caps[] = { 0, 1, 7, 63, 64, 65, 1000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(caps); i++) {
		struct buf b BUF_CLEANUP;
		struct err e = { 0 };
		char fill[1001];
		memset(fill, 'y', sizeof fill);
		buf_init(&b, caps[i]);
		assert_ok(buf_add(&b, fill, caps[i], &e), &e);
		assert_int_equal(b.len, caps[i]);
		assert_fails(buf_addc(&b, 'z', &e), &e, ERR_TOO_LARGE);
		assert_fails(buf_addf(&b, &e, "%s", "z"), &e, ERR_TOO_LARGE);
		assert_fails(buf_reserve(&b, SIZE_MAX, &e), &e, ERR_TOO_LARGE);
		assert_int_equal(b.len, caps[i]);
		assert_memory_equal(buf_str(&b), fill, caps[i]);
		assert_ok(buf_add(&b, NULL, 0, &e), &e);
	}
}

static void a_cap_without_bound_does_not_wrap(void **state)
{
	struct buf b BUF_CLEANUP;
	struct err e = { 0 };

	(void)state;
	buf_init(&b, SIZE_MAX);
	assert_ok(buf_adds(&b, "abc", &e), &e);
	assert_fails(buf_reserve(&b, SIZE_MAX, &e), &e, ERR_TOO_LARGE);
	assert_fails(buf_reserve(&b, SIZE_MAX - 4, &e), &e, ERR_TOO_LARGE);
	assert_string_equal(buf_str(&b), "abc");
}

static void stealing_leaves_it_empty_and_usable(void **state)
{
	struct buf b BUF_CLEANUP;
	struct err e = { 0 };

	(void)state;
	buf_init(&b, 10);
	CLEANUP(free_p) char *nothing = buf_steal(&b);
	assert_string_equal(nothing, "");
	assert_ok(buf_add(&b, "a\0b", 3, &e), &e);
	CLEANUP(free_p) char *stolen = buf_steal(&b);
	assert_memory_equal(stolen, "a\0b", 4);
	assert_int_equal(b.len, 0);
	assert_ok(buf_adds(&b, "0123456789", &e), &e);
	assert_fails(buf_addc(&b, 'x', &e), &e, ERR_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_stays_terminated),
		cmocka_unit_test(the_cap_is_an_error_not_a_truncation),
		cmocka_unit_test(a_cap_without_bound_does_not_wrap),
		cmocka_unit_test(stealing_leaves_it_empty_and_usable),
	};

	return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
