#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A log file that never grows beyond its cap: its beginning (how the job was set up) and its end (what it
 * said before it died) stay, the middle goes. Readers always see a whole file: it is replaced by rename. */
struct cluster_log {
	char path[4096], path_new[4096];
	int fd;
	char *data; /* what the file holds, at most @max bytes */
	size_t len, max;
	size_t head; /* the first bytes, never dropped */
	uint64_t dropped;
};

/**
 * cluster_log_open() - an empty log at @path, 0600
 * @max_bytes  at least 4096; the file's largest size ever
 * Release with cluster_log_close().
 */
int cluster_log_open(struct cluster_log *l, const char *path, size_t max_bytes, struct err *e);

/* Append. A full disk loses the text and nothing else: a job must not fail because of its log. */
void cluster_log_add(struct cluster_log *l, const char *data, size_t len);
void cluster_log_close(struct cluster_log *l);
