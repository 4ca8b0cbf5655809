#include "support/testing.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "app/gaitctl.h"
#include "base/fsx.h"
#include "base/json.h"

static char dir[TEST_DIR_BYTES];
static char *no_env[] = { NULL };

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

static void make(const char *name, mode_t mode, const char *text)
{
	char path[TEST_DIR_BYTES + 64];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* Settings under which everything that is looked at is there, and @more. */
static struct config *settings(const char *const *more)
{
	static char sets[16][TEST_DIR_BYTES + 128];
	static char file[TEST_DIR_BYTES + 16];
	struct config_input in = { .env = no_env };
	struct config *cfg = NULL;
	struct err e = { 0 };

	snprintf(file, sizeof file, "%s/gaitd.conf", dir);
	make("gaitd.conf", 0600, "log {\n level = warn\n}\n");
	make("program", 0700, "#!/bin/sh\n");
	make("file", 0600, "x");
	in.file = file;
	snprintf(sets[0], sizeof sets[0], "data.dir=%s/data", dir);
	snprintf(sets[1], sizeof sets[0], "cluster.pose_path=%s/program", dir);
	snprintf(sets[2], sizeof sets[0], "cluster.analyze_path=%s/program", dir);
	snprintf(sets[3], sizeof sets[0], "cluster.supervise_path=%s/program", dir);
	snprintf(sets[4], sizeof sets[0], "cluster.script_path=%s/file", dir);
	snprintf(sets[5], sizeof sets[0], "cluster.weights_dir=");
	snprintf(sets[6], sizeof sets[0], "http.static_dir=");
	snprintf(sets[7], sizeof sets[0], "model.dir=");
	snprintf(sets[8], sizeof sets[0], "upload.min_free_bytes=0");
	snprintf(sets[9], sizeof sets[0], "upload.max_body_bytes=1MB");
	snprintf(sets[10], sizeof sets[0], "upload.max_video_bytes=1MB");
	snprintf(sets[11], sizeof sets[0], "analysis.path=%s/program", dir);
	for (in.set_count = 0; in.set_count < 12; in.set_count++)
		in.set[in.set_count] = sets[in.set_count];
	for (; more && *more; more++)
		in.set[in.set_count++] = *more;
	assert_ok(config_load(&in, &cfg, NULL, &e), &e);
	return cfg;
}

/* Run a command; what it printed, in memory of its own, and its answer. */
static char *run(struct ctl *c, int *ret_answer, struct err *e, const char *words)
{
	char copy[200], *argv[8], *text = NULL;
	size_t size = 0;
	int argc = 0;

	snprintf(copy, sizeof copy, "%s", words);
	for (char *p = copy, *word; (word = strsep(&p, " ")) && argc < 8;)
		if (*word)
			argv[argc++] = word;
	c->out = open_memstream(&text, &size);
	assert_non_null(c->out);
	*ret_answer = ctl_config(c, argc, argv, e);
	assert_int_equal(fclose(c->out), 0);
	c->out = NULL;
	return text;
}

static void show_tells_value_and_origin(void **state)
{
	const char *const more[] = { "http.listen=127.0.0.1:99", NULL };
	CLEANUP(config_free_p) struct config *cfg = settings(more);
	struct ctl c = { .cfg = cfg };
	struct err e = { 0 };
	int r;

	(void)state;
	CLEANUP(free_p) char *all = run(&c, &r, &e, "show");
	assert_ok(r, &e);
	for (int i = 0; i < CONFIG_COUNT; i++)
		assert_has(all, config_options[i].name);
	assert_has(all, "127.0.0.1:99");
	assert_has(all, "(--set)");
	assert_has(all, "gaitd.conf line 2)");
	CLEANUP(free_p) char *one = run(&c, &r, &e, "show queue.max_attempts");
	assert_ok(r, &e);
	assert_has(one, "queue.max_attempts ");
	assert_has(one, " 3 ");
	assert_has(one, "(default)\n");
	assert_null(strstr(one, "http."));
	CLEANUP(free_p) char *section = run(&c, &r, &e, "show queue");
	assert_ok(r, &e);
	assert_has(section, "queue.refuse_above");
	assert_null(strstr(section, "http."));
	c.json = true;
	CLEANUP(free_p) char *text = run(&c, &r, &e, "show");
	CLEANUP(json_free_p) struct json *root = NULL;
	assert_ok(r, &e);
	assert_ok(json_parse(text, strlen(text), 8, &root, &e), &e);
	const struct json *options = json_get(root, "options");
	assert_string_equal(
		json_str(json_get(json_get(options, "http.listen"), "value"), ""), "127.0.0.1:99");
	assert_string_equal(json_str(json_get(json_get(options, "http.listen"), "origin"), ""), "--set");
	assert_int_equal(json_int(json_get(json_get(options, "http.idle_timeout"), "value_ms"), 0), 30000);
	assert_int_equal(json_int(json_get(json_get(options, "upload.max_field_bytes"), "value"), 0), 65536);
	assert_true(json_bool(json_get(json_get(options, "mail.send_score"), "value"), false));
	assert_has(json_str(json_get(root, "file"), ""), "gaitd.conf");
}

static void a_secret_is_never_shown(void **state)
{
	char set[TEST_DIR_BYTES + 64];
	const char *const more[] = { set, NULL };
	static const char *const commands[] = { "show", "check", "explain" };
	make("key", 0600, "THE-KEY-THE-KEY-THE-KEY-THE-KEY-THE-KEY\n");
	snprintf(set, sizeof set, "blob.signing_key_file=%s/key", dir);
	CLEANUP(config_free_p) struct config *cfg = settings(more);

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(commands); i++) {
		struct ctl c = { .cfg = cfg, .json = i % 2 };
		struct err e = { 0 };
		int r;
		CLEANUP(free_p) char *text = run(&c, &r, &e, commands[i / 2]);
		assert_ok(r, &e);
		assert_null(strstr(text, "THE-KEY"));
	}
}

