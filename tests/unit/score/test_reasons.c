#include "support/testing.h"

#include <math.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "kit.h"
#include "score/score.h"

/* Every way to get no score, each by one change of a walk that gets one. */

static void short_walk(struct analysis *a)
{
	a->view[VIEW_SIDE].cycles.of_foot[SIDE_LEFT] = 1;
}

static void no_lengths(struct analysis *a)
{
	for (enum param p = 0; p < PARAMS; p++)
		for (int s = 0; s < SIDES; s++)
			if (p == PARAM_speed_normalized || p == PARAM_cadence_normalized ||
				p == PARAM_step_length_normalized || p == PARAM_step_width_normalized)
				a->params.of[p][s].value = NAN;
}

static void doubtful_points(struct analysis *a)
{
	a->view[VIEW_FRONT].mean_confidence = 0.3;
}

static void slow_camera(struct analysis *a)
{
	a->view[VIEW_SIDE].fps = 15;
}

static void ageless(struct analysis *a)
{
	a->patient.age_months = NAN;
}

static void toddler(struct analysis *a)
{
	a->patient.age_months = 24;
}

static void sexless(struct analysis *a)
{
	a->patient.sex = 0;
}

static void with_cane(struct analysis *a)
{
	a->patient.walking_aid = WALKING_AID_cane;
}

static void with_orthosis(struct analysis *a)
{
	a->patient.orthosis = ORTHOSIS_left;
}

static void several_people(struct analysis *a)
{
	view_set_flag(&a->view[VIEW_FRONT], FLAG_several_people);
}

static void running(struct analysis *a)
{
	view_set_flag(&a->view[VIEW_SIDE], FLAG_running);
}

#define POPULATION  "\"population\":{"
#define QUALITY     "\"quality\":{"
#define NO_CHANGE   "\"version\"", "\"version\""
#define WOMEN       POPULATION, POPULATION "\"sexes\":[\"F\"],"
#define MEN         POPULATION, POPULATION "\"sexes\":[\"M\"],"
#define TELL_SHOES  "\"excludes\":{", "\"excludes\":{\"footwear\":[\"unknown\"],"
#define NOT_A_CROWD QUALITY, QUALITY "\"refuses\":[\"several_people\"],"

static const struct row {
	const char *from, *to; /* in the manifest */
	void (*change)(struct analysis *a);
	enum score_reason why; /* SCORE_REASONS: none, */
	enum flag flag;        /* but this flag; FLAGS: there is a score */
} rows[] = {
	{ NO_CHANGE, NULL, SCORE_REASONS, FLAGS },
	{ NO_CHANGE, short_walk, SCORE_few_strides, FLAGS },
	{ NO_CHANGE, no_lengths, SCORE_missing_features, FLAGS },
	{ NO_CHANGE, doubtful_points, SCORE_unsure_key_points, FLAGS },
	{ NO_CHANGE, slow_camera, SCORE_few_frames_a_second, FLAGS },
	{ NO_CHANGE, ageless, SCORE_age_unknown, FLAGS },
	{ NO_CHANGE, toddler, SCORE_outside_population, FLAGS },
	{ NO_CHANGE, sexless, SCORE_REASONS, FLAGS },
	{ WOMEN, NULL, SCORE_REASONS, FLAGS },
	{ WOMEN, sexless, SCORE_sex_unknown, FLAGS },
	{ MEN, NULL, SCORE_sex_outside_population, FLAGS },
	{ NO_CHANGE, with_cane, SCORE_walking_aid_excluded, FLAGS },
	{ NO_CHANGE, with_orthosis, SCORE_orthosis_excluded, FLAGS },
	{ TELL_SHOES, NULL, SCORE_footwear_excluded, FLAGS },
	{ NO_CHANGE, several_people, SCORE_REASONS, FLAGS },
	{ NOT_A_CROWD, several_people, SCORE_REASONS, FLAG_several_people },
	{ NO_CHANGE, running, SCORE_REASONS, FLAG_running },
};

static void score_of(const struct row *row, bool allow, struct score *ret)
{
	const struct change c = { false, row->from, row->to, "" };
	CLEANUP(model_free_p) struct model *m = NULL;
	ANALYSIS_CLEANUP struct analysis a;
	struct err e = { 0 };
	char dir[TEST_DIR_BYTES];

	test_dir(dir);
	write_changed(dir, &c);
	assert_ok(model_open(dir, &m, &e), &e);
	walk(adult(), 6, 0.10, 1, 0, &a);
	if (row->change)
		row->change(&a);
	assert_ok(score_make(m, allow, &a, ret, &e), &e);
	test_dir_remove(dir);
}

