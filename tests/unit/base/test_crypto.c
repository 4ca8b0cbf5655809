#include "support/testing.h"

#include "base/crypto.h"
#include "base/strv.h"

static void assert_hex(const uint8_t digest[SHA256_BYTES], const char *want)
{
	char text[SHA256_HEX_BYTES];

	hex_encode(digest, SHA256_BYTES, text);
	assert_string_equal(text, want);
}

/* NIST's examples for FIPS 180-4 (csrc.nist.gov, "SHA256.pdf"), the empty message, and a million times "a".
 */
static void sha256_known_answers(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	uint8_t digest[SHA256_BYTES];
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_ok(sha256_of(rows[i].text, strlen(rows[i].text), digest, &e), &e);
		assert_hex(digest, rows[i].want);
		/* The same in pieces of every size: streaming may not depend on how the bytes arrive. */
		for (size_t piece = 1; piece <= strlen(rows[i].text); piece++) {
			CLEANUP(sha256_free_p) struct sha256 *h = sha256_new(&e);
			assert_non_null(h);
			for (size_t at = 0; at < strlen(rows[i].text); at += piece) {
				size_t left = strlen(rows[i].text) - at;
				assert_ok(sha256_add(h, rows[i].text + at, left < piece ? left : piece, &e),
					&e);
			}
			assert_ok(sha256_end(h, digest, &e), &e);
			assert_hex(digest, rows[i].want);
		}
	}
	CLEANUP(sha256_free_p) struct sha256 *h = sha256_new(&e);
	char thousand[1000];
	memset(thousand, 'a', sizeof thousand);
	for (int i = 0; i < 1000; i++)
		assert_ok(sha256_add(h, thousand, sizeof thousand, &e), &e);
	assert_ok(sha256_end(h, digest, &e), &e);
	assert_hex(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	sha256_free(NULL);
}

static void sha256_of_a_file(void **state)
{
	char dir[TEST_DIR_BYTES], path[TEST_DIR_BYTES + 8];
	uint8_t digest[SHA256_BYTES];
	struct err e = { 0 };
	int64_t bytes = -1;

	(void)state;
	test_dir(dir);
	snprintf(path, sizeof path, "%s/f", dir);
	assert_fails(sha256_of_file(path, digest, &bytes, &e), &e, ERR_NOT_FOUND);
	assert_int_equal(bytes, -1);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000000; i++)
		fputc('a', f);
	assert_int_equal(fclose(f), 0);
	assert_ok(sha256_of_file(path, digest, &bytes, &e), &e);
	assert_int_equal(bytes, 1000000);
	assert_hex(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	assert_ok(sha256_of_file(path, digest, NULL, &e), &e);
	assert_fails(sha256_of_file(dir, digest, &bytes, &e), &e, ERR_IO);
	test_dir_remove(dir);
}

/* RFC 1321 (1992), appendix A.5; each text in two pieces. */
static void md5_known_answers(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "a", "0cc175b9c0f1b6a831c399e269772661" },
		{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
		{ "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
			"57edf4a22be3c955ac49da2e2107b67a" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(md5_free_p) struct md5 *h = NULL;
		uint8_t sum[MD5_BYTES];
		char hex[2 * MD5_BYTES + 1];
		struct err e = { 0 };
		size_t len = strlen(rows[i].text), half = len / 2;
		h = md5_new(&e);
		assert_non_null(h);
		assert_ok(md5_add(h, rows[i].text, half, &e), &e);
		assert_ok(md5_add(h, rows[i].text + half, len - half, &e), &e);
		assert_ok(md5_end(h, sum, &e), &e);
		hex_encode(sum, sizeof sum, hex);
		assert_string_equal(hex, rows[i].want);
	}
}

