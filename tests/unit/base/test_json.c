#include "support/testing.h"

#include <math.h>

#include "base/json.h"

static void reads_every_type(void **state)
{
	static const char text[] =
		" {\"s\":\"a\\u00e9\\n\\ud83d\\udeb6\",\"i\":-12,\"d\":1.5e1,\"t\":true,\"n\":null,"
		"\"a\":[1,[2],{}],\"o\":{\"x\":{\"y\":7}},\"S\":\"upper\"}\n";
	CLEANUP(json_free_p) struct json *root = NULL;
	struct err e = { 0 };

	(void)state;
	assert_ok(json_parse(text, strlen(text), 8, &root, &e), &e);
	assert_true(json_is_object(root));
	assert_string_equal(json_str(json_get(root, "s"), ""), "a\xc3\xa9\n\xf0\x9f\x9a\xb6");
	assert_string_equal(json_str(json_get(root, "S"), ""), "upper");
	assert_int_equal(json_int(json_get(root, "i"), 0), -12);
	assert_true(fabs(json_num(json_get(root, "d"), 0) - 15) < 1e-12);
	assert_true(json_bool(json_get(root, "t"), false));
	assert_true(json_is_null(json_get(root, "n")));
	assert_int_equal(json_len(json_get(root, "a")), 3);
	assert_true(json_is_array(json_get(root, "a")));
	assert_int_equal(json_int(json_get(json_get(json_get(root, "o"), "x"), "y"), 0), 7);
	const struct json *m = json_first(json_get(root, "a"));
	assert_int_equal(json_int(m, 0), 1);
	assert_true(json_is_array(json_next(m)));
	assert_null(json_next(json_next(json_next(m))));
	assert_string_equal(json_name(json_first(root)), "s");
}

static void absent_and_mistyped_values_fall_back(void **state)
{
	static const char text[] = "{\"s\":\"1\",\"f\":1.5,\"big\":1e300,\"huge\":1e999}";
	CLEANUP(json_free_p) struct json *root = NULL;
	struct err e = { 0 };

	(void)state;
	assert_ok(json_parse(text, strlen(text), 8, &root, &e), &e);
	assert_int_equal(json_int(json_get(root, "s"), 9), 9);
	assert_int_equal(json_int(json_get(root, "f"), 9), 9);
	assert_int_equal(json_int(json_get(root, "big"), 9), 9);
	assert_int_equal(json_int(json_get(root, "huge"), 9), 9);
	assert_false(json_is_num(json_get(root, "huge")));
	assert_string_equal(json_str(json_get(root, "f"), "fallback"), "fallback");
	assert_null(json_str(json_get(root, "none"), NULL));
	assert_true(json_bool(json_get(root, "s"), true));
	assert_null(json_get(json_get(root, "s"), "x"));
	assert_null(json_get(NULL, "x"));
	assert_null(json_first(NULL));
	assert_null(json_first(json_get(root, "s")));
	assert_null(json_next(NULL));
	assert_null(json_name(NULL));
	assert_int_equal(json_len(NULL), 0);
	assert_true(json_is_null(NULL));
	json_free(NULL);
}

static void hostile_text_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
#define ROW(literal) { literal, sizeof(literal) - 1 }
		ROW(""),
		ROW(" "),
		ROW("{"),
		ROW("}"),
		ROW("[1,]"),
		ROW("{\"a\":1,}"),
		ROW("{\"a\" 1}"),
		ROW("{a:1}"),
		ROW("{'a':1}"),
		ROW("[1 2]"),
		ROW("nul"),
		ROW("NaN"),
		ROW("Infinity"),
		ROW("-"),
		ROW("+1"),
		ROW("0x10"),
		ROW("1 1"),
		ROW("{} x"),
		ROW("{}{}"),
		ROW("\"open"),
		ROW("\"\\"),
		ROW("\"\\x41\""),
		ROW("\"\\u12\""),
		ROW("\"\\ud800\""),     /* a lone surrogate */
		ROW("\"line\nbreak\""), /* RFC 8259, section 7: control characters are escaped */
		ROW("\"tab\t\""),
		ROW("\"\x1b[2J\""),
		ROW("\"nul\0byte\""),
		ROW("\"owner\\u0000evil\""), /* would end a C string early */
		ROW("{\"key\\u0000x\":1}"),
		ROW("\"\xff\xfe\""), /* no UTF-8 */
		ROW("\"\xc0\xaf\""),
		ROW("{\"\xed\xa0\x80\":1}"),
		ROW("\x01{}"),
		ROW("[1,\x0b"
		    "2]"),
		ROW("{}\0{\"hidden\":1}"),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json *root = (struct json *)0x1;
		struct err e = { 0 };
		/* In a block of its exact size: the text has no terminator to lean on. */
		CLEANUP(free_p) char *exact = malloc(rows[i].len ? rows[i].len : 1);
		assert_non_null(exact);
		memcpy(exact, rows[i].text, rows[i].len);
		if (json_parse(exact, rows[i].len, 8, &root, &e) != -1)
			fail_msg("taken: row %zu, %s", i, rows[i].text);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_ptr_equal(root, (struct json *)0x1);
	}
}

