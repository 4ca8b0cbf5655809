#include "support/testing.h"

#include <math.h>

#include "base/child.h"
#include "base/fsx.h"
#include "kit.h"

enum { TIME_MS = 30000 };

/* Write the report and read it back with poppler: its text in @text, pages counted by form feeds. */
static int read_back(struct kit *k, struct buf *text, const char *layout)
{
	char dir[TEST_DIR_BYTES], path[TEST_DIR_BYTES + 16];
	struct child_end end;
	struct err e = { 0 };
	int pages = 0;

	assert_int_equal(kit_write(k, report_pdf), 0);
	test_dir(dir);
	snprintf(path, sizeof path, "%s/r.pdf", dir);
	assert_ok(fsx_replace(path, k->out.data, k->out.len, 0600, &e), &e);
	const char *argv[] = { "pdftotext", layout, path, "-", NULL };
	struct child_spec spec = { .argv = argv, .in_fd = -1, .out_fd = -1, .err_fd = -1 };
	buf_reset(text);
	assert_ok(child_run(&spec, TIME_MS, text, NULL, &end, &e), &e);
	assert_true(end.exited && end.code == 0);
	for (const char *p = buf_str(text); *p; p++)
		pages += *p == '\f' ? 1 : 0;
	test_dir_remove(dir);
	return pages;
}

static void every_case_has_two_pages_and_says_what_it_is(void **state)
{
	BUF_CLEANUP struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	for (enum kit_case c = 0; c < KIT_CASES; c++) {
		struct kit k;
		kit_open(&k, c);
		if (read_back(&k, &text, "-layout") != 2)
			fail_msg("%s: not two pages", kit_name(c));
		assert_has(buf_str(&text), "Gait report");
		assert_has(buf_str(&text), "not a diagnosis");
		assert_has(buf_str(&text), "page 1 of 2");
		assert_has(buf_str(&text), "page 2 of 2");
		assert_has(buf_str(&text), "No score was given");
		assert_has(buf_str(&text), "Before you read the numbers");
		assert_has(buf_str(&text), "Cadence");
		assert_has(buf_str(&text), "SHA-256");
		assert_null(strstr(buf_str(&text), "nan"));
		assert_null(strstr(buf_str(&text), "DEMONSTRATION"));
		kit_close(&k);
	}
}

static void cases_say_what_is_missing(void **state)
{
	static const struct {
		enum kit_case c;
		const char *words[4];
	} rows[] = {
		{ KIT_ADULT, { "No reservations", "30 years", "170 cm", "Perry" } },
		{ KIT_CHILD, { "7 years 2 months", "120 cm", "Schwartz 2008", "Hausdorff 1999" } },
		{ KIT_SIDE_ONLY, { "Front view: no video was given", "Front: none" } },
		{ KIT_FRONT_ONLY, { "Side view: no video was given", "not measured" } },
		{ KIT_NO_HEIGHT, { "not given", "needs the person's height" } },
		{ KIT_UNKNOWN, { "No reference ranges for this age", "no reference curves for this age" } },
		{ KIT_STANDING, { "no regular walking was found", "Film at least six steps", "not used" } },
		{ KIT_NOBODY, { "nobody was recognised", "Film again with the whole body" } },
		{ KIT_LONG, { "shown: the first 36 s", "100.0 s" } },
		{ KIT_TREADMILL, { "the body does not cross the image", "treadmill" } },
	};
	BUF_CLEANUP struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kit k;
		kit_open(&k, rows[i].c);
		(void)read_back(&k, &text, "-layout");
		for (size_t w = 0; w < ARRAY_LEN(rows[i].words) && rows[i].words[w]; w++)
			if (!strstr(buf_str(&text), rows[i].words[w]))
				fail_msg("%s: no \"%s\" in %s", kit_name(rows[i].c), rows[i].words[w],
					buf_str(&text));
		kit_close(&k);
	}
}

