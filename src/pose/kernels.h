#pragma once

#include <stddef.h>

#include "pose/tflite.h"

/* What the operators of a pose model compute, in plain C with vectors of four floats (GCC's and Clang's
 * vector extension: SSE, NEON and WebAssembly's SIMD alike). Images are rows of pixels of channels; shapes
 * have been compared by tfl_check_shapes(). */

/* Columns of a filter that are worked on together. */
#define KERNEL_PANEL 8

/* Floats of the packed filter of @w (a convolution's or a depthwise one's), bias included. */
size_t kernel_packed_count(enum tfl_code code, const struct tfl_tensor *w);

/* The filter and its bias (NULL: none) as kernel_conv() or kernel_depthwise() read them. */
void kernel_pack(enum tfl_code code, const struct tfl_tensor *w, const struct tfl_tensor *bias, float *out);

/* Floats of @scratch that kernel_conv() wants. */
size_t kernel_scratch_count(const struct tfl_tensor *w);

struct kernel_image { /* one image: the batch is 1 */
	const struct tfl_tensor *shape;
	const float *values;
};

void kernel_conv(const struct tfl_op *op, const struct tfl_tensor *w, struct kernel_image x,
	const float *packed, const struct tfl_tensor *y_shape, float *scratch, float *y);
void kernel_depthwise(const struct tfl_op *op, const struct tfl_tensor *w, struct kernel_image x,
	const float *packed, const struct tfl_tensor *y_shape, float *y);
void kernel_max_pool(
	const struct tfl_op *op, struct kernel_image x, const struct tfl_tensor *y_shape, float *y);
void kernel_add(const struct tfl_op *op, const float *a, const float *b, size_t n, float *y);
void kernel_sigmoid(const float *x, size_t n, float *y);
void kernel_resize(
	const struct tfl_op *op, struct kernel_image x, const struct tfl_tensor *y_shape, float *y);
void kernel_depth_to_space(
	const struct tfl_op *op, struct kernel_image x, const struct tfl_tensor *y_shape, float *y);
void kernel_pad(const int32_t *amount, struct kernel_image x, const struct tfl_tensor *y_shape, float *y);
