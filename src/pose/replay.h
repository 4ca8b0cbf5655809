#pragma once

#include "pose/pose_run.h"

/**
 * replay_run() - the video once more, with key points and events that are known by now
 * No model is needed: the key points are those of --read_json, of the person that gait-analyze measures.
 * Where the first run placed frames by time, this one places them alike. Return  0 done; -1 and @e: as
 * pose_run(), and ERR_NOT_FOUND, ERR_INVALID for key points or result
 */
int replay_run(const struct pose_options *o, struct pose_result *ret, struct err *e);