static void errors_name_the_place(void **state)
{
	struct json *root = NULL;
	struct err e = { 0 };

	(void)state;
	assert_fails(json_parse("{\"a\":1} x", 9, 8, &root, &e), &e, ERR_INVALID);
	assert_has(e.msg, "byte 8");
	assert_fails(json_parse("[\"a\\u0000\"]", 11, 8, &root, &e), &e, ERR_INVALID);
	assert_has(e.msg, "byte 3");
}

static void depth_is_bounded_before_anything_recurses(void **state)
{
	enum { DEEP = 1000000 };
	CLEANUP(free_p) char *text = malloc(2 * DEEP);
	struct json *root = NULL;
	struct err e = { 0 };

	(void)state;
	assert_non_null(text);
	memset(text, '[', DEEP);
	memset(text + DEEP, ']', DEEP);
	assert_fails(json_parse(text, 2 * DEEP, 8, &root, &e), &e, ERR_INVALID);
	assert_has(e.msg, "deeper than 8");
	assert_ok(json_parse("[[[]]]", 6, 3, &root, &e), &e);
	json_free(root);
	assert_fails(json_parse("[[[]]]", 6, 2, &root, &e), &e, ERR_INVALID);
	assert_fails(json_parse("[{\"a\":[]}]", 10, 2, &root, &e), &e, ERR_INVALID);
	/* Brackets in a string are no depth, and an escaped quote does not end the string. */
	assert_ok(json_parse("[\"\\\"[[[[{{{{\"]", 14, 1, &root, &e), &e);
	assert_string_equal(json_str(json_first(root), ""), "\"[[[[{{{{");
	json_free(root);
}

static void writer_puts_commas_and_escapes(void **state)
{
	struct buf b BUF_CLEANUP;
	struct json_w w;
	struct err e = { 0 };

	(void)state;
	buf_init(&b, 4096);
	json_w_init(&w, &b);
	json_w_obj(&w, NULL);
	json_w_str(&w, "q\"k", "a\"b\\c\n\t\r");
	json_w_str(&w, "null", NULL);
	json_w_strn(&w, "cut", "abcdef", 3);
	json_w_arr(&w, "empty");
	json_w_arr_end(&w);
	json_w_arr(&w, "list");
	json_w_int(&w, NULL, INT64_MIN);
	json_w_obj(&w, NULL);
	json_w_bool(&w, "t", true);
	json_w_bool(&w, "f", false);
	json_w_obj_end(&w);
	json_w_null(&w, NULL);
	json_w_arr_end(&w);
	json_w_raw(&w, "raw", "{\"x\":1}");
	json_w_int(&w, "last", 0);
	json_w_obj_end(&w);
	assert_ok(json_w_end(&w, &e), &e);
	assert_string_equal(buf_str(&b),
		"{\"q\\\"k\":\"a\\\"b\\\\c\\n\\u0009\\u000d\",\"null\":null,\"cut\":\"abc\",\"empty\":[],"
		"\"list\":[-9223372036854775808,{\"t\":true,\"f\":false},null],\"raw\":{\"x\":1},\"last\":"
		"0}");
}

