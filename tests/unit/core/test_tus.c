#include "support/testing.h"

#include "core/tus.h"

static void metadata(void **state)
{
	static const struct {
		const char *text;
		int view;
	} rows[] = { { NULL, -1 }, { "view ZnJvbnQ=", 0 }, { "view c2lkZQ==", 1 }, { "filename", -1 },
		{ "filename ", -1 }, { "filename eA==,view c2lkZQ==,other", 1 }, { "a YQ==, b Yg==", -1 },
		{ "View ZnJvbnQ=", -1 } };
	struct tus_metadata m;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_ok(tus_metadata_parse(rows[i].text, &m, &e), &e);
		if (m.view != rows[i].view)
			fail_msg("%s: view %d", rows[i].text, m.view);
	}
}

static void metadata_that_are_none(void **state)
{
	static const char *const rows[] = { "", " ", ",", "a,", ",a", "a,,b", "a,a",
		"a YQ==,b,a YQ==", "a b c", "a YQ", "a YQ=", "a YQ===", "a -_-_",
		"a  YQ==", "a YQ== YQ==", "view", "view eA==", "view RlJPTlQ=", "a\tYQ==", "a\x7f",
		"\xc3\xa9",
		"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33" };
	char text[TUS_METADATA_BYTES + 1];
	struct tus_metadata m;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (tus_metadata_parse(rows[i], &m, &e) == 0)
			fail_msg("\"%s\" was taken", rows[i]);
		assert_int_equal(e.kind, ERR_INVALID);
	}
	memset(text, 'a', sizeof text);
	text[TUS_METADATA_BYTES] = '\0';
	assert_fails(tus_metadata_parse(text, &m, &e), &e, ERR_HEADERS);
	text[TUS_METADATA_BYTES - 1] = '\0';
	assert_ok(tus_metadata_parse(text, &m, &e), &e);
}

static void checksums(void **state)
{
	/* Of "abc" (FIPS 180-4, appendix) */
	static const char *const wrong[] = { "", "sha1", "sha1 ", "SHA1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
		"md5 kAFQmDzST7DWlj99KOF/cg==", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0",
		"sha1 qZk+NkcGgWq6PiVxeFDC", "sha256 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
		"sha1 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", "sha1  qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" };
	static const struct {
		const char *text, *algorithm;
		uint8_t first, last;
	} rows[] = { { "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "sha1", 0xa9, 0x9d },
		{ "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", "sha256", 0xba, 0xad } };
	struct tus_checksum sum;
	struct err e = { 0 };

	(void)state;
	assert_ok(tus_checksum_parse(NULL, &sum, &e), &e);
	assert_string_equal(sum.algorithm, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_ok(tus_checksum_parse(rows[i].text, &sum, &e), &e);
		assert_string_equal(sum.algorithm, rows[i].algorithm);
		assert_int_equal(sum.want[0], rows[i].first);
		assert_int_equal(sum.want[digest_bytes(sum.algorithm) - 1], rows[i].last);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		if (tus_checksum_parse(wrong[i], &sum, &e) == 0)
			fail_msg("\"%s\" was taken", wrong[i]);
		assert_int_equal(e.kind, ERR_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata),
		cmocka_unit_test(metadata_that_are_none),
		cmocka_unit_test(checksums),
	};

	return cmocka_run_group_tests_name("core/tus", tests, NULL, NULL);
}
