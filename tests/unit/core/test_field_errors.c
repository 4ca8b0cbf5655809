#include "support/testing.h"

#include "core/field_errors.h"

static void first_word_stands(void **state)
{
	struct field_errors f = { .n = 0 };

	(void)state;
	field_errors_add(&f, "age", "is %d", 7);
	field_errors_add(&f, "age", "again");
	assert_int_equal(f.n, 1);
	assert_string_equal(f.items[0].reason, "is 7");
	assert_true(field_errors_has(&f, "age"));
	assert_false(field_errors_has(&f, "ag"));
}

static void beyond_the_last_slot_only_counts(void **state)
{
	struct field_errors f = { .n = 0 };
	char name[16];

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "field%d", i);
		field_errors_add(&f, name, "wrong");
	}
	assert_int_equal(f.n, ARRAY_LEN(f.items));
	assert_int_equal(f.n + f.more, 40);
}

/* A client's own field name may be any length: cut between characters, and complained about once. */
static void long_names(void **state)
{
	struct field_errors f = { .n = 0 };
	char name[120];

	(void)state;
	memset(name, 'x', 46);
	memcpy(name + 46, "\xe2\x82\xac\xe2\x82\xac", 7);
	field_errors_add(&f, name, "is not a field");
	field_errors_add(&f, name, "is not a field");
	assert_int_equal(f.n, 1);
	assert_int_equal(strlen(f.items[0].field), 46);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(first_word_stands),
		cmocka_unit_test(beyond_the_last_slot_only_counts), cmocka_unit_test(long_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
