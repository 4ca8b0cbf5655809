#pragma once

#include "base/err.h"
#include "pose/overlay.h"

/* An H.264 MP4 (4:2:0, index in front) through libx264, one thread. */
struct video_out;

/**
 * video_out_open() - begin a file
 * @path    written as PATH.part until video_out_finish()
 * @width   @height  rounded down to even
 * @ret     set on 0; free with video_out_close(), which removes an unfinished file
 * Errors   ERR_IO, ERR_NOSPACE, ERR_UNAVAILABLE (libav without libx264), ERR_NOMEM
 */
int video_out_open(const char *path, int width, int height, double fps, bool full_range, bool is_bt709,
	struct video_out **ret, struct err *e);
void video_out_close(struct video_out *v);

static inline void video_out_close_p(struct video_out **v)
{
	video_out_close(*v);
}

/* The picture to draw the next frame on; its content is undefined. */
int video_out_canvas(struct video_out *v, struct canvas *ret, struct err *e);

/* Append the canvas as it is, @times times in a row. */
int video_out_frame(struct video_out *v, size_t times, struct err *e);

/* Write the rest and give the file its name. */
int video_out_finish(struct video_out *v, struct err *e);
