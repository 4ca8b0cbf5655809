#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "load.h"

/* What the disk takes below the folder @o->path: fdatasync of 4 KiB written in place, as a database's log is
 * written; and what two uploaded files of --bytes each cost by themselves, in the order of fsx_commit():
 * fsync of the file, rename, fsync of the folder. */

enum { BLOCK = 4096 };

static char block[BLOCK];

static double sync_block(int fd, int64_t i)
{
	double start_s = load_now_s();

	if (pwrite(fd, block, BLOCK, i % 64 * BLOCK) != BLOCK || fdatasync(fd))
		load_fail("fdatasync");
	return load_now_s() - start_s;
}

static double commit_file(int dir, int n, int64_t bytes)
{
	char from[32], to[32];

	(void)snprintf(from, sizeof from, "from-%d", n);
	(void)snprintf(to, sizeof to, "to-%d", n);
	int fd = openat(dir, from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		load_fail("create");
	for (int64_t done = 0; done < bytes; done += BLOCK)
		if (write(fd, block, (size_t)(bytes - done < BLOCK ? bytes - done : BLOCK)) < 0)
			load_fail("write");
	double start_s = load_now_s();
	if (fsync(fd) || renameat(dir, from, dir, to) || fsync(dir))
		load_fail("commit");
	double took_s = load_now_s() - start_s;
	(void)close(fd);
	if (unlinkat(dir, to, 0))
		load_fail("unlink");
	return took_s;
}

int load_fsync(const struct load_options *o)
{
	size_t n = (size_t)o->count;
	float *blocks = calloc(n, sizeof *blocks), *files = calloc(n, sizeof *files);
	int dir = open(o->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : openat(dir, "log", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (!blocks || !files || fd < 0)
		load_fail(o->path);
	for (int64_t i = 0; i < 64; i++)
		(void)sync_block(fd, i);
	for (size_t i = 0; i < n; i++) {
		blocks[i] = (float)(sync_block(fd, (int64_t)i) * 1000);
		files[i] = (float)((commit_file(dir, 0, o->bytes) + commit_file(dir, 1, o->bytes)) * 1000);
	}
	(void)unlinkat(dir, "log", 0);
	load_sort(blocks, n);
	load_sort(files, n);
	(void)printf("{\"fdatasync_ms\":%.4f,\"files_ms\":%.4f}\n", load_quantile(blocks, n, 0.5),
		load_quantile(files, n, 0.5));
	(void)close(fd);
	(void)close(dir);
	free(blocks);
	free(files);
	return 0;
}
