#include "support/testing.h"

#include "pose/options.h"

static int parse(const char *const *args, struct pose_options *o, struct err *e)
{
	char *argv[16] = { "gait-pose" };
	int argc = 1;

	while (args[argc - 1]) {
		argv[argc] = (char *)(uintptr_t)args[argc - 1];
		argc++;
	}
	return options_parse(argc, argv, o, e);
}

static void good_lines_are_understood(void **state)
{
	struct pose_options o;
	struct err e;

	(void)state;
	assert_ok(parse((const char *const[]){ "--input", "a.mp4", NULL }, &o, &e), &e);
	assert_string_equal(o.input, "a.mp4");
	assert_null(o.json_dir);
	assert_int_equal(o.model, WEIGHTS_FULL);
	assert_int_equal(o.progress_fd, -1);
	assert_int_equal(o.limits.threads, 2);
	assert_false(o.has_hint);
	assert_ok(parse((const char *const[]){ "--input=a b", "--write_json", "d", "--write_video=v.mp4",
				"--model", "heavy", "--subject_hint", "640,0.5", "--max_seconds", "12.5",
				"--progress=stderr", NULL },
			  &o, &e),
		&e);
	assert_string_equal(o.input, "a b");
	assert_string_equal(o.video_file, "v.mp4");
	assert_int_equal(o.model, WEIGHTS_HEAVY);
	assert_true(o.has_hint);
	assert_float_equal(o.hint_x, 640, 0);
	assert_float_equal(o.hint_y, 0.5, 0);
	assert_float_equal(o.limits.max_seconds, 12.5, 0);
	assert_int_equal(o.progress_fd, 2);
	assert_ok(parse((const char *const[]){ "--input", "a", "--progress", NULL }, &o, &e), &e);
	assert_int_equal(o.progress_fd, 1);
	assert_null(o.read_dir);
	assert_ok(parse((const char *const[]){ "--input", "a", "--read_json", "d", "--events", "r.json",
				"--view", "front", "--write_video", "v.mp4", NULL },
			  &o, &e),
		&e);
	assert_string_equal(o.read_dir, "d");
	assert_string_equal(o.events_file, "r.json");
	assert_int_equal(o.view, VIEW_FRONT);
	assert_ok(parse((const char *const[]){ "--help", NULL }, &o, &e), &e);
	assert_true(o.help);
}

static void bad_lines_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *args[11], *part;
	} rows[] = { { { NULL }, "--input" }, { { "--input" }, "--input" }, { { "--input", "" }, "--input" },
		{ { "--nonsense" }, "--nonsense" }, { { "a.mp4" }, "a.mp4" },
		{ { "--input", "a", "--model=lite" }, "lite" },
		{ { "--input", "a", "--subject_hint=5" }, "5" },
		{ { "--input", "a", "--subject_hint=5,x" }, "5,x" },
		{ { "--input", "a", "--subject_hint=-1,5" }, "-1,5" },
		{ { "--input", "a", "--max_seconds=0" }, "0" },
		{ { "--input", "a", "--max_pixels=1e9" }, "1e9" },
		{ { "--input", "a", "--progress=7" }, "7" },
		{ { "--input", "a", "--decode_threads=9" }, "9" }, { { "--bench_model", "0" }, "0" },
		{ { "--input", "a", "--view", "back" }, "back" },
		{ { "--input", "a", "--read_json", "d", "--write_video", "v" }, "go together" },
		{ { "--input", "a", "--read_json", "d", "--events", "r", "--view", "side" }, "go together" },
		{ { "--input", "a", "--events", "r", "--view", "side", "--write_video", "v" },
			"go together" },
		{ { "--input", "a", "--read_json", "d", "--events", "r", "--view", "side", "--write_video=v",
			  "--write_json=d" },
			"go together" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pose_options o;
		struct err e = { 0 };

		assert_fails(parse(rows[i].args, &o, &e), &e, ERR_USAGE);
		assert_has(e.msg, rows[i].part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good_lines_are_understood),
		cmocka_unit_test(bad_lines_are_refused_with_the_reason) };

	return cmocka_run_group_tests_name("pose/options", tests, NULL, NULL);
}
