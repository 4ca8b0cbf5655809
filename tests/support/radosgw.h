#pragma once

#include "support/testing.h"

#include "base/fsx.h"

/* The server that tests/support/radosgw.py started for this ctest run: its folder is in RADOSGW. */

/* One of the folder's values ("endpoint", "access_key", …) into @out; false where there is no server. */
static inline bool radosgw_value(const char *name, char *out, size_t size)
{
	const char *dir = getenv("RADOSGW");
	char path[512];
	FILE *f = NULL;

	out[0] = '\0';
	if (dir && fsx_join(path, sizeof path, dir, name, NULL) == 0)
		f = fopen(path, "re");
	if (!f)
		return false;
	bool read = fgets(out, (int)size, f) != NULL;
	(void)fclose(f);
	out[strcspn(out, "\n")] = '\0';
	return read;
}

/* Where there is no server: one line, and 77 for CTest. */
static inline void radosgw_or_skip(void)
{
	char endpoint[128];

	if (radosgw_value("endpoint", endpoint, sizeof endpoint))
		return;
	puts("skipped: no radosgw (tests/support/radosgw.py run PROGRAM starts one)");
	exit(77);
}
