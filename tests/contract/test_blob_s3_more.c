#include "support/radosgw.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/strv.h"
#include "blob_contract.h"
#include "drivers/s3_call.h"
#include "s3_fixture.h"

/* What the contract does not ask for, on radosgw: parts, presigned addresses, refusals, both styles, TLS,
 * encryption, the probe's steps. */

enum { PART = 5 << 20, LARGE = 3 * PART + 12345 };

static struct s3_fixture server;
static char *large, dir[TEST_DIR_BYTES], path[512];

static struct blob *open_with(const struct blob_s3_options *o)
{
	struct err e = { 0 };
	struct blob *b = NULL;

	assert_ok(blob_s3_open(o, &b, &e), &e);
	return b;
}

static struct blob *open_plain(void)
{
	const struct blob_s3_options o = s3_fixture_options(&server);

	return open_with(&o);
}

static struct blob *open_in_parts(void)
{
	struct blob_s3_options o = s3_fixture_options(&server);

	o.multipart_above = PART;
	o.part_bytes = PART;
	o.parts_at_once = 3;
	return open_with(&o);
}

static void sends_parts_in_parallel(void **state)
{
	struct blob *b = open_in_parts();
	const struct blob_stat want = blob_stat_of(large, LARGE);
	BUF_CLEANUP struct buf head;
	struct err e = { 0 };

	(void)state;
	assert_ok(b->ops->put_file(b, "jobs/1/video", path, &want, NULL, NULL, &e), &e);
	blob_assert_holds(b, "jobs/1/video", large, LARGE);
	assert_int_equal(s3_fixture_uploads(&server), 0);
	/* Across the boundaries of parts and of the reader's own ranges. */
	for (int64_t at = PART - 7; at < LARGE; at += PART) {
		CLEANUP(blob_reader_close_p) struct blob_reader *r = NULL;
		char out[64];
		assert_ok(b->ops->open(b, "jobs/1/video", at, 20, &r, &e), &e);
		assert_int_equal(r->read(r, out, sizeof out, &e), 20);
		assert_memory_equal(out, large + at, 20);
		assert_int_equal(r->read(r, out, sizeof out, &e), 0);
	}
	/* Its key was made in parts: Ceph's ETag says so. */
	buf_init(&head, 1 << 20);
	assert_int_equal(s3_fixture_ask(&server, "GET", "", "list-type=2", NULL, 0, &head), 200);
	assert_has(buf_str(&head), "-4&quot;</ETag>");
	b->ops->close(b);
}

struct stopper {
	int asked, at;
};

static int stop_at(void *arg)
{
	struct stopper *s = arg;

	return ++s->asked >= s->at ? -1 : 0;
}

/* Cancelled at many moments, hashing and sending: nothing is stored and no part is left. */
static void leaves_no_parts_behind(void **state)
{
	struct blob *b = open_in_parts();
	const struct blob_stat want = blob_stat_of(large, LARGE);
	struct blob_stat st;
	struct err e = { 0 };
	int cancelled = 0;

	(void)state;
	for (int at = 40; at < 400; at = at * 5 / 4) {
		struct stopper s = { 0, at };
		int r = b->ops->put_file(b, "jobs/1/video", path, &want, stop_at, &s, &e);
		assert_int_equal(s3_fixture_uploads(&server), 0);
		if (r == 0) /* it was done before */
			break;
		assert_int_equal(e.kind, ERR_CONFLICT);
		assert_int_equal(b->ops->stat(b, "jobs/1/video", &st, NULL), BLOB_NONE);
		cancelled++;
	}
	assert_true(cancelled >= 2);
	b->ops->close(b);
}

static int cut_file(void *arg)
{
	struct stopper *s = arg;

	if (++s->asked == s->at)
		assert_int_equal(truncate(path, PART), 0);
	return 0;
}

/* A file that changes under the upload is noticed, by its own end or by the store. */
static void notices_a_changing_file(void **state)
{
	struct blob_s3_options o = s3_fixture_options(&server);
	o.multipart_above = PART;
	o.part_bytes = PART;
	o.tries = 2;
	struct blob *b = open_with(&o);
	const struct blob_stat want = blob_stat_of(large, LARGE);
	struct stopper s = { 0, LARGE / (1 << 18) + 8 }; /* in the midst of it */
	struct blob_stat st;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(b->ops->put_file(b, "jobs/1/video", path, &want, cut_file, &s, &e), -1);
	assert_true(e.kind == ERR_IO || e.kind == ERR_UNAVAILABLE || e.kind == ERR_CORRUPT);
	assert_int_equal(b->ops->stat(b, "jobs/1/video", &st, NULL), BLOB_NONE);
	assert_int_equal(s3_fixture_uploads(&server), 0);
	blob_local_file(dir, "video", large, LARGE, path);
	b->ops->close(b);
}