static void explain_needs_no_settings(void **state)
{
	struct ctl c = { .cfg = NULL };
	struct err e = { 0 };
	int r;

	(void)state;
	CLEANUP(free_p) char *one = run(&c, &r, &e, "explain http.idle_timeout");
	assert_ok(r, &e);
	assert_string_equal(one, "http.idle_timeout\n  Without a byte in either direction.\n"
				 "  type: time; allowed: 1s to 10m\n  default: 30s\n"
				 "  environment: GAITD_HTTP_IDLE_TIMEOUT\n");
	CLEANUP(free_p) char *all = run(&c, &r, &e, "explain");
	for (int i = 0; i < CONFIG_COUNT; i++)
		assert_has(all, config_options[i].text);
	CLEANUP(free_p) char *none = run(&c, &r, &e, "explain http.idle_timout");
	assert_fails(r, &e, ERR_USAGE);
	assert_string_equal(none, "");
	assert_string_equal(e.msg, "no option http.idle_timout; did you mean http.idle_timeout?");
	c.json = true;
	CLEANUP(free_p) char *text = run(&c, &r, &e, "explain queue");
	CLEANUP(json_free_p) struct json *root = NULL;
	assert_ok(json_parse(text, strlen(text), 8, &root, &e), &e);
	assert_string_equal(
		json_str(json_get(json_get(root, "queue.max_attempts"), "allowed"), ""), "1 to 20 attempts");
	assert_null(json_get(root, "http.listen"));
	/* What needs settings says so. */
	CLEANUP(free_p) char *show = run(&c, &r, &e, "show");
	assert_fails(r, &e, ERR_CONFIG);
	c.config_problems = "log.level: wrong\nmore\n";
	CLEANUP(free_p) char *again = run(&c, &r, &e, "show");
	assert_fails(r, &e, ERR_CONFIG);
	assert_string_equal(
		e.msg, "the settings are wrong (gaitctl config check tells all): log.level: wrong");
}

