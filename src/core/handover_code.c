#include "core/handover_code.h"

#include <ctype.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void handover_code_make(
	const uint8_t random[HANDOVER_CODE_RANDOM_BYTES], char ret_shown[HANDOVER_CODE_SHOWN_BYTES])
{
	uint64_t bits = 0;
	char *out = ret_shown;

	for (int i = 0; i < HANDOVER_CODE_RANDOM_BYTES; i++)
		bits = bits << 8 | random[i];
	for (int i = 0; i < HANDOVER_CODE_BYTES - 1; i++, bits >>= 5) {
		if (i > 0 && i % 4 == 0)
			*out++ = '-';
		*out++ = alphabet[bits & 31];
	}
	*out = '\0';
}

bool handover_code_read(const char *text, char ret[HANDOVER_CODE_BYTES])
{
	int n = 0;

	for (; *text; text++) {
		int c = toupper((unsigned char)*text);

		if (c == '-' || c == ' ')
			continue;
		c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
		if (n == HANDOVER_CODE_BYTES - 1 || !strchr(alphabet, c))
			return false;
		ret[n++] = (char)c;
	}
	ret[n] = '\0';
	return n == HANDOVER_CODE_BYTES - 1;
}
