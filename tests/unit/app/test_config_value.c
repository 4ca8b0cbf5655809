#include "support/testing.h"

#include <ctype.h>

#include "app/config_value.h"

static void durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} rows[] = {
		{ "90s", 90000 },
		{ "15m", 900000 },
		{ "2h", 7200000 },
		{ "5d", 432000000 },
		{ "250ms", 250 },
		{ "1.5h", 5400000 },
		{ "90 s", 90000 },
		{ "0", 0 },
		{ "0s", 0 },
		{ "90", -1 },
		{ "", -1 },
		{ "s", -1 },
		{ "-1s", -1 },
		{ "1x", -1 },
		{ "1S", -1 },
		{ "1s ", -1 },
		{ " 1s", -1 },
		{ "1m30s", -1 },
		{ "1..5s", -1 },
		{ "0.1ms", -1 },
		{ "1e3s", -1 },
		{ "999999999999999999d", -1 },
		{ "99999999999999d", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t ms = -1;
		bool good = config_parse_duration(rows[i].text, &ms);
		if (good != (rows[i].ms >= 0) || ms != rows[i].ms)
			fail_msg("\"%s\": %lld", rows[i].text, (long long)ms);
	}
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes; /* -1: refused */
	} rows[] = {
		{ "500MB", 500000000 },
		{ "1.1GB", 1100000000 },
		{ "64KiB", 65536 },
		{ "64 KiB", 65536 },
		{ "1MiB", 1048576 },
		{ "1GiB", 1073741824 },
		{ "2TB", 2000000000000 },
		{ "1TiB", 1099511627776 },
		{ "512", 512 },
		{ "512B", 512 },
		{ "1kB", 1000 },
		{ "1KB", 1000 },
		{ "0", 0 },
		{ "1.5", -1 },
		{ "0.0001KB", -1 },
		{ "1M", -1 },
		{ "1mb", -1 },
		{ "MB", -1 },
		{ "", -1 },
		{ "-1MB", -1 },
		{ "0x10", -1 },
		{ "9999999999TB", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t bytes = -1;
		bool good = config_parse_bytes(rows[i].text, &bytes);
		if (good != (rows[i].bytes >= 0) || bytes != rows[i].bytes)
			fail_msg("\"%s\": %lld", rows[i].text, (long long)bytes);
	}
}

static void listeners(void **state)
{
	static const struct {
		const char *text, *host; /* NULL: refused */
		int port;
	} rows[] = {
		{ "127.0.0.1:8437", "127.0.0.1", 8437 },
		{ "0.0.0.0:0", "0.0.0.0", 0 },
		{ "[::1]:80", "::1", 80 },
		{ "[::]:65535", "::", 65535 },
		{ "127.0.0.1", NULL, 0 },
		{ "127.0.0.1:", NULL, 0 },
		{ "127.0.0.1:65536", NULL, 0 },
		{ "127.0.0.1:-1", NULL, 0 },
		{ "127.0.0.1:80x", NULL, 0 },
		{ "::1:80", NULL, 0 },
		{ "[127.0.0.1]:80", NULL, 0 },
		{ "[::1:80", NULL, 0 },
		{ "localhost:80", NULL, 0 },
		{ ":80", NULL, 0 },
		{ "[]:80", NULL, 0 },
		{ "1.2.3:80", NULL, 0 },
		{ "", NULL, 0 },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:80",
			NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char host[64] = "";
		int port = -1;
		if (config_split_listen(rows[i].text, host, sizeof host, &port) != (rows[i].host != NULL))
			fail_msg("\"%s\"", rows[i].text);
		if (rows[i].host) {
			assert_string_equal(host, rows[i].host);
			assert_int_equal(port, rows[i].port);
		}
	}
	assert_true(config_is_loopback("127.0.0.1"));
	assert_true(config_is_loopback("127.255.1.1"));
	assert_true(config_is_loopback("::1"));
	assert_false(config_is_loopback("::"));
	assert_false(config_is_loopback("0.0.0.0"));
	assert_false(config_is_loopback("12.7.0.1"));
}

