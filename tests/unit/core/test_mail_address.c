#include "support/testing.h"

#include "core/mail_address.h"

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void addresses(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = { { "a@example.org", true }, { "first.last+tag@sub.example.co.uk", true },
		{ "o'brien@example.org", true }, { "x_y-z@a-b.example", true }, { A63 "a@example.org", true },
		{ A63 "aa@example.org", false }, { "a@" A63 ".org", true }, { "a@" A63 "a.org", false },
		{ "a@" A63 "." A63 "." A63 "." A63 ".org", false }, { "", false }, { "@", false },
		{ "a", false }, { "a@", false }, { "@example.org", false }, { "a@b", false },
		{ "a@localhost", false }, { ".a@example.org", false }, { "a.@example.org", false },
		{ "a..b@example.org", false }, { "a@.org", false }, { "a@example.", false },
		{ "a@ex..org", false }, { "a@-x.org", false }, { "a@x-.org", false },
		{ "a b@example.org", false }, { "a@exa mple.org", false }, { "a@b@example.org", false },
		{ "a@example.org ", false }, { "a@example.org\n", false },
		{ "a\r\nBcc: b@example.org", false }, { "\"a b\"@example.org", false },
		{ "<a@example.org>", false }, { "a@[127.0.0.1]", false }, { "a,b@example.org", false },
		{ "\xc3\xa9@example.org", false }, { "a@\xc3\xa9xample.org", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (mail_address_ok(rows[i].text) != rows[i].ok)
			fail_msg("%s", rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(addresses) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