/* An upload that a killed process left: the next put of the key ends it, as does the removal of its prefix;
 * those of other keys are let alone. */
static void ends_uploads_of_the_dead(void **state)
{
	struct blob *b = open_in_parts();
	const struct blob_stat want = blob_stat_of(large, LARGE);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(s3_fixture_ask(&server, "POST", "gaitd/jobs/1/video", "uploads", "", 0, NULL), 200);
	assert_int_equal(s3_fixture_ask(&server, "POST", "gaitd/jobs/1/video", "uploads", "", 0, NULL), 200);
	assert_int_equal(s3_fixture_ask(&server, "POST", "gaitd/jobs/1/video2", "uploads", "", 0, NULL), 200);
	assert_int_equal(s3_fixture_ask(&server, "POST", "gaitd/jobs/10/video", "uploads", "", 0, NULL), 200);
	assert_int_equal(s3_fixture_uploads(&server), 4);
	assert_ok(b->ops->put_file(b, "jobs/1/video", path, &want, NULL, NULL, &e), &e);
	assert_int_equal(s3_fixture_uploads(&server), 2);
	assert_ok(b->ops->remove_prefix(b, "jobs/1/", &e), &e);
	assert_int_equal(s3_fixture_uploads(&server), 1);
	assert_int_equal(s3_fixture_objects(&server), 0);
	b->ops->close(b);
}

/* Whatever lies below the prefix goes, also what this driver would not have named so. Listings come encoded.
 */
static void removes_odd_keys(void **state)
{
	static const char *const keys[] = { "gaitd/jobs/1/a b", "gaitd/jobs/1/a+b%2F",
		"gaitd/jobs/1/\xc3\xa4&<>\"", "gaitd/jobs/1/x/y/z", "gaitd/jobs/1//" };
	struct blob *b = open_plain();
	BUF_CLEANUP struct buf out;
	struct err e = { 0 };

	(void)state;
	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		assert_int_equal(s3_fixture_ask(&server, "PUT", keys[i], "", "x", 1, NULL), 200);
	assert_int_equal(s3_fixture_ask(&server, "PUT", "gaitd/jobs/10", "", "x", 1, NULL), 200);
	assert_int_equal(
		s3_fixture_ask(&server, "GET", "", "list-type=2&encoding-type=url", NULL, 0, &out), 200);
	assert_has(buf_str(&out), "<Key>gaitd%2Fjobs%2F1%2Fa");
	assert_ok(b->ops->remove_prefix(b, "jobs/1/", &e), &e);
	assert_int_equal(s3_fixture_objects(&server), 1);
	b->ops->close(b);
}

static void presigned_addresses_work(void **state)
{
	struct blob *b = open_plain();
	const int64_t until_s = clock_wall_ms() / 1000 + 600;
	char put[BLOB_URL_BYTES], get[BLOB_URL_BYTES], other[BLOB_URL_BYTES];
	BUF_CLEANUP struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	assert_int_equal(b->ops->url_put(b, "jobs/1/out", until_s, 100, put, NULL), 0);
	assert_int_equal(b->ops->url_get(b, "jobs/1/out", until_s, get, NULL), 0);
	assert_int_equal(s3_fixture_url("GET", get, NULL, NULL, 0, NULL, NULL), 404);
	assert_int_equal(s3_fixture_url("PUT", put, NULL, "result", 6, NULL, NULL), 200);
	assert_int_equal(s3_fixture_url("GET", get, NULL, NULL, 0, NULL, &out), 200);
	assert_string_equal(buf_str(&out), "result");
	/* It has no sum in its metadata: it is read and hashed. */
	blob_assert_holds(b, "jobs/1/out", "result", 6);
	buf_reset(&out);
	assert_int_equal(s3_fixture_url("GET", get, "Range: bytes=1-3", NULL, 0, NULL, &out), 206);
	assert_string_equal(buf_str(&out), "esu");
	/* One method, one key. */
	assert_int_equal(s3_fixture_url("GET", put, NULL, NULL, 0, NULL, NULL), 403);
	assert_int_equal(s3_fixture_url("PUT", get, NULL, "x", 1, NULL, NULL), 403);
	assert_int_equal(s3_fixture_url("DELETE", put, NULL, NULL, 0, NULL, NULL), 403);
	snprintf(other, sizeof other, "%s", get);
	memcpy(strstr(other, "/out?"), "/xut?", 5);
	assert_int_equal(s3_fixture_url("GET", other, NULL, NULL, 0, NULL, NULL), 403);
	snprintf(other, sizeof other, "%s", get);
	other[strlen(other) - 1] = other[strlen(other) - 1] == '0' ? '1' : '0';
	assert_int_equal(s3_fixture_url("GET", other, NULL, NULL, 0, NULL, NULL), 403);
	b->ops->close(b);
}

