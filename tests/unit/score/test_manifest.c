#include "support/testing.h"

#include <math.h>

#include "base/fsx.h"
#include "kit.h"
#include "score/score.h"

/* The least that a manifest says, and one that says all. */
static const char least[] =
	"{\"name\":\"a\",\"version\":\"1\",\"demonstration\":false,\"notice\":\"n\",\"file\":\"m.json\","
	"\"sha256\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
	"\"features\":[{\"name\":\"walk_ratio\",\"unit\":\"m/(steps/min)\"},"
	"{\"name\":\"height_m\",\"unit\":\"m\"}],\"max_missing\":0,\"min_cycles_a_side\":2,"
	"\"population\":{\"text\":\"t\",\"age_min_months\":36,\"age_max_months\":120},"
	"\"training\":{\"data\":\"d\",\"date\":\"2026-02-28\"},"
	"\"calibration\":{\"slope\":1,\"intercept\":0},"
	"\"decision\":{\"threshold\":0.5,\"above\":\"a\",\"below\":\"b\"}}";

static const char most[] =
	"{\"name\":\"a\",\"version\":\"1\",\"demonstration\":false,\"notice\":\"n\",\"file\":\"m.json\","
	"\"sha256\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
	"\"features\":[{\"name\":\"cadence\",\"unit\":\"steps/min\"}],\"max_missing\":1,"
	"\"min_cycles_a_side\":4,"
	"\"quality\":{\"min_confidence\":0.6,\"min_frames_a_second\":25,\"refuses\":[\"several_people\"]},"
	"\"population\":{\"text\":\"t\",\"age_min_months\":36,\"age_max_months\":120,\"sexes\":[\"M\",\"F\"],"
	"\"excludes\":{\"walking_aid\":[\"walker\",\"unknown\"],\"orthosis\":[\"both\"],\"footwear\":["
	"\"other\"]}},"
	"\"training\":{\"data\":\"d\",\"date\":\"2026-02-28\"},"
	"\"calibration\":{\"slope\":0.5,\"intercept\":-1,\"method\":\"m\",\"table\":["
	"{\"group\":\"all\",\"n\":100,\"predicted\":0.4,\"observed\":0.5},"
	"{\"group\":\"girls\",\"sex\":\"F\",\"n\":50,\"predicted\":0.4,\"observed\":0.5,\"brier\":0.2},"
	"{\"group\":\"young\",\"age_min_months\":36,\"age_max_months\":71,\"n\":40,\"predicted\":0.3,"
	"\"observed\":0.3},"
	"{\"group\":\"young girls\",\"age_min_months\":36,\"age_max_months\":71,\"sex\":\"F\",\"n\":20,"
	"\"predicted\":0.3,\"observed\":0.3}]},"
	"\"decision\":{\"threshold\":0.5,\"above\":\"a\",\"below\":\"b\"}}";

static void the_least_and_the_most_are_read(void **state)
{
	struct manifest m;
	struct err e = { 0 };

	(void)state;
	assert_ok(manifest_parse(least, sizeof least - 1, &m, &e), &e);
	assert_int_equal(m.features, 2);
	assert_int_equal(m.feature[0], FEATURE_walk_ratio);
	assert_int_equal(m.feature[1], FEATURE_height_m);
	assert_string_equal(m.sexes, "");
	assert_int_equal(m.groups, 0);
	assert_int_equal(m.refuses, 0);
	for (int f = 0; f < PATIENT_FACTS; f++)
		assert_int_equal(m.excludes[f], 0);
	assert_ok(manifest_parse(most, sizeof most - 1, &m, &e), &e);
	assert_true(m.min_confidence > 0.59 && m.min_fps > 24.9);
	assert_int_equal(m.refuses, 1u << FLAG_several_people);
	assert_string_equal(m.sexes, "MF");
	assert_int_equal(
		m.excludes[PATIENT_WALKING_AID], 1u << WALKING_AID_UNKNOWN | 1u << WALKING_AID_walker);
	assert_int_equal(m.excludes[PATIENT_ORTHOSIS], 1u << ORTHOSIS_both);
	assert_int_equal(m.excludes[PATIENT_FOOTWEAR], 1u << FOOTWEAR_other);
	assert_string_equal(m.trained, "2026-02-28");
	assert_string_equal(m.calibration_method, "m");
	assert_int_equal(m.groups, 4);
	assert_true(isnan(m.group[0].brier) && m.group[1].brier > 0.19);
}

