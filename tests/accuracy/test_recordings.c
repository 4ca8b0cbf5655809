#include "support/testing.h"

#include <math.h>

#include "base/buf.h"
#include "base/fsx.h"
#include "base/json.h"
#include "gait/analyze.h"

/* Recordings with independent truth, in the folder "shared" beside the repository. They are not part of the
 * project: without them this ends with 77, which CTest shows as skipped. */
#define SHARED GAIT_SOURCE_DIR "/../shared/data"

static void close_to(const char *what, double have, double want, double tolerance)
{
	printf("  %-28s %9.4f  truth %9.4f  off %+.4f\n", what, have, want, have - want);
	if (!(fabs(have - want) <= tolerance))
		fail_msg("%s is %.4f, not %.4f ± %g", what, have, want, tolerance);
}

static void read_folder(const char *base, double fps, int frames, struct keypoints *k)
{
	BUF_CLEANUP struct buf text;
	struct err e = { 0 };

	buf_init(&text, KEYPOINTS_MAX_TEXT);
	k->fps = fps;
	k->width = 1920;
	k->height = 1080;
	for (int f = 0; f < frames; f++) {
		char path[1024];
		snprintf(path, sizeof path, "%s_%012d_keypoints.json", base, f);
		buf_reset(&text);
		assert_ok(fsx_read_file(path, &text, &e), &e);
		assert_ok(keypoints_add(k, text.data, text.len, &e), &e);
	}
}

/* The event nearest to @truth must lie within the tolerance. */
static void event_near(
	const struct analysis *a, enum side foot, enum event_kind kind, double truth, double tolerance)
{
	const struct events *ev = &a->view[VIEW_SIDE].events;
	double best = NAN;
	char what[64];

	for (size_t i = 0; i < ev->count; i++)
		if (ev->list[i].foot == foot && ev->list[i].kind == kind &&
			!(fabs(ev->list[i].time_s - truth) >= fabs(best - truth)))
			best = ev->list[i].time_s;
	snprintf(what, sizeof what, "%s %s (s)", side_name(foot),
		kind == EVENT_HEEL_STRIKE ? "heel strike" : "toe-off");
	close_to(what, best, truth, tolerance);
}

