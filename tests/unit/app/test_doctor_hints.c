#include "support/testing.h"

#include <stdio.h>
#include <string.h>

#include "app/config.h"
#include "app/doctor_report.h"
#include "base/cleanup.h"

static const struct {
	const char *part, *driver, *step, *settings, *todo;
} hints[] = {
#include "app/doctor_hints.def"
};

/* What doctor tells people to change must be there to be changed. */
static void settings_exist(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
		const char *near, *p = hints[i].settings;
		while (*p) {
			char name[64];
			size_t len = strcspn(p, ",");
			assert_true(len < sizeof name);
			snprintf(name, sizeof name, "%.*s", (int)len, p);
			if (!config_find(name, &near))
				fail_msg("%s, %s: there is no setting '%s'", hints[i].part, hints[i].step,
					name);
			p += len + strspn(p + len, ", ");
		}
		assert_true(hints[i].todo[0] != '\0');
		assert_true(strlen(hints[i].settings) < sizeof((struct doctor_line *)0)->settings);
		assert_true(strlen(hints[i].todo) < sizeof((struct doctor_line *)0)->todo);
	}
}

/* Every row can be reached: an earlier one does not catch its steps. */
static void rows_are_reached(void **state)
{
	const char *settings, *todo;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
		const char *colon = strstr(hints[i].step, ": ");
		char step[64];
		snprintf(step, sizeof step, "%.*s", colon ? (int)(colon - hints[i].step) : 63, hints[i].step);
		assert_true(doctor_hint(
			hints[i].part, hints[i].driver, step, colon ? colon + 2 : "", &settings, &todo));
		if (strcmp(todo, hints[i].todo) != 0)
			fail_msg("%s, %s, '%s' is hidden by an earlier row", hints[i].part, hints[i].driver,
				hints[i].step);
	}
	assert_false(doctor_hint("no such part", "", "open", "", &settings, &todo));
}

/* Words of servers and certificates reach a terminal: nothing in them steers it. */
static void words_are_plain(void **state)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct doctor_report r;
	struct err e = { 0 };

	(void)state;
	assert_non_null(out);
	assert_ok(doctor_report_begin(&r, out, false, &e), &e);
	doctor_part(&r, "store", "s3");
	doctor_say_more(&r, DOCTOR_BAD, "T\033LS", "CN=\033]0;x\007\r\n\xc2\x9bm gr\xc3\xbc\xc3\x9f", "", "");
	assert_int_equal(doctor_report_end(&r, &e), 1);
	assert_int_equal(fclose(out), 0);
	assert_null(strpbrk(text, "\033\007\r"));
	assert_null(strstr(text, "\xc2\x9b"));
	assert_has(text, "CN= ]0;x");
	assert_has(text, "m gr\xc3\xbc\xc3\x9f");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(settings_exist),
		cmocka_unit_test(rows_are_reached), cmocka_unit_test(words_are_plain) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
