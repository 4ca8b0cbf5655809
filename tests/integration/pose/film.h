#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Videos for the tests, made through libav by the tests themselves. Failures end the test. */
struct film {
	const char *format; /* "mp4", "matroska", "avi" */
	int width, height, frames;
	double fps;
	int clockwise;         /* degrees that the display matrix asks a player to turn: 0, 90, 180, 270 */
	double (*time)(int i); /* of frame i, seconds; NULL: even */
	bool faststart;
	const char *capture_fps; /* as phones note the rate that a slow-motion video was taken with; NULL:
				    nothing */
};

/* A grey picture with a slowly moving brighter square: nobody in it. */
void film_empty(const char *path, const struct film *f);

/* The frames of @source, turned back so that with the display matrix they are upright again. @frames 0: all;
 * width, height and fps come from the source. */
void film_copy(const char *path, const char *source, const struct film *f);

/* One second of silence. */
void film_sound(const char *path);

/* What a player would find: frames that decode; *@ret_h264_420 codec and pixel format; *@ret_w, *@ret_h */
int film_count(const char *path, int *ret_w, int *ret_h, bool *ret_h264_420);

/* Every frame as a player would show it, in order; planes are Y, U, V of 4:2:0. */
struct film_picture {
	const uint8_t *plane[3];
	int stride[3], width, height;
	double time_s;
};
void film_each(const char *path, void (*each)(void *arg, int i, const struct film_picture *p), void *arg);