static void writer_numbers(void **state)
{
	static const struct {
		double value;
		int decimals;
		const char *want;
	} rows[] = {
		{ 1.5, 3, "1.5" },
		{ 100, 2, "100" },
		{ 100, 0, "100" },
		{ 0.1 + 0.2, 6, "0.3" },
		{ -0.0001, 2, "0" },
		{ -12.345, 2, "-12.35" },
		{ 1e21, 1, "1000000000000000000000" },
		{ (double)NAN, 2, "null" },
		{ (double)INFINITY, 2, "null" },
		{ -(double)INFINITY, 2, "null" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b BUF_CLEANUP;
		struct json_w w;
		struct err e = { 0 };
		buf_init(&b, 400);
		json_w_init(&w, &b);
		json_w_num(&w, NULL, rows[i].value, rows[i].decimals);
		assert_ok(json_w_end(&w, &e), &e);
		assert_string_equal(buf_str(&b), rows[i].want);
	}
}

/* The quick way of writing a number against the C library's, zeros at the end and "-0" apart. */
static void writer_numbers_are_the_c_library_s(void **state)
{
	static const double odd[] = { 0, -0.0, 0.5, 1.5, 2.5, 0.25, 0.125, 0.045, 0.055, 1e-9, 5e-7,
		4.9999999e-7, 999999.5, 999999.9999995, 1e12, 1e12 - 0.5, 123456789.987654321, 0x1p53, 1e300,
		5e-324, 0.1, 0.7, 2.675, 1.005 };
	uint64_t state_x = 88172645463325252u; /* xorshift64, Marsaglia 2003 */

	(void)state;
	for (size_t i = 0; i < 200000; i++) {
		struct buf b BUF_CLEANUP;
		struct json_w w;
		struct err e = { 0 };
		char want[400];
		state_x ^= state_x << 13, state_x ^= state_x >> 7, state_x ^= state_x << 17;
		int decimals = (int)(state_x % 11);
		double value = i < ARRAY_LEN(odd) * 11
				       ? odd[i / 11]
				       : ldexp((double)(int64_t)state_x, (int)(state_x >> 20 & 63) - 88);
		decimals = i < ARRAY_LEN(odd) * 11 ? (int)(i % 11) : decimals;
		snprintf(want, sizeof want, "%.*f", decimals, value);
		size_t len = strlen(want);
		while (strchr(want, '.') && want[len - 1] == '0')
			want[--len] = '\0';
		if (want[len - 1] == '.')
			want[--len] = '\0';
		buf_init(&b, 400);
		json_w_init(&w, &b);
		json_w_num(&w, NULL, value, decimals);
		assert_ok(json_w_end(&w, &e), &e);
		assert_string_equal(buf_str(&b), strcmp(want, "-0") == 0 ? "0" : want);
	}
}

/* Whatever bytes go in, what comes out is JSON that our own strict reader takes. */
static void writer_output_is_always_json(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++)
		for (int form = 0; form < 3; form++) {
			struct buf b BUF_CLEANUP;
			struct json_w w;
			struct err e = { 0 };
			CLEANUP(json_free_p) struct json *root = NULL;
			char value[4] = { 'a', (char)c, 'b', '\0' };
			if (form == 1)
				value[2] = '\0';
			if (form == 2)
				value[2] = (char)0xbf;
			buf_init(&b, 200);
			json_w_init(&w, &b);
			json_w_obj(&w, NULL);
			json_w_str(&w, "v", value);
			json_w_obj_end(&w);
			assert_ok(json_w_end(&w, &e), &e);
			assert_ok(json_parse(b.data, b.len, 4, &root, &e), &e);
			const char *back = json_str(json_get(root, "v"), NULL);
			assert_non_null(back);
			assert_int_equal(back[0], 'a');
			bool whole = c < 0x80 ? form != 2 : form == 2 && c >= 0xc2 && c <= 0xdf;
			if (whole)
				assert_string_equal(back, value);
			else
				assert_has(back, "?");
		}
}

static void writer_times(void **state)
{
	struct buf b BUF_CLEANUP;
	struct json_w w;
	struct err e = { 0 };

	(void)state;
	buf_init(&b, 200);
	json_w_init(&w, &b);
	json_w_obj(&w, NULL);
	json_w_time(&w, "at", 1456747201250); // 2016-02-29, a leap day
	json_w_time(&w, "ended", 0);          // not yet
	json_w_obj_end(&w);
	assert_ok(json_w_end(&w, &e), &e);
	assert_string_equal(buf_str(&b), "{\"at\":\"2016-02-29T12:00:01.250Z\",\"ended\":null}");
}

static void writer_keeps_the_first_error(void **state)
{
	struct buf b BUF_CLEANUP;
	struct json_w w;
	struct err e = { 0 };

	(void)state;
	buf_init(&b, 16);
	json_w_init(&w, &b);
	json_w_obj(&w, NULL);
	json_w_str(&w, "a", "far too long for it");
	json_w_obj_end(&w);
	assert_fails(json_w_end(&w, &e), &e, ERR_TOO_LARGE);
	assert_int_equal(json_w_end(&w, NULL), -1);
	assert_true(b.len <= 16);
}

static void prints_what_it_read(void **state)
{
	static const char text[] = "{\"a\":[1,2.5,\"x\\ny\",null,true],\"b\":{}}";
	CLEANUP(json_free_p) struct json *root = NULL;
	struct buf b BUF_CLEANUP;
	struct err e = { 0 };

	(void)state;
	buf_init(&b, 1000);
	assert_ok(json_parse(text, strlen(text), 8, &root, &e), &e);
	assert_ok(json_print(root, &b, &e), &e);
	assert_string_equal(buf_str(&b), text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_type),
		cmocka_unit_test(absent_and_mistyped_values_fall_back),
		cmocka_unit_test(hostile_text_is_refused),
		cmocka_unit_test(errors_name_the_place),
		cmocka_unit_test(depth_is_bounded_before_anything_recurses),
		cmocka_unit_test(writer_puts_commas_and_escapes),
		cmocka_unit_test(writer_numbers),
		cmocka_unit_test(writer_numbers_are_the_c_library_s),
		cmocka_unit_test(writer_output_is_always_json),
		cmocka_unit_test(writer_times),
		cmocka_unit_test(writer_keeps_the_first_error),
		cmocka_unit_test(prints_what_it_read),
	};

	return cmocka_run_group_tests_name("base/json", tests, NULL, NULL);
}
