#include "support/testing.h"

#include "core/handover_code.h"

static void made_and_read(void **state)
{
	static const struct {
		uint8_t random[HANDOVER_CODE_RANDOM_BYTES];
		const char *shown, *read;
	} cases[] = {
		{ { 0 }, "0000-0000-0000", "000000000000" },
		{ { 255, 255, 255, 255, 255, 255, 255, 255 }, "ZZZZ-ZZZZ-ZZZZ", "ZZZZZZZZZZZZ" },
		/* the lowest 60 bits, five a digit, the lowest first */
		{ { 0xf0, 0, 0, 0, 0, 0, 0, 0x21 }, "1100-0000-0000", "110000000000" },
		{ { 0x0f, 0, 0, 0, 0, 0, 0, 0 }, "0000-0000-000Y", "00000000000Y" },
	};
	char shown[HANDOVER_CODE_SHOWN_BYTES], read[HANDOVER_CODE_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		handover_code_make(cases[i].random, shown);
		assert_string_equal(shown, cases[i].shown);
		assert_true(handover_code_read(shown, read));
		assert_string_equal(read, cases[i].read);
	}
}

static void as_people_type(void **state)
{
	static const char *const same[] = { "K7QF-2M9X-0130", "k7qf2m9x0130", " K7QF 2M9X-oi3O ",
		"k-7-q-f2m9xol30" };
	static const char *const none[] = { "", "K7QF-2M9X-013", "K7QF-2M9X-01300", "K7QF-2M9X-013U",
		"K7QF_2M9X_0130", "K7QF-2M9X-013\xc3\xa9" };
	char read[HANDOVER_CODE_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		assert_true(handover_code_read(same[i], read));
		assert_string_equal(read, "K7QF2M9X0130");
	}
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_false(handover_code_read(none[i], read));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(made_and_read),
		cmocka_unit_test(as_people_type) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
