#include "support/testing.h"

#include "core/queue_order.h"

/* Queues as text: a letter an owner, a digit its priority (0 where absent); what is taken, in order, as the
 * indexes of the jobs. */
static void orders(void **state)
{
	static const struct {
		const char *queue, *running;
		unsigned max;
		int64_t served[3]; /* of a, b, c */
		unsigned want[12];
	} rows[] = {
		{ "a0a0a0", "", 1, { 0 }, { 0, 1, 2 } },
		{ "a0a0a0b0b0", "", 1, { 0 }, { 0, 3, 1, 4, 2 } }, /* by turns */
		{ "a0a0a0b0b0", "", 1, { 1 }, { 3, 0, 4, 1, 2 } }, /* a was served last */
		{ "a0a0a0b0b0", "", 1, { 5, 9 }, { 0, 3, 1, 4, 2 } },
		{ "a0a0b0b0", "aa", 4, { 2 }, { 2, 3, 0, 1 } }, /* who has fewer running */
		{ "a0a0b0c0", "ab", 2, { 1, 2 }, { 3, 0, 2, 1 } },
		{ "a0a5b0", "", 1, { 0 }, { 1, 2, 0 } }, /* priority, then whose turn */
		{ "a1a9b5", "", 1, { 0 }, { 1, 2, 0 } },
		{ "c0b0a0", "", 1, { 0 }, { 0, 1, 2 } }, /* all alike: age */
		{ "", "ab", 1, { 0 }, { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct queue_job jobs[12] = { 0 };
		struct queue_owner owners[3] = { { rows[i].served[0], 0 }, { rows[i].served[1], 0 },
			{ rows[i].served[2], 0 } };
		unsigned n = (unsigned)strlen(rows[i].queue) / 2, running[4] = { 0 },
			 running_n = (unsigned)strlen(rows[i].running);
		for (unsigned j = 0; j < n; j++)
			jobs[j] = (struct queue_job){ .owner = (unsigned)(rows[i].queue[2 * j] - 'a'),
				.priority = rows[i].queue[2 * j + 1] - '0' };
		for (unsigned j = 0; j < running_n; j++) {
			running[j] = (unsigned)(rows[i].running[j] - 'a');
			owners[running[j]].running++;
		}
		assert_int_equal(queue_order(jobs, n, owners, 3, running, running_n, rows[i].max), 0);
		for (unsigned j = 0; j < n; j++)
			if (jobs[rows[i].want[j]].position != j)
				fail_msg("row %zu: job %u is taken as number %u, not %u", i, rows[i].want[j],
					jobs[rows[i].want[j]].position, j);
	}
}

/* However long the queue: every job has a place of its own, and the time is bounded. */
static void a_long_queue(void **state)
{
	enum { JOBS = 50000, OWNERS = 5000 };
	CLEANUP(free_p) struct queue_job *jobs = calloc(JOBS, sizeof *jobs);
	CLEANUP(free_p) struct queue_owner *owners = calloc(OWNERS, sizeof *owners);
	CLEANUP(free_p) char *seen = calloc(JOBS, 1);

	(void)state;
	assert_true(jobs && owners && seen);
	for (unsigned i = 0; i < JOBS; i++)
		jobs[i] = (struct queue_job){ .owner = i % OWNERS, .priority = i % 7 };
	assert_int_equal(queue_order(jobs, JOBS, owners, OWNERS, NULL, 0, 30), 0);
	for (unsigned i = 0; i < JOBS; i++) {
		assert_true(jobs[i].position < JOBS);
		assert_false(seen[jobs[i].position]);
		seen[jobs[i].position] = 1;
	}
}

static void waits(void **state)
{
	static const struct {
		unsigned position, running, max;
		int64_t attempt_s, want;
	} rows[] = { { 0, 0, 1, 600, 0 }, { 0, 1, 1, 600, 600 }, { 1, 1, 1, 600, 1200 }, { 0, 3, 4, 600, 0 },
		{ 0, 4, 4, 600, 150 }, { 7, 4, 4, 600, 1200 }, { 0, 30, 30, 601, 21 }, { 5, 1, 1, -1, -1 },
		{ 5, 1, 1, 0, 0 }, { 0, 9, 4, 600, 900 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(
			queue_wait_s(rows[i].position, rows[i].running, rows[i].max, rows[i].attempt_s),
			rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(orders), cmocka_unit_test(a_long_queue),
		cmocka_unit_test(waits) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
