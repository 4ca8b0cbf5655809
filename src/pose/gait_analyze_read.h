#pragma once

#include "base/err.h"
#include "gait/keypoints.h"

/**
 * analyze_read() - one view's key points from a folder or a document
 * A folder has NAME_<number>_keypoints.json, one a frame, by number; numbers that are left out are frames
 * without people; meta.json gives the frame rate and more (keypoints_meta()). Other names are ignored. A
 * document holds them all in one file (keypoints_document()).
 * @fps    the frame rate where neither meta.json nor the document tells one; 0: then that is an error
 * @ret    an initialised set; its layout, where set, holds whatever meta.json says
 * Errors  ERR_NOT_FOUND (nothing there, no such file in it), ERR_INVALID, ERR_TOO_LARGE with the file's name,
 *         ERR_IO
 */
int analyze_read(const char *path, double fps, struct keypoints *ret, struct err *e);
