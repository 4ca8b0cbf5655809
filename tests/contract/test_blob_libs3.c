#include "support/radosgw.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/strv.h"
#include "blob_contract.h"
#include "drivers/blob_libs3.h"
#include "s3_fixture.h"

/* The whole contract on radosgw by Signature Version 2, and what only this driver promises: gaitd's own
 * addresses, certificates that are checked although libs3 would not, time limits. */

enum { LARGE = 9 << 20 };

static struct s3_fixture server;
static char spool[64], *large;

static struct blob_libs3_options options(void)
{
	return (struct blob_libs3_options){ .endpoint = server.endpoint,
		.bucket = server.bucket,
		.prefix = "gaitd/",
		.access_key = server.access,
		.secret_key = server.secret,
		.ca_file = "",
		.spool = spool,
		.base_url = "http://127.0.0.1:9/api/v1",
		.signing_key = "0123456789abcdef",
		.signing_key_bytes = 16,
		.first_delay_ms = 10,
		.stall_s = 20 };
}

static struct blob *opened(const struct blob_libs3_options *o)
{
	struct blob *b = NULL;
	struct err e = { 0 };

	assert_ok(blob_libs3_open(o, &b, &e), &e);
	return b;
}

static struct blob *open_plain(void)
{
	const struct blob_libs3_options o = options();

	return opened(&o);
}

static int contract_open(void *ctx, struct blob **ret, struct err *e)
{
	const struct blob_libs3_options o = options();

	(void)ctx;
	return blob_libs3_open(&o, ret, e);
}

static void begin(void *ctx)
{
	(void)ctx;
	snprintf(spool, sizeof spool, "libs3-spool-XXXXXX");
	assert_non_null(mkdtemp(spool));
	s3_fixture_bucket(&server);
}

static unsigned spooled(void)
{
	CLEANUP(closedir_p) DIR *d = opendir(spool);
	const struct dirent *entry;
	unsigned n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)))
		n += entry->d_name[0] != '.';
	return n;
}

static void end(void *ctx)
{
	(void)ctx;
	s3_fixture_bucket_end(&server);
	assert_int_equal(fsx_remove_tree(spool, NULL), 0);
}

static int setup(void **state)
{
	begin(NULL);
	*state = open_plain();
	return 0;
}

static int teardown(void **state)
{
	struct blob *b = *state;

	b->ops->close(b);
	end(NULL);
	return 0;
}

/* What a compute node sends to gaitd's own address. */
static void receives_through_gaitd(void **state)
{
	struct blob *b = *state;
	const struct blob_relay_ops *r = b->ops->relay;
	struct blob_writer *w = NULL, *second = NULL;
	struct blob_stat got, want = blob_stat_of(large, LARGE);
	struct err e = { 0 };

	assert_ok(r->writer_open(b, "jobs/1/1/overlay.mp4", LARGE, &w, &e), &e);
	for (size_t at = 0; at < LARGE; at += 1 << 20)
		assert_ok(r->writer_add(w, large + at, 1 << 20, &e), &e);
	blob_assert_absent(b, "jobs/1/1/overlay.mp4");
	assert_int_equal(spooled(), 1);
	assert_int_equal(r->sweep(b, &e), 0);
	assert_int_equal(spooled(), 1); /* it is in use */
	assert_ok(r->writer_commit(w, &got, &e), &e);
	assert_memory_equal(&got, &want, sizeof got);
	assert_int_equal(r->writer_add(w, "x", 1, &e), -1);
	r->writer_close(w);
	assert_int_equal(spooled(), 0);
	blob_assert_holds(b, "jobs/1/1/overlay.mp4", large, LARGE);
	/* The same again succeeds, other content does not, too much is refused at once. */
	assert_ok(r->writer_open(b, "jobs/1/1/overlay.mp4", LARGE, &w, &e), &e);
	assert_ok(r->writer_open(b, "jobs/1/1/overlay.mp4", 10, &second, &e), &e);
	assert_ok(r->writer_add(w, large, LARGE, &e), &e);
	assert_ok(r->writer_add(second, "other", 5, &e), &e);
	assert_ok(r->writer_commit(w, NULL, &e), &e);
	assert_fails(r->writer_commit(second, NULL, &e), &e, ERR_CONFLICT);
	r->writer_close(w);
	r->writer_close(second);
	assert_ok(r->writer_open(b, "jobs/1/1/x", 10, &w, &e), &e);
	assert_fails(r->writer_add(w, large, 11, &e), &e, ERR_TOO_LARGE);
	r->writer_close(w);
	r->writer_close(NULL);
	blob_assert_absent(b, "jobs/1/1/x");
	assert_fails(r->writer_open(b, "../x", 10, &w, &e), &e, ERR_INVALID);
	assert_int_equal(spooled(), 0);
}

