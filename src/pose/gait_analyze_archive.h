#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "gait/keypoints.h"

/**
 * analyze_read_archive() - both views' key points from the archive that an attempt keeps
 * keypoints.tar.gz holds the folders front and side, each as analyze_read() takes one (pbs/gait-job.pbs);
 * keypoints_front.tar.gz holds one of them. Nothing is unpacked to disk. Entries come in any order.
 * @ret          initialised sets; a layout that is set holds whatever meta.json says
 * @ret_present  which of the views the archive has
 * Errors        ERR_NOT_FOUND: no archive, or neither view in it; ERR_INVALID: no tar, damaged, a link or
 *               device in it, a frame twice or refused, by its name; ERR_TOO_LARGE: an entry over
 *               KEYPOINTS_MAX_TEXT, all over 256 MiB, too many; ERR_NOMEM, ERR_IO
 * Source        POSIX.1-2001 pax and ustar, RFC 1952; libarchive 3.6
 */
int analyze_read_archive(const char *path, double fps, struct keypoints *const ret[VIEWS],
	bool ret_present[VIEWS], struct err *e);

/* The same of an archive in memory: the scorer child opens no file. */
int analyze_read_archive_bytes(const void *bytes, size_t len, double fps, struct keypoints *const ret[VIEWS],
	bool ret_present[VIEWS], struct err *e);
