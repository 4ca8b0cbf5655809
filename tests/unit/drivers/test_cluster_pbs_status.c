#include "support/testing.h"

#include "base/buf.h"
#include "drivers/cluster_pbs_parts.h"

/* How gait-cluster's answer becomes a word about each attempt. */

static struct cluster_status ask(const char *text, const char *attempt)
{
	struct cluster_status s = { .state = CLUSTER_RUNNING, .has_outcome = true, .percent = 7 };
	struct err e = { 0 };
	size_t len = strlen(text);
	char *exact = malloc(len + 1);

	assert_non_null(exact);
	memcpy(exact, text, len);
	snprintf(s.attempt, sizeof s.attempt, "%s", attempt);
	int r = cluster_pbs_status_read(exact, len, &s, 1, &e);
	free(exact);
	if (r < 0)
		fail_msg("%s", e.msg);
	assert_string_equal(s.attempt, attempt);
	return s;
}

#define HELLO "gait-cluster 1 openpbs\n"
#define OUTCOME                                                                                              \
	"{\"attempt\":\"a-1\",\"exit_code\":1,\"result_sha256\":null,\"error\":{\"kind\":\"no_person\","     \
	"\"text\":\"Nobody.\"}}"
#define JOB(s)   "{\"Jobs\":{\"7.vm\":{\"Job_Name\":\"g-a-1\"," s "}}}"
#define MET(key) HELLO "attempt a-1 7.vm\n" key "end\n"

/* The scheduler's block with its length counted. */
static const char *with(const char *lines, const char *kind, int code, const char *words)
{
	static char text[4096];

	snprintf(text, sizeof text, HELLO "%sscheduler %s %d %zu\n%send\n", lines, kind, code, strlen(words),
		words);
	return text;
}

