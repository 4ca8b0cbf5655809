#pragma once

#include "ports/cluster.h"

/* Files of a relayed attempt (ports/cluster.h, put and get): in/NAME and out/NAME in its folder, `run` and
 * `progress` beside them, as docs/cluster-protocol.md has it. */

/* Is @name of [a-z0-9._-], 1 to 47 characters, beginning with a letter or digit? */
bool cluster_files_name_ok(const char *name);

/**
 * cluster_files_put() - copy @path to in/@name of the attempt's folder @dir
 * Whole or not at all: what differs from @want never gets the name. What lies there already and is @want is
 * left alone. @poll, errors  as put() of ports/cluster.h
 */
int cluster_files_put(const char *dir, const char *name, const char *path, const struct cluster_file *want,
	int (*poll)(void *arg), void *poll_arg, struct err *e);

/* Write out/@name to @fd. Return 0, CLUSTER_NONE, -1 as get() of ports/cluster.h */
int cluster_files_get(const char *dir, const char *name, int64_t max_bytes, int fd, struct cluster_file *ret,
	struct err *e);

/* Run id, step and percent of a relayed attempt, as far as it is; others are left as they are. */
void cluster_files_progress(const char *dir, struct cluster_status *s);