/* What the JSON says of it: null, and this reason alone, with words. */
static void the_result_says(const struct score *s, const char *code, const char *words)
{
	struct json *root __attribute__((cleanup(json_free_p))) = NULL;
	BUF_CLEANUP struct buf out;
	struct json_w w;
	struct err e = { 0 };

	buf_init(&out, 1 << 20);
	json_w_init(&w, &out);
	json_w_obj(&w, NULL);
	score_write(&w, s);
	json_w_obj_end(&w);
	assert_ok(json_w_end(&w, &e), &e);
	assert_ok(json_parse(buf_str(&out), out.len, 8, &root, &e), &e);
	const struct json *score = json_get(root, "score"), *reason = json_first(json_get(score, "reasons"));
	assert_true(json_is_null(json_get(score, "value")));
	assert_true(json_is_null(json_get(score, "interval")));
	assert_true(json_is_null(json_get(score, "decision")));
	assert_true(json_is_null(json_get(score, "calibration")));
	assert_int_equal(json_len(json_get(score, "reasons")), 1);
	assert_string_equal(json_str(json_get(reason, "code"), ""), code);
	assert_string_equal(json_str(json_get(reason, "text"), ""), words);
	assert_true(strlen(words) > 20);
}

static void each_reason_alone_gives_null(void **state)
{
	uint32_t seen = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		uint32_t want = r->why < SCORE_REASONS ? UINT32_C(1) << r->why : 0,
			 flags = r->flag < FLAGS ? UINT32_C(1) << r->flag : 0;
		struct score s;
		score_of(r, true, &s);
		if (s.reasons != want || s.flags != flags)
			fail_msg("row %zu: reasons %x and flags %x, not %x and %x", i, s.reasons, s.flags,
				want, flags);
		assert_int_equal(isnan(s.value), want || flags);
		seen |= want;
		if (want)
			the_result_says(&s, score_reason_code(r->why), score_reason_text(r->why));
		else if (flags)
			the_result_says(&s, flag_code(r->flag), flag_text(r->flag));
	}
	struct score s;
	score_of(&rows[0], false, &s);
	assert_true(isnan(s.value));
	the_result_says(&s, "demonstration_not_allowed", score_reason_text(SCORE_demonstration_not_allowed));
	struct err e = { 0 };
	ANALYSIS_CLEANUP struct analysis a;
	walk(adult(), 6, 0.10, 1, 0, &a);
	assert_ok(score_make(NULL, true, &a, &s, &e), &e);
	the_result_says(&s, "no_model", score_reason_text(SCORE_no_model));
	seen |= UINT32_C(1) << SCORE_no_model | UINT32_C(1) << SCORE_demonstration_not_allowed;
	assert_int_equal(seen, (UINT32_C(1) << SCORE_REASONS) - 1); /* a new reason needs a row */
}

/* Several doubts are all told at once. */
static void reasons_do_not_hide_each_other(void **state)
{
	static const struct row women = { WOMEN, NULL, SCORE_REASONS, FLAGS };
	const struct change c = { false, women.from, women.to, "" };
	CLEANUP(model_free_p) struct model *m = NULL;
	ANALYSIS_CLEANUP struct analysis a;
	struct score s;
	struct err e = { 0 };
	char dir[TEST_DIR_BYTES];

	(void)state;
	test_dir(dir);
	write_changed(dir, &c);
	assert_ok(model_open(dir, &m, &e), &e);
	walk(adult(), 6, 0.10, 1, 0, &a);
	ageless(&a);
	sexless(&a);
	with_cane(&a);
	running(&a);
	assert_ok(score_make(m, false, &a, &s, &e), &e);
	assert_int_equal(s.reasons, UINT32_C(1) << SCORE_age_unknown | UINT32_C(1) << SCORE_sex_unknown |
					    UINT32_C(1) << SCORE_walking_aid_excluded |
					    UINT32_C(1) << SCORE_demonstration_not_allowed);
	assert_int_equal(s.flags, UINT32_C(1) << FLAG_running);
	test_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reason_alone_gives_null),
		cmocka_unit_test(reasons_do_not_hide_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
