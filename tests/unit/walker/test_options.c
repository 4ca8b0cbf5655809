#include "support/testing.h"

#include <math.h>

#include "base/strv.h"
#include "options.h"

enum { ARGS_MAX = 16 };

/* Parse a command line given as words divided by single spaces. */
static int parse(const char *line, struct options *o, struct err *e)
{
	static char text[512];
	char *argv[ARGS_MAX] = { "walker" }, *save = NULL;
	int argc = 1;

	assert_true(str_copy(text, sizeof text, line));
	for (char *w = strtok_r(text, " ", &save); w && argc < ARGS_MAX; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	return options_parse(argc, argv, o, e);
}

static void defaults_are_the_sample_walk(void **state)
{
	struct options o;
	struct err e;

	(void)state;
	assert_int_equal(parse("--out x", &o, &e), 0);
	assert_string_equal(o.out_dir, "x");
	assert_true(o.view[VIEW_SIDE] && o.view[VIEW_FRONT]);
	assert_true(fabs(o.cadence - 104) < 1e-9 && fabs(o.step_m - .62) < 1e-9 &&
		    fabs(o.height_m - 1.72) < 1e-9);
	assert_int_equal(o.direction, 1);
	assert_int_equal(o.front_toward, 1);
	assert_int_equal(o.frame_width, 1280);
	assert_int_equal(o.frame_height, 720);
	assert_int_equal(options_frames(&o), 195);
}

static void values_are_read(void **state)
{
	static const struct {
		const char *line;
		double height, step, cadence, age;
	} rows[] = {
		{ "--out x --height 172cm", 1.72, .62, 104, 20 },
		{ "--out x --height 1.86m --step .7", 1.86, .7, 104, 20 },
		{ "--out x --height 160 --step 0.5", 1.60, .5, 104, 20 },
		{ "--out x --height 1.5 --step 0.5", 1.5, .5, 104, 20 },
		{ "--out x --speed 1.2 --cadence 120", 1.72, .6, 120, 20 },
		{ "--out x --child", 1.03, .37, 151, 4 },
		{ "--out x --age 3", .956, .329, 154, 3 },
		{ "--out x --age 7 --height 130cm --cadence 120 --step .5", 1.3, .5, 120, 7 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct options o;
		struct err e;

		assert_int_equal(parse(rows[i].line, &o, &e), 0);
		assert_true(fabs(o.height_m - rows[i].height) < 1e-6);
		assert_true(fabs(o.step_m - rows[i].step) < 1e-6);
		assert_true(fabs(o.cadence - rows[i].cadence) < 1e-6);
		assert_true(fabs(o.age - rows[i].age) < 1e-6);
		assert_true(fabs(o.speed_m_per_s - o.step_m * o.cadence / 60) < 1e-9);
	}
}

static void words_are_read(void **state)
{
	struct options o;
	struct err e;

	(void)state;
	assert_int_equal(
		parse("--out x --view front --front-direction away --direction left --seed 7", &o, &e), 0);
	assert_true(!o.view[VIEW_SIDE] && o.view[VIEW_FRONT]);
	assert_int_equal(o.direction, -1);
	assert_int_equal(o.front_toward, 0);
	assert_int_equal(o.seed, 7);
	assert_int_equal(parse("--out x --view side --size 640x360 --threads 3 --progress", &o, &e), 0);
	assert_true(o.view[VIEW_SIDE] && !o.view[VIEW_FRONT] && o.progress);
	assert_int_equal(o.frame_width, 640);
	assert_int_equal(o.frame_height, 360);
	assert_int_equal(o.threads, 3);
	assert_int_equal(parse("--out x --contact toe --stand --truth-only", &o, &e), 0);
	assert_int_equal(o.contact, CONTACT_TOE);
	assert_true(o.stand && o.truth_only);
	assert_int_equal(parse("--out x --contact flat", &o, &e), 0);
	assert_int_equal(o.contact, CONTACT_FLAT);
	assert_true(!o.stand && !o.truth_only);
}

/* What the figure is asked for arrives in radians; not asked for, it is as it always was. */
static void posture_reaches_the_gait(void **state)
{
	struct options o;
	struct err e;

	(void)state;
	assert_int_equal(parse("--out x", &o, &e), 0);
	struct kin_params p = options_gait(&o);
	assert_true(p.contact == CONTACT_HEEL && fabs(p.toe_out - KIN_TOE_OUT) < 1e-12 && p.arm_swing == 1);
	assert_true(fabs(p.pelvis_drop * 180 / 3.14159265358979 - KIN_DROP) < 1e-9);
	assert_true(p.trunk_lean == 0 && p.trunk_sway == 0 && !p.stand);
	assert_int_equal(
		parse("--out x --toe-out -9 --pelvis-drop 6 --trunk-lean 18 --trunk-sway 3.6 --arm-swing .5",
			&o, &e),
		0);
	p = options_gait(&o);
	assert_true(fabs(p.toe_out + .157079632679) < 1e-9 && fabs(p.pelvis_drop - .104719755120) < 1e-9);
	assert_true(fabs(p.trunk_lean - .314159265359) < 1e-9 && fabs(p.trunk_sway - .0628318530718) < 1e-9);
	assert_true(fabs(p.arm_swing - .5) < 1e-9);
}

/* A toddler's steps are short enough for the wide base that toddlers walk on. */
static void short_steps_may_be_wide(void **state)
{
	struct options o;
	struct err e;

	(void)state;
	assert_int_equal(parse("--out x --age 1.5 --width 0.10", &o, &e), 0);
	assert_int_equal(parse("--out x --width 0.30", &o, &e), -1);
	assert_int_equal(parse("--out x --width 0.24 --step .55", &o, &e), 0);
	assert_int_equal(parse("--out x --width 0.24 --step .72", &o, &e), -1);
}

/* Each bad line is a usage error, exit 64, whose text names what is wrong. */
static void bad_lines_are_refused(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{ "", "--out" },
		{ "--view side", "--out" },
		{ "--out", "--out needs a value" },
		{ "--out x --bogus 1", "--bogus" },
		{ "--out x stray", "stray" },
		{ "--out x --cadence", "--cadence needs a value" },
		{ "--out x --cadence 0", "--cadence takes a number from 40 to 220" },
		{ "--out x --cadence 221", "--cadence" },
		{ "--out x --cadence 104x", "104x" },
		{ "--out x --cadence nan", "nan" },
		{ "--out x --step -1", "--step" },
		{ "--out x --step 0.6 --speed 1", "exclude" },
		{ "--out x --step 1.1", "not possible" },
		{ "--out x --step 0.7 --asymmetry 0.5", "not possible" },
		{ "--out x --height 100cm --step .6", "not possible" },
		{ "--out x --speed 2.5 --cadence 60", "not possible" },
		{ "--out x --height 3m", "--height" },
		{ "--out x --height 172in", "--height" },
		{ "--out x --height cm", "--height" },
		{ "--out x --width 1", "--width" },
		{ "--out x --width 0.3", "step width" },
		{ "--out x --contact heels", "heel|flat|toe" },
		{ "--out x --toe-out 60", "--toe-out" },
		{ "--out x --pelvis-drop -1", "--pelvis-drop" },
		{ "--out x --trunk-lean 90", "--trunk-lean" },
		{ "--out x --trunk-sway -2", "--trunk-sway" },
		{ "--out x --arm-swing 2", "--arm-swing" },
		{ "--out x --asymmetry 0.6", "--asymmetry" },
		{ "--out x --asymmetry-time -0.5", "--asymmetry-time" },
		{ "--out x --knee-left 0", "--knee-left" },
		{ "--out x --knee-right 2", "--knee-right" },
		{ "--out x --direction up", "right|left" },
		{ "--out x --front-direction left", "toward|away" },
		{ "--out x --view", "--view needs" },
		{ "--out x --view top", "both|side|front" },
		{ "--out x --duration 0", "--duration" },
		{ "--out x --fps 1000", "--fps" },
		{ "--out x --size 641x360", "641x360" },
		{ "--out x --size 640", "--size" },
		{ "--out x --size 640x", "--size" },
		{ "--out x --size x360", "--size" },
		{ "--out x --size 640x360x2", "--size" },
		{ "--out x --size 9000x9000", "--size" },
		{ "--out x --seed -1", "--seed" },
		{ "--out x --seed 1.5", "--seed" },
		{ "--out x --age 0", "--age" },
		{ "--out x --threads 0", "--threads" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct options o;
		struct err e = { ERR_NONE, "" };

		assert_int_equal(parse(rows[i].line, &o, &e), -1);
		assert_int_equal(err_exit_code(e.kind), 64);
		if (!strstr(e.msg, rows[i].says))
			fail_msg("\"%s\" said: %s", rows[i].line, e.msg);
	}
}

static void help_names_every_option(void **state)
{
	static const char *const names[] = { "--out", "--view", "--cadence", "--step", "--speed", "--height",
		"--width", "--asymmetry", "--asymmetry-time", "--knee-left", "--knee-right", "--direction",
		"--front-direction", "--duration", "--fps", "--size", "--seed", "--child", "--age",
		"--threads", "--progress", "--help", "--contact", "--toe-out", "--pelvis-drop",
		"--trunk-lean", "--trunk-sway", "--arm-swing", "--stand", "--truth-only" };
	BUF_CLEANUP struct buf text;
	struct options o;
	struct err e;

	(void)state;
	buf_init(&text, 16384);
	assert_int_equal(parse("--help", &o, &e), 0);
	assert_true(o.help);
	assert_int_equal(options_help(&text, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_non_null(strstr(buf_str(&text), names[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_the_sample_walk),
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(words_are_read),
		cmocka_unit_test(posture_reaches_the_gait),
		cmocka_unit_test(short_steps_may_be_wide),
		cmocka_unit_test(bad_lines_are_refused),
		cmocka_unit_test(help_names_every_option),
	};

	return cmocka_run_group_tests_name("walker/options", tests, NULL, NULL);
}
