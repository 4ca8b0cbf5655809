#include "cluster_contract.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "support/testing.h"

/* put() and get(): the files of an attempt whose node has no way out. */

enum { BIG_BYTES = 3 << 20 };

static const struct cluster_contract *k;
static struct cluster *c;

/* A local file of @len bytes that differ from each other, and what the other end must find. */
static void make(const char *name, size_t len, char path[4096], struct cluster_file *want)
{
	struct err e = { 0 };
	CLEANUP(free_p) char *bytes = malloc(len + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 31 + i / 251);
	assert_ok(fsx_join(path, 4096, k->scratch, name, &e), &e);
	assert_ok(fsx_replace(path, bytes, len, 0600, &e), &e);
	want->bytes = (int64_t)len;
	assert_ok(sha256_of(bytes, len, want->sha256, &e), &e);
}

static int put(const char *attempt, const char *name, const char *path, const struct cluster_file *want,
	struct err *e)
{
	return c->ops->put(c, attempt, name, path, want, NULL, NULL, e);
}

/* get() into a file; what came, and its bytes compared with @same where that is not NULL. */
static int get(const char *attempt, const char *name, int64_t max_bytes, const char *same,
	struct cluster_file *ret, struct err *e)
{
	char path[4096];
	uint8_t a[SHA256_BYTES], b[SHA256_BYTES];
	int64_t bytes;

	assert_ok(fsx_join(path, sizeof path, k->scratch, "got", e), e);
	CLEANUP(close_p) int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	int r = c->ops->get(c, attempt, name, max_bytes, fd, ret, e);
	if (r == 0 && same) {
		assert_ok(sha256_of_file(path, a, &bytes, e), e);
		assert_int_equal(bytes, ret->bytes);
		assert_memory_equal(a, ret->sha256, SHA256_BYTES);
		assert_ok(sha256_of_file(same, b, &bytes, e), e);
		assert_memory_equal(a, b, SHA256_BYTES);
	}
	return r;
}

static void meet(const char *attempt, bool make_it)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s.go", k->scratch, attempt);
	if (make_it) {
		assert_int_equal(mkfifo(path, 0600), 0);
		assert_int_equal(chmod(path, 0666), 0); /* the job may be another account's */
		return;
	}
	CLEANUP(close_p) int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
}

static struct cluster_status await_step(const char *attempt, const char *step)
{
	int64_t deadline = clock_mono_ms() + (k->patience_ms ? k->patience_ms : 20000);

	for (;;) {
		struct cluster_status s = { .state = CLUSTER_UNKNOWN };
		struct err e = { 0 };
		snprintf(s.attempt, sizeof s.attempt, "%s", attempt);
		assert_ok(c->ops->status(c, &s, 1, &e), &e);
		if (strcmp(s.step, step) == 0)
			return s;
		if (clock_mono_ms() > deadline)
			fail_msg("%s: step %s instead of %s (%s)", attempt, s.step, step, s.detail);
		(void)poll(NULL, 0, 10);
	}
}

/* Order and video go there, run id and progress come back, then the outputs; nothing is left. */
static void the_whole_way(void)
{
	struct err e = { 0 };
	char order[4096], video[4096], id[CLUSTER_ID_BYTES];
	struct cluster_file order_is, video_is, got;
	const struct cluster_job job = { .attempt = "relay-1",
		.token = "tok-9d1c0c0b5b0f4a53",
		.callback_url = "https://gait.invalid/api/v1/relay",
		.walltime_s = 600,
		.relay = true };

	make("order", 300, order, &order_is);
	make("video", BIG_BYTES, video, &video_is);
	assert_ok(put("relay-1", "order.json", order, &order_is, &e), &e);
	assert_ok(put("relay-1", "front.mp4", video, &video_is, &e), &e);
	assert_ok(put("relay-1", "front.mp4", video, &video_is, &e), &e); /* a repetition */
	assert_int_equal(get("relay-1", "result.json", 1000, NULL, &got, &e), CLUSTER_NONE);
	meet("relay-1", true);
	assert_ok(c->ops->submit(c, &job, id, &e), &e);
	struct cluster_status s = await_step("relay-1", "pose_front");
	assert_string_equal(s.run_id, "run-relay-0001");
	assert_int_equal(s.percent, 40);
	assert_int_equal(s.state, CLUSTER_RUNNING);
	meet("relay-1", false);
	s = cluster_contract_await(c, "relay-1", CLUSTER_FINISHED);
	assert_true(s.has_outcome);
	assert_int_equal(s.exit_code, 0);
	assert_string_equal(s.run_id, "run-relay-0001");
	assert_ok(get("relay-1", "copy.mp4", BIG_BYTES, video, &got, &e), &e);
	assert_int_equal(got.bytes, BIG_BYTES);
	assert_ok(get("relay-1", "copy.mp4", BIG_BYTES, video, &got, &e), &e); /* as often as one likes */
	assert_int_equal(get("relay-1", "copy.mp4", BIG_BYTES - 1, NULL, &got, &e), -1);
	assert_int_equal(e.kind, ERR_TOO_LARGE);
	assert_int_equal(get("relay-1", "absent.json", 1000, NULL, &got, &e), CLUSTER_NONE);
	cluster_contract_forget(c, "relay-1");
	assert_int_equal(get("relay-1", "copy.mp4", BIG_BYTES, NULL, &got, &e), CLUSTER_NONE);
}

static int stop(void *asked)
{
	++*(int *)asked;
	return -1;
}

/* A file that is not what it should be, or a cancel: it never gets its name, and the right one may follow. */
static void what_is_wrong_is_not_put(void)
{
	struct err e = { 0 };
	char video[4096], damaged[4096];
	struct cluster_file is, other;
	int asked = 0;

	make("video", BIG_BYTES, video, &is);
	make("damaged", BIG_BYTES - 1, damaged, &other);
	assert_int_equal(put("relay-2", "side.mp4", damaged, &is, &e), -1);
	assert_int_equal(e.kind, ERR_CORRUPT);
	assert_int_equal(c->ops->put(c, "relay-2", "side.mp4", video, &is, stop, &asked, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_true(asked > 0);
	assert_ok(put("relay-2", "side.mp4", video, &is, &e), &e);
	/* Never submitted: it can be forgotten all the same. */
	assert_ok(c->ops->forget(c, "relay-2", &e), &e);
}

static void hostile_names(void)
{
	static const char *const names[] = { "", ".", "..", "../order.json", "in/x", "/etc/passwd", "-rf",
		"a b", "a;id", "A", ".hidden", "a\nb",
		"a-name-of-more-than-forty-seven-characters-is-too-long" };
	char path[4096];
	struct cluster_file is, got;

	make("order", 10, path, &is);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct err e = { 0 };
		assert_int_equal(put("relay-3", names[i], path, &is, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_int_equal(get("relay-3", names[i], 100, NULL, &got, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
		assert_int_equal(put(i == 5 ? "../x" : "a/b", "order.json", path, &is, &e), -1);
		assert_int_equal(e.kind, ERR_INVALID);
	}
}

void cluster_contract_files(struct cluster *cluster, const struct cluster_contract *contract)
{
	c = cluster;
	k = contract;
	the_whole_way();
	what_is_wrong_is_not_put();
	hostile_names();
}