static void a_score_stands_with_its_interval_and_its_stamp(void **state)
{
	static const char sum[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	BUF_CLEANUP struct buf text;
	struct kit k;

	(void)state;
	buf_init(&text, 1 << 20);
	kit_open(&k, KIT_ADULT);
	k.r.sha256[VIEW_SIDE] = sum;
	k.r.score = (struct report_score){ .value = 0.734,
		.low = 0.612,
		.high = 0.851,
		.model = "model-x",
		.version = "7",
		.population = "nobody real",
		.notice = "A notice that must be read.",
		.decision = "above the threshold",
		.demonstration = true,
		.share_count = 3,
		.shares = { { "speed_normalized", "1", 0.4, -0.2 }, { "stance", "%", 63, 0.9 },
			{ "ankle_range", "degrees", NAN, 0.01 } } };
	assert_int_equal(read_back(&k, &text, "-layout"), 2);
	static const char *const words[] = { "DEMONSTRATION MODEL", "0.73", "0.61 to 0.85", "model-x 7",
		"nobody real", "A notice that must be read.", "above the threshold", "stance: 63 %",
		"speed normalized: 0.4", "ankle range: not measured", sum };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		assert_has(buf_str(&text), words[i]);
	/* The largest share stands first. */
	assert_true(strstr(buf_str(&text), "stance: 63") < strstr(buf_str(&text), "speed normalized"));
	k.r.score.demonstration = false;
	(void)read_back(&k, &text, "-layout");
	assert_null(strstr(buf_str(&text), "DEMONSTRATION MODEL"));
	kit_close(&k);
}

/* Everything that can go wrong does: the page holds what fits and counts the rest. */
static void long_lists_stay_on_the_page(void **state)
{
	BUF_CLEANUP struct buf text;
	struct kit k;
	char notice[2000];

	(void)state;
	buf_init(&text, 1 << 20);
	kit_open(&k, KIT_ADULT);
	memset(notice, 'w', sizeof notice - 1);
	notice[sizeof notice - 1] = '\0';
	for (size_t i = 9; i < sizeof notice - 1; i += 10)
		notice[i] = ' ';
	for (enum view v = VIEW_FRONT; v < VIEWS; v++)
		k.a.view[v].flags = (UINT32_C(1) << FLAGS) - 1;
	for (enum param p = 0; p < PARAMS; p++)
		for (int s = 0; s < SIDES; s++)
			k.a.params.of[p][s].doubts = (UINT32_C(1) << DOUBTS) - 1;
	k.r.score.model = "model";
	k.r.score.demonstration = true;
	k.r.score.notice = notice;
	for (k.r.score.reason_count = 0; k.r.score.reason_count < REPORT_REASONS;)
		k.r.score.reasons[k.r.score.reason_count++] = notice;
	assert_int_equal(read_back(&k, &text, "-layout"), 2);
	assert_has(buf_str(&text), "more, in result.json");
	assert_has(buf_str(&text), "nobody was recognised");
	assert_has(buf_str(&text), "and 27 more");
	assert_has(buf_str(&text), "Cadence");
	assert_has(buf_str(&text), "page 1 of 2");
	kit_close(&k);
}

static void hostile_names_are_only_text(void **state)
{
	BUF_CLEANUP struct buf text;
	struct kit k;

	(void)state;
	buf_init(&text, 1 << 20);
	kit_open(&k, KIT_ADULT);
	snprintf(
		k.a.view[VIEW_SIDE].engine, sizeof k.a.view[VIEW_SIDE].engine, ") Tj (evil <&> \x01\xff end");
	assert_int_equal(read_back(&k, &text, "-raw"), 2);
	assert_has(buf_str(&text), ") Tj (evil <&> ?? end");
	kit_close(&k);
}

static void the_same_inputs_make_the_same_bytes(void **state)
{
	struct kit k, again;

	(void)state;
	kit_open(&k, KIT_ADULT);
	assert_int_equal(kit_write(&k, report_pdf), 0);
	assert_null(memmem(k.out.data, k.out.len, "/CreationDate", 13));
	kit_open(&again, KIT_ADULT);
	assert_int_equal(kit_write(&again, report_pdf), 0);
	assert_int_equal(k.out.len, again.out.len);
	assert_memory_equal(k.out.data, again.out.data, k.out.len);
	kit_close(&again);
	kit_close(&k);
}

static void a_full_buffer_is_an_error(void **state)
{
	struct kit k;
	struct err e = { 0 };

	(void)state;
	kit_open(&k, KIT_ADULT);
	for (size_t room = 1; room < 9000; room = 3 * room + 500) {
		BUF_CLEANUP struct buf out;
		buf_init(&out, room);
		assert_fails(report_pdf(&k.r, &out, &e), &e, ERR_TOO_LARGE);
	}
	kit_close(&k);
}

static int without_fonts(void *arg)
{
	struct kit *k = arg;
	struct err e = { 0 };

	report_release();
	if (setenv("FONTCONFIG_FILE", GAIT_SOURCE_DIR "/tests/unit/report/no_fonts.conf", 1) != 0)
		return 2;
	buf_reset(&k->out);
	if (report_pdf(&k->r, &k->out, &e) != 0)
		return 3;
	/* Two pages, drawn instead of set. */
	return memmem(k->out.data, k->out.len, "/Count 2", 8) &&
			       !memmem(k->out.data, k->out.len, "/FontFile", 9)
		       ? 0
		       : 4;
}

static void a_machine_without_fonts_makes_a_report_too(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, KIT_ADULT);
	assert_int_equal(kit_write(&k, report_pdf), 0);
	assert_non_null(memmem(k.out.data, k.out.len, "/FontFile", 9)); /* so the test can fail */
	int status = test_fork(without_fonts, &k);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_has_two_pages_and_says_what_it_is),
		cmocka_unit_test(cases_say_what_is_missing),
		cmocka_unit_test(a_score_stands_with_its_interval_and_its_stamp),
		cmocka_unit_test(long_lists_stay_on_the_page),
		cmocka_unit_test(hostile_names_are_only_text),
		cmocka_unit_test(the_same_inputs_make_the_same_bytes),
		cmocka_unit_test(a_full_buffer_is_an_error),
		cmocka_unit_test(a_machine_without_fonts_makes_a_report_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
