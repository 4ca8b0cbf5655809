#include "blob_contract.h"

#include "support/testing.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/fsx.h"
#include "base/strv.h"

enum { BIG = 700001 }; /* several read buffers and not a multiple of any */

static const struct blob_factory *factory;
static char scratch[64], big[BIG], other[BIG];

struct blob_stat blob_stat_of(const void *data, size_t len)
{
	struct blob_stat s = { .bytes = (int64_t)len };

	assert_int_equal(sha256_of(data, len, s.sha256, NULL), 0);
	return s;
}

static struct blob *open_store(void)
{
	struct err e = { 0 };
	struct blob *b = NULL;

	if (factory->open(factory->ctx, &b, &e) < 0)
		fail_msg("open: %s", e.msg);
	return b;
}

static void close_store(struct blob **b)
{
	if (*b)
		(*b)->ops->close(*b);
}

void blob_assert_holds(struct blob *b, const char *key, const void *data, size_t len)
{
	struct err e = { 0 };
	struct blob_stat want = blob_stat_of(data, len), have;
	BUF_CLEANUP struct buf all;

	buf_init(&all, len + 1);
	if (b->ops->stat(b, key, &have, &e) != 0)
		fail_msg("stat %s: %s", key, e.msg);
	assert_int_equal(have.bytes, want.bytes);
	assert_memory_equal(have.sha256, want.sha256, SHA256_BYTES);
	assert_int_equal(blob_read_all(b, key, &all, &e), 0);
	assert_int_equal(all.len, len);
	assert_memory_equal(buf_str(&all), data, len);
}

void blob_assert_absent(struct blob *b, const char *key)
{
	struct blob_stat st;
	struct blob_reader *r = NULL;

	assert_int_equal(b->ops->stat(b, key, &st, NULL), BLOB_NONE);
	assert_int_equal(b->ops->open(b, key, 0, -1, &r, NULL), BLOB_NONE);
	assert_null(r);
}

void blob_local_file(const char *dir, const char *name, const void *data, size_t len, char ret[512])
{
	struct err e = { 0 };

	assert_int_equal(fsx_join(ret, 512, dir, name, &e), 0);
	if (fsx_replace(ret, data, len, 0600, &e) < 0)
		fail_msg("%s", e.msg);
}

static int put_file(struct blob *b, const char *key, const char *data, size_t len, struct err *e)
{
	char path[512];
	struct blob_stat want = blob_stat_of(data, len);

	blob_local_file(scratch, "upload", data, len, path);
	int rc = b->ops->put_file(b, key, path, &want, NULL, NULL, e);
	unlink(path);
	return rc;
}

static void puts_and_reads(void **state)
{
	static const size_t sizes[] = { 0, 1, 65536, BIG };
	CLEANUP(close_store) struct blob *b = open_store();
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char key[64];
		snprintf(key, sizeof key, "jobs/%zu/front.mp4", i);
		blob_assert_absent(b, key);
		assert_int_equal(put_file(b, key, big, sizes[i], &e), 0);
		blob_assert_holds(b, key, big, sizes[i]);
		snprintf(key, sizeof key, "jobs/%zu/bytes", i);
		assert_int_equal(b->ops->put_bytes(b, key, big, sizes[i], &e), 0);
		blob_assert_holds(b, key, big, sizes[i]);
	}
	/* A prefix is not a blob. */
	blob_assert_absent(b, "jobs/1");
	blob_assert_absent(b, "jobs/1/front.mp4/below");
}

static void survives_reopening(void **state)
{
	struct blob *b = open_store();

	(void)state;
	assert_int_equal(put_file(b, "a/b", big, BIG, NULL), 0);
	close_store(&b);
	b = open_store();
	blob_assert_holds(b, "a/b", big, BIG);
	close_store(&b);
}

