#pragma once

#include "service/jobs.h"

/* One video of a job in place of another: a bad view is filmed again, the other view and the facts stay.
 *
 * Why nothing is lost: the new video is whole and durable in spool/ before this begins, as the file of an
 * upload; one transaction moves it from the upload's row to the video's, moves the old video to old_videos
 * and queues the job. The old one stays as long as the result that was measured from it stands;
 * replace_finish() removes it when a newer result stands. */

/**
 * replace_video() - take @upload, a whole one of @who's, for the job's video of @view; analyse the job again
 * Return 0, also where the same upload has taken that place before; -1 with ERR_CONFLICT (not over yet,
 * erased), ERR_FIELD (no such upload, not whole, of the other view, the same as the present one or as the
 * other view's), ERR_NOT_FOUND (job)
 */
int replace_video(struct service *s, const struct user *who, const char *actor, const char *id,
	enum view view, const char *upload, struct job *ret, struct err *e);

/* The reaper's: remove replaced videos that no result needs any more. May be repeated. */
int replace_finish(struct service *s, struct err *e);
