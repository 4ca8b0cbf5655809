#pragma once

#include <stddef.h>

#include "base/err.h"
#include "pose/timeline.h"
#include "pose/track.h"
#include "pose/video_in.h"
#include "pose/weights.h"

/* What meta.json says about a run. */
struct pose_meta {
	const struct video_info *video;
	const struct timeline *timeline;
	const struct track_choice *choice;
	const struct tracks *tracks;
	double track_scale; /* from the working image to the video's pixels */
	enum weights_model model;
	size_t frames_with_person, decode_errors;
	double mean_confidence, elapsed_s;
};

/* Write DIR/meta.json, durable and whole. Its fields and flags: docs/pose.md */
int meta_write(const char *dir, const struct pose_meta *m, struct err *e);
