#include "support/testing.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "base/fsx.h"
#include "base/strv.h"
#include "blob_contract.h"
#include "drivers/blob_dir.h"

static char root[256];

static int open_at(const char *dir, struct blob **ret, struct err *e)
{
	struct blob_dir_options o = { .root = dir,
		.base_url = "http://127.0.0.1:8080/api/v1",
		.signing_key = "0123456789abcdef0123456789abcdef",
		.signing_key_bytes = 32 };

	return blob_dir_open(&o, ret, e);
}

static int open_root(void *ctx, struct blob **ret, struct err *e)
{
	(void)ctx;
	return open_at(root, ret, e);
}

static void begin(void *ctx)
{
	const char *parent = ctx;

	snprintf(root, sizeof root, "%s/blob-store-XXXXXX", parent);
	assert_non_null(mkdtemp(root));
}

static void end(void *ctx)
{
	(void)ctx;
	assert_int_equal(fsx_remove_tree(root, NULL), 0);
}

static int setup(void **state)
{
	struct blob *b = NULL;

	begin(".");
	assert_int_equal(open_root(NULL, &b, NULL), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct blob *b = *state;

	b->ops->close(b);
	end(NULL);
	return 0;
}

static unsigned count_tmp(void)
{
	char path[512];
	unsigned n = 0;
	const struct dirent *entry;

	snprintf(path, sizeof path, "%s/tmp", root);
	CLEANUP(closedir_p) DIR *dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	return n;
}

static ino_t inode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void blob_path(const char *key, char out[512])
{
	snprintf(out, 512, "%s/blobs/%s", root, key);
}

static void links_on_the_same_file_system(void **state)
{
	struct blob *b = *state;
	struct blob_stat want = blob_stat_of("video", 5);
	char upload[512], stored[512], link[512];

	blob_local_file(root, "upload", "video", 5, upload);
	assert_int_equal(b->ops->put_file(b, "jobs/1/front", upload, &want, NULL, NULL, NULL), 0);
	blob_path("jobs/1/front", stored);
	assert_int_equal(inode_of(upload), inode_of(stored));
	/* A symbolic link stands for its file, and is not what gets stored. */
	snprintf(link, sizeof link, "%s/link", root);
	assert_int_equal(symlink("upload", link), 0);
	assert_int_equal(b->ops->put_file(b, "jobs/2/front", link, &want, NULL, NULL, NULL), 0);
	blob_path("jobs/2/front", stored);
	assert_int_equal(inode_of(upload), inode_of(stored));
	unlink(upload);
	blob_assert_holds(b, "jobs/1/front", "video", 5);
	assert_int_equal(count_tmp(), 0);
}

static void copies_from_another_file_system(void **state)
{
	struct blob *b = *state;
	struct blob_stat want = blob_stat_of("video", 5);
	struct stat here, there;
	char dir[64] = "/dev/shm/blob-test-XXXXXX", upload[512];

	if (!mkdtemp(dir))
		skip_because("there is no /dev/shm to write to");
	assert_int_equal(stat(root, &here), 0);
	assert_int_equal(stat(dir, &there), 0);
	blob_local_file(dir, "upload", "video", 5, upload);
	int rc = b->ops->put_file(b, "jobs/1/front", upload, &want, NULL, NULL, NULL);
	assert_int_equal(fsx_remove_tree(dir, NULL), 0);
	if (here.st_dev == there.st_dev)
		skip_because("/dev/shm is on the store's own file system");
	assert_int_equal(rc, 0);
	blob_assert_holds(b, "jobs/1/front", "video", 5);
	assert_int_equal(count_tmp(), 0);
}

static void copies_what_belongs_to_someone_else(void **state)
{
	struct blob *b = *state;
	struct blob_stat want = blob_stat_of("video", 5);
	char upload[512], stored[512];

	if (geteuid() != 0)
		skip_because("only root can give a file away");
	blob_local_file(root, "upload", "video", 5, upload);
	assert_int_equal(chown(upload, 65534, 65534), 0);
	assert_int_equal(b->ops->put_file(b, "jobs/1/front", upload, &want, NULL, NULL, NULL), 0);
	blob_path("jobs/1/front", stored);
	assert_int_not_equal(inode_of(upload), inode_of(stored));
}

static void hashes_again_where_the_sum_is_lost(void **state)
{
	static const char *const broken[] = { NULL, "", "x", "zz 5",
		"0000000000000000000000000000000000000000000000000000000000000000 five",
		"000000000000000000000000000000000000000000000000000000000000000  5" };
	struct blob *b = *state;
	char path[512];

	assert_int_equal(b->ops->put_bytes(b, "k", "video", 5, NULL), 0);
	blob_path("k", path);
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		if (!broken[i])
			(void)removexattr(path, "user.gaitd.sha256");
		else if (setxattr(path, "user.gaitd.sha256", broken[i], strlen(broken[i]), 0) < 0)
			skip_because("the store's file system has no extended attributes: every stat hashes");
		blob_assert_holds(b, "k", "video", 5);
		assert_int_equal(getxattr(path, "user.gaitd.sha256", NULL, 0), 64 + 1 + 1);
	}
}

