#include "support/testing.h"

#include <math.h>

#include "base/json.h"
#include "truth.h"

/* truth.json of a walk, as a reader of it sees it. */

static struct json *truth_of(const struct options *o)
{
	static struct film film;
	BUF_CLEANUP struct buf text;
	struct json *root = NULL;
	struct err e;

	buf_init(&text, 16 << 20);
	film_init(&film, o);
	assert_ok(truth_write(&film, &text, &e), &e);
	assert_ok(json_parse(buf_str(&text), text.len, 16, &root, &e), &e);
	return root;
}

static struct options walk(void)
{
	char *argv[] = { "walker", "--out", "x", "--size", "640x360", "--duration", "4", "--cadence", "110",
		"--step", "0.6" };
	struct options o;
	struct err e;

	assert_ok(options_parse((int)ARRAY_LEN(argv), argv, &o, &e), &e);
	return o;
}

static double num(const struct json *o, const char *name)
{
	assert_true(json_is_num(json_get(o, name)));
	return json_num(json_get(o, name), 0);
}

static void near_to(double a, double b, double eps)
{
	if (fabs(a - b) > eps)
		fail_msg("%g is not %g", a, b);
}

static void numbers_are_those_requested(void **state)
{
	struct options o = walk();

	o.asymmetry = .2;
	o.asymmetry_time = -.1;
	CLEANUP(json_free_p) struct json *t = truth_of(&o);

	(void)state;
	near_to(num(t, "cadence_steps_per_min"), 110, 1e-4);
	near_to(num(t, "speed_m_per_s"), .6 * 110 / 60, 1e-4);
	near_to(num(t, "stride_length_m"), 1.2, 1e-4);
	near_to(num(t, "stride_time_s"), 120 / 110., 1e-4);
	near_to(num(t, "height_m"), 1.72, 1e-4);
	near_to(num(t, "step_width_m"), .058 * 1.72, 1e-3);
	near_to(num(t, "frames"), 120, 0);
	near_to(num(t, "fps"), 30, 0);
	near_to(num(json_get(t, "step_length_m"), "left"), .66, 1e-4);
	near_to(num(json_get(t, "step_length_m"), "right"), .54, 1e-4);
	near_to(num(json_get(t, "step_time_s"), "left"), 60 / 110. * .95, 1e-4);
	near_to(num(json_get(t, "step_time_s"), "right"), 60 / 110. * 1.05, 1e-4);
	near_to(num(json_get(t, "stance_percent"), "left"), 61, 1e-9);
}

static void check_spacing(const struct json *times, double want, double end)
{
	double last = -1;

	assert_true(json_len(times) >= 3);
	for (const struct json *v = json_first(times); v; v = json_next(v)) {
		double t = json_num(v, -1);

		assert_true(t >= 0 && t < end);
		if (last >= 0)
			near_to(t - last, want, 2e-4);
		last = t;
	}
}

static void events_are_a_cycle_apart(void **state)
{
	static const char *const sides[] = { "left", "right" };
	struct options o = walk();
	CLEANUP(json_free_p) struct json *t = truth_of(&o);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
		const struct json *s = json_get(json_get(t, "events_s"), sides[i]);
		double strike = json_num(json_first(json_get(s, "heel_strike")), -1);
		double off = json_num(json_first(json_get(s, "toe_off")), -1),
		       cycle = num(t, "stride_time_s");

		check_spacing(json_get(s, "heel_strike"), cycle, 4);
		check_spacing(json_get(s, "toe_off"), cycle, 4);
		near_to(fmod(off - strike + 2 * cycle, cycle) / cycle, .61, 1e-3);
	}
}

static void curves_have_101_points(void **state)
{
	static const char *const sides[] = { "left", "right" }, *const names[] = { "thigh", "hip", "knee",
		"ankle" };
	struct options o = walk();
	CLEANUP(json_free_p) struct json *t = truth_of(&o);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
		for (size_t j = 0; j < ARRAY_LEN(names); j++) {
			const struct json *c =
				json_get(json_get(json_get(t, "angles_deg"), sides[i]), names[j]);
			const struct json *f =
				json_get(json_get(json_get(t, "frame_angles_deg"), sides[i]), names[j]);
			double first = json_num(json_first(c), NAN), v = 0;

			assert_int_equal(json_len(c), 101);
			assert_int_equal(json_len(f), 120);
			for (const struct json *x = json_first(c); x; x = json_next(x)) {
				v = json_num(x, NAN);
				assert_true(v > -60 && v < 80);
			}
			near_to(v, first, .05); /* the cycle closes */
		}
	}
}

/* Key points lie in the picture, and the figure in it goes where the options say. */
static void check_view(const struct json *view, const struct options *o, int want_dx, int want_growth)
{
	double first_x = 0, first_tall = 0, x = 0, tall = 0;
	int n = 0;

	assert_int_equal(json_len(json_get(view, "key_points")), 120);
	assert_int_equal(json_len(json_get(view, "depth_m")), 120);
	for (const struct json *f = json_first(json_get(view, "key_points")); f; f = json_next(f), n++) {
		double p[2 * BODY25];
		int i = 0;

		assert_int_equal(json_len(f), 2 * BODY25);
		for (const struct json *v = json_first(f); v; v = json_next(v), i++) {
			p[i] = json_num(v, NAN);
			assert_true(p[i] > 0 && p[i] < (i % 2 ? o->frame_height : o->frame_width));
			near_to(p[i] * 100, round(p[i] * 100), 1e-6);
		}
		x = p[16];
		tall = p[2 * 21 + 1] - p[1];
		if (n == 0) {
			first_x = x;
			first_tall = tall;
		}
	}
	if (want_dx)
		assert_true(want_dx * (x - first_x) > .5 * o->frame_width);
	if (want_growth)
		assert_true(want_growth * (tall - first_tall) > .3 * first_tall * (want_growth > 0 ? 1 : .5));
}

