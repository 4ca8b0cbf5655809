#include "support/testing.h"

#include <math.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "base/json.h"
#include "base/strv.h"
#include "gait/result.h"
#include "kit.h"
#include "schema_check.h"
#include "score/score.h"
#include "synth.h"

static bool has_reason(const struct score *s, enum score_reason r)
{
	return s->reasons >> r & 1;
}

static void the_demonstration_speaks_only_where_allowed(void **state)
{
	CLEANUP(model_free_p) struct model *m = NULL;
	ANALYSIS_CLEANUP struct analysis a;
	struct score s;
	struct err e = { 0 };

	(void)state;
	assert_ok(model_open(MODELS, &m, &e), &e);
	assert_true(model_manifest(m)->demonstration);
	walk(adult(), 6, 0.10, 1, 0, &a);
	assert_ok(score_make(m, false, &a, &s, &e), &e);
	assert_true(isnan(s.value) && has_reason(&s, SCORE_demonstration_not_allowed));
	assert_ok(score_make(NULL, true, &a, &s, &e), &e);
	assert_true(isnan(s.value) && has_reason(&s, SCORE_no_model));
	assert_ok(score_make(m, true, &a, &s, &e), &e);
	assert_int_equal(s.reasons, 0);
	assert_int_equal(s.flags, 0);
	assert_true(s.value > 0 && s.value < 1);
	assert_true(s.low <= s.value && s.value <= s.high && s.low < s.high);
}

static void contributions_sum_to_the_margin(void **state)
{
	CLEANUP(model_free_p) struct model *m = NULL;
	struct err e = { 0 };

	(void)state;
	assert_ok(model_open(MODELS, &m, &e), &e);
	for (int i = 0; i < 8; i++) {
		ANALYSIS_CLEANUP struct analysis a;
		struct score s;
		walk(adult(), 6, 0.05 + 0.03 * i, 0.5 * i, 0, &a);
		assert_ok(score_make(m, true, &a, &s, &e), &e);
		double sum = s.bias;
		for (size_t k = 0; k < s.shares; k++)
			sum += s.share[k].contribution;
		near(sum, s.margin, 1e-4);
		near(s.value, 1 / (1 + exp(-(s.model.slope * s.margin + s.model.intercept))), 1e-6);
	}
}

/* Key points moved: another score. The same ones: the same score, to the last bit. */
static void the_score_depends_on_the_key_points(void **state)
{
	CLEANUP(model_free_p) struct model *m = NULL;
	struct score s[3];
	struct err e = { 0 };

	(void)state;
	assert_ok(model_open(MODELS, &m, &e), &e);
	for (int i = 0; i < 3; i++) {
		ANALYSIS_CLEANUP struct analysis a;
		walk(adult(), 6, i == 1 ? 0.25 : 0.10, 1, 0, &a);
		assert_ok(score_make(m, true, &a, &s[i], &e), &e);
	}
	assert_true(s[1].value > s[0].value + 0.02); /* wider steps: the direction of Lum 2021 */
	assert_memory_equal(&s[0].value, &s[2].value, sizeof s[0].value);
	assert_memory_equal(&s[0].low, &s[2].low, sizeof s[0].low);
	for (size_t k = 0; k < s[0].shares; k++)
		if (s[0].share[k].feature == FEATURE_step_width_normalized)
			assert_true(s[1].share[k].contribution > s[0].share[k].contribution);
}

