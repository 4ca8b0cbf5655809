#include "core/ids.h"

#include <stdio.h>
#include <string.h>

#include "base/strv.h"

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

void id_make(int64_t now_ms, const uint8_t random[ID_RANDOM_BYTES], char out[ID_BYTES])
{
	uint64_t t = (uint64_t)now_ms & 0xffffffffffffu;

	for (int i = 9; i >= 0; i--, t >>= 5)
		out[i] = alphabet[t & 31];
	/* 80 bits are 16 digits of 5 bits: two blocks of 40 bits, 8 digits each. */
	for (int block = 0; block < 2; block++) {
		uint64_t bits = 0;
		for (int i = 0; i < 5; i++)
			bits = bits << 8 | random[5 * block + i];
		for (int i = 7; i >= 0; i--, bits >>= 5)
			out[10 + 8 * block + i] = alphabet[bits & 31];
	}
	out[26] = '\0';
}

bool id_ok(const char *text)
{
	return strlen(text) == 26 && strspn(text, alphabet) == 26 && text[0] <= '7';
}

int64_t id_time_ms(const char *id)
{
	int64_t t = 0;

	for (int i = 0; i < 10; i++)
		t = t << 5 | (int64_t)(strchr(alphabet, id[i]) - alphabet);
	return t;
}

void attempt_id_make(const char *job, int n, char out[ATTEMPT_ID_BYTES])
{
	snprintf(out, ATTEMPT_ID_BYTES, "%s-%d", job, n);
}

bool attempt_id_split(const char *attempt, char ret_job[ID_BYTES], int *ret_n)
{
	char job[ID_BYTES];
	int64_t n;

	if (strlen(attempt) < 28 || attempt[26] != '-')
		return false;
	memcpy(job, attempt, 26);
	job[26] = '\0';
	if (!id_ok(job) || attempt[27] == '0' || !str_to_i64(attempt + 27, 1, 999999, &n))
		return false;
	memcpy(ret_job, job, sizeof job);
	*ret_n = (int)n;
	return true;
}
