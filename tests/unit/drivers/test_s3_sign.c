#include "support/testing.h"

#include "base/strv.h"
#include "drivers/s3_sign.h"

/* Expected values: Amazon S3 API Reference, "Signature Calculations for the Authorization Header" and
 * "Authenticating Requests: Using Query Parameters", whose keys and date these are. */
static const struct s3_keys keys = { .access = "AKIAIOSFODNN7EXAMPLE",
	.secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	.region = "us-east-1" };
static const char host[] = "examplebucket.s3.amazonaws.com";
enum { AT = 1369353600 }; /* 2013-05-24T00:00:00Z */

static int begin(void **state)
{
	static struct s3_signed s;

	buf_init(&s.target, 65536);
	buf_init(&s.headers, 65536);
	*state = &s;
	return 0;
}

static int end(void **state)
{
	struct s3_signed *s = *state;

	buf_deinit(&s->target);
	buf_deinit(&s->headers);
	return 0;
}

static void derives_the_documented_key(void **state)
{
	/* IAM User Guide, "Create a signed AWS API request": example of a derived key. */
	uint8_t key[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];
	struct err e = { 0 };

	(void)state;
	assert_ok(s3_sign_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam", key,
			  &e),
		&e);
	hex_encode(key, sizeof key, hex);
	assert_string_equal(hex, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
}