static void presigned_addresses_expire(void **state)
{
	struct blob *b = open_plain();
	char get[BLOB_URL_BYTES];
	const int64_t now_ms = clock_wall_ms();

	(void)state;
	assert_int_equal(b->ops->put_bytes(b, "k", "x", 1, NULL), 0);
	/* Made an hour and a minute ago, for an hour. */
	clock_test_set(now_ms - 3660000, clock_mono_ms());
	assert_int_equal(b->ops->url_get(b, "k", now_ms / 1000 - 60, get, NULL), 0);
	clock_test_release();
	assert_int_equal(s3_fixture_url("GET", get, NULL, NULL, 0, NULL, NULL), 403);
	clock_test_set(now_ms - 3660000, clock_mono_ms());
	assert_int_equal(b->ops->url_get(b, "k", now_ms / 1000 + 600, get, NULL), 0);
	clock_test_release();
	assert_int_equal(s3_fixture_url("GET", get, NULL, NULL, 0, NULL, NULL), 200);
	b->ops->close(b);
}

/* The store compares body and signature: a body that was changed on the way is refused. */
static void tampered_bodies_are_refused(void **state)
{
	struct blob_s3_options o = s3_fixture_options(&server);
	struct s3_site site = {
		.region = "us-east-1", .connect_s = 5, .stall_s = 5, .tries = 2, .first_delay_ms = 1
	};
	struct s3_call c;
	struct err e = { 0 };

	(void)state;
	(void)str_copy(site.bucket, sizeof site.bucket, server.bucket);
	(void)str_copy(site.access, sizeof site.access, o.access_key);
	(void)str_copy(site.secret, sizeof site.secret, o.secret_key);
	assert_ok(s3_endpoint_parse(server.endpoint, &site.inner, &e), &e);
	assert_ok(s3_site_open(&site, &e), &e);
	s3_call_init(&c, "PUT", "tampered", 65536);
	assert_ok(s3_call_body(&c, "video", 5, &e), &e);
	c.body = "Video";
	assert_fails(s3_call(&site, &c, &e), &e, ERR_UNAVAILABLE);
	assert_has(e.msg, "XAmzContentSHA256Mismatch");
	s3_call_deinit(&c);
	assert_int_equal(s3_fixture_objects(&server), 0);
	s3_site_close(&site);
}

/* Every refusal names the setting; none tells a secret. */
static void refusals_name_the_cause(void **state)
{
	const struct blob_s3_options plain = s3_fixture_options(&server);
	struct {
		struct blob_s3_options o;
		const char *words;
	} cases[] = { { plain, "blob.s3_secret_key_file" }, { plain, "blob.s3_access_key" },
		{ plain, "policy" }, { plain, "there is no bucket" } };

	(void)state;
	cases[0].o.secret_key = "wrong-secret-wrong-secret-wrong-secret";
	cases[1].o.access_key = "nobodysaccesskey";
	cases[2].o.access_key = server.other_access;
	cases[2].o.secret_key = server.other_secret;
	cases[3].o.bucket = "gaitd-no-such-bucket";
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct blob *b = open_with(&cases[i].o);
		struct blob_stat st;
		struct blob_reader *r = NULL;
		struct err e[4] = { 0 };
		assert_int_equal(b->ops->put_bytes(b, "k", "x", 1, &e[0]), -1);
		assert_int_equal(b->ops->stat(b, "k", &st, &e[1]), -1);
		assert_int_equal(b->ops->open(b, "k", 0, -1, &r, &e[2]), -1);
		assert_int_equal(b->ops->remove_prefix(b, "jobs/1/", &e[3]), -1);
		for (size_t k = 0; k < ARRAY_LEN(e); k++) {
			assert_int_equal(e[k].kind, ERR_UNAVAILABLE);
			assert_has(e[k].msg, cases[i].words);
			assert_null(strstr(e[k].msg, cases[i].o.secret_key));
			assert_null(strstr(e[k].msg, "Signature="));
		}
		b->ops->close(b);
	}
}

