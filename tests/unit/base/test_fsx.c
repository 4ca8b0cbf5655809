#include "support/testing.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/fsx.h"

static char dir[TEST_DIR_BYTES];

static int setup(void **state)
{
	(void)state;
	test_dir(dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_dir_remove(dir);
	return 0;
}

/* A path below the test's directory; four may be in use at once. */
static const char *at(const char *name)
{
	static char paths[4][TEST_DIR_BYTES + 64];
	static int next;
	char *path = paths[next++ % 4];

	assert_true(snprintf(path, sizeof paths[0], "%s/%s", dir, name) < (int)sizeof paths[0]);
	return path;
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void assert_content(const char *path, const char *want)
{
	struct buf b BUF_CLEANUP;
	struct err e = { 0 };

	buf_init(&b, 1000);
	assert_ok(fsx_read_file(path, &b, &e), &e);
	assert_string_equal(buf_str(&b), want);
}

static void joins_within_the_room(void **state)
{
	char out[8];
	struct err e = { 0 };

	(void)state;
	assert_ok(fsx_join(out, sizeof out, "ab", "cdef", &e), &e);
	assert_string_equal(out, "ab/cdef");
	assert_fails(fsx_join(out, sizeof out, "ab", "cdefg", &e), &e, ERR_INVALID);
}

static void reads_whole_files_up_to_a_cap(void **state)
{
	struct buf b BUF_CLEANUP, small BUF_CLEANUP;
	struct err e = { 0 };

	(void)state;
	buf_init(&b, 100);
	buf_init(&small, 4);
	put(at("f"), "hello", 0600);
	assert_ok(fsx_read_file(at("f"), &b, &e), &e);
	assert_string_equal(buf_str(&b), "hello");
	assert_fails(fsx_read_file(at("f"), &small, &e), &e, ERR_TOO_LARGE);
	assert_fails(fsx_read_file(at("none"), &b, &e), &e, ERR_NOT_FOUND);
	assert_fails(fsx_read_file(dir, &b, &e), &e, ERR_IO);
	put(at("empty"), "", 0600);
	buf_reset(&b);
	assert_ok(fsx_read_file(at("empty"), &b, &e), &e);
	assert_string_equal(buf_str(&b), "");
}

static void secrets_want_a_private_file(void **state)
{
	static const struct {
		const char *content;
		mode_t mode;
		const char *want, *message;
	} rows[] = {
		{ "s3cret\n", 0600, "s3cret", NULL },
		{ "s3cret", 0400, "s3cret", NULL },
		{ "s3cret\r\nmore", 0600, "s3cret", NULL },
		{ " two words \n", 0600, " two words ", NULL },
		{ "15 characters..", 0600, "15 characters..", NULL },
		{ "s3cret\n", 0640, NULL, "mode 0640" },
		{ "s3cret\n", 0604, NULL, "chmod 600" },
		{ "s3cret\n", 0660, NULL, "mode 0660" },
		{ "", 0600, NULL, "1 to 15" },
		{ "\nsecond line", 0600, NULL, "1 to 15" },
		{ "sixteen chars...", 0600, NULL, "1 to 15" },
		{ "far longer than there is room for it", 0600, NULL, "1 to 15" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char out[16] = "";
		struct err e = { 0 };
		put(at("secret"), rows[i].content, rows[i].mode);
		int r = fsx_read_secret(at("secret"), out, sizeof out, &e);
		if (rows[i].want) {
			assert_ok(r, &e);
			assert_string_equal(out, rows[i].want);
		} else {
			assert_fails(r, &e, ERR_CONFIG);
			assert_has(e.msg, rows[i].message);
			assert_null(strstr(e.msg, "s3cret"));
		}
	}
}

static void secrets_want_a_regular_file_with_text(void **state)
{
	char out[16];
	struct err e = { 0 };

	(void)state;
	assert_fails(fsx_read_secret(at("absent"), out, sizeof out, &e), &e, ERR_CONFIG);
	assert_fails(fsx_read_secret(dir, out, sizeof out, &e), &e, ERR_CONFIG);
	/* A fifo without a writer must not hang the start. */
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_fails(fsx_read_secret(at("fifo"), out, sizeof out, &e), &e, ERR_CONFIG);
	assert_int_equal(close(open(at("nul"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	int fd = open(at("nul"), O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "ab\0cd\n", 6), 6);
	close(fd);
	assert_fails(fsx_read_secret(at("nul"), out, sizeof out, &e), &e, ERR_CONFIG);
}

static void makes_and_removes_trees(void **state)
{
	struct err e = { 0 };
	struct stat st;

	(void)state;
	assert_ok(fsx_mkdirs(at("a/b//c/"), 0700, &e), &e);
	assert_int_equal(stat(at("a/b/c"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_ok(fsx_mkdirs(at("a/b/c"), 0755, &e), &e);
	assert_int_equal(stat(at("a/b/c"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700); /* left as it was */
	put(at("a/file"), "x", 0600);
	assert_fails(fsx_mkdirs(at("a/file"), 0700, &e), &e, ERR_IO);
	assert_fails(fsx_mkdirs(at("a/file/below"), 0700, &e), &e, ERR_IO);
	assert_fails(fsx_mkdirs("", 0700, &e), &e, ERR_INVALID);
	/* A link is removed, what it points at stays. */
	put(at("outside"), "precious", 0600);
	assert_ok(fsx_mkdirs(at("elsewhere/in"), 0700, &e), &e);
	put(at("elsewhere/in/kept"), "precious", 0600);
	assert_int_equal(symlink(at("outside"), at("a/b/link")), 0);
	assert_int_equal(symlink(at("elsewhere"), at("a/b/dirlink")), 0);
	assert_ok(fsx_remove_tree(at("a"), &e), &e);
	assert_false(fsx_exists(at("a")));
	assert_content(at("outside"), "precious");
	assert_content(at("elsewhere/in/kept"), "precious");
	assert_ok(fsx_remove_tree(at("a"), &e), &e);
}

static void copies_and_measures(void **state)
{
	struct err e = { 0 };
	int64_t bytes = -1;

	(void)state;
	put(at("from"), "content", 0600);
	put(at("to"), "something much longer that was there", 0600);
	assert_ok(fsx_copy(at("from"), at("to"), 0600, &e), &e);
	assert_content(at("to"), "content");
	assert_ok(fsx_size(at("to"), &bytes, &e), &e);
	assert_int_equal(bytes, 7);
	assert_fails(fsx_copy(at("none"), at("to"), 0600, &e), &e, ERR_NOT_FOUND);
	assert_fails(fsx_size(at("none"), &bytes, &e), &e, ERR_NOT_FOUND);
	assert_ok(fsx_free_bytes(dir, &bytes, &e), &e);
	assert_true(bytes > 0);
	assert_fails(fsx_free_bytes(at("none"), &bytes, &e), &e, ERR_IO);
	assert_true(fsx_exists(at("to")));
	assert_int_equal(symlink("nowhere", at("dangling")), 0);
	assert_true(fsx_exists(at("dangling")));
}

static void replace_swaps_content_and_mode(void **state)
{
	struct err e = { 0 };
	struct stat st;

	(void)state;
	assert_ok(fsx_replace(at("r"), "one", 3, 0600, &e), &e);
	assert_content(at("r"), "one");
	assert_ok(fsx_replace(at("r"), "two", 3, 0640, &e), &e);
	assert_content(at("r"), "two");
	assert_int_equal(stat(at("r"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_fails(fsx_replace(at("no/such/dir"), "x", 1, 0600, &e), &e, ERR_IO);
	/* The target is a directory: the rename fails and nothing is left beside it. */
	assert_ok(fsx_mkdirs(at("d"), 0700, &e), &e);
	assert_fails(fsx_replace(at("d"), "x", 1, 0600, &e), &e, ERR_IO);
	assert_int_equal(rmdir(at("d")), 0);
	assert_int_equal(unlink(at("r")), 0);
}

static int count_entries(void)
{
	CLEANUP(closedir_p) DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	for (struct dirent *ent; (ent = readdir(d));)
		n += ent->d_name[0] != '.';
	return n;
}

#ifdef GAITD_FAULTS
static int replace_new(void *fault)
{
	struct err e = { 0 };

	setenv("GAITD_FAULT", fault, 1);
	return fsx_replace(at("f"), "new", 3, 0600, &e) == 0 ? 0 : 1;
}

/* The order fsync, rename, fsync of the directory, seen from a crash at each place. */
static void a_crash_leaves_the_old_or_the_new(void **state)
{
	static const struct {
		const char *fault, *content;
		int entries;
	} rows[] = {
		{ "fsx.before_fsync", "old", 2 },  /* the new text under its temporary name */
		{ "fsx.before_rename", "old", 2 }, /* the same, and safe on the disk */
		{ "fsx.after_rename", "new", 1 },
		{ "fsx.after_sync", "new", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		test_dir_remove(dir);
		assert_int_equal(mkdir(dir, 0700), 0);
		put(at("f"), "old", 0600);
		int status = test_fork(replace_new, (void *)(uintptr_t)rows[i].fault);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			fail_msg("%s: not killed there", rows[i].fault);
		assert_content(at("f"), rows[i].content);
		assert_int_equal(count_entries(), rows[i].entries);
	}
}

struct failing {
	const char *fault;
	enum err_kind kind;
	bool copy;
};

static int fail_to_replace(void *arg)
{
	const struct failing *f = arg;
	struct err e = { 0 };

	setenv("GAITD_FAULT_FAIL", f->fault, 1);
	int r = f->copy ? fsx_copy(at("f"), at("copy"), 0600, &e) : fsx_replace(at("f"), "new", 3, 0600, &e);
	return r == -1 && e.kind == f->kind && strstr(e.msg, dir) ? 0 : 1;
}

static void a_failing_disk_leaves_the_old_and_no_litter(void **state)
{
	static const struct failing rows[] = {
		{ "fsx.write", ERR_NOSPACE, false },
		{ "fsx.fsync", ERR_IO, false },
		{ "fsx.write", ERR_NOSPACE, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct failing row = rows[i];
		test_dir_remove(dir);
		assert_int_equal(mkdir(dir, 0700), 0);
		put(at("f"), "old", 0600);
		int status = test_fork(fail_to_replace, &row);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		assert_content(at("f"), "old");
		assert_int_equal(count_entries(), 1);
	}
}
#endif

static int write_to_full(void *arg)
{
	struct err e = { 0 };
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)arg;
	return fd >= 0 && fsx_write_all(fd, "x", 1, &e) == -1 && e.kind == ERR_NOSPACE ? 0 : 1;
}

static int write_past_limit(void *arg)
{
	static char block[10000];
	struct rlimit limit = { 4096, 4096 };
	struct err e = { 0 };
	int fd = open(at("limited"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)arg;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	return fd >= 0 && fsx_write_all(fd, block, sizeof block, &e) == -1 && e.kind == ERR_IO ? 0 : 1;
}

/* Real refusals of the kernel, not only the ones played by fault points. */
static void a_real_refusal_is_reported(void **state)
{
	int64_t bytes = 0;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(test_fork(write_to_full, NULL), 0);
	assert_int_equal(test_fork(write_past_limit, NULL), 0);
	assert_ok(fsx_size(at("limited"), &bytes, &e), &e);
	assert_int_equal(
		bytes, 4096); /* the first write came through in part, and that was not taken for all */
}

static void open_files_go_to_the_hard_limit(void **state)
{
	struct rlimit limit;

	(void)state;
	fsx_raise_nofile();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, limit.rlim_max);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_within_the_room),
		IN_DIR(reads_whole_files_up_to_a_cap),
		IN_DIR(secrets_want_a_private_file),
		IN_DIR(secrets_want_a_regular_file_with_text),
		IN_DIR(makes_and_removes_trees),
		IN_DIR(copies_and_measures),
		IN_DIR(replace_swaps_content_and_mode),
#ifdef GAITD_FAULTS
		IN_DIR(a_crash_leaves_the_old_or_the_new),
		IN_DIR(a_failing_disk_leaves_the_old_and_no_litter),
#endif
		IN_DIR(a_real_refusal_is_reported),
		cmocka_unit_test(open_files_go_to_the_hard_limit),
	};

	return cmocka_run_group_tests_name("base/fsx", tests, NULL, NULL);
}
