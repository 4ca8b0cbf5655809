#include "support/testing.h"

static void set_keeps_kind_and_text(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_set(&e, ERR_BUSY, "try %d", 7), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_string_equal(e.msg, "try 7");
	assert_int_equal(err_wrap(&e, "claim %s", "job"), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_string_equal(e.msg, "claim job: try 7");
}

static void nobody_listening_is_legal(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_IO, "x"), -1);
	assert_int_equal(err_errno(NULL, ERR_IO, "x"), -1);
	assert_int_equal(err_wrap(NULL, "x"), -1);
}

static void errno_decides_the_kind(void **state)
{
	static const struct {
		int errnum;
		enum err_kind kind;
	} rows[] = {
		{ ENOSPC, ERR_NOSPACE },
		{ EDQUOT, ERR_NOSPACE },
		{ ENOMEM, ERR_NOMEM },
		{ EIO, ERR_IO },
		{ EACCES, ERR_IO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		char want[160];
		errno = rows[i].errnum;
		err_errno(&e, ERR_IO, "write %s", "f");
		assert_int_equal(e.kind, rows[i].kind);
		snprintf(want, sizeof want, "write f: %s", strerror(rows[i].errnum));
		assert_string_equal(e.msg, want);
	}
}

/* `err_set(e, kind, "…%s", e->msg)` reads naturally, so it has to work. */
static void own_message_as_argument(void **state)
{
	struct err e = { 0 };

	(void)state;
	err_set(&e, ERR_IO, "cause");
	err_set(&e, ERR_CONFIG, "in front of %s, behind %s", e.msg, e.msg);
	assert_string_equal(e.msg, "in front of cause, behind cause");
	err_wrap(&e, "again %.5s", e.msg);
	assert_string_equal(e.msg, "again in fr: in front of cause, behind cause");
}

static void long_text_is_cut_not_overrun(void **state)
{
	struct err e = { 0 };
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	err_set(&e, ERR_IO, "%s", text);
	assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
	errno = EIO;
	err_errno(&e, ERR_IO, "%s", text);
	assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
	err_set(&e, ERR_IO, "%s", text);
	err_wrap(&e, "%s", text);
	/* The place stays readable although both are too long. */
	assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
	assert_non_null(strstr(e.msg, ": x"));
	for (int i = 0; i < 40; i++)
		err_wrap(&e, "level %d", i);
	assert_memory_equal(e.msg, "level 39: level 38: ", 20);
}

static void every_kind_has_usable_facts(void **state)
{
	(void)state;
	for (int k = ERR_NONE + 1; k < ERR_KIND_COUNT; k++) {
		int http = err_http_status((enum err_kind)k), code = err_exit_code((enum err_kind)k);
		assert_true(http >= 400 && http < 600);
		assert_true(code >= 64 && code <= 78);
		assert_true(strlen(err_title((enum err_kind)k)) > 0);
		assert_memory_equal(err_kind_name((enum err_kind)k), "ERR_", 4);
		/* A status that says "later" and a policy that says "never" would contradict each other. */
		if (http == 503 || http == 429)
			assert_true(err_may_retry((enum err_kind)k));
		for (int other = ERR_NONE + 1; other < k; other++)
			assert_string_not_equal(
				err_kind_name((enum err_kind)k), err_kind_name((enum err_kind)other));
	}
	assert_int_equal(err_http_status(ERR_FIELD), 422);
	assert_int_equal(err_exit_code(ERR_CONFIG), 78);
	/* Numbers from elsewhere (a database row, say) must not read past the table. */
	assert_string_equal(err_kind_name((enum err_kind)4711), "ERR_INTERNAL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_keeps_kind_and_text),
		cmocka_unit_test(nobody_listening_is_legal),
		cmocka_unit_test(errno_decides_the_kind),
		cmocka_unit_test(own_message_as_argument),
		cmocka_unit_test(long_text_is_cut_not_overrun),
		cmocka_unit_test(every_kind_has_usable_facts),
	};

	return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
