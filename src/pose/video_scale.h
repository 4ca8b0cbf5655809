#pragma once

#include <libavutil/frame.h>

#include "base/err.h"
#include "pose/image.h"

struct SwsContext;

/* From whatever the decoder yields to 8-bit 4:2:0 of the working size. A frame that is so already is not
 * copied. */
struct video_scale {
	int width, height; /* working size, square pixels, as stored (not turned) */
	struct SwsContext *sws;
	AVFrame *out;
};

/**
 * video_scale_init() - settle the working size
 * @aspect     width of a pixel by its height
 * @max_side   the longest side; smaller frames keep their size
 */
void video_scale_init(struct video_scale *s, int width, int height, double aspect, int max_side);
void video_scale_deinit(struct video_scale *s);

/* The planes and colours of @in at the working size into @ret (its orientation is left to the caller).
 * 0; -1 with ERR_MEDIA for a pixel format that cannot be converted, or ERR_NOMEM */
int video_scale_frame(struct video_scale *s, const AVFrame *in, struct image *ret, struct err *e);