/* Each kind of option takes the right values and refuses the wrong ones with words that say why. */
static void members(void **state)
{
	static const struct {
		enum config_index option;
		const char *text, *why; /* why NULL: taken */
	} rows[] = {
		{ CONFIG_http_listen, "[::1]:1", NULL },
		{ CONFIG_http_listen, "localhost:1", "no address and port" },
		{ CONFIG_http_listen, "", "must not be empty" },
		{ CONFIG_http_admin_listen, "", NULL },
		{ CONFIG_http_public_url, "", NULL },
		{ CONFIG_http_public_url, "https://gait.example.org", NULL },
		{ CONFIG_http_public_url, "http://[::1]:8080", NULL },
		{ CONFIG_http_public_url, "gait.example.org", "does not begin with" },
		{ CONFIG_http_public_url, "ftp://x", "does not begin with" },
		{ CONFIG_http_public_url, "https://", "does not begin with" },
		{ CONFIG_http_public_url, "https://x/path", "more than scheme, host and port" },
		{ CONFIG_http_public_url, "https://user@x", "more than scheme, host and port" },
		{ CONFIG_http_public_url, "https://x\r\nSet-Cookie: a", "not one line" },
		{ CONFIG_http_trusted_proxies, "", NULL },
		{ CONFIG_http_trusted_proxies, "127.0.0.1", NULL },
		{ CONFIG_http_trusted_proxies, "10.0.0.0/8, ::1,fd00::/8", NULL },
		{ CONFIG_http_trusted_proxies, "10.0.0.0/33", "\"10.0.0.0/33\"" },
		{ CONFIG_http_trusted_proxies, "::/129", "\"::/129\"" },
		{ CONFIG_http_trusted_proxies, "127.0.0.1,,::1", "\"\"" },
		{ CONFIG_http_trusted_proxies, "proxy.example", "\"proxy.example\"" },
		{ CONFIG_http_trusted_proxies, "10.0.0.0/", "\"10.0.0.0/\"" },
		{ CONFIG_http_max_api_connections, "16", NULL },
		{ CONFIG_http_max_api_connections, "100000", NULL },
		{ CONFIG_http_max_api_connections, "15", "too small" },
		{ CONFIG_http_max_api_connections, "100001", "too large" },
		{ CONFIG_http_max_api_connections, "1e3", "no whole number" },
		{ CONFIG_http_max_api_connections, "99999999999999999999", "no whole number" },
		{ CONFIG_http_idle_timeout, "1s", NULL },
		{ CONFIG_http_idle_timeout, "10m", NULL },
		{ CONFIG_http_idle_timeout, "999ms", "too small" },
		{ CONFIG_http_idle_timeout, "601s", "too large" },
		{ CONFIG_http_idle_timeout, "30", "no time" },
		{ CONFIG_upload_max_video_bytes, "1KB", NULL },
		{ CONFIG_upload_max_video_bytes, "999", "too small" },
		{ CONFIG_upload_max_video_bytes, "1PB", "no size" },
		{ CONFIG_cluster_driver, "local", NULL },
		{ CONFIG_cluster_driver, "loca", "not among" },
		{ CONFIG_cluster_driver, "", "must not be empty" },
		{ CONFIG_log_level, "error", NULL },
		{ CONFIG_log_level, "warn|error", "not among" },
		{ CONFIG_mail_send_score, "on", NULL },
		{ CONFIG_mail_send_score, "0", NULL },
		{ CONFIG_mail_send_score, "maybe", "neither" },
		{ CONFIG_mail_send_score, "", "neither" },
		{ CONFIG_mail_from, "gait@clinic.example.org", NULL },
		{ CONFIG_mail_from, "Gait <gait@clinic.example.org>", "no plain e-mail address" },
		{ CONFIG_mail_from, "", "must not be empty" },
		{ CONFIG_consent_version, "2026-1", NULL },
		{ CONFIG_consent_version, "a\nb", "not one line" },
		{ CONFIG_consent_version, "\xff", "not one line" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config cfg = { 0 };
		char why[CONFIG_WHY_BYTES] = "";
		int r = config_value_put(&cfg, rows[i].option, rows[i].text, "/", why);
		if (r != (rows[i].why ? -1 : 0))
			fail_msg("%s \"%s\": %d %s", config_options[rows[i].option].name, rows[i].text, r,
				why);
		if (rows[i].why)
			assert_has(why, rows[i].why);
		else
			assert_string_equal(cfg.text[rows[i].option], rows[i].text);
		free(cfg.text[rows[i].option]);
	}
}

static void typed_members_are_set(void **state)
{
	struct config cfg = { 0 };
	char why[CONFIG_WHY_BYTES];

	(void)state;
	assert_int_equal(config_value_put(&cfg, CONFIG_http_idle_timeout, "90s", "/", why), 0);
	assert_int_equal(cfg.http_idle_timeout_ms, 90000);
	assert_int_equal(config_value_put(&cfg, CONFIG_upload_max_body_bytes, "1.1GB", "/", why), 0);
	assert_int_equal(cfg.upload_max_body_bytes, 1100000000);
	assert_int_equal(config_value_put(&cfg, CONFIG_queue_max_attempts, "5", "/", why), 0);
	assert_int_equal(cfg.queue_max_attempts, 5);
	assert_int_equal(config_value_put(&cfg, CONFIG_model_allow_demonstration, "yes", "/", why), 0);
	assert_true(cfg.model_allow_demonstration);
	assert_int_equal(config_value_put(&cfg, CONFIG_model_allow_demonstration, "no", "/", why), 0);
	assert_false(cfg.model_allow_demonstration);
	assert_int_equal(config_value_put(&cfg, CONFIG_http_listen, "127.0.0.1:1", "/", why), 0);
	assert_string_equal(cfg.http_listen, "127.0.0.1:1");
	for (size_t i = 0; i < CONFIG_COUNT; i++)
		free(cfg.text[i]);
}

static void paths_become_absolute(void **state)
{
	static const struct {
		const char *text, *base, *want;
	} rows[] = {
		{ "/abs/x", "/base", "/abs/x" },
		{ "/abs/x//", "/base", "/abs/x" },
		{ "/", "/base", "/" },
		{ "rel/x", "/base", "/base/rel/x" },
		{ "../x", "/base", "/base/../x" }, /* what .. means is the file system's to say */
		{ "~/x", "/base", "/home/somebody/x" },
		{ "~other/x", "/base", NULL },
	};

	(void)state;
	setenv("HOME", "/home/somebody", 1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct config cfg = { 0 };
		char why[CONFIG_WHY_BYTES];
		int r = config_value_put(&cfg, CONFIG_blob_dir, rows[i].text, rows[i].base, why);
		assert_int_equal(r, rows[i].want ? 0 : -1);
		if (rows[i].want)
			assert_string_equal(cfg.blob_dir, rows[i].want);
		free(cfg.text[CONFIG_blob_dir]);
	}
}

/* The table itself: names that nothing confuses, defaults within their own bounds, words for people. */
static void the_table_is_sound(void **state)
{
	(void)state;
	for (int i = 0; i < CONFIG_COUNT; i++) {
		const struct config_option *o = &config_options[i];
		char allowed[200], env[96], other[96];
		config_env_name(o, env, sizeof env);
		for (int k = 0; k < i; k++) {
			config_env_name(&config_options[k], other, sizeof other);
			assert_string_not_equal(env, other);
			/* A section is one stretch of rows. */
			if (strcmp(config_options[k].section, o->section) == 0)
				assert_string_equal(config_options[i - 1].section, o->section);
		}
		for (const char *p = o->name; *p; p++)
			assert_true(islower((unsigned char)*p) || *p == '_' || *p == '.' ||
				    isdigit((unsigned char)*p));
		size_t len = strlen(o->text);
		assert_true(len > 8 && o->text[len - 1] == '.');
		assert_null(strchr(o->text, '|')); /* it stands in a table of Markdown */
		config_allowed_text(o, allowed, sizeof allowed);
		assert_true(strlen(allowed) >= 3);
		struct config cfg = { .data_dir = "/data" };
		char why[CONFIG_WHY_BYTES] = "", place[CONFIG_PATH_BYTES];
		if (config_value_default(&cfg, (enum config_index)i, place, why) < 0 ||
			config_value_put(&cfg, (enum config_index)i, place, "/", why) < 0)
			fail_msg("%s: its default %s", o->name, why);
		free(cfg.text[i]);
	}
}

static void allowed_texts(void **state)
{
	static const struct {
		enum config_index option;
		const char *want;
	} rows[] = {
		{ CONFIG_http_idle_timeout, "1s to 10m" },
		{ CONFIG_http_max_api_connections, "16 to 100000 connections" },
		{ CONFIG_log_format, "auto, text or json" },
		{ CONFIG_cluster_driver, "local or pbs" },
		{ CONFIG_mail_send_score, "yes or no" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[200];
		config_allowed_text(&config_options[rows[i].option], text, sizeof text);
		assert_string_equal(text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(sizes),
		cmocka_unit_test(listeners),
		cmocka_unit_test(members),
		cmocka_unit_test(typed_members_are_set),
		cmocka_unit_test(paths_become_absolute),
		cmocka_unit_test(the_table_is_sound),
		cmocka_unit_test(allowed_texts),
	};

	return cmocka_run_group_tests_name("app/config_value", tests, NULL, NULL);
}