static void the_group_that_tells_most_is_found(void **state)
{
	static const struct {
		double age_months;
		char sex;
		const char *group;
	} rows[] = { { 40, 'F', "young girls" }, { 40, 'M', "young" }, { 40, 0, "young" },
		{ 100, 'F', "girls" }, { 100, 'M', "all" }, { NAN, 0, "all" }, { 71.5, 'F', "girls" } };
	struct manifest m;
	struct err e = { 0 };

	(void)state;
	assert_ok(manifest_parse(most, sizeof most - 1, &m, &e), &e);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct patient p;
		patient_init(&p);
		p.age_months = rows[i].age_months;
		p.sex = rows[i].sex;
		assert_string_equal(manifest_group(&m, &p)->group, rows[i].group);
	}
	m.groups = 0;
	const struct patient p = adult();
	assert_null(manifest_group(&m, &p));
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *from, *to, *why;
	} rows[] = {
		{ "\"name\":\"a\",", "", "name: plain text" },
		{ "\"name\":\"a\"", "\"name\":\"\"", "name: plain text" },
		{ "\"version\":\"1\"", "\"version\":1", "version: plain text" },
		{ "\"version\":\"1\"", "\"version\":\"012345678901234567890123456789012\"",
			"version: plain text" },
		{ "\"notice\":\"n\"", "\"notice\":\"a\\u0007b\"", "notice: plain text" },
		{ "\"demonstration\":false", "\"demonstration\":0", "demonstration: true or false" },
		{ "\"sha256\"", "\"sha265\"", "sha265: there is no such member" },
		{ "\"population\"", "\"Population\"", "Population: there is no such member" },
		{ "\"version\"", "\"name\"", "name: it stands twice" },
		{ "\"file\":\"m.json\"", "\"file\":\".m.json\"", "file: a name in" },
		{ "\"features\":[", "\"features\":[3,", "features: an object with name unit" },
		{ "\"features\":[{\"name\":\"cadence\",\"unit\":\"steps/min\"}]", "\"features\":[]",
			"features: a list" },
		{ "\"unit\"", "\"units\"", "features: units: there is no such member" },
		{ "\"max_missing\":1", "\"max_missing\":2", "max_missing: a whole number up to 1" },
		{ "\"max_missing\":1", "\"max_missing\":0.5", "max_missing: a whole number" },
		{ "\"min_cycles_a_side\":4", "\"min_cycles_a_side\":-1", "min_cycles_a_side" },
		{ "\"min_confidence\":0.6", "\"min_confidence\":60",
			"quality: min_confidence: a number from 0 to 1" },
		{ "\"min_frames_a_second\":25", "\"min_frames_a_second\":\"25\"",
			"quality: min_frames_a_second" },
		{ "\"several_people\"", "\"crowd\"", "quality: refuses: \"crowd\" is no flag" },
		{ "[\"several_people\"]", "\"several_people\"", "quality: refuses: a list" },
		{ "\"text\":\"t\",", "", "population: text" },
		{ "\"age_max_months\":120,\"sexes\"", "\"age_max_months\":30,\"sexes\"",
			"population: age_max_months: a number from 36" },
		{ "[\"M\",\"F\"]", "[]", "population: sexes" },
		{ "[\"M\",\"F\"]", "[\"M\",\"M\"]", "population: sexes" },
		{ "[\"M\",\"F\"]", "[\"W\"]", "population: sexes" },
		{ "[\"M\",\"F\"]", "\"M\"", "population: sexes" },
		{ "\"excludes\"", "\"exclude\"", "population: exclude: there is no such member" },
		{ "\"walker\",", "\"stilts\",", "population: excludes: walking_aid: \"stilts\" is none of" },
		{ "[\"both\"]", "[]", "population: excludes: orthosis: a list" },
		{ "\"footwear\"", "\"shoes\"", "population: excludes: shoes" },
		{ "\"data\":\"d\",", "", "training: data" },
		{ "2026-02-28", "2026-13-28", "training: date" },
		{ "2026-02-28", "28.2.2026", "training: date" },
		{ "\"slope\":0.5", "\"slope\":0", "calibration: slope: a number from 0.01" },
		{ "\"intercept\":-1", "\"intercept\":-101", "calibration: intercept" },
		{ "\"method\":\"m\"", "\"method\":7", "calibration: method" },
		{ "\"table\":[", "\"table\":[1,", "calibration: table: row 1: an object" },
		{ "\"n\":50", "\"n\":-50", "calibration: table: row 2: n: a whole number" },
		{ "\"brier\":0.2", "\"brier\":2", "calibration: table: row 2: brier" },
		{ "\"sex\":\"F\"", "\"sex\":\"\"", "calibration: table: row 2: sex" },
		{ "\"age_max_months\":71,", "", "calibration: table: row 3: age_max_months" },
		{ "\"observed\":0.3}]", "\"observed\":\"0.3\"}]", "calibration: table: row 4: observed" },
		{ "\"threshold\":0.5", "\"threshold\":1.5", "decision: threshold" },
		{ "\"below\":\"b\"", "\"beneath\":\"b\"", "decision: beneath" },
		{ "}}", "}]", "JSON" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_CLEANUP struct buf text;
		struct manifest m = { .features = 77 };
		struct err e = { 0 };
		buf_init(&text, 1 << 16);
		assert_ok(buf_adds(&text, most, &e), &e);
		replace(&text, rows[i].from, rows[i].to);
		if (manifest_parse(buf_str(&text), text.len, &m, &e) == 0)
			fail_msg("row %zu was accepted: %s", i, rows[i].to);
		if (!strstr(e.msg, rows[i].why))
			fail_msg("row %zu: no \"%s\" in \"%s\"", i, rows[i].why, e.msg);
		assert_int_equal(m.features, 77);
	}
}

