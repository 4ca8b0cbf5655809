#include "support/testing.h"

#include <math.h>

#include "gait/analyze.h"
#include "gait/contact.h"
#include "gait/derive.h"
#include "gait/join.h"
#include "gait/uncertainty.h"
#include "synth.h"

static const struct patient adult = { .height_m = 1.70, .age_months = 360, .sex = 'O' };

static void measured(struct keypoints *front, struct keypoints *side, struct analysis *ret)
{
	struct err e = { 0 };

	assert_ok(analyze(front, side, &adult, ret, &e), &e);
}

static double whole(const struct analysis *a, enum param p)
{
	return a->params.of[p][0].value;
}

/* ---- samples and what follows from them ---- */

static void weights_are_repetitions(void **state)
{
	static const double v[] = { 1, 2, 4, 8 };
	static const uint16_t times[] = { 2, 0, 1, 3 };
	struct samples s = { .least = 1, .why = REASON_not_seen };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		assert_ok(samples_add(&s, v[i], i, &e), &e);
	assert_ok(samples_add(&s, NAN, 0, &e), &e);
	assert_int_equal(s.n, 4);
	struct value w = samples_weighted(&s, times);
	assert_int_equal(w.n, 6);
	near(w.value, (1 + 1 + 4 + 8 + 8 + 8) / 6.0, 1e-12);
	double mean = 5, sum = 2 * 16 + 1 + 3 * 9;
	near(w.sd, sqrt(sum / 5 * 4 / 3), 1e-12); /* what drawing takes off the variance is put back */
	near(w.value, mean, 1e-12);
	const uint16_t none[4] = { 0 };
	assert_int_equal(samples_weighted(&s, none).reason, REASON_not_seen);
	free(s.v);
	free(s.strike);
}

/* Four left steps and three right ones of a limp: each side weighs the same. */
static void cadence_does_not_depend_on_which_step_is_missing(void **state)
{
	struct param_set s;

	(void)state;
	for (enum param p = 0; p < PARAMS; p++)
		s.of[p][0] = s.of[p][1] = value_missing(REASON_not_seen, VIEW_SIDE);
	s.of[PARAM_step_time][SIDE_LEFT] =
		(struct value){ .value = 0.7, .sd = 0.01, .n = 4, .ci_low = 0.69, .ci_high = 0.71 };
	s.of[PARAM_step_time][SIDE_RIGHT] =
		(struct value){ .value = 0.5, .sd = 0.01, .n = 3, .ci_low = 0.48, .ci_high = 0.52 };
	derive_params(&s, &adult);
	near(s.of[PARAM_cadence][0].value, 100, 1e-9);
	near(s.of[PARAM_cadence][0].ci_high - 100, 100 / 0.6 * 0.5 * hypot(0.01, 0.02), 1e-9);
	assert_int_equal(s.of[PARAM_cadence][0].n, 7);
	near(s.of[PARAM_cadence_normalized][0].value, 100 / 60.0 * sqrt(0.530 * 1.70 / 9.81), 1e-9);
	assert_int_equal(s.of[PARAM_walk_ratio][0].reason, REASON_not_seen);
	near(s.of[PARAM_symmetry_step_time][0].value, 100 * (0.5 - 0.7) / 0.6, 1e-9);
}

