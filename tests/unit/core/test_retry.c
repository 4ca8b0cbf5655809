#include "support/testing.h"

#include "core/retry.h"

static void delays(void **state)
{
	static const struct {
		int failures;
		int64_t least, most;
	} rows[] = { { 0, 1000, 2000 }, { 1, 1000, 2000 }, { 2, 2000, 4000 }, { 3, 4000, 8000 },
		{ 8, 128000, 256000 }, { 9, 150000, 300000 }, { 10000, 150000, 300000 },
		{ INT32_MAX, 150000, 300000 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(retry_delay_ms(rows[i].failures, 2000, 300000, 0), rows[i].least);
		assert_int_equal(retry_delay_ms(rows[i].failures, 2000, 300000, UINT32_MAX), rows[i].most);
		int64_t middle = retry_delay_ms(rows[i].failures, 2000, 300000, UINT32_MAX / 2);
		assert_true(middle > rows[i].least && middle < rows[i].most);
	}
}

static void verdicts(void **state)
{
	static const struct {
		const char *kind;
		enum retry_verdict want;
	} rows[] = { { "no_person", RETRY_NEVER }, { "not_a_video", RETRY_NEVER },
		{ "checksum_mismatch", RETRY_NEVER }, { "invalid_order", RETRY_NEVER },
		{ "out_of_memory", RETRY_COUNTS }, { "deleted", RETRY_COUNTS },
		{ "node_failed", RETRY_COUNTS }, { "node_misconfigured", RETRY_FREE },
		{ "pose_failed", RETRY_COUNTS }, { "walltime", RETRY_COUNTS }, { "lost", RETRY_COUNTS },
		{ "", RETRY_COUNTS }, { "never heard of", RETRY_COUNTS } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(retry_verdict_for(rows[i].kind), rows[i].want);
}

static void mail(void **state)
{
	(void)state;
	assert_int_equal(retry_mail_delay_ms(1, UINT32_MAX), 30 * 1000);
	assert_int_equal(retry_mail_delay_ms(2, UINT32_MAX), 60 * 1000);
	assert_int_equal(retry_mail_delay_ms(50, UINT32_MAX), 6 * 3600 * 1000);
	assert_int_equal(retry_mail_give_up_ms, INT64_C(432000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(delays), cmocka_unit_test(verdicts),
		cmocka_unit_test(mail) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
