#include "support/testing.h"

#include <math.h>

#include "base/json.h"
#include "base/json_pull.h"

static int skip_all(const char *text, size_t len, struct err *e)
{
	struct json_pull p;

	json_pull_init(&p, text, len, 8);
	return json_pull_skip(&p, e) < 0 ? -1 : json_pull_end(&p, e);
}

/* Texts after Seriot, "Parsing JSON is a Minefield" (2016), and RFC 8259: what is skipped is checked too. */
static void the_grammar_is_kept(void **state)
{
	static const char *const good[] = { "0", "-0", "1", "-12.5e+3", "1E2", "0.1e-7", "\"\"", "true",
		"false", "null", "[]", "{}", " [ ] ", "\t\r\n{\"a\" : [1 , 2] }\n", "[[[[[[[[]]]]]]]]",
		"\"\\u00e9\\ud83d\\ude00\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\x7f é € 😀\"",
		"[1,{\"a\":[],\"b\":{}},\"x\",null]", "{\"a\":1,\"a\":2}", "123456789012345678901234567890",
		"1e-999", "\"\\uFFFF\"" };
	static const char *const wrong[] = { "", " ", "+1", "01", "-", "-01", "1.", ".5", "1e", "1e+", "0x1",
		"NaN", "Infinity", "-Infinity", "nul", "tru", "True", "[", "]", "{", "[1,]", "[,1]", "[1 2]",
		"[1,,2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}", "{\"a\":1 \"b\":2}",
		"{1:2}", "[}", "{]", "[1}", "{\"a\":1]", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"",
		"\"\\u12g4\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\t\"",
		"\"\n\"", "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
		"\"\xe2\x82\"", "\xef\xbb\xbf[]", "\xc3\xa9", "[] x", "[][]", "1 2", "[[[[[[[[[]]]]]]]]]",
		"1e999", "-1e999", "[1]\x0b", "/* no */ 1", "1//" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct err e = { 0 };
		if (skip_all(good[i], strlen(good[i]), &e) < 0)
			fail_msg("%s: %s", good[i], e.msg);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct err e = { 0 };
		if (skip_all(wrong[i], strlen(wrong[i]), &e) == 0)
			fail_msg("\"%s\" was taken", wrong[i]);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_has(e.msg, strstr(wrong[i], "[[[[[[[[[") ? "nested" : "byte");
	}
	struct err e = { 0 };
	assert_fails(skip_all("[1\0]", 4, &e), &e, ERR_INVALID);
	assert_fails(skip_all("\"a\0b\"", 5, &e), &e, ERR_INVALID);
	assert_fails(skip_all("[]\0", 3, &e), &e, ERR_INVALID);
}

/* The end of the text is the end, whatever lies behind it in memory. */
static void every_cut_is_seen(void **state)
{
	static const char text[] = "{\"a\":[1.5e3,true,\"x\\ud83d\\ude00é\",null],\"b\":{\"c\":-0.25}}";

	(void)state;
	for (size_t n = 0; n < sizeof text - 1; n++) {
		struct err e = { 0 };
		char *exact = malloc(n ? n : 1);
		assert_non_null(exact);
		memcpy(exact, text, n);
		assert_fails(skip_all(exact, n, &e), &e, ERR_INVALID);
		free(exact);
	}
	struct err e = { 0 };
	assert_ok(skip_all(text, sizeof text - 1, &e), &e);
}

static void offsets_are_exact(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *why;
	} rows[] = {
		{ "[1,2,x]", 5, "value" },
		{ "[1 2]", 3, "comma" },
		{ "{\"a\" 1}", 5, "colon" },
		{ "{\"a\":1,2}", 7, "name" },
		{ "[1,\"a\tb\"]", 5, "control" },
		{ "[1,\"a\xff\"]", 5, "UTF-8" },
		{ "[\"\\q\"]", 2, "escape" },
		{ "[1,2", 4, "ends" },
		{ "[1.x]", 3, "digit" },
		{ "\xef\xbb\xbf[]", 0, "byte order mark" },
		{ "[] ]", 3, "after" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		char at[32];
		assert_fails(skip_all(rows[i].text, strlen(rows[i].text), &e), &e, ERR_INVALID);
		snprintf(at, sizeof at, "byte %zu", rows[i].at);
		assert_has(e.msg, at);
		assert_has(e.msg, rows[i].why);
	}
}

static double num(const char *text)
{
	struct json_pull p;
	struct err e = { 0 };
	double v = NAN;

	json_pull_init(&p, text, strlen(text), 1);
	assert_ok(json_pull_num(&p, &v, &e), &e);
	assert_ok(json_pull_end(&p, &e), &e);
	return v;
}

static uint64_t bits(double v)
{
	uint64_t u;

	memcpy(&u, &v, sizeof u);
	return u;
}