static void draws_give_intervals_and_repeat(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;
	ANALYSIS_CLEANUP struct analysis b;
	KEYPOINTS_CLEANUP struct keypoints k;
	struct synth s = synth_adult(VIEW_SIDE);
	size_t differ = 0;

	(void)state;
	s.seconds = 8;
	s.px_per_m = 110;
	s.noise_px = 2;
	keypoints_init(&k);
	synth_fill(&s, &k);
	measured(NULL, &k, &a);
	measured(NULL, &k, &b);
	static const enum param with[] = { PARAM_symmetry_step_time, PARAM_symmetry_stance_ga,
		PARAM_step_length_normalized, PARAM_speed_normalized, PARAM_walk_ratio };
	for (size_t i = 0; i < ARRAY_LEN(with); i++) {
		const struct value *v = &a.params.of[with[i]][0];
		assert_int_equal(v->reason, REASON_NONE);
		assert_true(v->ci_low <= v->value && v->value <= v->ci_high && v->ci_low < v->ci_high);
		near(v->ci_low, b.params.of[with[i]][0].ci_low, 0);
	}
	/* The interval of a symmetric walk holds zero. */
	assert_true(a.params.of[PARAM_symmetry_step_time][0].ci_low < 0.5);
	assert_true(a.params.of[PARAM_symmetry_step_time][0].ci_high > -0.5);
	for (size_t d = 1; d < DRAWS; d++)
		differ += a.draws.value[d][PARAM_cadence][0] != a.draws.value[0][PARAM_cadence][0];
	assert_true(differ > DRAWS / 2);
	/* What is measured in one stride is drawn with it: stance and swing of a draw still make a cycle. */
	for (size_t d = 0; d < DRAWS; d++)
		near((double)(a.draws.value[d][PARAM_stance][0] + a.draws.value[d][PARAM_swing][0]), 100,
			1e-3);
}

/* ---- views ---- */

static void views_are_laid_over_each_other(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;
	KEYPOINTS_CLEANUP struct keypoints f;
	KEYPOINTS_CLEANUP struct keypoints k;
	struct synth front = synth_adult(VIEW_FRONT), side = synth_adult(VIEW_SIDE);
	double offset[2];

	(void)state;
	for (int late = 0; late < 2; late++) {
		ANALYSIS_CLEANUP struct analysis b;
		keypoints_init(&f);
		keypoints_init(&k);
		front.start_s = late * 0.2; /* the front camera ran so much earlier */
		front.seconds = 6;
		synth_fill(&front, &f);
		synth_fill(&side, &k);
		measured(&f, &k, &b);
		assert_true(b.joined.joined);
		offset[late] = b.joined.offset_s;
		assert_true(fabs(offset[late]) <= 0.5 * synth_stride_s(&side));
		keypoints_deinit(&f);
		keypoints_deinit(&k);
	}
	near(remainder(offset[0] - offset[1], synth_stride_s(&side)), 0.2, 0.02);
	front.cadence = 95;
	synth_fill(&front, &f);
	synth_fill(&side, &k);
	measured(&f, &k, &a);
	assert_false(a.joined.joined);
	assert_true(isnan(a.joined.offset_s));
}

/* The front sees left strikes 60 ms late and right ones 20 ms early: the side's alternation puts them right.
 */
static void the_sides_rhythm_corrects_the_front(void **state)
{
	struct event fl[16], sl[16];
	struct events front = { .list = fl }, side = { .list = sl };
	struct joined_views j;

	(void)state;
	for (size_t i = 0; i < 16; i++) {
		enum side foot = i % 2 ? SIDE_LEFT : SIDE_RIGHT;
		double t = 0.5 * (double)i;
		sl[i] = (struct event){ .view = VIEW_SIDE, .foot = foot, .time_s = 3 + t };
		fl[i] = (struct event){ .foot = foot,
			.time_s = 0.1 + t + (foot == SIDE_LEFT ? 0.06 : -0.02) };
	}
	side.count = front.count = 16;
	join_views(&front, &side, &j);
	assert_true(j.joined);
	near(j.correction_s, -0.04, 1e-6);
	for (size_t i = 1; i < 16; i++)
		near(front.list[i].time_s - front.list[i - 1].time_s, 0.5, 1e-6);
	near(fmod(front.list[0].time_s + j.offset_s + 10, 1), fmod(side.list[0].time_s + 10, 1), 1e-6);
}

/* ---- feet ---- */

/* A track of two frames with one foot, heel at the origin and toe at @deg. */
static void foot_at(double deg, double x[BODY_POINTS][3], double y[BODY_POINTS][3], struct track *t)
{
	*t = (struct track){ .fps = 10, .n = 3 };
	for (int p = 0; p < BODY_POINTS; p++) {
		for (int i = 0; i < 3; i++)
			x[p][i] = y[p][i] = 0;
		t->x[p] = x[p];
		t->y[p] = y[p];
	}
	for (int i = 0; i < 3; i++) {
		x[BODY_R_BIG_TOE][i] = -20 * cos(deg * M_PI / 180); /* walks to the image's left */
		y[BODY_R_BIG_TOE][i] = 20 * sin(deg * M_PI / 180);
	}
}