static void a_wrong_clock_is_named(void **state)
{
	struct blob *b = open_plain();
	struct err e = { 0 };

	(void)state;
	clock_test_set(clock_wall_ms() + 1200000, clock_mono_ms());
	int r = b->ops->put_bytes(b, "k", "x", 1, &e);
	clock_test_release();
	assert_int_equal(r, -1);
	assert_has(e.msg, "RequestTimeTooSkewed: this machine's clock is 1");
	assert_has(e.msg, "s ahead of the store's");
	b->ops->close(b);
}

static void both_styles_and_tls(void **state)
{
	char by_name[128], tls_by_name[128];
	struct blob_s3_options o = s3_fixture_options(&server);
	struct err e = { 0 };

	(void)state;
	snprintf(by_name, sizeof by_name, "http://s3.localhost%s", strrchr(server.endpoint, ':'));
	snprintf(
		tls_by_name, sizeof tls_by_name, "https://s3.localhost%s", strrchr(server.endpoint_tls, ':'));
	const struct {
		const char *endpoint;
		bool is_virtual;
	} cases[] = { { by_name, true }, { by_name, false }, { server.endpoint_tls, false },
		{ tls_by_name, true } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char key[16], url[BLOB_URL_BYTES];
		o.endpoint = cases[i].endpoint;
		o.is_virtual = cases[i].is_virtual;
		o.ca_file = server.ca_file;
		struct blob *b = open_with(&o);
		snprintf(key, sizeof key, "k%zu", i);
		assert_ok(b->ops->put_bytes(b, key, "video", 5, &e), &e);
		blob_assert_holds(b, key, "video", 5);
		assert_ok(b->ops->url_get(b, key, clock_wall_ms() / 1000 + 60, url, &e), &e);
		assert_int_equal(s3_fixture_url("GET", url, NULL, NULL, 0, server.ca_file, NULL), 200);
		b->ops->close(b);
	}
	/* Without the authority's certificate nothing is sent. */
	o.endpoint = server.endpoint_tls;
	o.is_virtual = false;
	o.ca_file = "";
	struct blob *b = open_with(&o);
	assert_fails(b->ops->put_bytes(b, "k", "x", 1, &e), &e, ERR_UNAVAILABLE);
	assert_has(e.msg, "blob.s3_ca_file");
	b->ops->close(b);
}

static void asks_for_encryption(void **state)
{
	struct blob_s3_options o = s3_fixture_options(&server);
	BUF_CLEANUP struct buf out;
	char url[BLOB_URL_BYTES];
	struct err e = { 0 };

	(void)state;
	buf_init(&out, 1 << 20);
	o.encryption = "aws:kms";
	o.kms_key = "testkey-1";
	struct blob *b = open_with(&o);
	assert_ok(b->ops->put_bytes(b, "k", "video", 5, &e), &e);
	blob_assert_holds(b, "k", "video", 5);
	assert_ok(b->ops->url_get(b, "k", clock_wall_ms() / 1000 + 60, url, &e), &e);
	assert_int_equal(s3_fixture_url("GET", url, NULL, NULL, 0, NULL, &out), 200);
	assert_string_equal(buf_str(&out), "video");
	b->ops->close(b);
	o.kms_key = "nosuchkey";
	b = open_with(&o);
	assert_fails(b->ops->put_bytes(b, "l", "video", 5, &e), &e, ERR_UNAVAILABLE);
	assert_has(e.msg, "nosuchkey");
	b->ops->close(b);
}

struct steps {
	char text[2000];
};

static void note_step(void *arg, const char *what, enum probe_outcome outcome, const char *text)
{
	static const char *const words[] = {
		[PROBE_OK] = "ok", [PROBE_FAILED] = "FAILED", [PROBE_SKIPPED] = "skipped"
	};
	struct steps *s = arg;
	size_t n = strlen(s->text);

	assert_non_null(text);
	snprintf(s->text + n, sizeof s->text - n, "%s %s; ", what, words[outcome]);
}

