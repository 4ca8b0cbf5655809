#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "pose/gait_analyze_archive.h"

/* The input: a keypoints.tar.gz, which may be a plain tar too. It lies in a file of memory alone. */

static void check(const struct keypoints *k)
{
	if (k->frames == 0 || k->frames > KEYPOINTS_MAX_FRAMES || !(k->fps >= 5 && k->fps <= 1000) ||
		k->first[k->frames] != k->people)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KEYPOINTS_CLEANUP struct keypoints front = { 0 };
	KEYPOINTS_CLEANUP struct keypoints side = { 0 };
	struct keypoints *const k[VIEWS] = { [VIEW_FRONT] = &front, [VIEW_SIDE] = &side };
	CLEANUP(close_p) int fd = memfd_create("archive", MFD_CLOEXEC);
	bool present[VIEWS] = { false };
	struct err e = { 0 };
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		exit(2);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (analyze_read_archive(path, 30, k, present, &e) < 0) {
		if (e.kind == ERR_NONE || !e.msg[0])
			abort();
		return 0;
	}
	if (!present[VIEW_FRONT] && !present[VIEW_SIDE])
		abort();
	for (int v = 0; v < VIEWS; v++)
		if (present[v])
			check(k[v]);
	return 0;
}