static void views_show_the_walk(void **state)
{
	(void)state;
	for (int direction = -1; direction < 2; direction += 2) {
		for (int toward = 0; toward < 2; toward++) {
			struct options o = walk();

			o.direction = direction;
			o.front_toward = toward;
			CLEANUP(json_free_p) struct json *t = truth_of(&o);
			const struct json *views = json_get(t, "views");

			check_view(json_get(views, "side"), &o, direction, 0);
			check_view(json_get(views, "front"), &o, 0, toward ? 1 : -1);
			assert_string_equal(json_str(json_get(json_get(views, "side"), "direction"), ""),
				direction > 0 ? "right" : "left");
		}
	}
}

/* In the side view the mid hip moves at the walking speed, by the scale that the truth gives. */
static void both_views_agree_on_the_speed(void **state)
{
	struct options o = walk();
	CLEANUP(json_free_p) struct json *t = truth_of(&o);
	const struct json *side = json_get(json_get(t, "views"), "side"),
			  *front = json_get(json_get(t, "views"), "front");
	double x[2] = { 0, 0 }, z[2] = { 0, 0 }, depth = json_num(json_first(json_get(side, "depth_m")), NAN);
	int n = 0;

	(void)state;
	for (const struct json *f = json_first(json_get(side, "key_points")); f; f = json_next(f), n++) {
		const struct json *v = json_first(f);

		for (int i = 0; i < 16; i++)
			v = json_next(v);
		x[n > 0] = json_num(v, NAN);
	}
	n = 0;
	for (const struct json *v = json_first(json_get(front, "depth_m")); v; v = json_next(v), n++)
		z[n > 0] = json_num(v, NAN);
	double side_m = (x[1] - x[0]) * depth / num(side, "focal_px"), front_m = z[0] - z[1],
	       want = 1.1 * 119 / 30;
	near_to(side_m, want, .06);
	near_to(front_m, side_m, .05);
}

static void only_wanted_views_are_written(void **state)
{
	struct options o = walk();

	(void)state;
	o.view[VIEW_FRONT] = false;
	CLEANUP(json_free_p) struct json *t = truth_of(&o);
	assert_null(json_get(json_get(t, "views"), "front"));
	assert_non_null(json_get(json_get(t, "views"), "side"));
}

static void kind_of_gait_is_told(void **state)
{
	static const struct {
		enum contact contact;
		const char *name;
		double low, high; /* the foot's pitch at contact */
	} rows[] = { { CONTACT_HEEL, "heel", 10, 22 }, { CONTACT_FLAT, "flat", -.5, .5 },
		{ CONTACT_TOE, "toe", -20, -8 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct options o = walk();

		o.contact = rows[i].contact;
		o.toe_out_deg = -7;
		CLEANUP(json_free_p) struct json *t = truth_of(&o);
		double pitch = num(json_get(t, "foot_pitch_at_contact_deg"), "left");
		assert_string_equal(json_str(json_get(t, "contact"), ""), rows[i].name);
		assert_true(pitch >= rows[i].low && pitch <= rows[i].high);
		near_to(num(json_get(t, "foot_progression_deg"), "right"), -7, .01);
	}
}

static void range_of(const struct json *list, double *least, double *most)
{
	*least = 1e9;
	*most = -1e9;
	for (const struct json *v = json_first(list); v; v = json_next(v)) {
		*least = fmin(*least, json_num(v, NAN));
		*most = fmax(*most, json_num(v, NAN));
	}
}

static void posture_is_told_in_each_frame(void **state)
{
	static const char *const names[] = { "trunk_lean", "trunk_sway", "pelvis_obliquity", "arm_left",
		"arm_right" };
	struct options o = walk();
	double least, most;

	(void)state;
	o.pelvis_drop_deg = 8;
	CLEANUP(json_free_p) struct json *t = truth_of(&o);
	const struct json *p = json_get(t, "frame_posture_deg");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(json_len(json_get(p, names[i])), 120);
	range_of(json_get(p, "pelvis_obliquity"), &least, &most);
	near_to(least, -8, .2);
	near_to(most, 8, .2);
	range_of(json_get(p, "arm_left"), &least, &most);
	assert_true(most - least > 40);
}

static void who_stands_has_no_events(void **state)
{
	struct options o = walk();

	(void)state;
	o.stand = true;
	CLEANUP(json_free_p) struct json *t = truth_of(&o);
	assert_false(json_bool(json_get(t, "walks"), true));
	assert_null(json_get(t, "cadence_steps_per_min"));
	for (int s = 0; s < SIDE_COUNT; s++) {
		const struct json *e = json_get(json_get(t, "events_s"), s ? "left" : "right");
		assert_int_equal(json_len(json_get(e, "heel_strike")), 0);
		assert_int_equal(json_len(json_get(e, "toe_off")), 0);
	}
	check_view(json_get(json_get(t, "views"), "side"), &o, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_requested),
		cmocka_unit_test(events_are_a_cycle_apart),
		cmocka_unit_test(curves_have_101_points),
		cmocka_unit_test(views_show_the_walk),
		cmocka_unit_test(both_views_agree_on_the_speed),
		cmocka_unit_test(only_wanted_views_are_written),
		cmocka_unit_test(kind_of_gait_is_told),
		cmocka_unit_test(posture_is_told_in_each_frame),
		cmocka_unit_test(who_stands_has_no_events),
	};

	return cmocka_run_group_tests_name("walker/truth", tests, NULL, NULL);
}