static void probe_names_the_first_failure(void **state)
{
	char closed[64], plain_tls[128];
	const struct blob_s3_options plain = s3_fixture_options(&server);
	struct hole {
		struct blob_s3_options o;
		const char *steps, *words;
	} cases[] = {
		{ plain,
			"DNS ok; TCP ok; credentials ok; bucket ok; write, read, delete ok; presigned URL "
			"ok; ",
			"" },
		{ plain,
			"DNS ok; TCP ok; TLS ok; credentials ok; bucket ok; write, read, delete ok; "
			"presigned URL ok; ",
			"" },
		{ plain, "DNS FAILED; ", "blob.s3_endpoint" },
		{ plain, "DNS ok; TCP FAILED; ", "is the store up" },
		{ plain, "DNS ok; TCP ok; TLS FAILED; ", "blob.s3_ca_file" },
		{ plain, "DNS ok; TCP ok; TLS FAILED; ", "does that port speak it" },
		{ plain, "DNS ok; TCP ok; credentials FAILED; ", "blob.s3_access_key" },
		{ plain, "DNS ok; TCP ok; credentials FAILED; ", "blob.s3_secret_key_file" },
		{ plain, "DNS ok; TCP ok; credentials ok; bucket FAILED; ", "there is no bucket" },
		{ plain, "DNS ok; TCP ok; credentials ok; bucket FAILED; ", "policy" },
		{ plain, "DNS ok; TCP ok; credentials ok; bucket ok; write, read, delete FAILED; ",
			"nosuchkey" },
		{ plain,
			"DNS ok; TCP ok; credentials ok; bucket ok; write, read, delete ok; presigned URL "
			"FAILED; ",
			"blob.s3_public_endpoint" },
	};

	(void)state;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof at;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0); /* bound, and nobody listens */
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	snprintf(closed, sizeof closed, "http://127.0.0.1:%d", ntohs(at.sin_port));
	snprintf(plain_tls, sizeof plain_tls, "https://127.0.0.1%s", strrchr(server.endpoint, ':'));
	cases[1].o.endpoint = server.endpoint_tls;
	cases[1].o.ca_file = server.ca_file;
	cases[2].o.endpoint = "http://no-such-host.invalid";
	cases[3].o.endpoint = closed;
	cases[4].o.endpoint = server.endpoint_tls;
	cases[5].o.endpoint = plain_tls;
	cases[6].o.access_key = "nobodysaccesskey";
	cases[7].o.secret_key = "wrong";
	cases[8].o.bucket = "gaitd-no-such-bucket";
	cases[9].o.access_key = server.other_access;
	cases[9].o.secret_key = server.other_secret;
	cases[10].o.encryption = "aws:kms";
	cases[10].o.kms_key = "nosuchkey";
	cases[11].o.public_endpoint = closed;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct steps seen = { "" };
		const struct probe p = { .thorough = true, .step = note_step, .arg = &seen };
		struct blob *b = open_with(&cases[i].o);
		struct err e = { 0 };
		int r = b->ops->probe(b, &p, &e);
		assert_string_equal(seen.text, cases[i].steps);
		assert_int_equal(r, *cases[i].words ? -1 : 0);
		if (*cases[i].words)
			assert_has(e.msg, cases[i].words);
		b->ops->close(b);
	}
	close(fd);
	assert_int_equal(s3_fixture_objects(&server), 0);
}

static int begin(void **state)
{
	(void)state;
	s3_fixture_bucket(&server);
	return 0;
}

static int end(void **state)
{
	(void)state;
	s3_fixture_bucket_end(&server);
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(sends_parts_in_parallel), TEST(leaves_no_parts_behind),
		TEST(notices_a_changing_file), TEST(ends_uploads_of_the_dead), TEST(removes_odd_keys),
		TEST(presigned_addresses_work), TEST(presigned_addresses_expire),
		TEST(tampered_bodies_are_refused), TEST(refusals_name_the_cause),
		TEST(a_wrong_clock_is_named), TEST(both_styles_and_tls), TEST(asks_for_encryption),
		TEST(probe_names_the_first_failure) };

	s3_fixture_open(&server);
	test_dir(dir);
	large = malloc(LARGE);
	assert_non_null(large);
	for (size_t i = 0; i < LARGE; i++)
		large[i] = (char)(i * 2654435761u >> 13);
	blob_local_file(dir, "video", large, LARGE, path);
	int failed = cmocka_run_group_tests_name("blob_s3 alone", tests, NULL, NULL);
	free(large);
	test_dir_remove(dir);
	return failed;
}