/* Rajagopal 2016: overground walk, markers through two virtual cameras, force plates for the truth. */
static void force_plates_agree(void **state)
{
	static const struct {
		int fps, frames;
	} rows[] = { { 100, 238 }, { 30, 72 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		KEYPOINTS_CLEANUP struct keypoints front;
		KEYPOINTS_CLEANUP struct keypoints side;
		ANALYSIS_CLEANUP struct analysis a;
		/* The files do not say how tall the person is; 1.70 m is the model's own height. */
		const struct patient p = { .height_m = 1.70, .age_months = NAN };
		struct err e = { 0 };
		char base[512];
		printf("rajagopal, %d frames a second\n", rows[i].fps);
		keypoints_init(&front);
		keypoints_init(&side);
		snprintf(base, sizeof base, SHARED "/keypoints/rajagopal_side_%dfps/rajagopal_side",
			rows[i].fps);
		read_folder(base, rows[i].fps, rows[i].frames, &side);
		snprintf(base, sizeof base, SHARED "/keypoints/rajagopal_front_%dfps/rajagopal_front",
			rows[i].fps);
		read_folder(base, rows[i].fps, rows[i].frames, &front);
		assert_ok(analyze(&front, &side, &p, &a, &e), &e);
		event_near(&a, SIDE_RIGHT, EVENT_HEEL_STRIKE, 0.268, 0.015);
		event_near(&a, SIDE_RIGHT, EVENT_HEEL_STRIKE, 1.412, 0.015);
		event_near(&a, SIDE_LEFT, EVENT_HEEL_STRIKE, 0.8365, 0.015);
		event_near(&a, SIDE_RIGHT, EVENT_TOE_OFF, 1.0235, 0.02);
		event_near(&a, SIDE_RIGHT, EVENT_TOE_OFF, 2.1675, 0.02);
		event_near(&a, SIDE_LEFT, EVENT_TOE_OFF, 1.5895, 0.02);
		close_to("cadence (steps/min)", a.params.of[PARAM_cadence][0].value, 104.9, 1.5);
		close_to("speed (m/s)", a.params.of[PARAM_speed][0].value, 1.2587, 0.04);
		close_to("stance right (%)", a.params.of[PARAM_stance][SIDE_RIGHT].value, 66.04, 2);
		close_to("step length left (m)", a.params.of[PARAM_step_length][SIDE_LEFT].value, 0.6958,
			0.03);
		close_to("step length right (m)", a.params.of[PARAM_step_length][SIDE_RIGHT].value, 0.6878,
			0.03);
	}
}

static void read_truth(const char *path, struct json **ret)
{
	BUF_CLEANUP struct buf text;
	struct err e = { 0 };

	buf_init(&text, 1 << 24);
	assert_ok(fsx_read_file(path, &text, &e), &e);
	assert_ok(json_parse(text.data, text.len, 16, ret, &e), &e);
}

/* The rendered walker's own 2D points: what remains is the method's error, not the engine's. */
static void walker_points(const struct json *truth, struct keypoints *k)
{
	struct err e = { 0 };

	k->fps = json_num(json_get(truth, "fps"), 0);
	k->width = (int)json_int(json_get(truth, "width"), 0);
	k->height = (int)json_int(json_get(truth, "height"), 0);
	for (const struct json *f = json_first(json_get(truth, "frame")); f; f = json_next(f)) {
		BUF_CLEANUP struct buf b;
		size_t i = 0;
		buf_init(&b, 1 << 16);
		assert_ok(buf_adds(&b, "{\"people\":[{\"pose_keypoints_2d\":[", &e), &e);
		for (const struct json *v = json_first(json_get(f, "kp")); v; v = json_next(v), i++)
			assert_ok(
				buf_addf(&b, &e, "%s%.3f%s", i ? "," : "", json_num(v, 0), i % 2 ? ",1" : ""),
				&e);
		assert_ok(buf_adds(&b, "]}]}", &e), &e);
		assert_ok(keypoints_add(k, b.data, b.len, &e), &e);
	}
}

static void the_walker_agrees(void **state)
{
	struct json *ts __attribute__((cleanup(json_free_p))) = NULL;
	struct json *tf __attribute__((cleanup(json_free_p))) = NULL;
	KEYPOINTS_CLEANUP struct keypoints front;
	KEYPOINTS_CLEANUP struct keypoints side;
	ANALYSIS_CLEANUP struct analysis a;
	struct err e = { 0 };

	(void)state;
	printf("walker, its own points\n");
	read_truth(SHARED "/walker/final_side.json", &ts);
	read_truth(SHARED "/walker/final_front.json", &tf);
	keypoints_init(&front);
	keypoints_init(&side);
	walker_points(tf, &front);
	walker_points(ts, &side);
	const struct patient p = { .height_m = json_num(json_get(ts, "height_m"), 0), .age_months = NAN };
	assert_ok(analyze(&front, &side, &p, &a, &e), &e);
	close_to("cadence (steps/min)", a.params.of[PARAM_cadence][0].value,
		json_num(json_get(ts, "cadence"), 0), 1);
	close_to("speed (m/s)", a.params.of[PARAM_speed][0].value, json_num(json_get(ts, "speed_mps"), 0),
		0.04);
	close_to("step width (m)", a.params.of[PARAM_step_width][0].value,
		json_num(json_get(ts, "step_width_m"), 0), 0.02);
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		close_to("step length (m)", a.params.of[PARAM_step_length][s].value, 0.62, 0.03);
		close_to("stance (%)", a.params.of[PARAM_stance][s].value,
			json_num(json_get(ts, "stance_pct"), 0), 5);
		const struct json *list =
			json_get(ts, s == SIDE_LEFT ? "heel_strike_left" : "heel_strike_right");
		for (const struct json *v = json_first(list); v; v = json_next(v))
			event_near(&a, s, EVENT_HEEL_STRIKE, json_num(v, 0), 0.03);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(force_plates_agree),
		cmocka_unit_test(the_walker_agrees),
	};

	if (!fsx_exists(SHARED "/keypoints/rajagopal_truth.json") ||
		!fsx_exists(SHARED "/walker/final_side.json")) {
		printf("skipped: the recordings are not there (%s)\n", SHARED);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