static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64, Steele 2014 */

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Every number is the nearest double, bit for bit, on the fast way and on the slow one. */
static void numbers_are_exact(void **state)
{
	static const char *const texts[] = { "0", "-0", "0.1", "123456789012345", "1234567890123456",
		"999999999999999e22", "1e22", "1e23", "1e-22", "1e-23", "9007199254740993",
		"0.000000000000001", "1.7976931348623157e308", "4.9e-324", "2.4e-324", "1e-400", "8.5e-1",
		"0.30000000000000004", "5e-324", "1e0000000000000000001", "0.000000000000000000000000000001",
		"18446744073709551616", "100000000000000000000000000000000e-30" };
	uint64_t seed = 1;
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (bits(num(texts[i])) != bits(strtod(texts[i], NULL)))
			fail_msg("%s: %.17g", texts[i], num(texts[i]));
	for (int i = 0; i < 200000; i++) {
		uint64_t r = draw(&seed), m = draw(&seed) >> (r & 63);
		switch (r >> 6 & 3) {
		case 0:
			snprintf(text, sizeof text, "%s%llu.%0*llu", r & 256 ? "-" : "",
				(unsigned long long)(m % 100000), 1 + (int)(r >> 9 & 7),
				(unsigned long long)(r >> 20 & 15));
			break;
		case 1:
			snprintf(
				text, sizeof text, "%llue%d", (unsigned long long)m, (int)(r >> 9 & 63) - 32);
			break;
		case 2:
			snprintf(text, sizeof text, "%.17g", (double)m * 0x1p-40);
			break;
		default:
			snprintf(text, sizeof text, "%.*f", (int)(r >> 9 & 7), (double)(m >> 20) * 0x1p-10);
			break;
		}
		if (bits(num(text)) != bits(strtod(text, NULL)))
			fail_msg("%s: %.17g", text, num(text));
	}
}

static void members_are_found_and_others_skipped(void **state)
{
	static const char *const names[] = { "b", "name", NULL };
	static const char text[] =
		"{\"a\":[1,{\"b\":0}],\"n\\u0061me\":\"\\u00e9\\ud83d\\ude00\",\"bb\":{},\"b\":[1,2.5,-3]}";
	struct json_pull p;
	struct err e = { 0 };
	uint32_t seen = 0;
	double v[3];
	size_t n;
	char s[8];

	(void)state;
	json_pull_init(&p, text, strlen(text), 3);
	assert_ok(json_pull_object(&p, &e), &e);
	assert_int_equal(json_pull_member(&p, names, &seen, &e), 2);
	assert_int_equal(json_pull_kind(&p), JSON_STRING);
	assert_ok(json_pull_str(&p, s, sizeof s, &e), &e);
	assert_string_equal(s, "é😀");
	assert_int_equal(json_pull_member(&p, names, &seen, &e), 1);
	assert_ok(json_pull_nums(&p, v, 3, &n, &e), &e);
	assert_int_equal(n, 3);
	assert_true(v[0] == 1 && v[1] == 2.5 && v[2] == -3);
	assert_int_equal(json_pull_member(&p, names, &seen, &e), 0);
	assert_int_equal(seen, 3);
	assert_ok(json_pull_end(&p, &e), &e);
}

static void long_strings_and_doubles_are_told(void **state)
{
	static const char *const names[] = { "a", NULL };
	static const char text[] = "{\"a\":\"12345678\",\"a\":1}", many[] = "[1,2,3]", mixed[] = "[1,true]";
	struct json_pull p;
	struct err e = { 0 };
	uint32_t seen = 0;
	double v[2];
	size_t n;
	char s[8], deep[600];

	(void)state;
	json_pull_init(&p, text, strlen(text), 3);
	assert_ok(json_pull_object(&p, &e), &e);
	assert_int_equal(json_pull_member(&p, names, &seen, &e), 1);
	assert_int_equal(json_pull_str(&p, s, sizeof s, &e), JSON_PULL_LONG);
	assert_string_equal(s, "");
	assert_fails(json_pull_member(&p, names, &seen, &e), &e, ERR_INVALID);
	assert_has(e.msg, "a stands twice");
	json_pull_init(&p, many, strlen(many), 3);
	assert_fails(json_pull_nums(&p, v, 2, &n, &e), &e, ERR_INVALID);
	assert_has(e.msg, "more than 2 numbers");
	json_pull_init(&p, mixed, strlen(mixed), 3);
	assert_fails(json_pull_nums(&p, v, 2, &n, &e), &e, ERR_INVALID);
	assert_has(e.msg, "value 1 is not a number");
	json_pull_init(&p, mixed, strlen(mixed), 3);
	assert_fails(json_pull_object(&p, &e), &e, ERR_INVALID);
	assert_has(e.msg, "an object is wanted at byte 0");
	memset(deep, '1', sizeof deep - 1);
	deep[sizeof deep - 1] = '\0';
	json_pull_init(&p, deep, strlen(deep), 3);
	assert_fails(json_pull_num(&p, v, &e), &e, ERR_INVALID);
	assert_has(e.msg, "511");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_grammar_is_kept),
		cmocka_unit_test(every_cut_is_seen),
		cmocka_unit_test(offsets_are_exact),
		cmocka_unit_test(numbers_are_exact),
		cmocka_unit_test(members_are_found_and_others_skipped),
		cmocka_unit_test(long_strings_and_doubles_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
