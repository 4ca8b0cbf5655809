#include "support/testing.h"

#include "base/fsx.h"
#include "pose/marks.h"

static char dir[TEST_DIR_BYTES], path[400];

static int make_dir(void **state)
{
	(void)state;
	test_dir(dir);
	(void)snprintf(path, sizeof path, "%s/result.json", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	test_dir_remove(dir);
	return 0;
}

static void write_result(const char *text)
{
	struct err e;

	assert_ok(fsx_replace(path, text, strlen(text), 0600, &e), &e);
}

#define EVENT(view, foot, kind, time)                                                                        \
	"{\"view\":\"" view "\",\"foot\":\"" foot "\",\"kind\":\"" kind "\",\"frame\":1,\"time_s\":" time "}"

/* Whatever else events have come to say, these are what a drawing needs. */
static void events_of_one_view_by_foot_and_time(void **state)
{
	MARKS_CLEANUP struct marks m = { 0 };
	struct err e;

	(void)state;
	write_result("{\"schema\":1,\"events\":[" EVENT("side", "left", "toe_off", "1.6") "," EVENT(
		"front", "left", "heel_strike", "0.9") "," EVENT("side", "right", "heel_strike",
		"0.4") ","
		       "{\"view\":\"side\",\"foot\":\"left\",\"kind\":\"heel_strike\",\"frame\":30,\"time_"
		       "s\":1.0,\"contact\":"
		       "\"heel\"}]}");
	assert_ok(marks_read(path, VIEW_SIDE, &m, &e), &e);
	assert_int_equal(m.n[SIDE_LEFT], 2);
	assert_int_equal(m.n[SIDE_RIGHT], 1);
	assert_float_equal(m.of[SIDE_LEFT][0].time_s, 1.0, 1e-9);
	assert_true(m.of[SIDE_LEFT][0].strike);
	assert_false(m.of[SIDE_LEFT][1].strike);
	assert_float_equal(m.of[SIDE_RIGHT][0].time_s, 0.4, 1e-9);
}

static void what_is_no_result_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum err_kind kind;
	} rows[] = { { "not json", ERR_INVALID }, { "{}", ERR_INVALID }, { "{\"events\":{}}", ERR_INVALID },
		{ "{\"events\":[1]}", ERR_INVALID },
		{ "{\"events\":[" EVENT("back", "left", "toe_off", "1") "]}", ERR_INVALID },
		{ "{\"events\":[" EVENT("side", "both", "toe_off", "1") "]}", ERR_INVALID },
		{ "{\"events\":[" EVENT("side", "left", "jump", "1") "]}", ERR_INVALID },
		{ "{\"events\":[" EVENT("side", "left", "toe_off", "\"1\"") "]}", ERR_INVALID },
		{ "{\"events\":[" EVENT("side", "left", "toe_off", "1e9") "]}", ERR_INVALID } };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		MARKS_CLEANUP struct marks m = { 0 };
		write_result(rows[i].text);
		assert_fails(marks_read(path, VIEW_SIDE, &m, &e), &e, rows[i].kind);
	}
	MARKS_CLEANUP struct marks m = { 0 };
	assert_fails(marks_read("/nonexistent/result.json", VIEW_SIDE, &m, &e), &e, ERR_NOT_FOUND);
}

static void no_event_is_no_error(void **state)
{
	MARKS_CLEANUP struct marks m = { 0 };
	struct err e;

	(void)state;
	write_result("{\"events\":[]}");
	assert_ok(marks_read(path, VIEW_FRONT, &m, &e), &e);
	assert_int_equal(m.n[SIDE_LEFT] + m.n[SIDE_RIGHT], 0);
	assert_int_equal(marks_phase(&m, SIDE_LEFT, 1), FOOT_UNKNOWN);
}

/* Nothing is said of a time that no two neighbouring events enclose. */
static void phases_need_both_ends(void **state)
{
	struct mark left[] = { { 1, true }, { 1.6, false }, { 2, true }, { 3, true }, { 3.6, false },
		{ 9, true } };
	const struct marks m = { .of = { left, NULL }, .n = { ARRAY_LEN(left), 0 } };
	static const struct {
		double time_s;
		enum foot_phase want;
	} rows[] = { { 0.9, FOOT_UNKNOWN }, { 1, FOOT_STANCE }, { 1.59, FOOT_STANCE }, { 1.6, FOOT_SWING },
		{ 1.99, FOOT_SWING }, { 2, FOOT_UNKNOWN }, { 3.2, FOOT_STANCE }, { 4, FOOT_UNKNOWN },
		{ 9, FOOT_UNKNOWN } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (marks_phase(&m, SIDE_LEFT, rows[i].time_s) != rows[i].want)
			fail_msg("at %g s", rows[i].time_s);
	assert_int_equal(marks_phase(&m, SIDE_RIGHT, 1.2), FOOT_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(events_of_one_view_by_foot_and_time),
		cmocka_unit_test(what_is_no_result_is_refused), cmocka_unit_test(no_event_is_no_error),
		cmocka_unit_test(phases_need_both_ends) };

	return cmocka_run_group_tests_name("pose/marks", tests, make_dir, remove_dir);
}
