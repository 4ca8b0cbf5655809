#include "support/testing.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "drivers/mail_maildir.h"
#include "mailer_contract.h"

static char root[64];

static int open_root(void *ctx, struct mailer **ret, struct err *e)
{
	(void)ctx;
	return mail_maildir_open(root, ret, e);
}

static void begin(void *ctx)
{
	(void)ctx;
	snprintf(root, sizeof root, "maildir-XXXXXX");
	assert_non_null(mkdtemp(root));
}

static void end(void *ctx)
{
	(void)ctx;
	assert_int_equal(fsx_remove_tree(root, NULL), 0);
}

static void base_name(const char *message_id, char out[33])
{
	uint8_t sum[SHA256_BYTES];

	assert_int_equal(sha256_of(message_id, strlen(message_id), sum, NULL), 0);
	hex_encode(sum, 16, out);
}

static unsigned count_in(const char *folder, const char *prefix, char found[512])
{
	char path[128];
	const struct dirent *entry;
	unsigned n = 0;

	snprintf(path, sizeof path, "%s/%s", root, folder);
	CLEANUP(closedir_p) DIR *dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && str_starts(entry->d_name, prefix)) {
			n++;
			if (found)
				snprintf(found, 512, "%s/%s", path, entry->d_name);
		}
	return n;
}

static unsigned arrived(void *ctx, const char *message_id, struct buf *out)
{
	char name[33], path[512];

	(void)ctx;
	base_name(message_id, name);
	unsigned n = count_in("new", name, path) + count_in("cur", name, path);
	if (n > 0)
		assert_int_equal(fsx_read_file(path, out, NULL), 0);
	return n;
}

static int setup(void **state)
{
	struct mailer *m = NULL;

	begin(NULL);
	assert_int_equal(open_root(NULL, &m, NULL), 0);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct mailer *m = *state;

	m->ops->close(m);
	end(NULL);
	return 0;
}

static const struct mailer_message sample = { .message_id = "x@example.org",
	.from = "a@example.org",
	.to = "b@example.org",
	.rfc5322 = "Subject: x\r\n\r\nbody\r\n" };

static void read_mail_is_not_sent_again(void **state)
{
	static const char *const suffixes[] = { "", ":2,", ":2,S", ":2,FRS", ",S=20:2,S" };
	struct mailer *m = *state;
	char name[33], from[512], to[600];

	base_name(sample.message_id, name);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		assert_int_equal(m->ops->send(m, &sample, NULL), 0);
		assert_int_equal(count_in("new", name, from), 1);
		snprintf(to, sizeof to, "%s/cur/%s%s", root, name, suffixes[i]);
		assert_int_equal(rename(from, to), 0);
		assert_int_equal(m->ops->send(m, &sample, NULL), 0);
		assert_int_equal(count_in("new", "", NULL), 0);
		assert_int_equal(count_in("cur", "", NULL), 1);
		unlink(to);
	}
}

static void only_the_owner_reads(void **state)
{
	struct mailer *m = *state;
	char path[512];
	struct stat st;
	mode_t old = umask(0);

	assert_int_equal(m->ops->send(m, &sample, NULL), 0);
	umask(old);
	assert_int_equal(count_in("new", "", path), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(path, sizeof path, "%s/new", root);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void old_leftovers_go(void **state)
{
	static const char *const names[] = { "old", "young", ".hidden" };
	struct mailer *again = NULL;
	struct timespec now, times[2];
	char path[512];

	(void)state;
	clock_gettime(CLOCK_REALTIME, &now);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof path, "%s/tmp/%s", root, names[i]);
		assert_int_equal(fsx_replace(path, "x", 1, 0600, NULL), 0);
		times[0] = times[1] = (struct timespec){ .tv_sec = now.tv_sec - (i == 1 ? 35 : 37) * 3600 };
		assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	}
	assert_int_equal(open_root(NULL, &again, NULL), 0);
	again->ops->close(again);
	assert_int_equal(count_in("tmp", "old", NULL), 0);
	assert_int_equal(count_in("tmp", "young", NULL), 1);
	snprintf(path, sizeof path, "%s/tmp/.hidden", root);
	assert_true(fsx_exists(path));
}

static void *send_sample(void *arg)
{
	struct mailer *m = arg;

	return m->ops->send(m, &sample, NULL) == 0 ? NULL : arg;
}

static void many_senders_one_message(void **state)
{
	pthread_t threads[4];

	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, send_sample, *state), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(count_in("new", "", NULL), 1);
	assert_int_equal(count_in("tmp", "", NULL), 0);
}

static void failing_disk(void **state)
{
	static const struct {
		const char *fault;
		enum err_kind kind;
	} cases[] = { { "fsx.write", ERR_NOSPACE }, { "fsx.fsync", ERR_IO } };

	(void)state;
#ifndef GAITD_FAULTS
	skip_because("this build has no fault points");
#endif
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			struct mailer *m = NULL;
			struct err e = { 0 };
			struct mailer_message msg = sample;
			char id[32];
			snprintf(id, sizeof id, "fault%zu@example.org", i);
			msg.message_id = id;
			setenv("GAITD_FAULT_FAIL", cases[i].fault, 1);
			if (open_root(NULL, &m, NULL) < 0)
				_exit(10);
			if (m->ops->send(m, &msg, &e) != -1 || e.kind != cases[i].kind ||
				!err_may_retry(e.kind))
				_exit(11);
			if (count_in("tmp", "", NULL) != 0 || count_in("new", "", NULL) != i)
				_exit(12);
			_exit(m->ops->send(m, &msg, &e) == 0 && count_in("new", "", NULL) == i + 1 ? 0 : 13);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static void probe_tells_what_is_wrong(void **state)
{
	struct mailer *m = *state;
	char path[128];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/tmp", root);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(m->ops->probe(m, NULL, &e), -1);
	assert_non_null(strstr(e.msg, path));
	assert_int_equal(m->ops->send(m, &sample, &e), -1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	static const char *const faults[] = { "mail_maildir.tmp_made", "mail_maildir.written",
		"fsx.new_before_fsync", "fsx.new_before_rename", "fsx.new_after_rename", "mail_maildir.done",
		NULL };
	const struct mailer_factory maildir = { "mail_maildir", open_root, begin, end, arrived, NULL, true,
		faults };
	const struct CMUnitTest tests[] = { TEST(read_mail_is_not_sent_again), TEST(only_the_owner_reads),
		TEST(old_leftovers_go), TEST(many_senders_one_message), TEST(failing_disk),
		TEST(probe_tells_what_is_wrong) };
	int failed = mailer_contract_run(&maildir);

	failed += cmocka_run_group_tests_name("mail_maildir alone", tests, NULL, NULL);
	return failed;
}
