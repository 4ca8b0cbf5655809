#pragma once

#include <stdint.h>

#include "base/err.h"

/* An H.264 video in an mp4 file, made by libx264 through libav. */
struct encoder;

/**
 * encode_open() - begin a video
 * @path     the file's final name; it appears there with encode_finish() only
 * @width    even, as is @height
 * @fps      frames a second
 * @threads  of the coder
 * @ret      set on 0; caller frees with encode_free()
 * Errors    ERR_UNAVAILABLE without an H.264 coder, ERR_IO, ERR_NOMEM
 */
int encode_open(const char *path, int width, int height, double fps, int threads, struct encoder **ret,
	struct err *e);

/* Add a picture: 8-bit sRGB, rows from the top, no gaps. */
int encode_frame(struct encoder *enc, const uint8_t *rgb, struct err *e);

/* Write what is left and give the file its name; the encoder takes no frames afterwards. */
int encode_finish(struct encoder *enc, struct err *e);

/* Without encode_finish() before it: the unfinished file is removed. NULL is legal. */
void encode_free(struct encoder *enc);
