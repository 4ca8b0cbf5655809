#pragma once

#include "base/err.h"
#include "pose/nn.h"
#include "pose/track.h"
#include "pose/video_in.h"

/* The first look at a video: everybody in it, about twice a second, and all frame times. */

struct progress;

/**
 * scan_video() - read a video to its end and gather tracks
 * @v         opened as a sketch, at its start
 * @detector  network with outputs 0 and 1
 * @ts        emptied before
 * @p         may be NULL; told the share done
 * Errors     those of video_next() and detector_run(); ERR_MEDIA where no frame can be decoded
 */
int scan_video(struct video *v, struct nn *detector, struct tracks *ts, struct progress *p, struct err *e);
