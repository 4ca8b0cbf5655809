#pragma once

#include <stddef.h>

#include "base/err.h"
#include "pose/landmarks.h"

/* Key points as OpenPose writes them: NAME_000000000000_keypoints.json a frame. */

/* The video's file name without folder and ending: in front of every key point file. */
#define KEYPOINTS_NAME_BYTES 256
void keypoints_name(const char *video, char ret[KEYPOINTS_NAME_BYTES]);

/**
 * keypoints_clear() - make @dir and remove files of an earlier run for the same @name
 * A shorter second run would otherwise leave the first one's last frames behind.
 */
int keypoints_clear(const char *dir, const char *name, struct err *e);

/**
 * keypoints_write() - one frame's file
 * @scale  multiplies x and y: from the working image to the video's own pixels
 * Source  OpenPose output format, JSON version 1.3 (2020)
 */
int keypoints_write(
	const char *dir, const char *name, size_t frame, const struct body25 *b, double scale, struct err *e);
