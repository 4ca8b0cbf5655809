#include "support/testing.h"

#include <sys/stat.h>

#include "app/config.h"

static char dir[TEST_DIR_BYTES];
static char *no_env[] = { NULL };

static int setup(void **state)
{
	(void)state;
	test_dir(dir);
	setenv("HOME", dir, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_dir_remove(dir);
	return 0;
}

/* A configuration file with that text; its path. */
static const char *file_of(const char *text)
{
	static char path[TEST_DIR_BYTES + 16];

	snprintf(path, sizeof path, "%s/gaitd.conf", dir);
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	return path;
}

static struct config *load(const struct config_input *in)
{
	struct config *cfg = NULL;
	struct err e = { 0 };

	assert_ok(config_load(in, &cfg, NULL, &e), &e);
	return cfg;
}

static void assert_origin(const struct config *cfg, enum config_index i, const char *want)
{
	char text[300];

	config_origin_text(cfg, i, text, sizeof text);
	assert_string_equal(text, want);
}

static void nothing_at_all_gives_the_defaults(void **state)
{
	/* An empty file, so that the machine's own /etc/gaitd does not count. */
	struct config_input in = { .file = file_of(""), .env = no_env };
	CLEANUP(config_free_p) struct config *cfg = load(&in);

	(void)state;
	assert_string_equal(cfg->http_listen, "127.0.0.1:8437");
	assert_int_equal(cfg->upload_max_video_bytes, 500000000);
	assert_int_equal(cfg->upload_max_body_bytes, 1100000000);
	assert_int_equal(cfg->upload_max_field_bytes, 65536);
	assert_int_equal(cfg->http_max_blocking_connections, 256);
	assert_int_equal(cfg->http_min_rate_bytes, 512);
	assert_int_equal(cfg->queue_max_attempts, 3);
	assert_int_equal(cfg->cluster_walltime_ms, 3600000);
	assert_int_equal(cfg->session_ttl_ms, 12 * 3600000);
	assert_string_equal(cfg->cluster_driver, "local");
	assert_false(cfg->model_allow_demonstration);
	assert_string_equal(cfg->warnings, "");
	for (int i = 0; i < CONFIG_COUNT; i++)
		assert_origin(cfg, (enum config_index)i, "default");
}

static void default_places(void **state)
{
	const char *const sets[] = { "data.dir=/some/where" };
	struct config_input in = { .file = file_of(""), .env = no_env };
	char want[TEST_DIR_BYTES + 64];

	(void)state;
	CLEANUP(config_free_p) struct config *cfg = load(&in);
	snprintf(want, sizeof want, "%s/.local/share/gaitd", dir);
	assert_string_equal(cfg->data_dir, geteuid() == 0 ? "/var/lib/gaitd" : want);
	/* The programs lie beside this one. */
	char self[TEST_DIR_BYTES] = "";
	assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
	*strrchr(self, '/') = '\0';
	snprintf(want, sizeof want, "%.200s/gait-pose", self);
	assert_string_equal(cfg->cluster_pose_path, want);
	/* The job script: here the checkout's, as none is installed beside the tests. */
	assert_null(strstr(cfg->cluster_script_path, ".."));
	assert_has(cfg->cluster_script_path, "gait-job.pbs");
	in.set[0] = sets[0];
	in.set_count = 1;
	CLEANUP(config_free_p) struct config *moved = load(&in);
	assert_string_equal(moved->blob_dir, "/some/where/blobs");
	assert_string_equal(moved->mail_maildir, "/some/where/mail");
	assert_origin(moved, CONFIG_blob_dir, "default");
}

static void later_sources_are_stronger(void **state)
{
	char *env[] = { (char *)(uintptr_t) "GAITD_HTTP_IDLE_TIMEOUT=40s",
		(char *)(uintptr_t) "GAITD_QUEUE_MAX_ATTEMPTS=7", (char *)(uintptr_t) "PATH=/bin", NULL };
	struct config_input in = { .file = file_of(
					   "# ours\nhttp {\n  listen = 127.0.0.1:1\n  idle_timeout = 20s\n}\n"
					   "queue { max_attempts = 5 refuse_above = 50 }\n"
					   "mail { send_score = no }"),
		.env = env,
		.set = { "queue.max_attempts=8", "queue.max_attempts=9" },
		.set_count = 2 };
	char want[TEST_DIR_BYTES + 32];

	(void)state;
	CLEANUP(config_free_p) struct config *cfg = load(&in);
	assert_string_equal(cfg->http_listen, "127.0.0.1:1");
	snprintf(want, sizeof want, "%s line 3", in.file);
	assert_origin(cfg, CONFIG_http_listen, want);
	assert_int_equal(cfg->http_idle_timeout_ms, 40000);
	assert_origin(cfg, CONFIG_http_idle_timeout, "GAITD_HTTP_IDLE_TIMEOUT");
	assert_int_equal(cfg->queue_max_attempts, 9);
	assert_origin(cfg, CONFIG_queue_max_attempts, "--set");
	assert_int_equal(cfg->queue_refuse_above, 50);
	snprintf(want, sizeof want, "%s line 6", in.file);
	assert_origin(cfg, CONFIG_queue_refuse_above, want);
	assert_false(cfg->mail_send_score);
	assert_origin(cfg, CONFIG_log_level, "default");
	assert_string_equal(cfg->file, in.file);
}

/* An invalid value that a stronger source replaces harms nobody. */
static void only_the_value_that_counts_is_judged(void **state)
{
	struct config_input in = { .file = file_of("http { idle_timeout = never }"),
		.env = no_env,
		.set = { "http.idle_timeout=20s" },
		.set_count = 1 };

	(void)state;
	CLEANUP(config_free_p) struct config *cfg = load(&in);
	assert_int_equal(cfg->http_idle_timeout_ms, 20000);
}

static void relative_paths(void **state)
{
	char here[TEST_DIR_BYTES], want[2 * TEST_DIR_BYTES];
	struct config_input in = { .file = file_of(
					   "blob { dir = my/blobs }\nmail { maildir = \"~/mail box\" }"),
		.env = no_env,
		.set = { "data.dir=somewhere" },
		.set_count = 1 };

	(void)state;
	CLEANUP(config_free_p) struct config *cfg = load(&in);
	assert_non_null(getcwd(here, sizeof here));
	snprintf(want, sizeof want, "%s/my/blobs", dir);
	assert_string_equal(cfg->blob_dir, want);
	snprintf(want, sizeof want, "%s/mail box", dir);
	assert_string_equal(cfg->mail_maildir, want);
	snprintf(want, sizeof want, "%s/somewhere", here);
	assert_string_equal(cfg->data_dir, want);
}

/* Load @in, which is wrong; the problems' lines into @lines. */
static void load_wrong(const struct config_input *in, struct buf *lines, struct err *e)
{
	struct config *cfg = NULL;

	buf_init(lines, 65536);
	assert_fails(config_load(in, &cfg, lines, e), e, ERR_CONFIG);
	assert_null(cfg);
}

static void each_mistake_is_named_in_one_go(void **state)
{
	char *env[] = { (char *)(uintptr_t) "GAITD_QUEUE_MAX_ATTEMPTS=many", NULL };
	struct config_input in = { .file = file_of(
					   "http {\n  listen = localhost:80\n  idle_timeout = 30\n}\n"),
		.env = env,
		.set = { "upload.max_video_bytes=200GB", "http.listn=1", "no-equals" },
		.set_count = 3 };
	static const char *const want[] = {
		"http.listen: \"localhost:80\" is no address and port; allowed: ADDRESS:PORT",
		"gaitd.conf line 2)\n",
		"http.idle_timeout: \"30\" is no time",
		"allowed: 1s to 10m (",
		"gaitd.conf line 3)\n",
		"queue.max_attempts: \"many\" is no whole number; allowed: 1 to 20 attempts "
		"(GAITD_QUEUE_MAX_ATTEMPTS)\n",
		"upload.max_video_bytes: \"200GB\" is too large; allowed: 1KB to 100GB (--set)\n",
		"unknown option http.listn (--set); did you mean http.listen?\n",
		"--set no-equals: not of the form NAME=VALUE\n",
	};
	struct buf lines BUF_CLEANUP;
	struct err e = { 0 };

	(void)state;
	load_wrong(&in, &lines, &e);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_has(buf_str(&lines), want[i]);
	assert_has(e.msg, "6 configuration errors, the first: ");
	/* One mistake stands in the message itself. */
	struct config_input one = {
		.file = file_of(""), .env = no_env, .set = { "log.level=loud" }, .set_count = 1
	};
	struct config *cfg = NULL;
	assert_fails(config_load(&one, &cfg, NULL, &e), &e, ERR_CONFIG);
	assert_string_equal(e.msg, "log.level: \"loud\" is not among the words allowed; allowed: debug, "
				   "info, warn or error (--set)");
}

static void the_file_is_read_strictly(void **state)
{
	static const struct {
		const char *text;
		const char *want[3];
	} rows[] = {
		{ "http {\n  listn = 1\n}", { "unknown option http.listn (", "gaitd.conf line 2)",
						    "did you mean http.listen?" } },
		{ "htp {\n listen = 1\n}", { "unknown section htp (", "line 1)", "did you mean http?" } },
		{ "zzzzzzzz { a = 1 }", { "unknown section zzzzzzzz (", "gaitctl config explain", NULL } },
		/* All of them in one go, and the known values are judged too. */
		{ "http {\n  listn = 1\n  idle_timout = 2s\n}\nquue { max_attempts = 3 }\nlog { level = loud "
		  "}",
			{ "did you mean http.idle_timeout?", "unknown section quue",
				"log.level: \"loud\"" } },
		{ "http {\n  listen = 127.0.0.1:1\n  listen = 127.0.0.1:2\n}",
			{ "http.listen: given twice (", "lines 2 and 3)", NULL } },
		{ "http { listen = 127.0.0.1:1 listen = 127.0.0.1:2 a = 1 b = 1 }",
			{ "http.listen: given twice (", "unknown option http.a", "unknown option http.b" } },
		{ "http {\n  listen = 127.0.0.1:1\n",
			{ "gaitd.conf line 1: a { without its }", NULL, NULL } },
		{ "http {\n  listen\n}", { "gaitd.conf line ", NULL, NULL } },
		{ "# a\n/* open\nhttp { }", { "gaitd.conf line 2: a comment without its end", NULL, NULL } },
		{ "http { listen = { a } }", { "gaitd.conf line 1", NULL, NULL } },
		{ "listen = 1", { "unknown section listen", "did you mean http.listen?", NULL } },
		{ "include(\"/etc/passwd\")", { "unknown section include", NULL, NULL } },
		{ "http { listen = \"a\x01\" }", { "control characters", NULL, NULL } },
		{ "http { listen = \xff }", { "no UTF-8", NULL, NULL } },
		{ "http { listen = \"unterminated }", { "gaitd.conf", NULL, NULL } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config_input in = { .file = file_of(rows[i].text), .env = no_env };
		struct buf lines BUF_CLEANUP;
		struct err e = { 0 };
		load_wrong(&in, &lines, &e);
		const char *twice = strstr(buf_str(&lines), "given twice");
		assert_true(!twice || !strstr(twice + 1, "given twice"));
		for (size_t k = 0; k < 3 && rows[i].want[k]; k++)
			assert_has(buf_str(&lines), rows[i].want[k]);
	}
}

/* libconfuse counts comments wrongly by itself; an operator needs the right line. */
static void comments_and_lines(void **state)
{
	struct config_input in = {
		.file = file_of("# one # two\n"
				"// three \"\n"
				"/* four {\n five } */ http { # six\n"
				"\tlisten = \"127.0.0.1:5\" # \"seven\n"
				"\tpublic_url = https://x # eight\n"
				"\tadmin_listen = '127.0.0.1:7' /* nine */ idle_timeout = 8s\n"
				"}\n"
				"consent { version = \"a # b // c /* d \\\" {\" text_file = 'x}' }\n"),
		.env = no_env
	};

	(void)state;
	CLEANUP(config_free_p) struct config *cfg = load(&in);
	assert_string_equal(cfg->http_listen, "127.0.0.1:5");
	assert_int_equal(cfg->origin[CONFIG_http_listen].line, 5);
	assert_string_equal(cfg->http_public_url, "https://x");
	assert_int_equal(cfg->origin[CONFIG_http_public_url].line, 6);
	assert_int_equal(cfg->origin[CONFIG_http_idle_timeout].line, 7);
	assert_string_equal(cfg->consent_version, "a # b // c /* d \" {");
	assert_has(cfg->consent_text_file, "/x}");
	assert_int_equal(cfg->origin[CONFIG_consent_version].line, 9);
}

static void many_unknown_names_end(void **state)
{
	char text[4096] = "http {\n";
	struct buf lines BUF_CLEANUP;
	struct err e = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++) {
		size_t used = strlen(text);
		snprintf(text + used, sizeof text - used, "  unknown_%d = 1\n", i);
	}
	strncat(text, "}\n", sizeof text - strlen(text) - 1);
	struct config_input in = { .file = file_of(text), .env = no_env };
	load_wrong(&in, &lines, &e);
	assert_has(buf_str(&lines), "unknown option http.unknown_31");
}

static void files_that_cannot_be_read(void **state)
{
	struct config_input in = { .file = "/no/such/file.conf", .env = no_env };
	struct buf lines BUF_CLEANUP;
	struct err e = { 0 };

	(void)state;
	load_wrong(&in, &lines, &e);
	assert_has(e.msg, "/no/such/file.conf");
	assert_has(buf_str(&lines), "/no/such/file.conf");
	buf_deinit(&lines);
	in.file = dir;
	load_wrong(&in, &lines, &e);
	assert_has(e.msg, dir);
}

static void the_environment_may_name_the_file(void **state)
{
	char variable[TEST_DIR_BYTES + 64];
	snprintf(variable, sizeof variable, "GAITD_CONFIG=%s", file_of("log { level = debug }"));
	char *env[] = { variable, NULL };
	struct config_input in = { .env = env };

	(void)state;
	CLEANUP(config_free_p) struct config *cfg = load(&in);
	assert_string_equal(cfg->log_level, "debug");
	assert_has(cfg->file, "gaitd.conf");
}

static void unknown_variables_only_warn(void **state)
{
	char *env[] = { (char *)(uintptr_t) "GAITD_PORT=tcp://10.0.0.1:80",
		(char *)(uintptr_t) "GAITD_FAULT=fsx.after_rename", (char *)(uintptr_t) "GAITDX=1",
		(char *)(uintptr_t) "GAITD_X", NULL };
	struct config_input in = { .file = file_of(""), .env = env };

	(void)state;
	CLEANUP(config_free_p) struct config *cfg = load(&in);
	assert_string_equal(
		cfg->warnings, "the environment variable GAITD_PORT names no option and is ignored\n");
}

static void settings_that_do_not_go_together(void **state)
{
	static const struct {
		const char *set, *want; /* want NULL: fine */
	} rows[] = {
		{ "http.listen=0.0.0.0:80", "http.listen: 0.0.0.0:80 is no loopback address" },
		{ "http.listen=[::]:80", "http.trusted_proxies" },
		{ "http.admin_listen=10.0.0.1:80", "http.admin_listen: 10.0.0.1:80" },
		{ "http.listen=127.0.0.9:80", NULL },
		{ "upload.max_body_bytes=400MB",
			"upload.max_body_bytes: 400MB is less than upload.max_video_bytes, 500MB" },
		{ "http.max_api_connections=100", "http.max_event_streams: 5000 is more than" },
		{ "cluster.walltime=7h", "blob.url_ttl: 6h is less than cluster.walltime, 7h" },
		{ "consent.version=1", "consent.version and consent.text_file go together" },
		{ "consent.text_file=/x", "consent.version and consent.text_file go together" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config_input in = {
			.file = file_of(""), .env = no_env, .set = { rows[i].set }, .set_count = 1
		};
		struct config *cfg = NULL;
		struct err e = { 0 };
		int r = config_load(&in, &cfg, NULL, &e);
		assert_int_equal(r, rows[i].want ? -1 : 0);
		if (rows[i].want)
			assert_has(e.msg, rows[i].want);
		config_free(cfg);
	}
	struct config_input in = { .file = file_of(
					   "http { listen = 0.0.0.0:80 trusted_proxies = \"10.0.0.0/8\" }"),
		.env = no_env };
	CLEANUP(config_free_p) struct config *cfg = load(&in);
	assert_string_equal(cfg->http_trusted_proxies, "10.0.0.0/8");
}

static void names_are_found_or_guessed(void **state)
{
	static const struct {
		const char *name, *near;
	} rows[] = {
		{ "http.listn", "http.listen" },
		{ "http.Listen", "http.listen" },
		{ "htpp.idle_timeout", "http.idle_timeout" },
		{ "listen", "http.listen" },
		{ "uploads", "upload" },
		{ "max_attempt", "queue.max_attempts" },
		{ "completely.different_thing", NULL },
		{ "", NULL },
	};

	(void)state;
	for (int i = 0; i < CONFIG_COUNT; i++)
		assert_ptr_equal(config_find(config_options[i].name, NULL), &config_options[i]);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *near = NULL;
		assert_null(config_find(rows[i].name, &near));
		if (rows[i].near)
			assert_string_equal(near ? near : "nothing", rows[i].near);
		else
			assert_null(near);
	}
}

static void command_lines(void **state)
{
	static const struct {
		const char *argv[8];
		const char *left, *file, *sets, *error;
	} rows[] = {
		{ { "gaitd" }, "gaitd", NULL, "", NULL },
		{ { "gaitd", "--config", "f", "--set", "a=b", "--set=c=d" }, "gaitd", "f", "a=b c=d ", NULL },
		{ { "gaitctl", "jobs", "--config=f", "list", "--json" }, "gaitctl jobs list --json", "f", "",
			NULL },
		{ { "gaitctl", "--", "--set", "a=b" }, "gaitctl -- --set a=b", NULL, "", NULL },
		{ { "gaitd", "--settings", "x" }, "gaitd --settings x", NULL, "", NULL },
		{ { "gaitd", "--set=a=" }, "gaitd", NULL, "a= ", NULL },
		{ { "gaitd", "--config" }, NULL, NULL, NULL, "--config wants a file" },
		{ { "gaitd", "--config=" }, NULL, NULL, NULL, "--config wants a file" },
		{ { "gaitd", "--set" }, NULL, NULL, NULL, "--set wants NAME=VALUE" },
		{ { "gaitd", "--set", "a" }, NULL, NULL, NULL, "--set wants NAME=VALUE" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config_input in = { 0 };
		struct err e = { 0 };
		char *argv[9] = { NULL }, left[100] = "", sets[100] = "";
		int argc = 0;
		for (; rows[i].argv[argc]; argc++)
			argv[argc] = (char *)(uintptr_t)rows[i].argv[argc];
		int r = config_input_args(&in, &argc, argv, &e);
		if (rows[i].error) {
			assert_fails(r, &e, ERR_USAGE);
			assert_string_equal(e.msg, rows[i].error);
			continue;
		}
		assert_ok(r, &e);
		for (int k = 0; k < argc; k++)
			snprintf(left + strlen(left), sizeof left - strlen(left), "%s%s", k ? " " : "",
				argv[k]);
		for (unsigned k = 0; k < in.set_count; k++)
			snprintf(sets + strlen(sets), sizeof sets - strlen(sets), "%s ", in.set[k]);
		assert_null(argv[argc]);
		assert_string_equal(left, rows[i].left);
		assert_string_equal(sets, rows[i].sets);
		assert_string_equal(in.file ? in.file : "", rows[i].file ? rows[i].file : "");
	}
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(nothing_at_all_gives_the_defaults),
		IN_DIR(default_places),
		IN_DIR(later_sources_are_stronger),
		IN_DIR(only_the_value_that_counts_is_judged),
		IN_DIR(relative_paths),
		IN_DIR(each_mistake_is_named_in_one_go),
		IN_DIR(the_file_is_read_strictly),
		IN_DIR(comments_and_lines),
		IN_DIR(many_unknown_names_end),
		IN_DIR(files_that_cannot_be_read),
		IN_DIR(the_environment_may_name_the_file),
		IN_DIR(unknown_variables_only_warn),
		IN_DIR(settings_that_do_not_go_together),
		IN_DIR(names_are_found_or_guessed),
		cmocka_unit_test(command_lines),
	};

	return cmocka_run_group_tests_name("app/config", tests, NULL, NULL);
}
