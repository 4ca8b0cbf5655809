#include "support/testing.h"

#include "core/job.h"

/* Row: from; column: to. Written out by hand, so that a slip in job_states.def shows. */
static const bool allowed[JOB_STATE_COUNT][JOB_STATE_COUNT] = {
	[JOB_SUBMITTING] = { [JOB_QUEUED] = true, [JOB_SUBMISSION_ERROR] = true, [JOB_CANCELLED] = true },
	[JOB_QUEUED] = { [JOB_PROCESSING] = true, [JOB_SUBMISSION_ERROR] = true, [JOB_CANCELLED] = true },
	[JOB_PROCESSING] = { [JOB_PROCESSING] = true,
		[JOB_QUEUED] = true,
		[JOB_COMPLETE] = true,
		[JOB_SUBMISSION_ERROR] = true,
		[JOB_INFERENCE_ERROR] = true,
		[JOB_CANCELLED] = true },
	[JOB_COMPLETE] = { [JOB_QUEUED] = true },
	[JOB_SUBMISSION_ERROR] = { [JOB_QUEUED] = true },
	[JOB_INFERENCE_ERROR] = { [JOB_QUEUED] = true },
	[JOB_CANCELLED] = { [JOB_QUEUED] = true },
};

static void every_pair(void **state)
{
	(void)state;
	for (int from = 0; from < JOB_STATE_COUNT; from++)
		for (int to = 0; to < JOB_STATE_COUNT; to++)
			if (job_state_may_become((enum job_state)from, (enum job_state)to) !=
				allowed[from][to])
				fail_msg("%s to %s", job_state_name((enum job_state)from),
					job_state_name((enum job_state)to));
}

static void facts(void **state)
{
	static const struct {
		enum job_state s;
		const char *name, *legacy;
		bool terminal;
		enum mail_due mail;
		enum job_step step;
	} rows[JOB_STATE_COUNT] = {
		{ JOB_SUBMITTING, "submitting", "Submitting", false, MAIL_DUE_NONE, STEP_NONE },
		{ JOB_QUEUED, "queued", "Queue", false, MAIL_DUE_RECEIVED, STEP_STAGE },
		{ JOB_PROCESSING, "processing", "Processing", false, MAIL_DUE_NONE, STEP_DRIVE },
		{ JOB_COMPLETE, "complete", "Complete", true, MAIL_DUE_RESULT, STEP_NONE },
		{ JOB_SUBMISSION_ERROR, "submission_error", "SubmissionErr", true, MAIL_DUE_FAILURE,
			STEP_NONE },
		{ JOB_INFERENCE_ERROR, "inference_error", "InferenceErr", true, MAIL_DUE_FAILURE, STEP_NONE },
		{ JOB_CANCELLED, "cancelled", "InferenceErr", true, MAIL_DUE_NONE, STEP_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum job_state back = JOB_STATE_COUNT;
		assert_string_equal(job_state_name(rows[i].s), rows[i].name);
		assert_string_equal(job_legacy_code(rows[i].s), rows[i].legacy);
		assert_int_equal(job_state_terminal(rows[i].s), rows[i].terminal);
		assert_int_equal(job_state_mail(rows[i].s), rows[i].mail);
		assert_int_equal(job_state_step(rows[i].s), rows[i].step);
		assert_true(job_state_parse(rows[i].name, &back));
		assert_int_equal(back, rows[i].s);
	}
}

/* Users read these: whole sentences, each its own. */
static void texts(void **state)
{
	(void)state;
	for (int i = 0; i < JOB_STATE_COUNT; i++) {
		const char *text = job_state_text((enum job_state)i);
		assert_true(strlen(text) > 5 && text[strlen(text) - 1] == '.');
		for (int k = 0; k < i; k++)
			assert_string_not_equal(text, job_state_text((enum job_state)k));
	}
	for (int i = PHASE_NONE + 1; i < PHASE_COUNT; i++) {
		const char *text = job_phase_text((enum job_phase)i);
		assert_true(strlen(text) > 5 && text[strlen(text) - 1] == '.');
	}
}

static void phases(void **state)
{
	static const char *const names[] = { "", "staging", "submitted", "running", "finalizing" };
	enum job_phase p;
	enum job_state s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(job_phase_parse(names[i], &p));
		assert_int_equal(p, i);
		assert_string_equal(job_phase_name(p), names[i]);
	}
	assert_false(job_phase_parse("sleeping", &p));
	assert_false(job_state_parse("Queued", &s));
	assert_false(job_state_parse("", &s));
	assert_string_equal(view_name(VIEW_FRONT), "front");
	assert_string_equal(view_name(VIEW_SIDE), "side");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_pair), cmocka_unit_test(facts),
		cmocka_unit_test(texts), cmocka_unit_test(phases) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
