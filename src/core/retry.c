#include "core/retry.h"

#include <string.h>

#include "base/cleanup.h"

const int64_t retry_mail_give_up_ms = 5 * 24 * 3600 * INT64_C(1000);

int64_t retry_delay_ms(int failures, int64_t first_ms, int64_t most_ms, uint32_t random)
{
	int64_t delay = first_ms;

	for (int i = 1; i < failures && delay < most_ms; i++)
		delay *= 2;
	if (delay > most_ms)
		delay = most_ms;
	return delay / 2 + (int64_t)((double)(delay - delay / 2) * ((double)random / UINT32_MAX));
}

enum retry_verdict retry_verdict_for(const char *kind)
{
	static const char *const never[] = { "no_person", "not_a_video", "checksum_mismatch", "invalid_order",
		"never_runs" };

	if (strcmp(kind, "node_misconfigured") == 0)
		return RETRY_FREE;
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (strcmp(kind, never[i]) == 0)
			return RETRY_NEVER;
	return RETRY_COUNTS;
}

int64_t retry_mail_delay_ms(int tries, uint32_t random)
{
	return retry_delay_ms(tries, 30 * 1000, 6 * 3600 * INT64_C(1000), random);
}
