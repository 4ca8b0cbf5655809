#include "support/testing.h"

#include <math.h>

#include "base/strv.h"

static void views_compare_and_trim(void **state)
{
	static const struct {
		const char *in, *trimmed;
	} rows[] = {
		{ "", "" },
		{ " \t ", "" },
		{ "a", "a" },
		{ "  a b\t", "a b" },
		{ "\na ", "\na" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_true(strv_eq(strv_trim(strv_of(rows[i].in)), rows[i].trimmed));
	assert_true(strv_eq(STRV("Host"), "Host"));
	assert_false(strv_eq(STRV("Host"), "host"));
	assert_false(strv_eq(STRV("Host"), "Hos"));
	assert_true(strv_ieq(STRV("Host"), "hOST"));
	assert_false(strv_ieq(STRV("Host"), "hosts"));
	assert_true(strv_eq(strv_of(NULL), ""));
	assert_true(strv_ieq(strv_of(NULL), ""));
	assert_false(strv_eq(strv_of(NULL), "x"));
	/* Only its own bytes count, whatever follows them. */
	assert_true(strv_eq((struct strv){ "abcdef", 3 }, "abc"));
}

static void prefixes_and_suffixes(void **state)
{
	(void)state;
	assert_true(str_starts("Bearer x", "Bearer "));
	assert_false(str_starts("Bear", "Bearer "));
	assert_true(str_starts("x", ""));
	assert_true(str_ends("a.json", ".json"));
	assert_false(str_ends("json", ".json"));
	assert_true(str_ends("x", ""));
}

static void whole_numbers(void **state)
{
	static const struct {
		const char *text;
		int64_t min, max;
		bool good;
		int64_t value;
	} rows[] = {
		{ "0", 0, 10, true, 0 },
		{ "10", 0, 10, true, 10 },
		{ "11", 0, 10, false, 0 },
		{ "-1", 0, 10, false, 0 },
		{ "-1", -1, 10, true, -1 },
		{ "007", 0, 10, true, 7 },
		{ "", 0, 10, false, 0 },
		{ " 1", 0, 10, false, 0 },
		{ "1 ", 0, 10, false, 0 },
		{ "+1", 0, 10, false, 0 },
		{ "-", -9, 10, false, 0 },
		{ "--1", -9, 10, false, 0 },
		{ "- 1", -9, 10, false, 0 },
		{ "1x", 0, 10, false, 0 },
		{ "1.0", 0, 10, false, 0 },
		{ "0x1", 0, 10, false, 0 },
		{ "1e1", 0, 10, false, 0 },
		{ "9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX },
		{ "-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN },
		{ "9223372036854775808", INT64_MIN, INT64_MAX, false, 0 },
		{ "99999999999999999999999", INT64_MIN, INT64_MAX, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t v = 4711;
		bool good = str_to_i64(rows[i].text, rows[i].min, rows[i].max, &v);
		if (good != rows[i].good || v != (good ? rows[i].value : 4711))
			fail_msg("\"%s\": %d %lld", rows[i].text, good, (long long)v);
		/* The same as a piece of text, which no NUL ends. */
		char exact[32];
		const struct strv piece = { exact, strlen(rows[i].text) };
		memset(exact, '9', sizeof exact);
		memcpy(exact, rows[i].text, piece.n);
		assert_int_equal(strv_to_i64(piece, rows[i].min, rows[i].max, &v), good);
	}
	int64_t v;
	assert_false(strv_to_i64((struct strv){ "1\0002", 3 }, 0, 10, &v));
	assert_false(strv_to_i64((struct strv){ NULL, 0 }, 0, 10, &v));
}

static void fractions(void **state)
{
	static const struct {
		const char *text;
		bool good;
		double value;
	} rows[] = {
		{ "1.5", true, 1.5 },
		{ ".5", true, 0.5 },
		{ "-0.25", true, -0.25 },
		{ "1e2", true, 100 },
		{ "100.1", false, 0 },
		{ "-100.1", false, 0 },
		{ "", false, 0 },
		{ ".", false, 0 },
		{ "-", false, 0 },
		{ "1,5", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "nan", false, 0 },
		{ "-nan", false, 0 },
		{ "inf", false, 0 },
		{ "-inf", false, 0 },
		{ "1e999", false, 0 },
		{ "0x1p3", false, 0 },
		{ "1..2", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double v = 4711;
		bool good = str_to_double(rows[i].text, -100, 100, &v);
		if (good != rows[i].good || fabs(v - (good ? rows[i].value : 4711)) > 0)
			fail_msg("\"%s\": %d %f", rows[i].text, good, v);
	}
}

static void bounded_copy(void **state)
{
	char out[4] = "zzz";

	(void)state;
	assert_true(str_copy(out, sizeof out, "abc"));
	assert_string_equal(out, "abc");
	assert_false(str_copy(out, sizeof out, "abcd"));
	assert_string_equal(out, "");
	out[0] = 'q';
	assert_false(str_copy(out, 0, ""));
	assert_int_equal(out[0], 'q');
}

static void utf8(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool clean;
	} rows[] = {
		{ "", 0, true }, { "plain\ttext\r\n", 12, true }, { "gr\xc3\xbc\xc3\x9f dich", 11, true },
		{ "\xe2\x82\xac", 3, true },     /* U+20AC */
		{ "\xf0\x9f\x9a\xb6", 4, true }, /* U+1F6B6 */
		{ "\xef\xbf\xbf", 3, true },     /* U+FFFF */
		{ "\xf4\x8f\xbf\xbf", 4, true }, /* U+10FFFF */
		{ "a\0b", 3, false },            /* NUL */
		{ "\x1b[31m", 5, false },        /* ESC */
		{ "\x7f", 1, false },            /* DEL */
		{ "\xc2\x9b"
		  "31m",
			5, false },               /* U+009B, the one-character CSI of a terminal */
		{ "\xc2\x85", 2, false },         /* U+0085, a line end to some */
		{ "\xc2\xa0", 2, true },          /* U+00A0 */
		{ "\x80", 1, false },             /* lone continuation */
		{ "\xc3", 1, false },             /* cut */
		{ "\xe2\x82", 2, false },         /* cut */
		{ "\xf0\x9f\x9a", 3, false },     /* cut */
		{ "\xc0\xaf", 2, false },         /* overlong "/" */
		{ "\xc1\xbf", 2, false },         /* overlong */
		{ "\xe0\x80\xaf", 3, false },     /* overlong */
		{ "\xf0\x80\x80\xaf", 4, false }, /* overlong */
		{ "\xed\xa0\x80", 3, false },     /* surrogate */
		{ "\xf4\x90\x80\x80", 4, false }, /* above U+10FFFF */
		{ "\xf5\x80\x80\x80", 4, false }, /* no such lead */
		{ "\xff\xfe", 2, false },         /* UTF-16 mark */
		{ "\xe2\x28\xa1", 3, false },     /* second byte wrong */
		{ "\xe2\x82\x28", 3, false },     /* third byte wrong */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* In a block of its exact size, so that reading past the end shows. */
		CLEANUP(free_p) char *exact = malloc(rows[i].len ? rows[i].len : 1);
		assert_non_null(exact);
		memcpy(exact, rows[i].bytes, rows[i].len);
		if (str_is_clean_utf8(exact, rows[i].len) != rows[i].clean)
			fail_msg("row %zu", i);
	}
}

static void hexadecimal(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x9f, 0xff };
	static const char *const wrong[] = { "0", "0g", "00 1", "0x", "000000" };
	char text[7];
	uint8_t back[3];

	(void)state;
	hex_encode(bytes, sizeof bytes, text);
	assert_string_equal(text, "009fff");
	assert_int_equal(hex_decode(text, back, sizeof back), 3);
	assert_memory_equal(back, bytes, 3);
	assert_int_equal(hex_decode("9FfF", back, sizeof back), 2);
	assert_int_equal(back[0], 0x9f);
	assert_int_equal(hex_decode("", back, sizeof back), 0);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(hex_decode(wrong[i], back, 2), -1);
}

static void cut_between_characters(void **state)
{
	static const struct {
		size_t size;
		const char *text, *want;
	} rows[] = { { 4, "abc", "abc" }, { 4, "abcd", "abc" }, { 1, "abc", "" }, { 4, "", "" },
		{ 4, "a\xc3\xa9", "a\xc3\xa9" }, { 3, "a\xc3\xa9", "a" },
		{ 5, "a\xe2\x82\xac", "a\xe2\x82\xac" }, { 4, "a\xe2\x82\xac", "a" },
		{ 3, "\xe2\x82\xac", "" } };
	char out[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		str_cut(out, rows[i].size, rows[i].text);
		assert_string_equal(out, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(views_compare_and_trim),
		cmocka_unit_test(prefixes_and_suffixes),
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(fractions),
		cmocka_unit_test(bounded_copy),
		cmocka_unit_test(cut_between_characters),
		cmocka_unit_test(utf8),
		cmocka_unit_test(hexadecimal),
	};

	return cmocka_run_group_tests_name("base/strv", tests, NULL, NULL);
}
