#include "support/testing.h"

#include "base/json_cut.h"

enum { DEPTH = 4, MOST = 4 };

static int cut(const char *text, struct json_piece out[MOST], struct err *e)
{
	return json_cut(text, strlen(text), DEPTH, out, MOST, e);
}

static void members_are_found_as_they_stand(void **state)
{
	static const char text[] =
		"\n{ \"front\" : {\"a\":[1,{\"b\":\"}]\\\"\"}]} ,\"x\":-1.5e3,\"s\":\"a,}\",\"n\": "
		"null\t}\r\n";
	struct json_piece p[MOST];
	struct err e = { 0 };

	(void)state;
	int n = cut(text, p, &e);
	assert_int_equal(n, 4);
	assert_true(strv_eq(p[0].name, "front"));
	assert_true(strv_eq(p[0].value, "{\"a\":[1,{\"b\":\"}]\\\"\"}]}"));
	assert_true(strv_eq(p[1].name, "x"));
	assert_true(strv_eq(p[1].value, "-1.5e3"));
	assert_true(strv_eq(p[2].value, "\"a,}\""));
	assert_true(strv_eq(p[3].value, "null"));
	assert_int_equal(cut("{}", p, &e), 0);
	assert_int_equal(cut(" { } ", p, &e), 0);
	assert_int_equal(cut("{\"a\":[]}", p, &e), 1);
	assert_true(strv_eq(p[0].value, "[]"));
	assert_int_equal(cut("{\"\":1}", p, &e), 1);
}

static void what_is_no_object_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *why;
		enum err_kind kind;
	} rows[] = {
		{ "", "object", ERR_INVALID },
		{ "[]", "object", ERR_INVALID },
		{ "{", "name", ERR_INVALID },
		{ "{,}", "name", ERR_INVALID },
		{ "{\"a\":1,}", "name", ERR_INVALID },
		{ "{a:1}", "name", ERR_INVALID },
		{ "{\"a", "without end", ERR_INVALID },
		{ "{\"a\\", "without end", ERR_INVALID },
		{ "{\"a\\\"", "without end", ERR_INVALID },
		{ "{\"a\"}", "colon", ERR_INVALID },
		{ "{\"a\" 1}", "colon", ERR_INVALID },
		{ "{\"a\":}", "value", ERR_INVALID },
		{ "{\"a\":", "value", ERR_INVALID },
		{ "{\"a\":1", "comma", ERR_INVALID },
		{ "{\"a\":1 2}", "comma", ERR_INVALID },
		{ "{\"a\":\"x\"\"b\":1}", "comma", ERR_INVALID },
		{ "{\"a\":[1}", "comma", ERR_INVALID }, /* its reader refuses the bracket */
		{ "{\"a\":[", "without end", ERR_INVALID },
		{ "{\"a\":[\"", "without end", ERR_INVALID },
		{ "{\"a\":{\"b\":1}", "comma", ERR_INVALID },
		{ "{\"a\":1}}", "behind", ERR_INVALID },
		{ "{\"a\":1} x", "behind", ERR_INVALID },
		{ "{\"a\":1,\"a\":2}", "twice", ERR_INVALID },
		{ "{\"\\u0061\":1}", "escape", ERR_INVALID },
		{ "{\"a\":[[[[1]]]]}", "deeper", ERR_INVALID },
		{ "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5}", "members", ERR_TOO_LARGE },
	};
	struct json_piece p[MOST];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].text);
		struct err e = { 0 };
		/* Without a NUL behind it, so that a step past the end is seen. */
		char *copy = malloc(len ? len : 1);
		assert_non_null(copy);
		memcpy(copy, rows[i].text, len);
		int n = json_cut(copy, len, DEPTH, p, MOST, &e);
		free(copy);
		if (n >= 0 || e.kind != rows[i].kind)
			fail_msg("%s: %d, %s", rows[i].text, n, e.msg);
		if (!strstr(e.msg, rows[i].why) && strcmp(rows[i].why, "behind") != 0)
			fail_msg("%s: %s", rows[i].text, e.msg);
	}
}

static void every_beginning_of_a_good_text_is_refused(void **state)
{
	static const char text[] = "{\"front\":{\"a\":[1,{\"b\":\"x\\\\\"}]},\"n\":null,\"t\":\"\\\"\"}";
	struct json_piece p[MOST];

	(void)state;
	for (size_t len = 0; len < sizeof text - 1; len++) {
		struct err e = { 0 };
		char *copy = malloc(len ? len : 1);
		assert_non_null(copy);
		memcpy(copy, text, len);
		assert_fails(json_cut(copy, len, DEPTH, p, MOST, &e), &e, ERR_INVALID);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_found_as_they_stand),
		cmocka_unit_test(what_is_no_object_is_refused),
		cmocka_unit_test(every_beginning_of_a_good_text_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