static void contacts_are_told_by_the_foots_angle(void **state)
{
	static const struct {
		double deg, flat;
		enum contact want;
	} rows[] = { { 15, 0, CONTACT_HEEL }, { 1, -5, CONTACT_HEEL }, { -1, -5, CONTACT_FLAT },
		{ -4, 0, CONTACT_FLAT }, { -11, -5, CONTACT_TOE }, { -30, -5, CONTACT_TOE } };
	static double x[BODY_POINTS][3], y[BODY_POINTS][3];
	struct passes p = { .pass = { { .dir = -1 } }, .count = 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct track t;
		struct event one = { .foot = SIDE_RIGHT, .time_s = 0.1, .contact_deg = NAN };
		struct events ev = { .list = &one, .count = 1 };
		const double flat[SIDES] = { NAN, rows[i].flat };
		foot_at(rows[i].deg, x, y, &t);
		contact_judge(&t, &p, flat, &ev);
		near(one.contact_deg, rows[i].deg - rows[i].flat, 1e-9);
		assert_int_equal(one.contact, rows[i].want);
	}
	assert_string_equal(contact_name(CONTACT_TOE), "toe");
}

/* A foot that never comes down: the typical one takes its place, and every step is one on the toes. */
static void toe_walking_is_measured_against_a_typical_foot(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;
	KEYPOINTS_CLEANUP struct keypoints k;
	struct synth s = synth_adult(VIEW_SIDE);

	(void)state;
	keypoints_init(&k);
	synth_fill(&s, &k);
	for (size_t i = 0; i < k.people; i++) /* 40 degrees on the toes: heels rise, toes stay */
		for (enum side f = SIDE_LEFT; f < SIDES; f++) {
			struct keypoint *heel = &k.person[i].p[body_legs[f].heel];
			const struct keypoint *toe = &k.person[i].p[body_legs[f].toe];
			float dx = heel->x - toe->x, dy = heel->y - toe->y;
			heel->x = toe->x + dx * 0.766f;
			heel->y = toe->y + dy - fabsf(dx) * 0.643f;
		}
	measured(NULL, &k, &a);
	for (enum side f = SIDE_LEFT; f < SIDES; f++) {
		assert_true(a.never_flat[f]);
		near(a.params.of[PARAM_toe_walking_index][f].value, 100, 0);
		assert_true(a.params.of[PARAM_contact_angle][f].value < -15);
		assert_true(a.params.of[PARAM_contact_angle][f].doubts >> DOUBT_never_flat & 1);
	}
	assert_true(view_has_flag(&a.view[VIEW_SIDE], FLAG_toe_walking));
	near(whole(&a, PARAM_cadence), s.cadence, 1.5);
	assert_false(flag_spoils_score(FLAG_toe_walking));
}

/* COCO has neither heels nor toes: times and lengths by the ankles, nothing that needs a foot. */
static void without_feet_ankles_stand_in(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;
	KEYPOINTS_CLEANUP struct keypoints k;
	struct synth s = synth_adult(VIEW_SIDE);

	(void)state;
	keypoints_init(&k);
	synth_fill(&s, &k);
	for (size_t i = 0; i < k.people; i++)
		for (int p = BODY_L_BIG_TOE; p <= BODY_R_HEEL; p++)
			k.person[i].p[p] = (struct keypoint){ 0 };
	measured(NULL, &k, &a);
	assert_true(view_has_flag(&a.view[VIEW_SIDE], FLAG_no_feet));
	near(whole(&a, PARAM_cadence), s.cadence, 1.5);
	near(whole(&a, PARAM_speed), s.step_m * s.cadence / 60, 0.05);
	near(a.params.of[PARAM_step_length][SIDE_LEFT].value, s.step_m, 0.04);
	assert_true(a.params.of[PARAM_stance][SIDE_LEFT].doubts >> DOUBT_other_points & 1);
	assert_int_equal(a.params.of[PARAM_contact_angle][SIDE_LEFT].reason, REASON_not_seen);
	assert_int_equal(a.params.of[PARAM_ankle_range][SIDE_LEFT].reason, REASON_not_seen);
	assert_int_equal(a.curves[SIDE_LEFT][JOINT_FOOT].n, 0);
	assert_true(a.curves[SIDE_LEFT][JOINT_KNEE].n > 0);
}