static void a_table_has_its_bound(void **state)
{
	for (size_t rows = GROUPS_MAX; rows <= GROUPS_MAX + 1; rows++) {
		BUF_CLEANUP struct buf text;
		struct manifest m;
		struct err e = { 0 };
		buf_init(&text, 1 << 16);
		assert_ok(buf_adds(&text, least, &e), &e);
		replace(&text, "\"intercept\":0}", "\"intercept\":0,\"table\":[");
		text.len = (size_t)(strstr(text.data, "\"table\":[") - text.data) + strlen("\"table\":[");
		for (size_t i = 0; i < rows; i++)
			assert_ok(buf_addf(&text, &e,
					  "%s{\"group\":\"g\",\"n\":1,\"predicted\":0,\"observed\":0}",
					  i ? "," : ""),
				&e);
		assert_ok(buf_adds(&text,
				  "]},\"decision\":{\"threshold\":0,\"above\":\"a\",\"below\":\"b\"}}", &e),
			&e);
		if (rows <= GROUPS_MAX) {
			assert_ok(manifest_parse(buf_str(&text), text.len, &m, &e), &e);
			assert_int_equal(m.groups, rows);
		} else {
			assert_fails(manifest_parse(buf_str(&text), text.len, &m, &e), &e, ERR_CORRUPT);
			assert_has(e.msg, "at most 64");
		}
	}
	(void)state;
}

/* The manual names every feature with its unit, every member and every reason. */
static void the_manual_is_complete(void **state)
{
	static const char *const members[] = { "name", "version", "demonstration", "notice", "file", "sha256",
		"features", "max_missing", "min_cycles_a_side", "quality.min_confidence",
		"quality.min_frames_a_second", "quality.refuses", "population.text",
		"population.age_min_months", "population.age_max_months", "population.sexes",
		"population.excludes", "training.data", "training.date", "calibration.slope",
		"calibration.intercept", "calibration.method", "calibration.table", "decision.threshold",
		"decision.above", "decision.below" };
	BUF_CLEANUP struct buf text;
	struct err e = { 0 };
	char want[128];

	(void)state;
	buf_init(&text, 1 << 20);
	assert_ok(fsx_read_file(GAIT_SOURCE_DIR "/docs/model-manifest.md", &text, &e), &e);
	for (enum feature f = 0; f < FEATURES; f++) {
		snprintf(want, sizeof want, "| `%s` | %s |", feature_name(f), feature_unit(f));
		assert_has(buf_str(&text), want);
	}
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		snprintf(want, sizeof want, "| `%s` |", members[i]);
		assert_has(buf_str(&text), want);
	}
	for (enum score_reason r = 0; r < SCORE_REASONS; r++) {
		snprintf(want, sizeof want, "`%s`", score_reason_code(r));
		assert_has(buf_str(&text), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_and_the_most_are_read),
		cmocka_unit_test(the_group_that_tells_most_is_found),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(a_table_has_its_bound),
		cmocka_unit_test(the_manual_is_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
