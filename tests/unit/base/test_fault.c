#include "support/testing.h"

#include "base/fault.h"

#ifdef GAITD_FAULTS
struct plan {
	const char *kill, *fail;
	int rounds;
};

/* Passes two points and asks one question @rounds times; the exit code tells which answers were "fail". */
static int walk(void *arg)
{
	const struct plan *p = arg;
	int failed = 0;

	unsetenv("GAITD_FAULT");
	unsetenv("GAITD_FAULT_FAIL");
	if (p->kill)
		setenv("GAITD_FAULT", p->kill, 1);
	if (p->fail)
		setenv("GAITD_FAULT_FAIL", p->fail, 1);
	for (int i = 0; i < p->rounds; i++) {
		FAULT_POINT("test.first");
		FAULT_POINT("test.first_longer");
		if (FAULT_FAILS("test.write"))
			failed |= 1 << i;
	}
	return failed;
}

static void kills_and_fails_where_asked(void **state)
{
	static const struct {
		struct plan plan;
		int killed, code;
	} rows[] = {
		{ { NULL, NULL, 3 }, 0, 0 }, { { "test.first", NULL, 1 }, 1, 0 },
		{ { "test.first:2", NULL, 1 }, 0, 0 }, { { "test.first:2", NULL, 2 }, 1, 0 },
		{ { "test.firs", NULL, 3 }, 0, 0 }, /* a part of a name is another name */
		{ { "test.first_longer", NULL, 1 }, 1, 0 }, { { "", NULL, 3 }, 0, 0 },
		{ { NULL, "test.write", 3 }, 0, 1 }, /* once: the first time */
		{ { NULL, "test.write:3", 3 }, 0, 4 },
		{ { NULL, "test.write:2+", 4 }, 0, 14 }, /* from the second time on: a disk that stays full */
		{ { NULL, "test.write:0+", 2 }, 0, 3 }, { { NULL, "test.other", 3 }, 0, 0 },
		{ { "test.write", NULL, 3 }, 0, 0 }, /* the two settings do not mix */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct plan plan = rows[i].plan;
		int status = test_fork(walk, &plan);
		if (rows[i].killed)
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		else if (!WIFEXITED(status) || WEXITSTATUS(status) != rows[i].code)
			fail_msg("row %zu: status %x", i, (unsigned)status);
	}
}
#else
static void kills_and_fails_where_asked(void **state)
{
	(void)state;
	FAULT_POINT("test.first");
	assert_false(FAULT_FAILS("test.write"));
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(kills_and_fails_where_asked) };

	return cmocka_run_group_tests_name("base/fault", tests, NULL, NULL);
}