static void signs_the_documented_requests(void **state)
{
	static const struct s3_pair range[] = { { "range", "bytes=0-9" } },
				    put[] = { { "x-amz-storage-class", "REDUCED_REDUNDANCY" },
					    { "date", "Fri, 24 May 2013 00:00:00 GMT" } },
				    lifecycle[] = { { "lifecycle", "" } },
				    list[] = { { "prefix", "J" }, { "max-keys", "2" } };
	static const struct {
		struct s3_request r;
		const char *target, *names, *signature;
	} cases[] = {
		{ { "GET", host, "/test.txt", NULL, 0, range, 1, S3_EMPTY_SHA256, AT }, "/test.txt",
			"host;range;x-amz-content-sha256;x-amz-date",
			"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
		{ { "PUT", host, "/test$file.text", NULL, 0, put, 2,
			  "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", AT },
			"/test%24file.text", "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
			"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
		{ { "GET", host, "/", lifecycle, 1, NULL, 0, S3_EMPTY_SHA256, AT },
			"/?lifecycle=", "host;x-amz-content-sha256;x-amz-date",
			"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
		{ { "GET", host, "/", list, 2, NULL, 0, S3_EMPTY_SHA256, AT }, "/?max-keys=2&prefix=J",
			"host;x-amz-content-sha256;x-amz-date",
			"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
	};
	struct s3_signed *s = *state;
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char want[512];
		assert_ok(s3_sign(&keys, &cases[i].r, s, &e), &e);
		assert_string_equal(buf_str(&s->target), cases[i].target);
		snprintf(want, sizeof want,
			"authorization: AWS4-HMAC-SHA256 "
			"Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
			"SignedHeaders=%s, Signature=%s\n",
			cases[i].names, cases[i].signature);
		assert_has(buf_str(&s->headers), want);
		assert_has(buf_str(&s->headers), "x-amz-date: 20130524T000000Z\n");
		assert_null(strstr(buf_str(&s->headers), "host: "));
		assert_null(strstr(buf_str(&s->headers), keys.secret));
	}
}

static void presigns_the_documented_request(void **state)
{
	const struct s3_request r = { .method = "GET", .host = host, .path = "/test.txt", .at_s = AT };
	struct s3_signed *s = *state;
	struct err e = { 0 };

	assert_ok(s3_presign(&keys, &r, 86400, &s->target, &e), &e);
	assert_string_equal(buf_str(&s->target),
		"/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524"
		"%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
		"X-Amz-SignedHeaders=host&X-Amz-Signature="
		"aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

static void limits_the_life_of_addresses(void **state)
{
	const struct s3_request r = { .method = "GET", .host = host, .path = "/test.txt", .at_s = AT };
	struct s3_signed *s = *state;
	struct err e = { 0 };

	assert_fails(s3_presign(&keys, &r, 0, &s->target, &e), &e, ERR_INVALID);
	assert_fails(s3_presign(&keys, &r, 7 * 86400 + 1, &s->target, &e), &e, ERR_INVALID);
	assert_ok(s3_presign(&keys, &r, 7 * 86400, &s->target, &e), &e);
}

static void carries_a_session_token(void **state)
{
	struct s3_keys k = keys;
	const struct s3_request r = {
		.method = "GET", .host = host, .path = "/a", .payload_sha256 = S3_EMPTY_SHA256, .at_s = AT
	};
	struct s3_signed *s = *state;
	struct err e = { 0 };

	k.token = "to/ken+=";
	assert_ok(s3_sign(&k, &r, s, &e), &e);
	assert_has(buf_str(&s->headers), "SignedHeaders=host;x-amz-content-sha256;x-amz-date;"
					 "x-amz-security-token,");
	assert_has(buf_str(&s->headers), "x-amz-security-token: to/ken+=\n");
	assert_ok(s3_presign(&k, &r, 60, &s->target, &e), &e);
	assert_has(buf_str(&s->target), "&X-Amz-Security-Token=to%2Fken%2B%3D&X-Amz-SignedHeaders=host&");
}

static void encodes_what_aws_encodes(void **state)
{
	static const struct {
		const char *text, *path, *value;
	} cases[] = { { "aZ09-_.~", "aZ09-_.~", "aZ09-_.~" }, { "a b/c", "a%20b/c", "a%20b%2Fc" },
		{ "+=&?$!*'()", "%2B%3D%26%3F%24%21%2A%27%28%29", "%2B%3D%26%3F%24%21%2A%27%28%29" },
		{ "\xc3\xa4%", "%C3%A4%25", "%C3%A4%25" }, { "", "", "" } };
	struct s3_signed *s = *state;
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_reset(&s->target);
		assert_ok(s3_encode(cases[i].text, 1, &s->target, &e), &e);
		assert_string_equal(buf_str(&s->target), cases[i].path);
		buf_reset(&s->target);
		assert_ok(s3_encode(cases[i].text, 0, &s->target, &e), &e);
		assert_string_equal(buf_str(&s->target), cases[i].value);
	}
}

/* Where one name prefixes another, the shorter comes first, whatever follows it. */
static void sorts_by_name_before_value(void **state)
{
	static const struct s3_pair query[] = { { "uploads", "" }, { "upload-id", "1" }, { "b", "2" },
		{ "a-b", "x" }, { "a", "z" }, { "b", "1" } };
	static const struct s3_pair headers[] = { { "x-amz-meta-ab", "1" }, { "x-amz-meta-a", "2" } };
	const struct s3_request r = { "GET", host, "/", query, ARRAY_LEN(query), headers, 2, S3_EMPTY_SHA256,
		AT };
	struct s3_signed *s = *state;
	struct err e = { 0 };

	assert_ok(s3_sign(&keys, &r, s, &e), &e);
	assert_string_equal(buf_str(&s->target), "/?a=z&a-b=x&b=1&b=2&upload-id=1&uploads=");
	assert_has(buf_str(&s->headers),
		"SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-meta-ab,");
}

static void refuses_what_it_cannot_hold(void **state)
{
	struct s3_pair many[S3_PAIRS_MAX + 1];
	char region[200];
	struct s3_keys k = keys;
	struct s3_request r = { "GET", host, "/", many, S3_PAIRS_MAX + 1, NULL, 0, S3_EMPTY_SHA256, AT };
	struct s3_signed *s = *state;
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct s3_pair){ "a", "b" };
	assert_fails(s3_sign(&keys, &r, s, &e), &e, ERR_INVALID);
	assert_fails(s3_presign(&keys, &r, 1, &s->target, &e), &e, ERR_INVALID);
	r.query_count = S3_PAIRS_MAX;
	assert_ok(s3_sign(&keys, &r, s, &e), &e);
	memset(region, 'r', sizeof region);
	region[sizeof region - 1] = '\0';
	k.region = region;
	assert_fails(s3_sign(&k, &r, s, &e), &e, ERR_CONFIG);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(derives_the_documented_key),
		TEST(signs_the_documented_requests), TEST(presigns_the_documented_request),
		TEST(limits_the_life_of_addresses), TEST(carries_a_session_token),
		TEST(encodes_what_aws_encodes), TEST(sorts_by_name_before_value),
		TEST(refuses_what_it_cannot_hold) };

	return cmocka_run_group_tests_name("s3_sign", tests, NULL, NULL);
}
