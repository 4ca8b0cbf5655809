#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A decoded frame as it is stored (planar Y'CbCr 4:2:0, 8 bits), the turn that makes it upright, and crops
 * out of it. Coordinates elsewhere are those of the upright frame: x right, y down, in pixels, the upper left
 * pixel's centre at (0.5, 0.5). Cropping reads the planes directly: no RGB copy of the frame is ever made. */

/* How an upright point becomes a stored one: swap x and y, then count x, y from the other side. */
struct orient {
	bool swap, flip_x, flip_y;
};

struct color_matrix { /* R = (Y - y_zero) * y_mul + r_v * (V - 128), and so on */
	float y_zero, y_mul, r_v, g_u, g_v, b_u;
};

struct image {
	const uint8_t *plane[3]; /* borrowed from the decoder, valid until its next frame */
	int stride[3];
	int width, height; /* as stored */
	struct orient orient;
	struct color_matrix color;
	bool full_range, is_bt709;
};

/* A square region: centre, side (pixels) and clockwise turn (radians), upright coordinates. */
struct roi {
	float cx, cy, side, turn;
};

enum image_border { IMAGE_BLACK, IMAGE_REPEAT };

/**
 * orient_from_matrix() - the nearest of the eight turns to a container's display matrix
 * @m            nine numbers as libav keeps them (16.16 fixed point); NULL: upright as stored
 * @ret_degrees  clockwise turn that makes the stored frame upright (0, 90, 180, 270); a mirrored one also
 *               sets *@ret_mirrored
 * Source        ISO/IEC 14496-12 (2022), 8.3.2 track header
 */
struct orient orient_from_matrix(const int32_t m[9], int *ret_degrees, bool *ret_mirrored);

/* ITU-R BT.601 (2011) or BT.709 (2015), full range (0–255) or video range (16–235). */
struct color_matrix color_matrix(bool is_bt709, bool full_range);

int image_upright_width(const struct image *im);
int image_upright_height(const struct image *im);

/**
 * image_crop() - a turned square out of the frame as an n × n RGB image
 * @n    even, at most IMAGE_MAX_CROP
 * @mul  @add  what becomes of a colour of 0–1: v * mul + add
 * @out  n * n * 3 floats
 * Bilinear, without a low-pass, as the models were trained (MediaPipe ImageToTensorCalculator, 2023). Chroma
 * is shared by two by two pixels.
 */
#define IMAGE_MAX_CROP 512
void image_crop(const struct image *im, const struct roi *r, int n, enum image_border border, float mul,
	float add, float *out);

/* A point of an n × n crop (0–1) in upright coordinates. */
void roi_to_upright(const struct roi *r, float u, float v, float *ret_x, float *ret_y);
