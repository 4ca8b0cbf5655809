#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "gait/body.h"
#include "pose/video_in.h"
#include "pose/weights.h"

/* gait-pose's command line. Flags that OpenPose has too are named as there. */
struct pose_options {
	const char *input, *json_dir, *video_file, *weights_dir; /* NULL: not given */
	const char *read_dir, *events_file;                      /* both or none: the video once more */
	bool has_view;
	enum view view; /* of the events */
	enum weights_model model;
	struct video_limits limits;
	double max_fps;
	bool has_hint;
	double hint_x, hint_y; /* pixels, or fractions where both are at most 1 */
	int progress_fd;       /* -1: none */
	int bench_model;       /* 0: none */
	bool describe;         /* only the file's head */
	bool help, version;
};

/**
 * options_parse() - read the arguments; the strings stay borrowed from @argv
 * Errors  ERR_USAGE
 */
int options_parse(int argc, char **argv, struct pose_options *ret, struct err *e);

/* The text of --help. */
const char *options_help(void);
