#include "support/testing.h"

#include <sys/mman.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

/* What one event writes, NUL-terminated, in memory of its own. */
static char *written(enum log_format format, enum log_level level, const char *event, const struct log_kv *kv)
{
	int fd = memfd_create("log", MFD_CLOEXEC);
	char *text = calloc(1, 1 << 20);

	assert_true(fd >= 0 && text);
	clock_test_set(1795336200123, 0);
	log_init(fd, format, LOG_INFO);
	log_write(level, event, kv);
	assert_true(pread(fd, text, (1 << 20) - 1, 0) >= 0);
	close(fd);
	clock_test_release();
	return text;
}

#define WRITTEN(format, ...)                                                                                 \
	written(format, LOG_WARN, "job.state", (const struct log_kv[]){ __VA_ARGS__, { .key = NULL } })

static int lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void text_form(void **state)
{
	CLEANUP(free_p)
	char *line = WRITTEN(LOG_TEXT, LOG_S("job", "j1"), LOG_I("attempt", -2), LOG_S("why", "disk is full"),
		LOG_S("empty", ""), LOG_S("nothing", NULL), LOG_S("quote", "a\"b\\c"), LOG_S("eq", "k=v"),
		LOG_S("umlaut", "\xc3\xa4"));

	(void)state;
	assert_string_equal(line,
		"08:30:00 warn  job.state job=j1 attempt=-2 why=\"disk is full\" empty=\"\" "
		"nothing=\"\" quote=\"a\\\"b\\\\c\" eq=\"k=v\" umlaut=\xc3\xa4\n");
}

static void json_form(void **state)
{
	CLEANUP(free_p) char *line = WRITTEN(LOG_JSON, LOG_S("job", "j\"1"), LOG_I("attempt", 2));

	(void)state;
	assert_string_equal(line, "{\"time\":\"2026-11-22T08:30:00.123Z\",\"level\":\"warn\","
				  "\"event\":\"job.state\",\"job\":\"j\\\"1\",\"attempt\":2}\n");
}

/* Whoever chooses a value chooses no line, no pair and no colour. */
static void a_value_cannot_fake_anything(void **state)
{
	static const char *const values[] = {
		"x\n08:30:00 error job.state job=forged",
		"x\r\ny",
		"x job=forged",
		"x\" job=\"forged",
		"\x1b[2J\x1b[31m",
		"a\x7f"
		"b",
		"\xc2\x9b"
		"31m",
		"\xc2\x85",
		"\xff\xfe\n",
		"\t=",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		CLEANUP(free_p) char *text = WRITTEN(LOG_TEXT, LOG_S("v", values[i]), LOG_I("end", 1));
		CLEANUP(free_p) char *json = WRITTEN(LOG_JSON, LOG_S("v", values[i]), LOG_I("end", 1));
		CLEANUP(json_free_p) struct json *root = NULL;
		struct err e = { 0 };
		assert_int_equal(lines(text), 1);
		assert_int_equal(lines(json), 1);
		for (const char *p = text; *p; p++)
			assert_true((unsigned char)*p >= 0x20 || p[1] == '\0');
		assert_null(strchr(text, '\x7f'));
		assert_null(strstr(text, "\xc2\x9b"));
		assert_null(strstr(text, "\xc2\x85"));
		/* From the opening quote to the unescaped closing one it is one value. */
		const char *p = strstr(text, " v=\"");
		assert_non_null(p);
		for (p += 4; *p && *p != '"'; p++)
			if (*p == '\\')
				p++;
		assert_string_equal(p, "\" end=1\n");
		assert_ok(json_parse(json, strlen(json), 2, &root, &e), &e);
		assert_int_equal(json_int(json_get(root, "end"), 0), 1);
		assert_null(json_get(root, "job"));
	}
}

static void a_long_value_is_cut_and_the_line_stays_whole(void **state)
{
	static char longer[300000];
	static const enum log_format formats[] = { LOG_TEXT, LOG_JSON };

	(void)state;
	/* Two-byte characters, so that a cut in the wrong place would leave half of one. */
	for (size_t i = 0; i + 2 < sizeof longer; i += 2) {
		longer[i] = '\xc3';
		longer[i + 1] = '\xa4';
	}
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		CLEANUP(free_p)
		char *line =
			WRITTEN(formats[i], LOG_S("a", longer), LOG_S("b", longer + 2), LOG_S("c", longer),
				LOG_S("d", longer), LOG_S("e", longer), LOG_S("f", longer), LOG_I("end", 1));
		assert_int_equal(lines(line), 1);
		assert_int_equal(line[strlen(line) - 1], '\n');
		assert_has(line, "\xc3\xa4…");
		assert_has(line, formats[i] == LOG_TEXT ? " end=1\n" : "\"end\":1}\n");
		assert_true(strlen(line) < 20000);
		if (formats[i] == LOG_JSON) {
			CLEANUP(json_free_p) struct json *root = NULL;
			struct err e = { 0 };
			assert_ok(json_parse(line, strlen(line), 2, &root, &e), &e);
		}
	}
}

static void levels_and_names(void **state)
{
	static const struct log_kv none = { .key = NULL };
	enum log_level level = LOG_ERROR;
	enum log_format format = LOG_JSON;

	(void)state;
	CLEANUP(free_p) char *below = written(LOG_TEXT, LOG_DEBUG, "quiet", &none);
	assert_string_equal(below, "");
	CLEANUP(free_p) char *at = written(LOG_TEXT, LOG_INFO, "loud", &none);
	assert_string_equal(at, "08:30:00 info  loud\n");
	/* No terminal: machines read it. */
	CLEANUP(free_p) char *automatic = written(LOG_AUTO, LOG_INFO, "loud", &none);
	assert_int_equal(automatic[0], '{');
	assert_true(log_level_parse("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_false(log_level_parse("loud", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_true(log_format_parse("text", &format));
	assert_int_equal(format, LOG_TEXT);
	assert_false(log_format_parse("", &format));
	assert_int_equal(format, LOG_TEXT);
}

static void addresses_are_masked(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "anna.b@example.org", "a…@example.org" },
		{ "\xc3\xa4nna@example.org", "*…@example.org" },
		{ "a@b@c.org", "a…@c.org" },
		{ "@example.org", "…" },
		{ "no address", "…" },
		{ "", "…" },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		log_mask_email(rows[i].in, out, sizeof out);
		assert_string_equal(out, rows[i].out);
	}
	log_mask_email("a@a-domain-that-is-longer-than-the-room.example", out, 10);
	assert_int_equal(strlen(out), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_form),
		cmocka_unit_test(json_form),
		cmocka_unit_test(a_value_cannot_fake_anything),
		cmocka_unit_test(a_long_value_is_cut_and_the_line_stays_whole),
		cmocka_unit_test(levels_and_names),
		cmocka_unit_test(addresses_are_masked),
	};

	return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
