#pragma once

#include "store/jobs.h"

/* Videos of a job that others took the place of. The result that stands was measured from them: they stay
 * until one without them stands. */

struct old_video {
	char job[ID_BYTES];
	enum view view;
	int n;
	char spool_name[SPOOL_NAME_BYTES], blob_key[BLOB_KEY_TEXT_BYTES]; /* "" where it is not there */
};

/**
 * store_video_replace() - @video takes the place of the job's video of its view
 * A point that marked the walker belonged to the old one's first frame and goes.
 * @attempt  the job's latest one, the last that the old video was for
 */
int store_video_replace(
	struct tx *tx, const char *job, int attempt, const struct video *video, struct err *e);
/* Those that no result needs any more. */
int store_old_videos_idle(struct tx *tx, struct old_video *out, unsigned max, unsigned *ret_n, struct err *e);
/* All of one job. */
int store_old_videos_of_job(
	struct tx *tx, const char *job, struct old_video *out, unsigned max, unsigned *ret_n, struct err *e);
/* It is gone from spool and store. */
int store_old_video_done(struct tx *tx, const struct old_video *v, struct err *e);
/* The sum of the video that attempt @attempt was made from; STORE_NONE where it is the present one. */
int store_old_video_sha256(struct tx *tx, const char *job, enum view view, int attempt,
	uint8_t ret[SHA256_BYTES], struct err *e);