static void leftovers_of_a_crash_are_swept(void **state)
{
	struct blob *b = *state;
	char path[128];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/0123", spool);
	assert_ok(fsx_replace(path, "half", 4, 0600, &e), &e);
	assert_int_equal(spooled(), 1);
	assert_ok(b->ops->relay->sweep(b, &e), &e);
	assert_int_equal(spooled(), 0);
}

static void addresses_are_gaitds_own(void **state)
{
	struct blob *b = *state;
	char url[BLOB_URL_BYTES], expires[32], max[32], signature[64];
	struct err e = { 0 };
	int64_t most = 0;

	assert_ok(b->ops->url_put(b, "jobs/1/1/x", 2000, 77, url, &e), &e);
	assert_int_equal(sscanf(url,
				 "http://127.0.0.1:9/api/v1/blobs/jobs/1/1/"
				 "x?expires=%31[0-9]&max=%31[0-9]&signature=%63s",
				 expires, max, signature),
		3);
	const struct blob_relay_ops *r = b->ops->relay;
	assert_ok(r->verify_url(b, "PUT", "jobs/1/1/x", expires, max, signature, 1999, &most, &e), &e);
	assert_int_equal(most, 77);
	assert_fails(r->verify_url(b, "PUT", "jobs/1/1/x", expires, max, signature, 2000, &most, &e), &e,
		ERR_FORBIDDEN);
	assert_fails(r->verify_url(b, "GET", "jobs/1/1/x", expires, max, signature, 1999, &most, &e), &e,
		ERR_FORBIDDEN);
	assert_fails(r->verify_url(b, "PUT", "jobs/1/1/y", expires, max, signature, 1999, &most, &e), &e,
		ERR_FORBIDDEN);
}

/* A site that moves to Signature Version 4 keeps its objects, and the other way round. */
static void objects_are_those_of_blob_s3(void **state)
{
	struct blob *b = *state, *s3 = NULL;
	const struct blob_s3_options o = s3_fixture_options(&server);
	struct err e = { 0 };

	assert_ok(blob_s3_open(&o, &s3, &e), &e);
	assert_ok(b->ops->put_bytes(b, "jobs/1/a", large, 100000, &e), &e);
	assert_ok(s3->ops->put_bytes(s3, "jobs/1/b", large, 200000, &e), &e);
	blob_assert_holds(s3, "jobs/1/a", large, 100000);
	blob_assert_holds(b, "jobs/1/b", large, 200000);
	s3->ops->close(s3);
	/* One without a sum is read to be hashed. */
	assert_int_equal(s3_fixture_ask(&server, "PUT", "gaitd/jobs/1/c", "", large, LARGE, NULL), 200);
	blob_assert_holds(b, "jobs/1/c", large, LARGE);
}

static void certificates_are_checked(void **state)
{
	struct blob_libs3_options o = options();
	struct err e = { 0 };

	(void)state;
	o.endpoint = server.endpoint_tls;
	o.tries = 1;
	struct blob *b = opened(&o);
	assert_fails(b->ops->probe(b, NULL, &e), &e, ERR_UNAVAILABLE); /* may pass: no job ends for it */
	assert_has(e.msg, "blob.s3_ca_file");
	b->ops->close(b);
	o.ca_file = server.ca_file;
	b = opened(&o);
	assert_ok(b->ops->probe(b, NULL, &e), &e);
	assert_ok(b->ops->put_bytes(b, "tls", large, LARGE, &e), &e);
	blob_assert_holds(b, "tls", large, LARGE);
	b->ops->close(b);
}

static void refusals_name_the_setting(void **state)
{
	struct blob_libs3_options cases[5];
	static const char *const says[] = { "blob.s3_access_key", "blob.s3_secret_key_file", "blob.s3_bucket",
		"blob.s3_access_key", "blob.s3_endpoint" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cases[i] = options();
		cases[i].tries = 1;
	}
	cases[0].access_key = "nobody";
	cases[1].secret_key = "not the secret at all";
	cases[2].bucket = "there-is-no-such-bucket";
	cases[3].access_key = server.other_access;
	cases[3].secret_key = server.other_secret;
	cases[4].endpoint = "http://127.0.0.1:1";
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct blob *b = opened(&cases[i]);
		struct err e = { 0 };
		assert_int_equal(b->ops->probe(b, NULL, &e), -1);
		assert_has(e.msg, says[i]);
		assert_null(strstr(e.msg, cases[i].secret_key));
		e = (struct err){ 0 };
		assert_int_equal(b->ops->put_bytes(b, "k", "x", 1, &e), -1);
		b->ops->close(b);
	}
}

