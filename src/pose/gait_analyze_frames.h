#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* The frames of one video by the names of their files, from a folder or an archive. */
struct frame_file {
	int64_t number;
	char *name;
	size_t at, len; /* where an archive's reader keeps the text */
};

struct frame_list {
	struct frame_file *file;
	size_t count, cap;
};

#define FRAME_LIST_CLEANUP __attribute__((cleanup(frame_list_deinit)))
void frame_list_deinit(struct frame_list *l);

/* The frame's number in "walk_000000000012_keypoints.json"; false for other names. */
bool frame_number(const char *name, int64_t *ret);

/* ERR_TOO_LARGE: more than KEYPOINTS_MAX_FRAMES; ERR_NOMEM */
int frame_list_add(
	struct frame_list *l, const char *name, int64_t number, size_t at, size_t len, struct err *e);

/**
 * frame_list_order() - by number, with a look at the whole
 * Errors  ERR_NOT_FOUND: none; ERR_INVALID: two with one number; ERR_TOO_LARGE: numbers too far apart
 */
int frame_list_order(struct frame_list *l, struct err *e);

/**
 * read_regular() - a regular file, whole; a pipe or device must not hang or flood us
 * @dir_fd  AT_FDCWD or a directory
 * Errors   ERR_NOT_FOUND, ERR_INVALID (another kind of file), ERR_TOO_LARGE (over @max), ERR_IO
 */
int read_regular(int dir_fd, const char *name, size_t max, struct buf *out, struct err *e);