/* Fewer strides: the value still lies in its interval, and the interval is wider, on average over walks. */
static void few_strides_widen_the_interval(void **state)
{
	enum { WALKS = 12 };
	static const double seconds[] = { 5, 16 };
	CLEANUP(model_free_p) struct model *m = NULL;
	struct err e = { 0 };
	double width[ARRAY_LEN(seconds)] = { 0 };
	size_t strides[ARRAY_LEN(seconds)] = { 0 };
	char dir[TEST_DIR_BYTES];

	(void)state;
	test_dir(dir);
	write_ramp(dir, 60, 76);
	assert_ok(model_open(dir, &m, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(seconds); i++)
		for (uint64_t seed = 0; seed < WALKS; seed++) {
			ANALYSIS_CLEANUP struct analysis a;
			struct score s;
			walk(adult(), seconds[i], 0.12, 2, seed, &a);
			assert_ok(score_make(m, true, &a, &s, &e), &e);
			assert_int_equal(s.reasons, 0);
			assert_int_equal(s.flags, 0);
			assert_true(s.low >= 0 && s.low < s.value && s.value < s.high && s.high <= 1);
			width[i] += (s.high - s.low) / WALKS;
			strides[i] += a.view[VIEW_SIDE].cycles.of_foot[SIDE_LEFT];
		}
	/* The mean's error falls with the root of the count; few draws of few strides make it less than that.
	 */
	assert_true(strides[1] > 3 * strides[0]);
	if (!(width[0] > 1.4 * width[1]))
		fail_msg("%.3f wide at %g s, %.3f at %g s", width[0], seconds[0], width[1], seconds[1]);
	test_dir_remove(dir);
}

/* What a model may ask for of the person is what was told, and what was told is in no draw another. */
static void facts_of_the_person_are_features(void **state)
{
	ANALYSIS_CLEANUP struct analysis a;

	(void)state;
	walk(adult(), 6, 0.10, 1, 0, &a);
	near(feature_of(&a, FEATURE_age_months), 360, 0);
	near(feature_of(&a, FEATURE_height_m), 1.70, 0);
	near(feature_of_draw(&a, 7, FEATURE_height_m), 1.70, 0);
	near(feature_of(&a, FEATURE_walk_ratio), a.params.of[PARAM_walk_ratio][0].value, 0);
	near(feature_of(&a, FEATURE_arm_swing), param_both(&a.params, PARAM_arm_swing), 1e-9);
	near(feature_of(&a, FEATURE_knee_range_asymmetry),
		fabs(a.params.of[PARAM_symmetry_knee_range][0].value), 0);
	a.patient.height_m = NAN;
	assert_true(isnan(feature_of(&a, FEATURE_height_m)));
	for (enum feature f = 0; f < FEATURES; f++)
		assert_int_equal(feature_find(feature_name(f)), f);
}

static void doubts_give_null_with_reasons(void **state)
{
	static const struct {
		double seconds, age_months, height_m;
		int views; /* 1 front, 2 side, 3 both */
		enum score_reason why;
	} rows[] = {
		{ 2.4, 360, 1.70, 3, SCORE_few_strides },
		{ 6, NAN, 1.70, 3, SCORE_age_unknown },
		{ 6, 24, 1.70, 3, SCORE_outside_population },
		{ 6, 1200, 1.70, 3, SCORE_outside_population },
		{ 6, 360, NAN, 3, SCORE_missing_features },
		{ 6, 360, 1.70, 1, SCORE_missing_features },
	};
	CLEANUP(model_free_p) struct model *m = NULL;
	struct err e = { 0 };

	(void)state;
	assert_ok(model_open(MODELS, &m, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ANALYSIS_CLEANUP struct analysis a;
		KEYPOINTS_CLEANUP struct keypoints front;
		KEYPOINTS_CLEANUP struct keypoints side;
		struct synth f = synth_adult(VIEW_FRONT), s = synth_adult(VIEW_SIDE);
		struct patient p = { .height_m = rows[i].height_m, .age_months = rows[i].age_months };
		struct score score;
		keypoints_init(&front);
		keypoints_init(&side);
		f.seconds = s.seconds = rows[i].seconds;
		synth_fill(&f, &front);
		synth_fill(&s, &side);
		assert_ok(analyze(rows[i].views & 1 ? &front : NULL, rows[i].views & 2 ? &side : NULL, &p, &a,
				  &e),
			&e);
		assert_ok(score_make(m, true, &a, &score, &e), &e);
		assert_true(isnan(score.value));
		if (!has_reason(&score, rows[i].why))
			fail_msg("row %zu lacks %s", i, score_reason_code(rows[i].why));
	}
}

static void foreign_and_damaged_models_are_refused(void **state)
{
	static const struct change rows[] = {
		{ false, "\"sha256\":\"", "\"sha256\":\"00", "sha256" },
		{ false, "\"sha256\"", "\"sha\"", "sha256" },
		{ false, "\"name\":\"knee_range\"", "\"name\":\"shoe_size\"", "shoe_size" },
		{ false, "\"unit\":\"degrees\"", "\"unit\":\"rad\"", "comes in degrees" },
		{ false, "\"name\":\"hip_range\"", "\"name\":\"knee_range\"", "twice" },
		{ false, "{\"name\":\"knee_range\",\"unit\":\"degrees\"},", "", "feature" },
		{ false, "\"file\":\"model.json\"", "\"file\":\"../model.json\"", "folder" },
		{ false, "\"file\":\"model.json\"", "\"file\":\"none.json\"", "none.json" },
		{ false, "\"demonstration\":true,", "", "demonstration" },
		{ false, "\"demonstration\":true", "\"demonstration\":\"no\"", "demonstration" },
		{ false, "\"age_min_months\":36", "\"age_min_months\":800", "population" },
		{ false, "\"slope\":", "\"slope\":-", "slope" },
		{ false, "\"threshold\":0.5", "\"threshold\":5", "threshold" },
		{ false, "{", "", "JSON" },
		{ true, "\"name\":\"binary:logistic\"", "\"name\":\"reg:squarederror\"", "objective" },
		{ true, "\"name\":\"gbtree\"", "\"name\":\"dart\"", "booster" },
		{ true, "\"step_width_normalized\"", "\"shoe_size\"", "shoe_size" },
		{ true, "\"num_feature\":\"17\"", "\"num_feature\":\"2\"", "num_feature" },
		{ true, "\"num_class\":\"0\"", "\"num_class\":\"2000000000\"", "num_class" },
		{ true, "\"num_target\":\"1\"", "\"num_target\":\"2000000000\"", "num_target" },
		{ true, "\"left_children\":[1,", "\"left_children\":[4000000,", "child" },
		{ true, "\"left_children\":[1,", "\"left_children\":[0,", "child" },
		{ true, "\"left_children\":[1,", "\"left_children\":[-1,", "child" },
		{ true, "\"right_children\":[2,", "\"right_children\":[2,2,", "right_children" },
		{ true, "\"split_indices\":[", "\"split_indices\":[99,", "split" },
		{ true, "\"num_nodes\":\"15\"", "\"num_nodes\":\"70000\"", "nodes" },
		{ true, "\"learner\"", "\"teacher\"", "XGBoost" },
		{ true, "{\"learner\"", " {\"learner\"", "begins with" },
		{ true, "{\"learner\"", "{ \"learner\"", "begins with" },
		{ true, "\"id\":7,", "\"id\":8,", "its id" },
		{ true, "\"id\":7,", "\"id\":700000,", "its id" },
		{ true, "\"id\":0,", "\"id\":0,\"left_children\":[9],", "stands twice" },
		{ true, "\"attributes\":{}", "\"attributes\":{\"learner\":{\"a\":1,\"b\":2,\"\\u0061\":3}}",
			"twice" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(model_free_p) struct model *m = NULL;
		struct err e = { 0 };
		char dir[TEST_DIR_BYTES];
		test_dir(dir);
		write_changed(dir, &rows[i]);
		if (model_open(dir, &m, &e) == 0)
			fail_msg("row %zu was accepted: %s", i, rows[i].to);
		if (!strstr(e.msg, rows[i].why))
			fail_msg("row %zu: no \"%s\" in \"%s\"", i, rows[i].why, e.msg);
		test_dir_remove(dir);
	}
	/* A changed model under the old checksum. */
	CLEANUP(model_free_p) struct model *m = NULL;
	struct err e = { 0 };
	char dir[TEST_DIR_BYTES];
	test_dir(dir);
	static const struct change none = { false, "{", "{", "" };
	write_changed(dir, &none);
	assert_ok(model_open(dir, &m, &e), &e);
	BUF_CLEANUP struct buf text;
	buf_init(&text, 1 << 20);
	assert_ok(fsx_read_file(MODELS "/model.json", &text, &e), &e);
	assert_ok(buf_addc(&text, ' ', &e), &e);
	write_in(dir, "model.json", &text);
	struct model *changed = NULL;
	assert_fails(model_open(dir, &changed, &e), &e, ERR_CORRUPT);
	assert_has(e.msg, "SHA-256");
	assert_null(changed);
	test_dir_remove(dir);
	assert_fails(model_open("/nonexistent", &changed, &e), &e, ERR_NOT_FOUND);
}

static int whole_result(const struct analysis *a, const struct score *s, struct buf *out, struct err *e)
{
	struct json_w w;

	json_w_init(&w, out);
	json_w_obj(&w, NULL);
	json_w_int(&w, "schema", 2);
	score_write(&w, s);
	result_patient(&w, &a->patient);
	result_quality(&w, a);
	result_events(&w, a);
	result_cycles(&w, a);
	result_parameters(&w, a);
	result_curves(&w, a);
	result_profile(&w, a);
	result_texts(&w, a);
	json_w_raw(&w, "engine", "{\"analysis\":\"x\",\"pose_front\":null,\"pose_side\":null}");
	json_w_raw(&w, "inputs", "{\"front\":null,\"side\":null}");
	json_w_obj_end(&w);
	return json_w_end(&w, e);
}

/* Of a good pair, a short one, and one view: each value fits the schema, and null comes with a known reason.
 */
static void results_fit_the_schema(void **state)
{
	static const double seconds[] = { 6, 2.2, 0.5 };
	CLEANUP(model_free_p) struct model *m = NULL;
	struct json *schema __attribute__((cleanup(json_free_p))) = NULL;
	BUF_CLEANUP struct buf text;
	struct err e = { 0 };

	(void)state;
	buf_init(&text, 1 << 20);
	assert_ok(fsx_read_file(GAIT_SOURCE_DIR "/schema/result.schema.json", &text, &e), &e);
	assert_ok(json_parse(text.data, text.len, 32, &schema, &e), &e);
	assert_ok(model_open(MODELS, &m, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(seconds); i++)
		for (int allow = 0; allow < 2; allow++) {
			ANALYSIS_CLEANUP struct analysis a;
			BUF_CLEANUP struct buf out;
			struct json *result __attribute__((cleanup(json_free_p))) = NULL;
			struct score s;
			walk(adult(), seconds[i], 0.1, 1, 0, &a);
			assert_ok(score_make(allow ? m : NULL, true, &a, &s, &e), &e);
			buf_init(&out, 1 << 24);
			assert_ok(whole_result(&a, &s, &out, &e), &e);
			assert_ok(json_parse(out.data, out.len, 16, &result, &e), &e);
			assert_ok(schema_check(schema, schema, result, &e), &e);
			const struct json *stance =
				json_get(json_get(json_get(result, "parameters"), "stance"), "left");
			assert_true(json_is_null(json_get(stance, "value")) == !!json_get(stance, "reason"));
			assert_int_equal(json_is_null(json_get(json_get(result, "score"), "value")),
				json_len(json_get(json_get(result, "score"), "reasons")) > 0);
		}
}

/* Is @word one of the enum's values? */
static void listed(const struct json *list, const char *word)
{
	for (const struct json *v = json_first(list); v; v = json_next(v))
		if (strcmp(json_str(v, ""), word) == 0)
			return;
	fail_msg("schema/result.schema.json does not know \"%s\"", word);
}

static const struct json *down(const struct json *v, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v = json_get(v, names[i]);
	return v;
}

/* The tables grow; whoever adds a row must tell those who read results. */
static void the_schema_knows_every_word(void **state)
{
	static const char *const of_score[] = { "$defs", "score", "properties", "reasons", "items",
		"properties", "code", "enum" };
	static const char *const of_view[] = { "$defs", "view_quality", "properties", "flags", "items",
		"enum" };
	static const char *const of_value[] = { "$defs", "value", "properties" };
	static const char *const of_params[] = { "properties", "parameters", "properties" };
	struct json *schema __attribute__((cleanup(json_free_p))) = NULL;
	BUF_CLEANUP struct buf text;
	struct err e = { 0 };

	(void)state;
	buf_init(&text, 1 << 20);
	assert_ok(fsx_read_file(GAIT_SOURCE_DIR "/schema/result.schema.json", &text, &e), &e);
	assert_ok(json_parse(text.data, text.len, 32, &schema, &e), &e);
	const struct json *value = down(schema, of_value, ARRAY_LEN(of_value));
	for (enum score_reason r = 0; r < SCORE_REASONS; r++)
		listed(down(schema, of_score, ARRAY_LEN(of_score)), score_reason_code(r));
	for (enum flag f = 0; f < FLAGS; f++) {
		listed(down(schema, of_score, ARRAY_LEN(of_score)), flag_code(f));
		listed(down(schema, of_view, ARRAY_LEN(of_view)), flag_code(f));
	}
	for (enum reason r = REASON_NONE + 1; r < REASONS; r++)
		listed(json_get(json_get(value, "reason"), "enum"), reason_code(r));
	for (enum doubt d = 0; d < DOUBTS; d++)
		listed(json_get(json_get(json_get(value, "doubts"), "items"), "enum"), doubt_code(d));
	for (enum param i = 0; i < PARAMS; i++)
		assert_non_null(json_get(down(schema, of_params, ARRAY_LEN(of_params)), param_info(i)->name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_demonstration_speaks_only_where_allowed),
		cmocka_unit_test(contributions_sum_to_the_margin),
		cmocka_unit_test(the_score_depends_on_the_key_points),
		cmocka_unit_test(few_strides_widen_the_interval),
		cmocka_unit_test(facts_of_the_person_are_features),
		cmocka_unit_test(doubts_give_null_with_reasons),
		cmocka_unit_test(foreign_and_damaged_models_are_refused),
		cmocka_unit_test(results_fit_the_schema),
		cmocka_unit_test(the_schema_knows_every_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
