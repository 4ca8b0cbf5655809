#include "support/testing.h"

#include "core/job.h"

/* Written out by hand, so that a slip in release.def shows: it decides who reads what. */
static void states(void **state)
{
	static const struct {
		enum release_state s;
		const char *name;
		bool shown, releasable, has_text;
		enum mail_due mail;
	} rows[] = {
		{ RELEASE_NONE, "", false, false, false, MAIL_DUE_NONE },
		{ RELEASE_DIRECT, "direct", true, false, false, MAIL_DUE_RESULT },
		{ RELEASE_WAITING, "waiting", false, true, true, MAIL_DUE_ANALYSED },
		{ RELEASE_RELEASED, "released", true, true, false, MAIL_DUE_NONE },
		{ RELEASE_WITHHELD, "withheld", false, false, true, MAIL_DUE_ANALYSED },
		{ RELEASE_WITHDRAWN, "withdrawn", false, true, true, MAIL_DUE_NONE },
	};

	(void)state;
	assert_int_equal(ARRAY_LEN(rows), RELEASE_STATE_COUNT);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum release_state parsed = RELEASE_STATE_COUNT;
		assert_string_equal(release_name(rows[i].s), rows[i].name);
		assert_true(release_parse(rows[i].name, &parsed));
		assert_int_equal(parsed, rows[i].s);
		assert_int_equal(release_is_shown(rows[i].s), rows[i].shown);
		assert_int_equal(release_may_release(rows[i].s), rows[i].releasable);
		assert_int_equal(release_mail(rows[i].s), rows[i].mail);
		assert_int_equal(*release_text(rows[i].s) != '\0', rows[i].has_text);
	}
	enum release_state none;
	assert_false(release_parse("soon", &none));
	assert_false(release_parse("Waiting", &none));
}

static void modes(void **state)
{
	static const struct {
		const char *word;
		enum release_state becomes;
	} rows[] = { { "direct", RELEASE_DIRECT }, { "clinician", RELEASE_WAITING },
		{ "research", RELEASE_WITHHELD } };
	enum release_mode mode;

	(void)state;
	assert_int_equal(ARRAY_LEN(rows), RELEASE_MODE_COUNT);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(release_mode_parse(rows[i].word, &mode));
		assert_int_equal(release_on_completion(mode), rows[i].becomes);
	}
	assert_false(release_mode_parse("", &mode));
	/* A setting that is left out is the one that was before there were others. */
	assert_int_equal(RELEASE_MODE_DIRECT, 0);
}

static void shown(void **state)
{
	struct job j = { .result_attempt = 3, .score = 0.25, .score_demonstration = true };

	(void)state;
	job_show_result(&j);
	assert_int_equal(j.shown_attempt, 3);
	assert_float_equal(j.shown_score, 0.25, 0);
	assert_true(j.shown_demonstration);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(states), cmocka_unit_test(modes),
		cmocka_unit_test(shown) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