/* Before and after an exchange engines draw a leg half-way between both for a frame. */
static void exchanges_with_frames_between_are_put_back(void **state)
{
	static const size_t from[] = { 40, 63, 88, 139 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(from); i++) {
		ANALYSIS_CLEANUP struct analysis plain;
		ANALYSIS_CLEANUP struct analysis a;
		KEYPOINTS_CLEANUP struct keypoints k;
		KEYPOINTS_CLEANUP struct keypoints clean;
		struct synth s = synth_adult(VIEW_SIDE);
		keypoints_init(&k);
		keypoints_init(&clean);
		s.noise_px = 1;
		synth_fill(&s, &clean);
		s.swap_from = from[i];
		s.swap_to = from[i] + 4;
		synth_fill(&s, &k);
		for (int end = 0; end < 2; end++) {
			struct person *p = &k.person[end ? s.swap_to : s.swap_from - 1];
			for (size_t q = 0; q < 4; q++) {
				enum body_point of[2][4] = { { BODY_L_KNEE, BODY_L_ANKLE, BODY_L_HEEL,
								     BODY_L_BIG_TOE },
					{ BODY_R_KNEE, BODY_R_ANKLE, BODY_R_HEEL, BODY_R_BIG_TOE } };
				struct keypoint l = p->p[of[0][q]], r = p->p[of[1][q]];
				p->p[of[0][q]].x = 0.4f * l.x + 0.6f * r.x;
				p->p[of[1][q]].x = 0.6f * l.x + 0.4f * r.x;
			}
		}
		measured(NULL, &clean, &plain);
		measured(NULL, &k, &a);
		near(whole(&a, PARAM_cadence), whole(&plain, PARAM_cadence), 1);
		assert_int_equal(a.view[VIEW_SIDE].events.count, plain.view[VIEW_SIDE].events.count);
		for (size_t n = 0; n < a.view[VIEW_SIDE].events.count; n++)
			near(a.view[VIEW_SIDE].events.list[n].time_s,
				plain.view[VIEW_SIDE].events.list[n].time_s, 0.02);
	}
}

static void few_strides_are_doubted(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;
	KEYPOINTS_CLEANUP struct keypoints k;
	struct synth s = synth_adult(VIEW_SIDE);

	(void)state;
	s.seconds = 3;
	keypoints_init(&k);
	synth_fill(&s, &k);
	measured(NULL, &k, &a);
	assert_true(a.params.of[PARAM_stride_time][SIDE_LEFT].n < 3);
	assert_true(a.params.of[PARAM_stride_time][SIDE_LEFT].doubts >> DOUBT_few_strides & 1);
	assert_true(isnan(param_cv(PARAM_knee_range, &a.params.of[PARAM_knee_range][SIDE_LEFT])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_are_repetitions),
		cmocka_unit_test(cadence_does_not_depend_on_which_step_is_missing),
		cmocka_unit_test(draws_give_intervals_and_repeat),
		cmocka_unit_test(views_are_laid_over_each_other),
		cmocka_unit_test(the_sides_rhythm_corrects_the_front),
		cmocka_unit_test(contacts_are_told_by_the_foots_angle),
		cmocka_unit_test(toe_walking_is_measured_against_a_typical_foot),
		cmocka_unit_test(without_feet_ankles_stand_in),
		cmocka_unit_test(exchanges_with_frames_between_are_put_back),
		cmocka_unit_test(few_strides_are_doubted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
