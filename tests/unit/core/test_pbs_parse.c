#include "support/testing.h"

#include "base/clock.h"
#include "base/fsx.h"
#include "core/pbs_parse.h"

#define DATA GAIT_SOURCE_DIR "/tests/data/schedulers/"

enum { NO_EXIT = 9999 };

static void load(const char *name, struct buf *text)
{
	char path[512];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s%s", DATA, name);
	assert_ok(fsx_read_file(path, text, &e), &e);
}

static void expect(const struct pbs_job *job, enum pbs_state state, enum pbs_end end, int exit_status,
	bool never_runs, const char *comment)
{
	assert_non_null(job);
	assert_int_equal(job->state, state);
	assert_int_equal(job->end, end);
	assert_int_equal(job->has_exit, exit_status != NO_EXIT);
	if (job->has_exit)
		assert_int_equal(job->exit_status, exit_status);
	assert_int_equal(job->never_runs, never_runs);
	assert_has(job->comment, comment);
}

/* What OpenPBS 23.06 printed, in both forms. */
static void openpbs(void **state)
{
	static const struct {
		const char *file, *id, *name;
		enum pbs_state state;
		enum pbs_end end;
		int exit_status;
		const char *comment;
	} rows[] = {
		{ "finished", "0.vm", "ok", PBS_FINISHED, PBS_END_OWN, 0, "and finished" },
		{ "failed7", "1.vm", "fail7", PBS_FINISHED, PBS_END_OWN, 7, "and failed" },
		{ "sig9", "2.vm", "sig9", PBS_FINISHED, PBS_END_OWN, 137, "and failed" },
		{ "walltime", "", "wt", PBS_FINISHED, PBS_END_WALLTIME, -29, "exceeded resource walltime" },
		{ "killed-qdel-running", "27.vm", "del", PBS_FINISHED, PBS_END_DELETED, 271,
			"terminated by" },
		{ "depfail", "23.vm", "depf", PBS_FINISHED, PBS_END_OWN, NO_EXIT, "" },
		{ "undeliverable", "", "rc.sh", PBS_FINISHED, PBS_END_OWN, 0, "" },
		{ "running", "29.vm", "runn", PBS_RUNNING, PBS_END_OWN, NO_EXIT, "Job run at" },
		{ "queued", "30.vm", "qu", PBS_QUEUED, PBS_END_OWN, NO_EXIT, "Insufficient amount" },
		{ "held", "28.vm", "held", PBS_QUEUED, PBS_END_OWN, NO_EXIT, "" },
		{ "array", "24[].vm", "arr", PBS_FINISHED, PBS_END_OWN, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {
		size_t k = i / 2;
		bool is_json = i % 2 == 0;
		char name[64];
		BUF_CLEANUP struct buf text;
		struct pbs_jobs jobs = { 0 };
		struct err e = { 0 };
		buf_init(&text, 1 << 20);
		snprintf(name, sizeof name, "openpbs/%s.%s", rows[k].file, is_json ? "json" : "txt");
		char path[512];
		snprintf(path, sizeof path, "%s%s", DATA, name);
		if (!is_json && !fsx_exists(path))
			continue; /* three were captured as JSON only */
		load(name, &text);
		assert_ok(pbs_parse(is_json ? PBS_FORM_JSON : PBS_FORM_TEXT, text.data, text.len, &jobs, &e),
			&e);
		assert_int_equal(jobs.count, 1);
		pbs_jobs_sort(&jobs);
		const struct pbs_job *job = pbs_jobs_find(&jobs, rows[k].id, rows[k].name);
		expect(job, rows[k].state, rows[k].end, rows[k].exit_status, false, rows[k].comment);
		pbs_jobs_deinit(&jobs);
	}
}

static void parse(enum pbs_form form, const char *text, struct pbs_jobs *jobs, int want)
{
	struct err e = { 0 };
	size_t len = strlen(text);
	char *exact = malloc(len + 1); /* of its own size, so that a read beyond it is seen */

	assert_non_null(exact);
	memcpy(exact, text, len);
	int r = pbs_parse(form, exact, len, jobs, &e);
	free(exact);
	if (r < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(r, want);
}

/* Every row of the tables that no capture has. */
static void openpbs_states(void **state)
{
	static const struct {
		const char *attrs;
		enum pbs_state state;
		enum pbs_end end;
		int exit_status;
		bool never_runs;
	} rows[] = {
		{ "\"job_state\":\"F\",\"substate\":93,\"Exit_status\":139", PBS_FINISHED, PBS_END_OWN, 139,
			false },
		{ "\"job_state\":\"F\",\"substate\":91", PBS_FINISHED, PBS_END_DELETED, NO_EXIT, false },
		{ "\"job_state\":\"F\",\"Exit_status\":271", PBS_FINISHED, PBS_END_DELETED, 271, false },
		{ "\"job_state\":\"F\",\"Exit_status\":271,\"comment\":\"exceeded walltime\"", PBS_FINISHED,
			PBS_END_WALLTIME, 271, false },
		{ "\"job_state\":\"F\",\"Exit_status\":-27", PBS_FINISHED, PBS_END_MEMORY, -27, false },
		{ "\"job_state\":\"F\",\"Exit_status\":-4", PBS_FINISHED, PBS_END_NODE, -4, false },
		{ "\"job_state\":\"F\",\"Exit_status\":\"12\"", PBS_FINISHED, PBS_END_OWN, 12, false },
		{ "\"job_state\":\"F\",\"Exit_status\":true", PBS_FINISHED, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":\"F\",\"Exit_status\":007", PBS_FINISHED, PBS_END_OWN, 7, false },
		{ "\"job_state\":\"F\",\"Exit_status\":{\"a\":[1,{}]}", PBS_FINISHED, PBS_END_OWN, NO_EXIT,
			false },
		{ "\"job_state\":\"F\",\"Exit_status\":99999999999", PBS_FINISHED, PBS_END_OWN, NO_EXIT,
			false },
		{ "\"job_state\":\"X\"", PBS_FINISHED, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":\"H\"", PBS_QUEUED, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":\"W\"", PBS_QUEUED, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":\"T\"", PBS_QUEUED, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":\"B\"", PBS_RUNNING, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":\"E\"", PBS_RUNNING, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":\"S\"", PBS_RUNNING, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":\"U\"", PBS_RUNNING, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":\"M\"", PBS_ASK_AGAIN, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":\"?\"", PBS_ASK_AGAIN, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":true", PBS_ASK_AGAIN, PBS_END_OWN, NO_EXIT, false },
		{ "\"queue\":\"x\"", PBS_ASK_AGAIN, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":\"Q\",\"comment\":\"Can Never Run: Insufficient amount of resource: ngpus\"",
			PBS_QUEUED, PBS_END_OWN, NO_EXIT, true },
		{ "\"job_state\":\"Q\",\"comment\":\"Not Running: Insufficient amount of resource: ngpus\"",
			PBS_QUEUED, PBS_END_OWN, NO_EXIT, false },
		{ "\"job_state\":\"H\",\"comment\":\"job held, too many failed attempts to run\"", PBS_QUEUED,
			PBS_END_OWN, NO_EXIT, true },
		{ "\"job_state\":\"R\",\"comment\":\"Can Never Run\"", PBS_RUNNING, PBS_END_OWN, NO_EXIT,
			false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pbs_jobs jobs = { 0 };
		char text[512];
		snprintf(text, sizeof text, "{\"Jobs\":{\"7.vm\":{\"Job_Name\":\"g-a\",%s}}}", rows[i].attrs);
		parse(PBS_FORM_JSON, text, &jobs, 0);
		pbs_jobs_sort(&jobs);
		expect(pbs_jobs_find(&jobs, "7.vm", "g-a"), rows[i].state, rows[i].end, rows[i].exit_status,
			rows[i].never_runs, "");
		pbs_jobs_deinit(&jobs);
	}
}

static void json_that_is_none(void **state)
{
	static const struct {
		const char *text;
		int want;
		size_t count;
		const char *name; /* of 7.vm */
	} rows[] = {
		{ "", 0, 0, "" },
		{ " \n", 0, 0, "" },
		{ "{}", 0, 0, "" },
		{ "{\"timestamp\":1,\"pbs_version\":\"x\",\"pbs_server\":\"vm\"}", 0, 0, "" },
		{ "{\"Jobs\":{}}", 0, 0, "" },
		{ "{\"Jobs\":null}", 0, 0, "" },
		{ "{\"Jobs\":{\"7.vm\":{}}}", 0, 1, "" },
		/* Numbers where strings were, leading zeros, bare words, no UTF-8. */
		{ "{\"Jobs\":{\"7.vm\":{\"Job_Name\":123,\"job_state\":\"R\"}}}", 0, 1, "123" },
		{ "{\"Jobs\":{\"7.vm\":{\"Job_Name\":\"g\",\"Variable_List\":{\"foo\":005,\"b\":true}}}}", 0,
			1, "g" },
		{ "{\"Jobs\":{\"7.vm\":{\"Variable_List\":{\"L\":\"\xff\xfe\"},\"Job_Name\":\"g\"}}}", 0, 1,
			"g" },
		{ "{\"Jobs\":{\"7.vm\":{\"Job_Name\":\"a\xff"
		  "b\"}}}",
			0, 1, "a?b" },
		{ "{\"Jobs\":{\"7.vm\":{\"Job_Name\":\"g\",\"x\":\"\\\"}{\\\\\"}}}", 0, 1, "g" },
		/* Quotes that nobody escaped: line by line. */
		{ "{\n\"Jobs\":{\n\"7.vm\":{\n\"Job_Name\":\"g\",\n\"x\":\"say \"hi\" "
		  "{\",\n\"job_state\":\"R\"\n},\n"
		  "\"8.vm\":{\n\"Job_Name\":\"h\"\n}\n}\n}\n",
			0, 2, "g" },
		/* Cut off. */
		{ "{\n\"Jobs\":{\n\"7.vm\":{\n\"Job_Name\":\"g\",\n\"job_st", 0, 1, "g" },
		{ "{\"Jobs\":{\"7.vm\":{\"Job_Na", PBS_UNPARSABLE, 0, "" },
		{ "qstat: cannot connect to server vm (errno=111)\n", PBS_UNPARSABLE, 0, "" },
		{ "{\"Jobs\":{\"7.vm\":[}]}}", PBS_UNPARSABLE, 0, "" },
		{ "[[[[", PBS_UNPARSABLE, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pbs_jobs jobs = { 0 };
		parse(PBS_FORM_JSON, rows[i].text, &jobs, rows[i].want);
		pbs_jobs_sort(&jobs);
		assert_int_equal(jobs.count, rows[i].count);
		if (rows[i].count)
			assert_string_equal(pbs_jobs_find(&jobs, "7.vm", rows[i].name)->name, rows[i].name);
		pbs_jobs_deinit(&jobs);
	}
}

static void text_forms(void **state)
{
	struct pbs_jobs jobs = { 0 };

	(void)state;
	parse(PBS_FORM_TEXT,
		"qstat: Unknown Job Id 9.vm\nJob Id: 7.vm\r\n    Job_Name = g-a\r\n    job_state = Q\n"
		"    Variable_List = A=1,\n\tjob_state = R,B=2\n"
		"    comment = Can \n\tNever Run\n\nJob Id: 8.vm\n    Job_Name = g-b\n    job_state = F\n    "
		"Exit_status = 3",
		&jobs, 0);
	pbs_jobs_sort(&jobs);
	assert_int_equal(jobs.count, 2);
	expect(pbs_jobs_find(&jobs, "7.vm", "g-a"), PBS_QUEUED, PBS_END_OWN, NO_EXIT, true, "Can Never Run");
	expect(pbs_jobs_find(&jobs, "8", "g-b"), PBS_FINISHED, PBS_END_OWN, 3, false, "");
	pbs_jobs_deinit(&jobs);
	parse(PBS_FORM_TEXT, "", &jobs, 0);
	parse(PBS_FORM_TEXT, "\n\n", &jobs, 0);
	parse(PBS_FORM_TEXT, "qstat: cannot connect\n", &jobs, PBS_UNPARSABLE);
	parse(PBS_FORM_SCONTROL, "No jobs in the system\n", &jobs, 0);
	parse(PBS_FORM_SCONTROL, "slurm_load_jobs error: Unable to contact slurm controller\n", &jobs,
		PBS_UNPARSABLE);
	assert_int_equal(jobs.count, 0);
	pbs_jobs_deinit(&jobs);
}

/* The wrapper knows three letters; scontrol tells the rest. */
static void slurm(void **state)
{
	static const struct {
		const char *id;
		enum pbs_state wrapper, state;
		enum pbs_end end;
		int exit_status;
		bool never_runs;
		const char *comment;
	} rows[] = {
		{ "1", PBS_FINISHED, PBS_FINISHED, PBS_END_OWN, 0, false, "" },
		{ "3", PBS_FINISHED, PBS_FINISHED, PBS_END_DELETED, NO_EXIT, false, "" },
		{ "17", PBS_FINISHED, PBS_FINISHED, PBS_END_OWN, 7, false, "NonZeroExitCode" },
		/* It killed itself; Slurm says JobLaunchFailure to that. */
		{ "18", PBS_FINISHED, PBS_FINISHED, PBS_END_OWN, 137, false, "JobLaunchFailure" },
		{ "22", PBS_FINISHED, PBS_FINISHED, PBS_END_WALLTIME, 137, false, "TimeLimit" },
		{ "28", PBS_QUEUED, PBS_QUEUED, PBS_END_OWN, NO_EXIT, true, "DependencyNeverSatisfied" },
		{ "34", PBS_QUEUED, PBS_FINISHED, PBS_END_WALLTIME, 129, false, "DeadLine" },
		{ "35", PBS_FINISHED, PBS_FINISHED, PBS_END_OWN, 129, true, "BadConstraints" },
		{ "37", PBS_QUEUED, PBS_QUEUED, PBS_END_OWN, NO_EXIT, true, "PartitionTimeLimit" },
		{ "39", PBS_QUEUED, PBS_ASK_AGAIN, PBS_END_OWN, NO_EXIT, false, "" },
	};
	BUF_CLEANUP struct buf wrapper, scontrol;
	struct pbs_jobs jobs = { 0 };
	struct err e = { 0 };

	(void)state;
	buf_init(&wrapper, 1 << 20);
	buf_init(&scontrol, 1 << 20);
	load("slurm/qstat-f-mixed.txt", &wrapper);
	load("slurm/scontrol-o-all.txt", &scontrol);
	assert_ok(pbs_parse(PBS_FORM_SLURM_QSTAT, wrapper.data, wrapper.len, &jobs, &e), &e);
	pbs_jobs_sort(&jobs);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct pbs_job *job = pbs_jobs_find(&jobs, rows[i].id, "");
		assert_non_null(job);
		assert_int_equal(job->state, rows[i].wrapper);
		assert_false(job->has_exit);
	}
	assert_ok(pbs_parse(PBS_FORM_SCONTROL, scontrol.data, scontrol.len, &jobs, &e), &e);
	pbs_jobs_sort(&jobs);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].state != PBS_ASK_AGAIN)
			expect(pbs_jobs_find(&jobs, rows[i].id, ""), rows[i].state, rows[i].end,
				rows[i].exit_status, rows[i].never_runs, rows[i].comment);
	pbs_jobs_deinit(&jobs);
	/* Its letter for what it has none for. */
	buf_reset(&wrapper);
	load("slurm/qstat-f-failed-killed.txt", &wrapper);
	assert_ok(pbs_parse(PBS_FORM_SLURM_QSTAT, wrapper.data, wrapper.len, &jobs, &e), &e);
	pbs_jobs_sort(&jobs);
	assert_int_equal(pbs_jobs_find(&jobs, "34", "dl.sh")->state, PBS_ASK_AGAIN);
	pbs_jobs_deinit(&jobs);
}

static void scontrol_states(void **state)
{
	static const struct {
		const char *fields;
		enum pbs_state state;
		enum pbs_end end;
		int exit_status;
		bool never_runs;
	} rows[] = {
		{ "JobState=PENDING Reason=Resources", PBS_QUEUED, PBS_END_OWN, NO_EXIT, false },
		{ "JobState=PENDING Reason=Priority", PBS_QUEUED, PBS_END_OWN, NO_EXIT, false },
		{ "JobState=PENDING Reason=PartitionConfig", PBS_QUEUED, PBS_END_OWN, NO_EXIT, false },
		{ "JobState=PENDING Reason=JobHeldUser", PBS_QUEUED, PBS_END_OWN, NO_EXIT, false },
		{ "JobState=PENDING Reason=ReqNodeNotAvail,_UnavailableNodes:n1", PBS_QUEUED, PBS_END_OWN,
			NO_EXIT, false },
		{ "JobState=PENDING Reason=QOSMaxJobsPerUserLimit", PBS_QUEUED, PBS_END_OWN, NO_EXIT, false },
		{ "JobState=PENDING Reason=BadConstraints", PBS_QUEUED, PBS_END_OWN, NO_EXIT, true },
		{ "JobState=PENDING Reason=AssocMaxWallDurationPerJobLimit", PBS_QUEUED, PBS_END_OWN, NO_EXIT,
			true },
		{ "JobState=PENDING Reason=InvalidAccount", PBS_QUEUED, PBS_END_OWN, NO_EXIT, true },
		{ "JobState=RUNNING Reason=None ExitCode=0:0", PBS_RUNNING, PBS_END_OWN, NO_EXIT, false },
		{ "JobState=COMPLETING Reason=None ExitCode=0:0", PBS_RUNNING, PBS_END_OWN, NO_EXIT, false },
		{ "JobState=COMPLETED Reason=None ExitCode=0:0", PBS_FINISHED, PBS_END_OWN, 0, false },
		{ "JobState=CANCELLED Reason=None ExitCode=0:0", PBS_FINISHED, PBS_END_DELETED, NO_EXIT,
			false },
		{ "JobState=CANCELLED Reason=None ExitCode=0:15", PBS_FINISHED, PBS_END_DELETED, 143, false },
		{ "JobState=NODE_FAIL Reason=NodeDown ExitCode=0:0", PBS_FINISHED, PBS_END_NODE, NO_EXIT,
			false },
		{ "JobState=OUT_OF_MEMORY Reason=OutOfMemory ExitCode=0:125", PBS_FINISHED, PBS_END_MEMORY,
			253, false },
		{ "JobState=FAILED Reason=None ExitCode=0:0", PBS_FINISHED, PBS_END_OWN, NO_EXIT, false },
		{ "JobState=SOMETHING Reason=None ExitCode=0:0", PBS_ASK_AGAIN, PBS_END_OWN, NO_EXIT, false },
		{ "JobState=FAILED Reason=None ExitCode=x", PBS_FINISHED, PBS_END_OWN, NO_EXIT, false },
		{ "JobState=COMPLETED", PBS_FINISHED, PBS_END_OWN, NO_EXIT, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct pbs_jobs jobs = { 0 };
		char text[256];
		snprintf(text, sizeof text, "JobId=5 JobName=g-a UserId=u(1) %s", rows[i].fields);
		parse(PBS_FORM_SCONTROL, text, &jobs, 0);
		expect(pbs_jobs_find(&jobs, "5", "g-a"), rows[i].state, rows[i].end, rows[i].exit_status,
			rows[i].never_runs, "");
		pbs_jobs_deinit(&jobs);
	}
}

/* Two of one name: the one whose id is known, else the one that lives. */
static void finding(void **state)
{
	struct pbs_jobs jobs = { 0 };

	(void)state;
	assert_null(pbs_jobs_find(&jobs, "1", "a"));
	pbs_jobs_sort(&jobs);
	parse(PBS_FORM_JSON,
		"{\"Jobs\":{\"12.vm\":{\"Job_Name\":\"a\",\"job_state\":\"F\"},\"9.vm\":{\"Job_Name\":\"a\","
		"\"job_state\":\"R\"},"
		"\"10.vm\":{\"Job_Name\":\"a\",\"job_state\":\"Q\"},\"1.vm\":{\"Job_Name\":\"b\",\"job_"
		"state\":\"Q\"}}}",
		&jobs, 0);
	pbs_jobs_sort(&jobs);
	assert_string_equal(pbs_jobs_find(&jobs, "", "a")->id, "9.vm");
	assert_string_equal(pbs_jobs_find(&jobs, "10.vm.example.org", "a")->id, "10.vm");
	assert_string_equal(pbs_jobs_find(&jobs, "12", "a")->id, "12.vm");
	assert_string_equal(pbs_jobs_find(&jobs, "1.vm", "a")->id, "9.vm"); /* another's id is no match */
	assert_string_equal(pbs_jobs_find(&jobs, "1.vm", "cut")->name, "b");
	assert_null(pbs_jobs_find(&jobs, "", "c"));
	assert_null(pbs_jobs_find(&jobs, "2", "c"));
	pbs_jobs_deinit(&jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openpbs),
		cmocka_unit_test(openpbs_states),
		cmocka_unit_test(json_that_is_none),
		cmocka_unit_test(text_forms),
		cmocka_unit_test(slurm),
		cmocka_unit_test(scontrol_states),
		cmocka_unit_test(finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
