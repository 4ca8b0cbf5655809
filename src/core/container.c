#include "core/container.h"

#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

/* The first box of an ISO or QuickTime file: a length of at least 8 and one of the types that may stand
 * first. */
static int is_iso_bmff(const unsigned char *p, size_t len)
{
	static const char types[][5] = { "ftyp", "moov", "mdat", "wide", "free", "skip", "pnot" };
	/* Major brands of still pictures and of sound (ISO/IEC 23008-12:2022, AVIF 1.0, Apple, Canon). */
	static const char others[][5] = { "heic", "heix", "heim", "heis", "mif1", "avif", "crx ", "M4A ",
		"M4B ", "M4P " };

	if (len < 12)
		return 0;
	uint32_t size = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	if (size != 1 && size < 8 && size != 0)
		return 0;
	if (memcmp(p + 4, "ftyp", 4) == 0)
		for (size_t i = 0; i < ARRAY_LEN(others); i++)
			if (memcmp(p + 8, others[i], 4) == 0)
				return 0;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (memcmp(p + 4, types[i], 4) == 0)
			return 1;
	return 0;
}

const char *container_sniff(const void *head, size_t len)
{
	const unsigned char *p = head;

	if (is_iso_bmff(p, len))
		return "mp4";
	if (len >= 16 && memcmp(p, "\x1a\x45\xdf\xa3", 4) == 0 &&
		(memmem(p, len, "matroska", 8) || memmem(p, len, "webm", 4)))
		return "mkv";
	if (len >= 12 && memcmp(p, "RIFF", 4) == 0 && memcmp(p + 8, "AVI ", 4) == 0)
		return "avi";
	return NULL;
}
