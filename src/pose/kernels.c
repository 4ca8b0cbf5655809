#include "pose/kernels.h"

#include <math.h>
#include <string.h>

#include "pose/mathx.h"

static float bounded(float v, enum tfl_activation a)
{
	if (a != TFL_LINEAR && v < 0)
		return 0;
	return a == TFL_RELU6 && v > 6 ? 6 : v;
}

void kernel_add(const struct tfl_op *op, const float *a, const float *b, size_t n, float *y)
{
	for (size_t i = 0; i < n; i++)
		y[i] = bounded(a[i] + b[i], op->activation);
}

void kernel_sigmoid(const float *x, size_t n, float *y)
{
	for (size_t i = 0; i < n; i++)
		y[i] = sigmoid(x[i]);
}

static const float *pixel(struct kernel_image x, int row, int column)
{
	return x.values + ((ptrdiff_t)row * x.shape->dims[2] + column) * x.shape->dims[3];
}

void kernel_max_pool(
	const struct tfl_op *op, struct kernel_image x, const struct tfl_tensor *y_shape, float *y)
{
	const int height = x.shape->dims[1], width = x.shape->dims[2], channels = x.shape->dims[3];
	int top = 0, left = 0, unused;

	if (op->same_padding) {
		tfl_same_padding(height, op->filter_h, op->stride_h, &top, &unused);
		tfl_same_padding(width, op->filter_w, op->stride_w, &left, &unused);
	}
	for (int oy = 0; oy < y_shape->dims[1]; oy++) {
		for (int ox = 0; ox < y_shape->dims[2]; ox++, y += channels) {
			for (int c = 0; c < channels; c++)
				y[c] = -INFINITY;
			for (int i = 0; i < op->filter_h * op->filter_w; i++) {
				int row = oy * op->stride_h - top + i / op->filter_w,
				    column = ox * op->stride_w - left + i % op->filter_w;
				if (row < 0 || row >= height || column < 0 || column >= width)
					continue;
				const float *p = pixel(x, row, column);
				for (int c = 0; c < channels; c++)
					y[c] = p[c] > y[c] ? p[c] : y[c];
			}
			for (int c = 0; c < channels; c++)
				y[c] = bounded(y[c], op->activation);
		}
	}
}

/* Between which two rows (or columns) an output lies, and how far. */
struct between {
	int a, b;
	float share;
};

static struct between source(const struct tfl_op *op, int in, int out, int at)
{
	float scale =
		op->align_corners && out > 1 ? (float)(in - 1) / (float)(out - 1) : (float)in / (float)out;
	float v = op->half_pixel ? ((float)at + 0.5F) * scale - 0.5F : (float)at * scale;
	struct between s = { .a = (int)floorf(v) };

	s.share = v - (float)s.a;
	s.b = s.a + 1 < in ? s.a + 1 : in - 1;
	s.a = s.a < 0 ? 0 : s.a;
	return s;
}

void kernel_resize(const struct tfl_op *op, struct kernel_image x, const struct tfl_tensor *y_shape, float *y)
{
	const int channels = x.shape->dims[3];

	for (int oy = 0; oy < y_shape->dims[1]; oy++) {
		struct between row = source(op, x.shape->dims[1], y_shape->dims[1], oy);
		for (int ox = 0; ox < y_shape->dims[2]; ox++, y += channels) {
			struct between column = source(op, x.shape->dims[2], y_shape->dims[2], ox);
			const float *p = pixel(x, row.a, column.a), *q = pixel(x, row.a, column.b),
				    *r = pixel(x, row.b, column.a), *s = pixel(x, row.b, column.b);
			for (int c = 0; c < channels; c++) {
				float upper = p[c] + (q[c] - p[c]) * column.share,
				      lower = r[c] + (s[c] - r[c]) * column.share;
				y[c] = upper + (lower - upper) * row.share;
			}
		}
	}
}

void kernel_depth_to_space(
	const struct tfl_op *op, struct kernel_image x, const struct tfl_tensor *y_shape, float *y)
{
	const int b = op->block, channels = y_shape->dims[3];

	for (int oy = 0; oy < y_shape->dims[1]; oy++)
		for (int ox = 0; ox < y_shape->dims[2]; ox++, y += channels)
			memcpy(y, pixel(x, oy / b, ox / b) + (ptrdiff_t)(oy % b * b + ox % b) * channels,
				(size_t)channels * sizeof *y);
}

void kernel_pad(const int32_t *amount, struct kernel_image x, const struct tfl_tensor *y_shape, float *y)
{
	/* Fewer than four dimensions: the missing ones come first and are 1. */
	size_t in[TFL_MAX_DIMS] = { 1, 1, 1, 1 }, out[TFL_MAX_DIMS] = { 1, 1, 1, 1 },
	       before[TFL_MAX_DIMS] = { 0 };
	const int skip = TFL_MAX_DIMS - x.shape->ndims;

	for (int d = 0; d < x.shape->ndims; d++) {
		in[skip + d] = (size_t)x.shape->dims[d];
		out[skip + d] = (size_t)y_shape->dims[d];
		before[skip + d] = (size_t)amount[2 * d];
	}
	memset(y, 0, y_shape->count * sizeof *y);
	for (size_t n = 0; n < in[0]; n++)
		for (size_t h = 0; h < in[1]; h++)
			for (size_t w = 0; w < in[2]; w++)
				memcpy(y +
						(((n + before[0]) * out[1] + h + before[1]) * out[2] + w +
							before[2]) *
							out[3] +
						before[3],
					x.values + ((n * in[1] + h) * in[2] + w) * in[3], in[3] * sizeof *y);
}