static void tells_a_torn_file(void **state)
{
	struct blob *b = *state;
	struct blob_stat st;
	struct err e = { 0 };
	char path[512];

	assert_int_equal(b->ops->put_bytes(b, "k", "video", 5, NULL), 0);
	blob_path("k", path);
	if (getxattr(path, "user.gaitd.sha256", NULL, 0) < 0)
		skip_because("the store's file system has no extended attributes");
	assert_int_equal(truncate(path, 4), 0);
	assert_int_equal(b->ops->stat(b, "k", &st, &e), -1);
	assert_int_equal(e.kind, ERR_CORRUPT);
	/* A reader that was open before sees the end too early and says so. */
	assert_int_equal(b->ops->put_bytes(b, "l", "video", 5, NULL), 0);
	CLEANUP(blob_reader_close_p) struct blob_reader *r = NULL;
	char out[8];
	assert_int_equal(b->ops->open(b, "l", 0, -1, &r, NULL), 0);
	blob_path("l", path);
	assert_int_equal(truncate(path, 2), 0);
	assert_int_equal(r->read(r, out, sizeof out, &e), 2);
	assert_int_equal(r->read(r, out, sizeof out, &e), -1);
	assert_int_equal(e.kind, ERR_CORRUPT);
}

static void key_below_a_blob_is_a_conflict(void **state)
{
	struct blob *b = *state;
	struct err e = { 0 };

	assert_int_equal(b->ops->put_bytes(b, "a/b", "x", 1, NULL), 0);
	assert_int_equal(b->ops->put_bytes(b, "a/b/c", "x", 1, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_int_equal(b->ops->put_bytes(b, "a", "x", 1, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	blob_assert_holds(b, "a/b", "x", 1);
	assert_int_equal(count_tmp(), 0);
}

/* The query's value @name of @url into @out. */
static void query_value(const char *url, const char *name, char *out, size_t size)
{
	char pattern[32];

	snprintf(pattern, sizeof pattern, "%s=", name);
	const char *p = strstr(url, pattern);
	assert_non_null(p);
	p += strlen(pattern);
	snprintf(out, size, "%.*s", (int)strcspn(p, "&"), p);
}

static void verifies_its_urls(void **state)
{
	enum { NOW = 1800000000 };
	struct blob *b = *state;
	char url[BLOB_URL_BYTES], expires[32], max[32], sig[64];
	int64_t limit = -1;
	struct err e = { 0 };
	int (*verify)(struct blob *, const char *, const char *, const char *, const char *, const char *,
		int64_t, int64_t *, struct err *) = b->ops->relay->verify_url;

	assert_int_equal(b->ops->url_put(b, "jobs/1/a", NOW + 60, 12345, url, NULL), 0);
	assert_true(str_starts(url, "http://127.0.0.1:8080/api/v1/blobs/jobs/1/a?expires="));
	query_value(url, "expires", expires, sizeof expires);
	query_value(url, "max", max, sizeof max);
	query_value(url, "signature", sig, sizeof sig);
	assert_int_equal(strlen(sig), 43);
	assert_int_equal(verify(b, "PUT", "jobs/1/a", expires, max, sig, NOW + 59, &limit, &e), 0);
	assert_int_equal(limit, 12345);

	limit = -1;
	char wrong[64];
	snprintf(wrong, sizeof wrong, "%s", sig);
	wrong[42] = wrong[42] == 'A' ? 'B' : 'A';
	const struct {
		const char *method, *key, *expires, *max, *sig;
	} cases[] = {
		{ "GET", "jobs/1/a", expires, max, sig },
		{ "put", "jobs/1/a", expires, max, sig },
		{ "PUT", "jobs/1/b", expires, max, sig },
		{ "PUT", "jobs/1/a/", expires, max, sig },
		{ "PUT", "jobs/../jobs/1/a", expires, max, sig },
		{ "PUT", NULL, expires, max, sig },
		{ "PUT", "jobs/1/a", "1800009999", max, sig },
		{ "PUT", "jobs/1/a", NULL, max, sig },
		{ "PUT", "jobs/1/a", "", max, sig },
		{ "PUT", "jobs/1/a", "99999999999999999999", max, sig },
		{ "PUT", "jobs/1/a", expires, "99999", sig },
		{ "PUT", "jobs/1/a", expires, "012345", sig },
		{ "PUT", "jobs/1/a", expires, "-1", sig },
		{ "PUT", "jobs/1/a", expires, NULL, sig },
		{ "PUT", "jobs/1/a", expires, max, wrong },
		{ "PUT", "jobs/1/a", expires, max, "" },
		{ "PUT", "jobs/1/a", expires, max, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		e.kind = ERR_NONE;
		assert_int_equal(verify(b, cases[i].method, cases[i].key, cases[i].expires, cases[i].max,
					 cases[i].sig, NOW, &limit, &e),
			-1);
		assert_int_equal(e.kind, ERR_FORBIDDEN);
		assert_string_equal(e.msg, "bad signature");
		assert_int_equal(limit, -1);
	}
	assert_int_equal(verify(b, "PUT", "jobs/1/a", expires, max, sig, NOW + 60, &limit, &e), -1);
	assert_int_equal(e.kind, ERR_FORBIDDEN);
	assert_string_equal(e.msg, "expired");
}

/* The signature is fixed by the documentation: HMAC-SHA-256 computed with Python's hmac module. */
static void signs_as_documented(void **state)
{
	struct blob *b = *state;
	char url[BLOB_URL_BYTES];

	assert_int_equal(b->ops->url_get(b, "jobs/1/a", 1800000000, url, NULL), 0);
	assert_string_equal(url,
		"http://127.0.0.1:8080/api/v1/blobs/jobs/1/a?expires=1800000000&max=0&signature="
		"x1qSUZ-d2-m65ESv7eRfwnv852J_eLy1JSFIXS1Avrk");
}

static void refuses_bad_options(void **state)
{
	static const struct {
		const char *url, *key;
	} cases[] = { { "ftp://x", "0123456789abcdef" }, { "http://x/", "0123456789abcdef" },
		{ "http://x", "short" }, { "http://x", "" } };
	struct blob *b = NULL;
	struct err e;
	char url[BLOB_URL_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct blob_dir_options o = { .root = root,
			.base_url = cases[i].url,
			.signing_key = cases[i].key,
			.signing_key_bytes = strlen(cases[i].key) };
		assert_int_equal(blob_dir_open(&o, &b, &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
	}
	struct blob_dir_options o = { .root = root };
	assert_int_equal(blob_dir_open(&o, &b, &e), 0);
	assert_int_equal(b->ops->url_get(b, "k", 1, url, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	b->ops->close(b);
}

static void writer_receives(void **state)
{
	struct blob *b = *state;
	const struct blob_relay_ops *relay = b->ops->relay;
	struct blob_writer *w = NULL, *same = NULL, *late = NULL;
	struct blob_stat st, want = blob_stat_of("result", 6);
	struct err e = { 0 };

	assert_int_equal(relay->writer_open(b, "jobs/1/result", 6, &w, NULL), 0);
	assert_int_equal(relay->writer_open(b, "jobs/1/result", 100, &same, NULL), 0);
	assert_int_equal(relay->writer_open(b, "jobs/1/result", 100, &late, NULL), 0);
	assert_int_equal(relay->writer_add(w, "res", 3, NULL), 0);
	assert_int_equal(relay->writer_add(w, "ult", 3, NULL), 0);
	assert_int_equal(relay->writer_add(same, "result", 6, NULL), 0);
	assert_int_equal(relay->writer_add(late, "RESULT", 6, NULL), 0);
	blob_assert_absent(b, "jobs/1/result");
	assert_int_equal(relay->writer_commit(w, &st, NULL), 0);
	assert_memory_equal(&st, &want, sizeof st);
	assert_int_equal(relay->writer_commit(w, NULL, &e), -1); /* a writer commits once */
	blob_assert_holds(b, "jobs/1/result", "result", 6);
	assert_int_equal(relay->writer_commit(same, NULL, NULL), 0);
	assert_int_equal(relay->writer_commit(late, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	relay->writer_close(w);
	relay->writer_close(same);
	relay->writer_close(late);
	relay->writer_close(NULL);
	blob_assert_holds(b, "jobs/1/result", "result", 6);
	assert_int_equal(count_tmp(), 0);
}

static void writer_stops_at_its_limit(void **state)
{
	struct blob *b = *state;
	const struct blob_relay_ops *relay = b->ops->relay;
	struct blob_writer *w = NULL;
	struct err e = { 0 };

	assert_int_equal(relay->writer_open(b, "../k", 6, &w, &e), -1);
	assert_int_equal(e.kind, ERR_INVALID);
	assert_int_equal(relay->writer_open(b, "k", 6, &w, NULL), 0);
	assert_int_equal(relay->writer_add(w, "1234567", 7, &e), -1);
	assert_int_equal(e.kind, ERR_TOO_LARGE);
	assert_int_equal(relay->writer_add(w, "1", 1, NULL), -1);
	assert_int_equal(relay->writer_commit(w, NULL, NULL), -1);
	relay->writer_close(w);
	blob_assert_absent(b, "k");
	assert_int_equal(relay->writer_open(b, "k", 6, &w, NULL), 0);
	assert_int_equal(relay->writer_add(w, "12345", 5, NULL), 0);
	relay->writer_close(w); /* the client went away */
	blob_assert_absent(b, "k");
	assert_int_equal(count_tmp(), 0);
}

static void sweep_spares_writers_at_work(void **state)
{
	struct blob *b = *state;
	const struct blob_relay_ops *relay = b->ops->relay;
	struct blob_writer *w = NULL;
	char tmp[512], left[512];

	snprintf(tmp, sizeof tmp, "%s/tmp", root);
	blob_local_file(tmp, "0123", "left by a crash", 15, left);
	assert_int_equal(relay->writer_open(b, "k", 6, &w, NULL), 0);
	assert_int_equal(relay->writer_add(w, "abc", 3, NULL), 0);
	assert_int_equal(count_tmp(), 2);
	assert_int_equal(relay->sweep(b, NULL), 0);
	assert_int_equal(count_tmp(), 1);
	assert_false(fsx_exists(left));
	assert_int_equal(relay->writer_commit(w, NULL, NULL), 0);
	relay->writer_close(w);
	blob_assert_holds(b, "k", "abc", 3);
}

/* A failing disk leaves neither the key nor a file behind, and the next try succeeds. */
static void failing_disk(void **state)
{
	static const struct {
		const char *fault;
		enum err_kind kind;
	} cases[] = { { "fsx.write", ERR_NOSPACE }, { "fsx.fsync", ERR_IO },
		{ "blob_dir.sync_parents", ERR_IO } };

#ifndef GAITD_FAULTS
	skip_because("this build has no fault points");
#endif
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			struct blob *b = NULL;
			struct err e = { 0 };
			setenv("GAITD_FAULT_FAIL", cases[i].fault, 1);
			if (open_root(NULL, &b, NULL) < 0)
				_exit(10);
			if (b->ops->put_bytes(b, "jobs/1/a", "x", 1, &e) != -1 || e.kind != cases[i].kind)
				_exit(11);
			struct blob_stat st;
			if (b->ops->stat(b, "jobs/1/a", &st, NULL) != BLOB_NONE || count_tmp() != 0)
				_exit(12);
			_exit(b->ops->put_bytes(b, "jobs/1/a", "x", 1, &e) == 0 ? 0 : 13);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		struct blob *b = *state;
		assert_int_equal(b->ops->remove_prefix(b, "jobs/", NULL), 0);
	}
}

/* In a child: @limit the file system or the process, then a blob of 1 MB must fail with @kind and leave
 * nothing, and a small one must still work. Exit 77 where the limit cannot be set. */
static int with_limit(bool (*limit)(const char *dir), enum err_kind kind)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		enum { BYTES = 1 << 20 };
		struct blob *b = NULL;
		struct err e = { 0 };
		char *data = calloc(1, BYTES);
		if (!data || !limit(root))
			_exit(77);
		if (open_root(NULL, &b, NULL) < 0)
			_exit(10);
		if (b->ops->put_bytes(b, "jobs/1/a", data, BYTES, &e) != -1 || e.kind != kind)
			_exit(11);
		struct blob_stat st;
		if (b->ops->stat(b, "jobs/1/a", &st, NULL) != BLOB_NONE || count_tmp() != 0)
			_exit(12);
		if (b->ops->put_bytes(b, "jobs/1/b", data, 100, &e) != 0 ||
			b->ops->stat(b, "jobs/1/b", &st, &e) != 0)
			_exit(13);
		free(data);
		b->ops->close(b);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool limit_by_tmpfs(const char *dir)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("tmpfs", dir, "tmpfs", 0, "size=128k") == 0;
}

static bool limit_by_rlimit(const char *dir)
{
	const struct rlimit small = { 65536, 65536 };

	(void)dir;
	signal(SIGXFSZ, SIG_IGN);
	return setrlimit(RLIMIT_FSIZE, &small) == 0;
}

static void full_disk(void **state)
{
	(void)state;
	int status = with_limit(limit_by_tmpfs, ERR_NOSPACE);
	if (status == 77)
		skip_because("only root can mount, and not in every container");
	assert_int_equal(status, 0);
}

static void file_size_limit(void **state)
{
	(void)state;
	assert_int_equal(with_limit(limit_by_rlimit, ERR_IO), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const char *const put_faults[] = { "file:blob_dir.linked", "file:blob_dir.written",
		"file:fsx.new_before_fsync", "file:fsx.new_before_rename", "file:fsx.new_after_rename",
		"file:blob_dir.visible", "file:blob_dir.done", "bytes:blob_dir.tmp_made",
		"bytes:blob_dir.written", "bytes:fsx.new_before_fsync", "bytes:fsx.new_before_rename",
		"bytes:fsx.new_after_rename", "bytes:blob_dir.visible", "bytes:blob_dir.done", NULL };
	static const char *const copy_faults[] = { "file:blob_dir.tmp_made", "file:blob_dir.written",
		"file:fsx.new_before_rename", "file:blob_dir.visible", NULL };
	static const char *const remove_faults[] = { "blob_dir.removed", NULL };
	const struct blob_factory here = { "blob_dir, spool on the same file system", open_root, begin, end,
		".", put_faults, remove_faults };
	/* A memory file system has no extended attributes on older kernels and is never where the spool is.
	 */
	const struct blob_factory memory = { "blob_dir, spool on another file system", open_root, begin, end,
		"/dev/shm", copy_faults, remove_faults };
	const struct CMUnitTest tests[] = { TEST(links_on_the_same_file_system),
		TEST(copies_from_another_file_system), TEST(copies_what_belongs_to_someone_else),
		TEST(hashes_again_where_the_sum_is_lost), TEST(tells_a_torn_file),
		TEST(key_below_a_blob_is_a_conflict), TEST(verifies_its_urls), TEST(signs_as_documented),
		TEST(refuses_bad_options), TEST(writer_receives), TEST(writer_stops_at_its_limit),
		TEST(sweep_spares_writers_at_work), TEST(failing_disk), TEST(full_disk),
		TEST(file_size_limit) };
	struct stat cwd, shm;
	int failed = blob_contract_run(&here);

	if (stat(".", &cwd) == 0 && stat("/dev/shm", &shm) == 0 && cwd.st_dev != shm.st_dev &&
		access("/dev/shm", W_OK) == 0)
		failed += blob_contract_run(&memory);
	failed += cmocka_run_group_tests_name("blob_dir alone", tests, NULL, NULL);
	return failed;
}