/* RFC 4231 (2005), test cases 1 to 4, 6 and 7. */
static void hmac_known_answers(void **state)
{
	static const char larger[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	static const char larger_both[] = "This is a test using a larger than block-size key and a larger "
					  "than block-size data. The key "
					  "needs to be hashed before being used by the HMAC algorithm.";
	uint8_t key_0b[20], key_aa[131], data_dd[50], data_cd[50], key_seq[25];
	memset(key_0b, 0x0b, sizeof key_0b);
	memset(key_aa, 0xaa, sizeof key_aa);
	memset(data_dd, 0xdd, sizeof data_dd);
	memset(data_cd, 0xcd, sizeof data_cd);
	for (size_t i = 0; i < sizeof key_seq; i++)
		key_seq[i] = (uint8_t)(i + 1);
	const struct {
		const void *key;
		size_t key_len;
		const void *data;
		size_t len;
		const char *want;
	} rows[] = {
		{ key_0b, 20, "Hi There", 8,
			"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ "Jefe", 4, "what do ya want for nothing?", 28,
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ key_aa, 20, data_dd, 50,
			"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
		{ key_seq, 25, data_cd, 50,
			"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
		{ key_aa, 131, larger, sizeof larger - 1,
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
		{ key_aa, 131, larger_both, sizeof larger_both - 1,
			"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
	};
	uint8_t out[SHA256_BYTES];
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_ok(hmac_sha256(rows[i].key, rows[i].key_len, rows[i].data, rows[i].len, out, &e), &e);
		assert_hex(out, rows[i].want);
	}
	/* An empty key is a key (RFC 2104 pads it with zeros), not "the key of the call before". */
	assert_ok(hmac_sha256("", 0, "", 0, out, &e), &e);
	assert_hex(out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* RFC 4648 (2006), section 10, without the padding; the last row has both characters that differ from base64.
 */
static void base64url_known_answers(void **state)
{
	static const struct {
		const char *bytes;
		const char *want;
	} rows[] = {
		{ "", "" },
		{ "f", "Zg" },
		{ "fo", "Zm8" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg" },
		{ "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "-__-" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		/* The size that the header promises to be enough; libsodium aborts on less. */
		size_t len = strlen(rows[i].bytes), size = 4 * len / 3 + 2;
		CLEANUP(free_p) char *out = malloc(size);
		assert_non_null(out);
		base64url_encode(rows[i].bytes, len, out, size);
		assert_string_equal(out, rows[i].want);
		base64_encode(rows[i].bytes, len, out, size);
		assert_string_equal(out, strcmp(rows[i].want, "-__-") == 0 ? "+//+" : rows[i].want);
	}
}

static void random_bytes_fill_everything(void **state)
{
	uint8_t a[1000], all[1000] = { 0 };

	(void)state;
	/* Each byte must change at some time: 40 draws miss one with probability 1000 · 2^-320. */
	for (int i = 0; i < 40; i++) {
		random_bytes(a, sizeof a);
		for (size_t k = 0; k < sizeof a; k++)
			all[k] = (uint8_t)(all[k] | a[k]);
	}
	for (size_t k = 0; k < sizeof all; k++)
		assert_int_not_equal(all[k], 0);
	random_bytes(a, 0);
}

static void secrets(void **state)
{
	char secret[] = "correct horse";

	(void)state;
	assert_true(secret_equal("abc", "abc", 3));
	assert_false(secret_equal("abc", "abd", 3));
	assert_false(secret_equal("bbc", "abc", 3));
	assert_true(secret_equal("abX", "abY", 2));
	secret_wipe(secret, sizeof secret);
	for (size_t i = 0; i < sizeof secret; i++)
		assert_int_equal(secret[i], 0);
}

static void passwords(void **state)
{
	char hash[PASSWORD_HASH_BYTES], again[PASSWORD_HASH_BYTES];
	struct err e = { 0 };

	(void)state;
	assert_ok(password_hash("päss wörd", hash, &e), &e);
	assert_memory_equal(hash, "$argon2id$v=19$", 15);
	assert_true(password_verify(hash, "päss wörd"));
	assert_false(password_verify(hash, "päss wörd "));
	assert_false(password_verify(hash, ""));
	assert_ok(password_hash("päss wörd", again, &e), &e);
	assert_string_not_equal(hash, again); /* salted */
	assert_false(password_verify("", "x"));
	assert_false(password_verify("$argon2id$v=19$m=1", "x"));
	assert_false(password_verify("not a hash", "x"));
}

/* RFC 4648 (2006), section 10 */
static void base64_back(void **state)
{
	static const struct {
		const char *text;
		int len;
	} rows[] = { { "", 0 }, { "Zg==", 1 }, { "Zm8=", 2 }, { "Zm9v", 3 }, { "Zm9vYg==", 4 },
		{ "Zm9vYmE=", 5 }, { "Zm9vYmFy", 6 }, { "Zg", -1 }, { "Zg=", -1 }, { "Zg===", -1 },
		{ "Zh==", -1 }, { "=", -1 }, { "Z", -1 }, { "Zm9v ", -1 }, { "Zm\n9v", -1 }, { "-__-", -1 },
		{ "Zm9vYmFyZm9v", -1 } };
	uint8_t out[6];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int len = base64_decode(rows[i].text, strlen(rows[i].text), out, sizeof out);
		if (len != rows[i].len)
			fail_msg("\"%s\": %d", rows[i].text, len);
		if (len > 0)
			assert_memory_equal(out, "foobar", (size_t)len);
	}
}

/* FIPS 180-4, "abc" */
static void digests_by_name(void **state)
{
	static const struct {
		const char *name, *want;
	} rows[] = { { "sha1", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ "sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" } };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t out[DIGEST_MOST_BYTES];
		char hex[2 * DIGEST_MOST_BYTES + 1];
		struct digest *d = digest_new(rows[i].name, &e);
		assert_non_null(d);
		assert_int_equal(digest_add(d, "ab", 2, &e), 0);
		assert_int_equal(digest_add(d, "c", 1, &e), 0);
		assert_int_equal(digest_end(d, out, &e), 0);
		digest_free(d);
		hex_encode(out, digest_bytes(rows[i].name), hex);
		assert_string_equal(hex, rows[i].want);
	}
	assert_int_equal(digest_bytes("md5"), 0);
	assert_null(digest_new("md5", &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_known_answers),
		cmocka_unit_test(sha256_of_a_file),
		cmocka_unit_test(md5_known_answers),
		cmocka_unit_test(hmac_known_answers),
		cmocka_unit_test(base64url_known_answers),
		cmocka_unit_test(base64_back),
		cmocka_unit_test(digests_by_name),
		cmocka_unit_test(random_bytes_fill_everything),
		cmocka_unit_test(secrets),
		cmocka_unit_test(passwords),
	};

	return cmocka_run_group_tests_name("base/crypto", tests, NULL, NULL);
}
