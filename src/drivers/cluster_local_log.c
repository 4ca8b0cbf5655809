#include "drivers/cluster_local_log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/strv.h"

enum { MIN_BYTES = 4096, GAP_BYTES = 80 };

int cluster_log_open(struct cluster_log *l, const char *path, size_t max_bytes, struct err *e)
{
	*l = (struct cluster_log){ .fd = -1, .max = max_bytes < MIN_BYTES ? MIN_BYTES : max_bytes };
	l->head = l->max / 4;
	if (!str_copy(l->path, sizeof l->path, path))
		return err_set(e, ERR_INVALID, "path too long: %s", path);
	int n = snprintf(l->path_new, sizeof l->path_new, "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof l->path_new)
		return err_set(e, ERR_INVALID, "path too long: %s", path);
	l->data = malloc(l->max);
	if (!l->data)
		return err_set(e, ERR_NOMEM, "log buffer");
	l->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->fd < 0) {
		free(l->data);
		l->data = NULL;
		return err_errno(e, ERR_IO, "create %s", path);
	}
	return 0;
}

/* Head, one line that says what is missing, and the last half: room for a quarter before the next time, so
 * that a flood costs few rewrites. */
static void compact(struct cluster_log *l)
{
	char gap[GAP_BYTES];
	size_t tail = l->max / 2, cut = l->len - tail;

	/* The gap line of the time before is dropped too, but was never output of the job. */
	size_t old_gap = l->dropped ? strcspn(l->data + l->head + 1, "\n") + 2 : 0;
	l->dropped += cut - l->head - old_gap;
	int n = snprintf(gap, sizeof gap, "\n[... %" PRIu64 " bytes left out ...]\n", l->dropped);
	memmove(l->data + l->head + (size_t)n, l->data + cut, tail);
	memcpy(l->data + l->head, gap, (size_t)n);
	l->len = l->head + (size_t)n + tail;

	int fd = open(l->path_new, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	if (fsx_write_all(fd, l->data, l->len, NULL) < 0 || rename(l->path_new, l->path) < 0) {
		close(fd);
		(void)unlink(l->path_new);
		return;
	}
	close(l->fd);
	l->fd = fd;
}

void cluster_log_add(struct cluster_log *l, const char *data, size_t len)
{
	while (len > 0) {
		if (l->len == l->max)
			compact(l);
		size_t part = len < l->max - l->len ? len : l->max - l->len;
		memcpy(l->data + l->len, data, part);
		l->len += part;
		(void)fsx_write_all(l->fd, data, part, NULL);
		data += part;
		len -= part;
	}
}

void cluster_log_close(struct cluster_log *l)
{
	close_p(&l->fd);
	l->fd = -1;
	free(l->data);
	l->data = NULL;
}