static void bad_options(void **state)
{
	struct blob_libs3_options cases[7];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		cases[i] = options();
	cases[0].endpoint = "127.0.0.1";
	cases[1].endpoint = "http://u@host/";
	cases[2].bucket = "UPPER";
	cases[3].secret_key = "";
	cases[4].prefix = "no-slash";
	cases[5].signing_key_bytes = 3;
	cases[6].endpoint = "";
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct blob *b = NULL;
		struct err e = { 0 };
		assert_fails(blob_libs3_open(&cases[i], &b, &e), &e, ERR_CONFIG);
		assert_null(b);
	}
}

/* A server that takes the connection and says nothing. */
static void silence_ends(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	struct blob_libs3_options o = options();
	char endpoint[64];
	struct blob_stat st;
	struct err e = { 0 };
	CLEANUP(close_p) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%d", ntohs(at.sin_port));
	o.endpoint = endpoint;
	o.stall_s = 1;
	o.tries = 2;
	struct blob *b = opened(&o);
	assert_fails(b->ops->stat(b, "k", &st, &e), &e, ERR_TIMEOUT);
	b->ops->close(b);
}

static int polls;

static int cancel_while_sending(void *arg)
{
	(void)arg;
	return ++polls > LARGE / (1 << 18) + 2 ? -1
					       : 0; /* the reading for the sums asks before each 256 KB */
}

static void a_sending_can_be_cancelled(void **state)
{
	struct blob *b = *state;
	const struct blob_stat want = blob_stat_of(large, LARGE);
	char path[512];
	struct err e = { 0 };

	polls = 0;
	blob_local_file(spool, "video", large, LARGE, path);
	assert_fails(b->ops->put_file(b, "k", path, &want, cancel_while_sending, NULL, &e), &e, ERR_CONFLICT);
	assert_has(e.msg, "cancelled");
	blob_assert_absent(b, "k");
	assert_ok(b->ops->put_file(b, "k", path, &want, NULL, NULL, &e), &e);
	blob_assert_holds(b, "k", large, LARGE);
}

static void *use(void *arg)
{
	static _Atomic int next;
	struct blob *b = arg;
	int mine = next++;
	struct err e = { 0 };

	for (int i = 0; i < 20; i++) {
		char key[32];
		struct buf back BUF_CLEANUP;
		buf_init(&back, 1 << 20);
		snprintf(key, sizeof key, "t/%d/%d", mine, i);
		if (b->ops->put_bytes(b, key, large + i, 30000 + (size_t)mine, &e) < 0 ||
			blob_read_all(b, key, &back, &e) != 0 || back.len != 30000 + (size_t)mine ||
			memcmp(back.data, large + i, back.len) != 0)
			return arg;
	}
	return NULL;
}

static void many_threads(void **state)
{
	pthread_t threads[8];

	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, *state), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(s3_fixture_objects(&server), 160);
}

/* libs3 knows fd_sets only, which end at 1024; a gaitd with many connections is beyond that. */
static void beyond_a_thousand_descriptors(void **state)
{
	enum { MANY = 1100 };
	static int held[MANY];
	struct blob *b = open_plain();
	struct err e = { 0 };

	(void)state;
	fsx_raise_nofile();
	for (int i = 0; i < MANY; i++) {
		held[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(held[i] >= 0);
	}
	assert_true(held[MANY - 1] >= 1024);
	assert_ok(b->ops->put_bytes(b, "far", large, LARGE, &e), &e);
	blob_assert_holds(b, "far", large, LARGE);
	b->ops->close(b);
	for (int i = 0; i < MANY; i++)
		close(held[i]);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const char *const put_faults[] = { "file:blob_libs3.hashed", "file:blob_libs3.put",
		"bytes:blob_libs3.put", NULL };
	static const char *const remove_faults[] = { "blob_libs3.removed", NULL };
	const struct blob_factory libs3 = { "blob_libs3", contract_open, begin, end, NULL, put_faults,
		remove_faults };
	const struct CMUnitTest tests[] = { TEST(receives_through_gaitd),
		TEST(leftovers_of_a_crash_are_swept), TEST(addresses_are_gaitds_own),
		TEST(objects_are_those_of_blob_s3), TEST(certificates_are_checked),
		TEST(refusals_name_the_setting), TEST(bad_options), TEST(silence_ends),
		TEST(a_sending_can_be_cancelled), TEST(many_threads), TEST(beyond_a_thousand_descriptors) };

	s3_fixture_open(&server);
	large = malloc(LARGE);
	assert_non_null(large);
	for (size_t i = 0; i < LARGE; i++)
		large[i] = (char)(i * 2654435761u >> 11);
	int failed = blob_contract_run(&libs3);
	failed += cmocka_run_group_tests_name("blob_libs3 alone", tests, NULL, NULL);
	free(large);
	return failed;
}