static void who_is_believed(void **state)
{
	static const struct {
		const char *lines, *kind;
		int code;
		const char *words;
		enum cluster_state want;
		bool has_outcome, untold, never_runs;
		const char *end, *detail;
	} rows[] = {
		{ "attempt a-1 7.vm\n", "openpbs-json", 0, JOB("\"job_state\":\"R\""), CLUSTER_RUNNING, false,
			false, false, "", "" },
		{ "attempt a-1 -\n", "openpbs-json", 0,
			JOB("\"job_state\":\"Q\",\"comment\":\"Not Running: no\""), CLUSTER_QUEUED, false,
			false, false, "", "Not Running" },
		{ "attempt a-1 7.vm\n", "openpbs-json", 153,
			JOB("\"job_state\":\"Q\",\"comment\":\"Can Never Run: x\""), CLUSTER_QUEUED, false,
			false, true, "", "Can Never Run" },
		{ "attempt a-1 7.vm\n", "openpbs-json", 0, JOB("\"job_state\":\"M\""), CLUSTER_UNKNOWN, false,
			true, false, "", "" },
		/* Its end is no outcome, whatever the exit status is. */
		{ "attempt a-1 7.vm\n", "openpbs-json", 0, JOB("\"job_state\":\"F\",\"Exit_status\":0"),
			CLUSTER_FINISHED, false, false, false, "", "exit status 0" },
		{ "attempt a-1 7.vm\n", "openpbs-json", 0, JOB("\"job_state\":\"F\""), CLUSTER_FINISHED,
			false, false, false, "", "" },
		{ "attempt a-1 7.vm\n", "openpbs-json", 0, JOB("\"job_state\":\"F\",\"Exit_status\":-29"),
			CLUSTER_FINISHED, false, false, false, "walltime", "exit status -29" },
		{ "attempt a-1 7.vm\n", "openpbs-json", 0, JOB("\"job_state\":\"F\",\"Exit_status\":271"),
			CLUSTER_FINISHED, false, false, false, "deleted", "271" },
		/* The attempt's own word comes first, also while the scheduler cleans up, forgets it or is
		   away. */
		{ "attempt a-1 7.vm\noutcome a-1 " OUTCOME "\n", "openpbs-json", 0,
			JOB("\"job_state\":\"R\""), CLUSTER_FINISHED, true, false, false, "", "" },
		{ "attempt a-1 7.vm\noutcome a-1 " OUTCOME "\n", "openpbs-json", 153, "", CLUSTER_FINISHED,
			true, false, false, "", "" },
		{ "attempt a-1 7.vm\noutcome a-1 " OUTCOME "\n", "openpbs-json", 124, "", CLUSTER_FINISHED,
			true, false, false, "", "" },
		/* What is no status file counts for nothing. */
		{ "attempt a-1 7.vm\noutcome a-1 {\"exit\n", "openpbs-json", 0, JOB("\"job_state\":\"R\""),
			CLUSTER_RUNNING, false, false, false, "", "" },
		{ "attempt a-1 7.vm\noutcome a-1 {}\n", "openpbs-json", 0, JOB("\"job_state\":\"F\""),
			CLUSTER_FINISHED, false, false, false, "", "no exit_code" },
		/* Unknown to the scheduler, and a scheduler that says nothing: not the same. */
		{ "attempt a-1 7.vm\n", "openpbs-json", 153, "{}", CLUSTER_UNKNOWN, false, false, false, "",
			"does not know it" },
		{ "attempt a-1 7.vm\n", "openpbs-json", 35, "", CLUSTER_UNKNOWN, false, false, false, "",
			"does not know it" },
		{ "attempt a-1 7.vm\n", "openpbs-json", 124, "", CLUSTER_UNKNOWN, false, true, false, "",
			"124" },
		{ "attempt a-1 7.vm\n", "openpbs-json", 255, "qstat: cannot connect", CLUSTER_UNKNOWN, false,
			true, false, "", "255" },
		{ "attempt a-1 7.vm\n", "openpbs-json", 0, "oops", CLUSTER_UNKNOWN, false, true, false, "",
			"not understood" },
		{ "attempt a-1 7.vm\n", "from-the-future", 0, "oops", CLUSTER_UNKNOWN, false, true, false, "",
			"" },
		{ "attempt a-1 -\n", "openpbs-json", 0, "{}", CLUSTER_UNKNOWN, false, false, false, "",
			"has not taken it" },
		{ "attempt a-1 17\n", "scontrol", 1, "error", CLUSTER_UNKNOWN, false, true, false, "",
			"scontrol" },
		{ "attempt a-1 17\n", "scontrol", 0, "", CLUSTER_UNKNOWN, false, false, false, "",
			"does not know it" },
		{ "attempt a-1 17\n", "scontrol", 0,
			"JobId=17 JobName=g-a-1 JobState=TIMEOUT Reason=TimeLimit ExitCode=0:9",
			CLUSTER_FINISHED, false, false, false, "walltime", "137" },
		{ "attempt a-1 17\n", "slurm-qstat", 153, "", CLUSTER_UNKNOWN, false, false, false, "",
			"does not know it" },
		{ "attempt a-2 7.vm\n", "openpbs-json", 0, JOB("\"job_state\":\"R\""), CLUSTER_UNKNOWN, false,
			false, false, "", "no such attempt" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cluster_status s =
			ask(with(rows[i].lines, rows[i].kind, rows[i].code, rows[i].words), "a-1");
		assert_int_equal(s.state, rows[i].want);
		assert_int_equal(s.has_outcome, rows[i].has_outcome);
		assert_int_equal(s.untold, rows[i].untold);
		assert_int_equal(s.never_runs, rows[i].never_runs);
		assert_string_equal(s.end, rows[i].end);
		assert_has(s.detail, rows[i].detail);
		assert_int_equal(s.percent, 0);
		if (s.has_outcome) {
			assert_int_equal(s.exit_code, 1);
			assert_string_equal(s.error_kind, "no_person");
			assert_string_equal(s.error_text, "Nobody.");
		}
	}
}

/* A first tool that failed and a second that answered: the second's word counts. */
static void two_blocks(void **state)
{
	struct cluster_status s =
		ask(HELLO "attempt a-1 17\nscheduler scontrol 1 5\nerror"
			  "scheduler slurm-qstat 0 44\nJob Id:\t17\n\tJob_Name = g-a-1\n\tjob_state = R\n"
			  "end\n",
			"a-1");

	(void)state;
	assert_int_equal(s.state, CLUSTER_RUNNING);
}

static void relayed(void **state)
{
	struct cluster_status s =
		ask(MET("run a-1 run-12\nprogress a-1 pose_front 40\nprogress other x 50\n"), "a-1");

	(void)state;
	assert_string_equal(s.run_id, "run-12");
	assert_string_equal(s.step, "pose_front");
	assert_int_equal(s.percent, 40);
	s = ask(MET("progress a-1 pose_front 400\n"), "a-1");
	assert_string_equal(s.step, "");
	s = ask(MET("progress a-1 a-step-of-much-more-than-twenty-three-characters 4\nrun a-1 \n"), "a-1");
	assert_string_equal(s.step, "");
	assert_string_equal(s.run_id, "");
}

/* What does not fit an exit code is none, least of all success. */
static void exit_codes(void **state)
{
	static const struct {
		const char *text;
		int want;
	} rows[] = { { "0", 0 }, { "255", 255 }, { "256", -1 }, { "-1", -1 }, { "4294967296", -1 },
		{ "-4294967296", -1 }, { "1e300", -1 }, { "0.5", -1 } };
	char text[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(text, sizeof text, MET("outcome a-1 {\"exit_code\":%s}\n"), rows[i].text);
		struct cluster_status s = ask(text, "a-1");
		assert_true(s.has_outcome);
		if (s.exit_code != rows[i].want)
			fail_msg("%s is %d", rows[i].text, s.exit_code);
	}
}

static void what_counts_for_nothing(void **state)
{
	static const struct {
		const char *text, *part;
	} rows[] = {
		{ "", "not gait-cluster" },
		{ "Welcome!\n", "not gait-cluster" },
		{ "gait-cluster 2 openpbs\nend\n", "version" },
		{ "gait-cluster x\nend\n", "version" },
		{ HELLO, "cut off" },
		{ HELLO "attempt a-1 7.vm\nen", "cut off" },
		{ HELLO "attempt a-1 7.vm\nend", "cut off" },
		{ HELLO "scheduler openpbs-json 0 100\n{}\nend\n", "cut off" },
		{ HELLO "scheduler openpbs-json 0 -1\n{}\nend\n", "cut off" },
		{ HELLO "scheduler openpbs-json\n{}\nend\n", "cut off" },
		{ HELLO "scheduler openpbs-json 0 8\n{}\nend\n", "cut off" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cluster_status s = { .attempt = "a-1", .state = CLUSTER_RUNNING };
		struct err e = { 0 };
		assert_fails(cluster_pbs_status_read(rows[i].text, strlen(rows[i].text), &s, 1, &e), &e,
			ERR_UNAVAILABLE);
		assert_has(e.msg, rows[i].part);
		assert_int_equal(s.state, CLUSTER_RUNNING);
	}
	/* A login script's words come before. */
	assert_int_equal(ask("Welcome!\n\n" HELLO "end\n", "a-1").state, CLUSTER_UNKNOWN);
}

static void names(void **state)
{
	(void)state;
	assert_has(ask(HELLO "end\n", "../x").detail, "not a name");
	assert_int_equal(ask(with("attempt a 1\nattempt a-1 7.vm\nattempt a-10 8.vm\n", "openpbs-json", 0,
				     JOB("\"job_state\":\"R\"")),
				 "a-1")
				 .state,
		CLUSTER_RUNNING);
	assert_int_equal(ask(with("attempt a-1 7.vm\nattempt a-10 8.vm\n", "openpbs-json", 0,
				     JOB("\"job_state\":\"R\"")),
				 "a-10")
				 .state,
		CLUSTER_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_believed),
		cmocka_unit_test(two_blocks),
		cmocka_unit_test(relayed),
		cmocka_unit_test(exit_codes),
		cmocka_unit_test(what_counts_for_nothing),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