static void check_passes_where_all_is_there(void **state)
{
	CLEANUP(config_free_p) struct config *cfg = settings(NULL);
	struct ctl c = { .cfg = cfg };
	struct err e = { 0 };
	int r;

	(void)state;
	CLEANUP(free_p) char *text = run(&c, &r, &e, "check");
	assert_ok(r, &e);
	assert_has(text, "ok ");
	assert_null(strstr(text, "error"));
	/* It made nothing. */
	char data[TEST_DIR_BYTES + 8];
	snprintf(data, sizeof data, "%s/data", dir);
	assert_false(fsx_exists(data));
}

static void check_says_what_to_do(void **state)
{
	static const struct {
		const char *set; /* %s: the directory */
		const char *option, *problem, *todo;
		bool fatal;
	} rows[] = {
		{ "cluster.pose_path=%s/none", "cluster.pose_path", "No such file", "build or install it",
			true },
		{ "cluster.pose_path=%s/file", "cluster.pose_path", "may not be run", "change its mode",
			true },
		{ "cluster.pose_path=%s", "cluster.pose_path", "is no file", "name the right place", true },
		{ "cluster.script_path=%s/none", "cluster.script_path", "No such file",
			"name the right place", true },
		{ "model.dir=%s/file", "model.dir", "is no directory", "name the right place", true },
		{ "data.dir=%s/file", "data.dir", "is no directory", "name another place", true },
		{ "data.dir=%s/file/below", "data.dir", "may not make it", "install -d -m 700", true },
		{ "blob.dir=/proc/blobs", "blob.dir", "another file system", "uploads are copied", false },
		{ "blob.signing_key_file=%s/open", "blob.signing_key_file", "mode 0644", "chmod 600", true },
		{ "blob.signing_key_file=%s/file", "blob.signing_key_file", "shorter than 32", "head -c 32",
			true },
		{ "blob.signing_key_file=%s/none", "blob.signing_key_file", "No such file", "chmod 600",
			true },
		{ "upload.min_free_bytes=100TB", "upload.min_free_bytes", "are free in", "make room", false },
		{ "blob.s3_bucket=", "blob.s3_bucket", "is empty although", "make a bucket", true },
		{ "blob.s3_access_key=", "blob.s3_access_key", "is empty although", "access key's id", true },
		{ "blob.s3_secret_key_file=", "blob.s3_secret_key_file", "is empty although", "mode 0600",
			true },
		{ "blob.s3_secret_key_file=%s/open", "blob.s3_secret_key_file", "mode 0644", "chmod 600",
			true },
		{ "blob.s3_endpoint=http://store.example:8000", "blob.s3_endpoint", "in clear", "https://",
			false },
		{ "blob.s3_public_endpoint=http://[2001:db8::1]:8000", "blob.s3_public_endpoint", "in clear",
			"https://", false },
		{ "blob.s3_prefix=gaitd", "blob.s3_prefix", "does not end in '/'", "write gaitd/", true },
		{ "blob.s3_kms_key=k", "blob.s3_kms_key", "is not used", "aws:kms", false },
		{ "blob.url_ttl=8d", "blob.url_ttl", "more than 7 days", "7d", false },
		{ "cluster.driver=pbs", "http.public_url", "is empty", "cluster.transfer", false },
		{ "model.allow_demonstration=yes", "model.dir", "is empty", "no result has a score", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char set[TEST_DIR_BYTES + 64];
		const bool of_s3 = strstr(rows[i].set, "s3_") || strstr(rows[i].set, "url_ttl");
		const char *const more[] = { set, of_s3 ? "blob.driver=s3" : NULL, NULL };
		struct config_finding found[64];
		bool seen = false;
		make("open", 0644, "0123456789012345678901234567890123456789\n");
		snprintf(set, sizeof set, "%.*s%s%s", (int)strcspn(rows[i].set, "%"), rows[i].set,
			strchr(rows[i].set, '%') ? dir : "",
			strchr(rows[i].set, '%') ? strchr(rows[i].set, '%') + 2 : "");
		CLEANUP(config_free_p) struct config *cfg = settings(more);
		unsigned n = config_check(cfg, found, 64);
		for (unsigned k = 0; k < n; k++) {
			if (strcmp(config_options[found[k].option].name, rows[i].option) != 0 ||
				!strstr(found[k].text, rows[i].problem))
				continue;
			seen = true;
			assert_has(found[k].todo, rows[i].todo);
			assert_int_equal(found[k].fatal, rows[i].fatal);
		}
		if (!seen)
			fail_msg("%s: not found among %u: %s", set, n, n ? found[0].text : "");
	}
}

/* What a cluster behind SSH needs. */
static void check_of_a_cluster(void **state)
{
	static const struct {
		const char *set, *option, *problem;
		bool fatal;
	} rows[] = {
		{ "cluster.host=", "cluster.host", "is empty although", true },
		{ "cluster.user=", "cluster.user", "is empty although", true },
		{ "cluster.key_file=", "cluster.key_file", "is empty although", true },
		{ "cluster.key_file=%s/open", "cluster.key_file", "mode 0644", true },
		{ "cluster.key_file=%s/rsa", "cluster.key_file", "ed25519", true },
		{ "cluster.key_file=%s/text", "cluster.key_file", "no private key", true },
		{ "cluster.known_hosts_file=", "cluster.known_hosts_file", "is empty although", true },
		{ "cluster.known_hosts_file=%s/none", "cluster.known_hosts_file", "No such file", true },
		{ "cluster.queue=a;id", "cluster.queue", "has a character", true },
		{ "cluster.account=$(id)", "cluster.account", "has a character", true },
		{ "cluster.place=free pack", "cluster.place", "has a character", true },
		{ "cluster.resources=select=1:ncpus={cpu}", "cluster.resources", "only {cpus}", true },
		{ "cluster.project=gait", "cluster.project", "of no use with Slurm", false },
	};

	(void)state;
	make("open", 0644, "0123456789012345678901234567890123456789\n");
	make("rsa", 0600, "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n");
	make("text", 0600, "something else\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char set[TEST_DIR_BYTES + 64];
		const char *const more[] = { set, "cluster.driver=pbs", "cluster.scheduler=slurm", NULL };
		struct config_finding found[64];
		unsigned seen = 0;
		const char *at = strchr(rows[i].set, '%');
		snprintf(set, sizeof set, "%.*s%s%s", (int)strcspn(rows[i].set, "%"), rows[i].set,
			at ? dir : "", at ? at + 2 : "");
		CLEANUP(config_free_p) struct config *cfg = settings(more);
		unsigned n = config_check(cfg, found, 64);
		for (unsigned k = 0; k < n; k++) {
			if (strcmp(config_options[found[k].option].name, rows[i].option) != 0)
				continue;
			seen += strstr(found[k].text, rows[i].problem) && found[k].fatal == rows[i].fatal;
			assert_true(found[k].todo[0] != '\0');
		}
		if (seen != 1)
			fail_msg("%s: found %u times among %u: %s", set, seen, n, n ? found[0].text : "");
	}
}

/* What another driver would need is looked at for that one alone. */
static void check_leaves_idle_drivers_alone(void **state)
{
	static const struct {
		const char *set, *driver, *option;
		bool wanted;
	} rows[] = {
		{ "mail.maildir=/dev/null/x", "mail.driver=maildir", "mail.maildir", true },
		{ "mail.maildir=/dev/null/x", "mail.driver=http", "mail.maildir", false },
		{ "mail.maildir=/dev/null/x", "blob.driver=s3", "mail.maildir", true },
		{ "blob.dir=/dev/null/x", "blob.driver=s3", "blob.dir", false },
		{ "blob.dir=/dev/null/x", "blob.driver=dir", "blob.dir", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *const more[] = { rows[i].set, rows[i].driver, NULL };
		struct config_finding found[64];
		bool seen = false;
		CLEANUP(config_free_p) struct config *cfg = settings(more);
		unsigned n = config_check(cfg, found, 64);
		for (unsigned k = 0; k < n; k++)
			seen = seen || strcmp(config_options[found[k].option].name, rows[i].option) == 0;
		if (seen != rows[i].wanted)
			fail_msg("%s with %s: %s", rows[i].set, rows[i].driver, seen ? "found" : "not found");
	}
}

static void check_answers_for_programs(void **state)
{
	char set[TEST_DIR_BYTES + 64];
	const char *const more[] = { set, NULL };
	snprintf(set, sizeof set, "cluster.pose_path=%s/none", dir);
	CLEANUP(config_free_p) struct config *cfg = settings(more);
	struct ctl c = { .cfg = cfg, .json = true };
	struct err e = { 0 };
	int r;

	(void)state;
	CLEANUP(free_p) char *text = run(&c, &r, &e, "check");
	assert_fails(r, &e, ERR_CONFIG);
	assert_string_equal(e.msg, "1 configuration error");
	CLEANUP(json_free_p) struct json *root = NULL;
	assert_ok(json_parse(text, strlen(text), 8, &root, &e), &e);
	assert_false(json_bool(json_get(root, "ok"), true));
	const struct json *first = json_first(json_get(root, "findings"));
	assert_string_equal(json_str(json_get(first, "option"), ""), "cluster.pose_path");
	assert_string_equal(json_str(json_get(first, "level"), ""), "error");
	/* Settings that could not be loaded at all. */
	struct ctl wrong = { .json = true, .config_problems = "first: wrong\nsecond: wrong\n" };
	CLEANUP(free_p) char *lines = run(&wrong, &r, &e, "check");
	CLEANUP(json_free_p) struct json *both = NULL;
	assert_fails(r, &e, ERR_CONFIG);
	assert_string_equal(e.msg, "2 configuration errors");
	assert_ok(json_parse(lines, strlen(lines), 8, &both, &e), &e);
	assert_int_equal(json_len(json_get(both, "errors")), 2);
	wrong.json = false;
	CLEANUP(free_p) char *plain = run(&wrong, &r, &e, "check");
	assert_string_equal(plain, "error    first: wrong\nerror    second: wrong\n");
}

static void usage(void **state)
{
	static const char *const wrong[] = { "", "list", "show a b", "check x", "explain a b" };
	CLEANUP(config_free_p) struct config *cfg = settings(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct ctl c = { .cfg = cfg };
		struct err e = { 0 };
		int r;
		CLEANUP(free_p) char *text = run(&c, &r, &e, wrong[i]);
		assert_fails(r, &e, ERR_USAGE);
	}
}

/* docs/configuration.md is what the table says, word for word. */
static void the_documentation_is_current(void **state)
{
	struct buf page BUF_CLEANUP;
	struct ctl c = { .cfg = NULL };
	struct err e = { 0 };
	int r;

	(void)state;
	buf_init(&page, 1 << 20);
	CLEANUP(free_p) char *text = run(&c, &r, &e, "explain --markdown");
	assert_ok(r, &e);
	if (getenv("GAIT_UPDATE"))
		assert_ok(fsx_replace(GAIT_SOURCE_DIR "/docs/configuration.md", text, strlen(text), 0644, &e),
			&e);
	assert_ok(fsx_read_file(GAIT_SOURCE_DIR "/docs/configuration.md", &page, &e), &e);
	if (strcmp(buf_str(&page), text) != 0)
		fail_msg("docs/configuration.md is not what config.def says: run this test with "
			 "GAIT_UPDATE=1");
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(show_tells_value_and_origin),
		IN_DIR(a_secret_is_never_shown),
		IN_DIR(explain_needs_no_settings),
		IN_DIR(check_passes_where_all_is_there),
		IN_DIR(check_says_what_to_do),
		IN_DIR(check_of_a_cluster),
		IN_DIR(check_leaves_idle_drivers_alone),
		IN_DIR(check_answers_for_programs),
		IN_DIR(usage),
		cmocka_unit_test(the_documentation_is_current),
	};

	return cmocka_run_group_tests_name("app/gaitctl_config", tests, NULL, NULL);
}
