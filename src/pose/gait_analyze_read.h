#pragma once

#include "base/err.h"
#include "gait/keypoints.h"

/**
 * analyze_read_dir() - one view's key points from a folder
 * NAME_<number>_keypoints.json, one a frame, by number; numbers that are left out are frames without people;
 * meta.json gives the frame rate. Other names are ignored.
 * @fps    the frame rate where there is no meta.json; 0: then that is an error
 * @ret    an initialised, empty set
 * Errors  ERR_NOT_FOUND (no folder, no such file in it), ERR_INVALID, ERR_TOO_LARGE with the file's name,
 * ERR_IO
 */
int analyze_read_dir(const char *path, double fps, struct keypoints *ret, struct err *e);