static void reads_parts(void **state)
{
	static const struct {
		int64_t offset, len, want;
	} cases[] = { { 0, -1, BIG }, { 0, 0, 0 }, { 5, 10, 10 }, { BIG - 3, 10, 3 }, { BIG, -1, 0 },
		{ 300000, -1, BIG - 300000 }, { BIG - 1, 1, 1 } };
	CLEANUP(close_store) struct blob *b = open_store();
	struct blob_reader *bad = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(b->ops->put_bytes(b, "k", big, BIG, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(blob_reader_close_p) struct blob_reader *r = NULL;
		CLEANUP(free_p) char *got = malloc(BIG);
		int64_t have = 0;
		ssize_t n;
		assert_int_equal(b->ops->open(b, "k", cases[i].offset, cases[i].len, &r, NULL), 0);
		if (r->fd >= 0)
			assert_int_equal(r->left, cases[i].want);
		while ((n = r->read(r, got + have, 9973 < BIG - have ? 9973 : (size_t)(BIG - have), NULL)) >
			0)
			have += n;
		assert_int_equal(n, 0);
		assert_int_equal(have, cases[i].want);
		assert_memory_equal(got, big + cases[i].offset, (size_t)have);
	}
	assert_int_equal(b->ops->open(b, "k", BIG + 1, -1, &bad, &e), -1);
	assert_int_equal(e.kind, ERR_RANGE);
}

static void refuses_what_is_not_wanted(void **state)
{
	CLEANUP(close_store) struct blob *b = open_store();
	struct blob_stat want = blob_stat_of(big, BIG), longer = want;
	char path[512];
	struct err e = { 0 };

	(void)state;
	longer.bytes++;
	blob_local_file(scratch, "other", other, BIG, path);
	assert_int_equal(b->ops->put_file(b, "k", path, &want, NULL, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_CORRUPT);
	blob_assert_absent(b, "k");
	assert_int_equal(b->ops->put_file(b, "k", path, &longer, NULL, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_CORRUPT);
	blob_assert_absent(b, "k");
	/* The refused file is the caller's as before, and may be put as what it is. */
	want = blob_stat_of(other, BIG);
	assert_int_equal(b->ops->put_file(b, "k", path, &want, NULL, NULL, &e), 0);
	unlink(path);
	blob_assert_holds(b, "k", other, BIG);
	assert_int_equal(b->ops->put_file(b, "gone", path, &want, NULL, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

static void never_changes_a_blob(void **state)
{
	CLEANUP(close_store) struct blob *b = open_store();
	struct blob_stat want = blob_stat_of(big, BIG);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(put_file(b, "k", big, BIG, NULL), 0);
	assert_int_equal(put_file(b, "k", big, BIG, NULL), 0);
	assert_int_equal(b->ops->put_bytes(b, "k", big, BIG, NULL), 0);
	/* After a crash the local copy may be gone already. */
	assert_int_equal(b->ops->put_file(b, "k", "/nonexistent", &want, NULL, NULL, NULL), 0);
	assert_int_equal(put_file(b, "k", other, BIG, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_int_equal(b->ops->put_bytes(b, "k", "x", 1, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	blob_assert_holds(b, "k", big, BIG);
}

static int poll_count;

static int cancel_at_second(void *arg)
{
	(void)arg;
	return ++poll_count >= 2 ? -1 : 0;
}

static void put_can_be_cancelled(void **state)
{
	CLEANUP(close_store) struct blob *b = open_store();
	struct blob_stat want = blob_stat_of(big, BIG);
	char path[512];
	struct err e = { 0 };

	(void)state;
	poll_count = 0;
	blob_local_file(scratch, "upload", big, BIG, path);
	assert_int_equal(b->ops->put_file(b, "k", path, &want, cancel_at_second, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_int_equal(poll_count, 2);
	blob_assert_absent(b, "k");
	assert_int_equal(b->ops->put_file(b, "k", path, &want, NULL, NULL, &e), 0);
	unlink(path);
	blob_assert_holds(b, "k", big, BIG);
}

static void refuses_bad_keys(void **state)
{
	static const char *const keys[] = { "", "/", "/a", "a/", "a//b", "..", "../x", "a/../b", ".hidden",
		"a/.b", "A", "a b", "a\nb", "a%2fb", "ä" };
	CLEANUP(close_store) struct blob *b = open_store();
	char long_key[BLOB_KEY_BYTES + 1], url[BLOB_URL_BYTES];
	struct blob_stat st;
	struct blob_reader *r = NULL;
	struct err e;

	(void)state;
	memset(long_key, 'a', sizeof long_key - 1);
	long_key[sizeof long_key - 1] = '\0';
	for (size_t i = 0; i <= ARRAY_LEN(keys); i++) {
		const char *key = i < ARRAY_LEN(keys) ? keys[i] : long_key;
		e.kind = ERR_NONE;
		assert_int_equal(b->ops->put_bytes(b, key, "x", 1, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_int_equal(put_file(b, key, "x", 1, &e), -1);
		assert_int_equal(b->ops->stat(b, key, &st, &e), -1);
		assert_int_equal(b->ops->open(b, key, 0, -1, &r, &e), -1);
		assert_int_equal(b->ops->url_get(b, key, 1, url, &e), -1);
		assert_int_equal(b->ops->url_put(b, key, 1, 1, url, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
	}
}

static void removes_by_prefix(void **state)
{
	static const char *const keep[] = { "jobs/10/a", "jobs/1x", "job", "other/1/a" };
	static const char *const gone[] = { "jobs/1/a", "jobs/1/b/c", "jobs/1/b/d/e" };
	static const char *const bad[] = { "", "/", "jobs", "../", "jobs//", "jobs/../" };
	CLEANUP(close_store) struct blob *b = open_store();
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keep); i++)
		assert_int_equal(b->ops->put_bytes(b, keep[i], "keep", 4, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(gone); i++)
		assert_int_equal(b->ops->put_bytes(b, gone[i], "gone", 4, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(b->ops->remove_prefix(b, bad[i], &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
	}
	for (int twice = 0; twice < 2; twice++) {
		if (b->ops->remove_prefix(b, "jobs/1/", &e) != 0)
			fail_msg("%s", e.msg);
		for (size_t i = 0; i < ARRAY_LEN(gone); i++)
			blob_assert_absent(b, gone[i]);
	}
	assert_int_equal(b->ops->remove_prefix(b, "never/was/", &e), 0);
	assert_int_equal(b->ops->remove_prefix(b, "job/", &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(keep); i++)
		blob_assert_holds(b, keep[i], "keep", 4);
	/* A removed key may be used again. */
	assert_int_equal(b->ops->put_bytes(b, "jobs/1/a", "new", 3, NULL), 0);
	blob_assert_holds(b, "jobs/1/a", "new", 3);
}

static void removes_one(void **state)
{
	static const char *const bad[] = { "", "/", "jobs/", "../x", "jobs//x" };
	CLEANUP(close_store) struct blob *b = open_store();
	struct err e = { 0 };

	(void)state;
	assert_int_equal(b->ops->put_bytes(b, "jobs/9/in/side.mp4", "gone", 4, NULL), 0);
	assert_int_equal(b->ops->put_bytes(b, "jobs/9/in/side.mp4x", "keep", 4, NULL), 0);
	assert_int_equal(b->ops->put_bytes(b, "jobs/9/in/side-2.mp4", "keep", 4, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(b->ops->remove(b, bad[i], &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
	}
	for (int twice = 0; twice < 2; twice++) {
		if (b->ops->remove(b, "jobs/9/in/side.mp4", &e) != 0)
			fail_msg("%s", e.msg);
		blob_assert_absent(b, "jobs/9/in/side.mp4");
	}
	/* What is no key of its own takes nothing with it. */
	assert_int_equal(b->ops->remove(b, "jobs/9/in", &e), 0);
	assert_int_equal(b->ops->remove(b, "jobs/9/in/side-2.mp4/x", &e), 0);
	blob_assert_holds(b, "jobs/9/in/side.mp4x", "keep", 4);
	blob_assert_holds(b, "jobs/9/in/side-2.mp4", "keep", 4);
	assert_int_equal(b->ops->put_bytes(b, "jobs/9/in/side.mp4", "new", 3, NULL), 0);
	blob_assert_holds(b, "jobs/9/in/side.mp4", "new", 3);
}

static void probes(void **state)
{
	CLEANUP(close_store) struct blob *b = open_store();
	struct err e = { 0 };

	(void)state;
	for (int i = 0; i < 2; i++)
		if (b->ops->probe(b, NULL, &e) != 0)
			fail_msg("%s", e.msg);
}

static void makes_urls(void **state)
{
	CLEANUP(close_store) struct blob *b = open_store();
	char get[BLOB_URL_BYTES], put[BLOB_URL_BYTES], later[BLOB_URL_BYTES];
	const int64_t until_s = clock_wall_ms() / 1000 + 3600;

	(void)state;
	assert_int_equal(b->ops->url_get(b, "jobs/1/a", until_s, get, NULL), 0);
	assert_int_equal(b->ops->url_get(b, "jobs/1/a", until_s + 60, later, NULL), 0);
	assert_int_equal(b->ops->url_put(b, "jobs/1/a", until_s, 1000, put, NULL), 0);
	assert_non_null(strstr(get, "jobs/1/a?"));
	assert_true(str_starts(get, "http"));
	assert_string_not_equal(get, put);
	assert_string_not_equal(get, later);
}

struct racer {
	struct blob *b;
	const char *data;
	int rc;
	struct err e;
};

static void *race(void *arg)
{
	struct racer *r = arg;

	r->rc = r->b->ops->put_bytes(r->b, "race/k", r->data, BIG, &r->e);
	return NULL;
}

static void one_of_two_wins(void **state)
{
	(void)state;
	for (int round = 0; round < 8; round++) {
		CLEANUP(close_store) struct blob *b = open_store();
		struct racer racers[] = { { .b = b, .data = big }, { .b = b, .data = other },
			{ .b = b, .data = big } };
		pthread_t threads[ARRAY_LEN(racers)];
		for (size_t i = 0; i < ARRAY_LEN(racers); i++)
			assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
		for (size_t i = 0; i < ARRAY_LEN(racers); i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(racers[0].rc, racers[2].rc);
		assert_int_not_equal(racers[0].rc, racers[1].rc);
		assert_int_equal(racers[0].rc == 0 ? racers[1].e.kind : racers[0].e.kind, ERR_CONFLICT);
		blob_assert_holds(b, "race/k", racers[0].rc == 0 ? big : other, BIG);
		assert_int_equal(b->ops->remove_prefix(b, "race/", NULL), 0);
	}
}

/* Run @work in a child that dies at the fault point. */
static void killed_at(const char *point, void (*work)(struct blob *b, const char *path), const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct blob *b = NULL;
		setenv("GAITD_FAULT", point, 1);
		if (factory->open(factory->ctx, &b, NULL) == 0)
			work(b, path);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail_msg("the fault point %s was not reached", point);
}

static void work_put_file(struct blob *b, const char *path)
{
	struct blob_stat want = { .bytes = BIG };

	(void)sha256_of(big, BIG, want.sha256, NULL);
	(void)b->ops->put_file(b, "jobs/7/front", path, &want, NULL, NULL, NULL);
}

static void work_put_bytes(struct blob *b, const char *path)
{
	(void)path;
	(void)b->ops->put_bytes(b, "jobs/7/front", big, BIG, NULL);
}

static void work_remove(struct blob *b, const char *path)
{
	(void)path;
	(void)b->ops->remove_prefix(b, "jobs/7/", NULL);
}

static void killed_put_leaves_no_torn_blob(void **state)
{
	struct blob_stat want = blob_stat_of(big, BIG);
	char path[512];

	(void)state;
#ifndef GAITD_FAULTS
	skip_because("this build has no fault points");
#endif
	blob_local_file(scratch, "upload", big, BIG, path);
	for (const char *const *point = factory->put_faults; *point; point++) {
		bool of_file = str_starts(*point, "file:");
		const char *name = strchr(*point, ':') ? strchr(*point, ':') + 1 : *point;
		killed_at(name, of_file ? work_put_file : work_put_bytes, path);
		CLEANUP(close_store) struct blob *b = open_store();
		struct blob_stat st;
		if (b->ops->stat(b, "jobs/7/front", &st, NULL) == 0)
			blob_assert_holds(b, "jobs/7/front", big, BIG);
		else
			blob_assert_absent(b, "jobs/7/front");
		if (b->ops->relay)
			assert_int_equal(b->ops->relay->sweep(b, NULL), 0);
		assert_int_equal(b->ops->put_file(b, "jobs/7/front", path, &want, NULL, NULL, NULL), 0);
		blob_assert_holds(b, "jobs/7/front", big, BIG);
		assert_int_equal(b->ops->remove_prefix(b, "jobs/7/", NULL), 0);
	}
	unlink(path);
}

static void killed_removal_can_be_repeated(void **state)
{
	(void)state;
#ifndef GAITD_FAULTS
	skip_because("this build has no fault points");
#endif
	for (const char *const *point = factory->remove_faults; *point; point++) {
		CLEANUP(close_store) struct blob *b = open_store();
		assert_int_equal(b->ops->put_bytes(b, "jobs/7/front", big, BIG, NULL), 0);
		killed_at(*point, work_remove, NULL);
		assert_int_equal(b->ops->remove_prefix(b, "jobs/7/", NULL), 0);
		blob_assert_absent(b, "jobs/7/front");
	}
}

static int begin(void **state)
{
	(void)state;
	snprintf(scratch, sizeof scratch, "blob-scratch-XXXXXX");
	assert_non_null(mkdtemp(scratch));
	factory->begin(factory->ctx);
	return 0;
}

static int end(void **state)
{
	(void)state;
	factory->end(factory->ctx);
	return fsx_remove_tree(scratch, NULL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int blob_contract_run(const struct blob_factory *f)
{
	const struct CMUnitTest tests[] = { TEST(puts_and_reads), TEST(survives_reopening), TEST(reads_parts),
		TEST(refuses_what_is_not_wanted), TEST(never_changes_a_blob), TEST(put_can_be_cancelled),
		TEST(refuses_bad_keys), TEST(removes_one), TEST(removes_by_prefix), TEST(probes),
		TEST(makes_urls), TEST(one_of_two_wins), TEST(killed_put_leaves_no_torn_blob),
		TEST(killed_removal_can_be_repeated) };

	factory = f;
	for (size_t i = 0; i < BIG; i++) {
		big[i] = (char)(i * 2654435761u >> 11);
		other[i] = (char)(big[i] ^ (i == BIG / 2));
	}
	return cmocka_run_group_tests_name(f->name, tests, NULL, NULL);
}
