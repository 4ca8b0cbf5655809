#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "pose/image.h"

/* A hostile file's video stream, through libav: only MP4/MOV, Matroska/WebM and AVI, told by their first
 * bytes; read from one descriptor, so that no reference in the file can open another. */
struct video;

struct video_limits {
	double max_seconds;
	int64_t max_pixels; /* width × height of the stored frame */
	int working_side;   /* longer frames are scaled down to this longest side */
	size_t max_frames;
	int threads; /* of the decoder; more than one decodes ahead of the caller */
};

#define VIDEO_MAX_STREAMS 16

struct video_info {
	int width, height; /* upright, square pixels: the coordinates of the key points */
	int rotation;      /* clockwise degrees from stored to upright */
	bool mirrored, non_square, scaled;
	char container[16], codec[16];
	double declared_seconds; /* 0: unknown */
	double declared_fps;     /* 0: unknown */
	double slowed; /* times longer than what was filmed; 1: not. All times here are those of the filming
			*/
};

struct video_frame {
	double time_s;
	bool damaged; /* the decoder concealed errors in it */
};

#define VIDEO_END 1

/**
 * video_open() - find the video stream and make its decoder
 * @sketch  leave frames out that no other needs: quicker, for a look at the whole
 * @ret     set on 0; free with video_close()
 * Errors   ERR_MEDIA: empty, not a video, no video stream, damaged beyond reading; ERR_TOO_LARGE: more
 *          pixels, streams or seconds than allowed; ERR_NOT_FOUND, ERR_IO, ERR_NOMEM
 * Source   libavformat 59, libavcodec 59 (FFmpeg 5.1)
 */
int video_open(
	const char *path, const struct video_limits *limits, bool sketch, struct video **ret, struct err *e);
void video_close(struct video *v);

static inline void video_close_p(struct video **v)
{
	video_close(*v);
}

const struct video_info *video_info(const struct video *v);

/**
 * video_next() - decode the next frame in order of presentation
 * Return 0 and *@ret; VIDEO_END; -1 with ERR_TOO_LARGE past a limit, ERR_MEDIA, ERR_NOMEM
 *        Damaged packets are skipped and counted.
 */
int video_next(struct video *v, struct video_frame *ret, struct err *e);

/**
 * video_image() - the frame of the last video_next(), at the working size
 * @ret_scale  upright pixels of video_info() for one of the image, x and y alike
 * Valid until the next video_next()
 */
int video_image(struct video *v, struct image *ret, double *ret_scale, struct err *e);

/* Packets that could not be decoded so far. */
size_t video_errors(const struct video *v);

/**
 * video_times() - the presentation times of all frames read so far, ascending, seconds
 * Complete after VIDEO_END, also where frames were left out. Valid until video_close()
 */
const double *video_times(struct video *v, size_t *ret_count);

/* libav's messages go nowhere (they quote the file); its allocations are capped. Once, at the start. */
void video_init(void);
