#include "support/testing.h"

#include "base/clock.h"

static void tests_stop_and_move_it(void **state)
{
	(void)state;
	int64_t real = clock_wall_ms();
	assert_true(real > 1700000000000);
	clock_test_set(1000, 50);
	assert_int_equal(clock_wall_ms(), 1000);
	assert_int_equal(clock_mono_ms(), 50);
	clock_test_advance(7);
	assert_int_equal(clock_wall_ms(), 1007);
	assert_int_equal(clock_mono_ms(), 57);
	clock_test_release();
	assert_true(clock_wall_ms() >= real);
	int64_t before = clock_mono_ms();
	assert_true(clock_mono_ms() >= before);
}

static void texts(void **state)
{
	static const struct {
		int64_t ms;
		const char *rfc3339, *rfc5322;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 +0000" },
		{ -1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 +0000" },
		{ -1000, "1969-12-31T23:59:59.000Z", "Wed, 31 Dec 1969 23:59:59 +0000" },
		{ 951782400123, "2000-02-29T00:00:00.123Z", "Tue, 29 Feb 2000 00:00:00 +0000" },
		{ 1795336200123, "2026-11-22T08:30:00.123Z", "Sun, 22 Nov 2026 08:30:00 +0000" },
		{ 4107542399999, "2100-02-28T23:59:59.999Z", "Sun, 28 Feb 2100 23:59:59 +0000" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[CLOCK_TEXT_BYTES];
		clock_rfc3339(rows[i].ms, text);
		assert_string_equal(text, rows[i].rfc3339);
		clock_rfc5322(rows[i].ms, text);
		assert_string_equal(text, rows[i].rfc5322);
		clock_http(rows[i].ms, text);
		assert_int_equal(strlen(text), strlen(rows[i].rfc5322) - 2);
		assert_memory_equal(text, rows[i].rfc5322, strlen(text) - 3);
		assert_string_equal(text + strlen(text) - 4, " GMT");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tests_stop_and_move_it),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
