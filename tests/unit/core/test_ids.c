#include "support/testing.h"

#include "core/ids.h"

static void round_trip(void **state)
{
	static const int64_t times[] = { 0, 1, 1763775000123, 0xffffffffffff };
	static const uint8_t ones[ID_RANDOM_BYTES] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
	char id[ID_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		id_make(times[i], ones, id);
		assert_int_equal(strlen(id), 26);
		assert_true(id_ok(id));
		assert_int_equal(id_time_ms(id), times[i]);
		assert_string_equal(id + 10, "zzzzzzzzzzzzzzzz");
	}
}

/* The ULID specification's own example (2016), lower case. */
static void known_time(void **state)
{
	static const uint8_t zero[ID_RANDOM_BYTES] = { 0 };
	char id[ID_BYTES];

	(void)state;
	id_make(1469918176385, zero, id);
	id[10] = '\0';
	assert_string_equal(id, "01aryz6s41");
}

static void sort_by_time(void **state)
{
	uint8_t high[ID_RANDOM_BYTES], low[ID_RANDOM_BYTES] = { 0 };
	char a[ID_BYTES], b[ID_BYTES];

	(void)state;
	memset(high, 0xff, sizeof high);
	for (int64_t t = 1, k = 0; k < 47; k++, t *= 2) {
		id_make(t - 1, high, a);
		id_make(t, low, b);
		assert_true(strcmp(a, b) < 0);
	}
}

/* Each of the 80 random bits stands in the id. */
static void every_random_bit_counts(void **state)
{
	uint8_t random[ID_RANDOM_BYTES] = { 0 };
	char zero[ID_BYTES], one[ID_BYTES];

	(void)state;
	id_make(7, random, zero);
	for (int bit = 0; bit < 80; bit++) {
		random[bit / 8] = (uint8_t)(1 << (bit % 8));
		id_make(7, random, one);
		assert_string_not_equal(one, zero);
		random[bit / 8] = 0;
	}
}

static void refused(void **state)
{
	static const char *const bad[] = { "", "0", "01aryz6s410000000000000000x",
		"01aryz6s41000000000000000", "01ARYZ6S410000000000000000", "01aryz6s41000000000000000i",
		"01aryz6s41000000000000000l", "01aryz6s41000000000000000o", "01aryz6s41000000000000000u",
		"8zzzzzzzzzzzzzzzzzzzzzzzzz", "01aryz6s41000000000000000/", "../../../../../../etc/passw" };

	(void)state;
	assert_true(id_ok("7zzzzzzzzzzzzzzzzzzzzzzzzz"));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (id_ok(bad[i]))
			fail_msg("accepted: %s", bad[i]);
}

#define JOB "01aryz6s410000000000000000"

static void attempts(void **state)
{
	static const struct {
		const char *text;
		int n; /* 0: refused */
	} rows[] = { { JOB "-1", 1 }, { JOB "-42", 42 }, { JOB "-999999", 999999 }, { JOB "-1000000", 0 },
		{ JOB "-0", 0 }, { JOB "-01", 0 }, { JOB "--1", 0 }, { JOB "-+1", 0 }, { JOB "- 1", 0 },
		{ JOB "-", 0 }, { JOB "-1x", 0 }, { JOB, 0 }, { "", 0 }, { JOB "/1", 0 }, { "x" JOB "-1", 0 },
		{ "81aryz6s410000000000000000-1", 0 }, { JOB "-99999999999999999999", 0 } };
	char job[ID_BYTES], id[ATTEMPT_ID_BYTES];
	int n;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		n = 0;
		bool ok = attempt_id_split(rows[i].text, job, &n);
		if (ok != (rows[i].n > 0) || n != rows[i].n)
			fail_msg("%s: %d, %d", rows[i].text, ok, n);
		if (!ok)
			continue;
		assert_string_equal(job, JOB);
		attempt_id_make(job, n, id);
		assert_string_equal(id, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(round_trip), cmocka_unit_test(known_time),
		cmocka_unit_test(sort_by_time), cmocka_unit_test(every_random_bit_counts),
		cmocka_unit_test(refused), cmocka_unit_test(attempts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
