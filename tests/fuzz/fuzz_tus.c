#include <stdlib.h>
#include <string.h>

#include "core/tus.h"
#include "fuzz.h"

/* The input is a header's value. What is taken is stored and sent back as a header: it must be one line of
 * printable ASCII, and be taken again. */

enum { TEXT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tus_metadata first, again;
	struct tus_checksum sum;
	struct err e = { 0 };
	char text[TEXT_MAX + 1];

	if (size > TEXT_MAX)
		size = TEXT_MAX;
	memcpy(text, data, size);
	text[size] = '\0';
	if (tus_metadata_parse(text, &first, &e) == 0) {
		size_t len = strlen(text);
		if (len == 0 || len >= TUS_METADATA_BYTES || first.view < -1 || first.view > 1)
			abort();
		for (size_t i = 0; i < len; i++)
			if (text[i] < 0x20 || text[i] > 0x7e)
				abort();
		if (tus_metadata_parse(text, &again, &e) != 0 || again.view != first.view)
			abort();
	} else if (e.kind != ERR_INVALID && e.kind != ERR_HEADERS) {
		abort();
	}
	if (tus_checksum_parse(text, &sum, &e) == 0 ? digest_bytes(sum.algorithm) == 0
						    : e.kind != ERR_INVALID)
		abort();
	return 0;
}
