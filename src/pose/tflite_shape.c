#include "pose/tflite.h"

/* XNNPACK computes an operator's output size from its input and writes that much: a file whose tensor shapes
 * disagree would make it write outside its buffers. So every shape is derived here first, and compared. */

#define MAX_WINDOW 64 /* filter, stride and dilation */

static int differ(struct err *e, const char *what)
{
	return err_set(e, ERR_CORRUPT, "shapes disagree: %s", what);
}

static const struct tfl_tensor *input(const struct tfl_graph *g, const struct tfl_op *op, int k)
{
	return k < op->nin && op->in[k] >= 0 ? &g->tensors[op->in[k]] : NULL;
}

static bool same_dims(const struct tfl_tensor *a, const struct tfl_tensor *b)
{
	if (a->ndims != b->ndims)
		return false;
	for (int d = 0; d < a->ndims; d++)
		if (a->dims[d] != b->dims[d])
			return false;
	return true;
}

void tfl_same_padding(int size, int filter, int stride, int *ret_before, int *ret_after)
{
	int out = (size + stride - 1) / stride, total = (out - 1) * stride + filter - size;

	if (total < 0)
		total = 0;
	*ret_before = total / 2;
	*ret_after = total - total / 2;
}

/* Rows or columns that a sliding window yields; 0 where it does not fit. */
static int slide(const struct tfl_op *op, int size, int filter, int stride, int dilation)
{
	int reach = (filter - 1) * dilation + 1;

	if (op->same_padding)
		return (size + stride - 1) / stride;
	return size < reach ? 0 : (size - reach) / stride + 1;
}

static bool window_sane(const struct tfl_op *op, int filter_h, int filter_w)
{
	const int all[] = { filter_h, filter_w, op->stride_h, op->stride_w, op->dilation_h, op->dilation_w };

	for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++)
		if (all[i] < 1 || all[i] > MAX_WINDOW)
			return false;
	return true;
}

static int check_conv(const struct tfl_graph *g, const struct tfl_op *op, struct err *e)
{
	const struct tfl_tensor *x = input(g, op, 0), *w = input(g, op, 1), *b = input(g, op, 2),
				*y = &g->tensors[op->out];

	if (!w || !w->values || x->ndims != 4 || w->ndims != 4 || y->ndims != 4 || op->nin > 3)
		return differ(e, "a convolution wants an image and a constant filter");
	int channels_out = op->code == TFL_CONV ? w->dims[0] : w->dims[3];
	if (op->code == TFL_CONV ? w->dims[3] != x->dims[3] : w->dims[0] != 1 || w->dims[3] % x->dims[3] != 0)
		return differ(e, "channels of a convolution");
	if (b && (!b->values || b->count != (size_t)channels_out))
		return differ(e, "bias of a convolution");
	if (!window_sane(op, w->dims[1], w->dims[2]))
		return differ(e, "window of a convolution");
	if (y->dims[0] != x->dims[0] || y->dims[3] != channels_out ||
		y->dims[1] != slide(op, x->dims[1], w->dims[1], op->stride_h, op->dilation_h) ||
		y->dims[2] != slide(op, x->dims[2], w->dims[2], op->stride_w, op->dilation_w))
		return differ(e, "output of a convolution");
	return 0;
}

static int check_pool(const struct tfl_graph *g, const struct tfl_op *op, struct err *e)
{
	const struct tfl_tensor *x = input(g, op, 0), *y = &g->tensors[op->out];

	if (x->ndims != 4 || y->ndims != 4 || !window_sane(op, op->filter_h, op->filter_w) ||
		op->filter_h * op->filter_w < 2)
		return differ(e, "window of a pooling");
	if (y->dims[0] != x->dims[0] || y->dims[3] != x->dims[3] ||
		y->dims[1] != slide(op, x->dims[1], op->filter_h, op->stride_h, 1) ||
		y->dims[2] != slide(op, x->dims[2], op->filter_w, op->stride_w, 1))
		return differ(e, "output of a pooling");
	return 0;
}

static int check_pad(const struct tfl_graph *g, const struct tfl_op *op, struct err *e)
{
	const struct tfl_tensor *x = input(g, op, 0), *p = input(g, op, 1), *y = &g->tensors[op->out];

	if (!p || !p->ints || p->count != 2 * (size_t)x->ndims || y->ndims != x->ndims || op->nin != 2)
		return differ(e, "a padding wants two numbers a dimension");
	for (int d = 0; d < x->ndims; d++) {
		int before = p->ints[2 * d], after = p->ints[2 * d + 1];
		if (before < 0 || after < 0 || before > 65536 || after > 65536 ||
			y->dims[d] != x->dims[d] + before + after)
			return differ(e, "output of a padding");
	}
	return 0;
}

static int check_resize(const struct tfl_graph *g, const struct tfl_op *op, struct err *e)
{
	const struct tfl_tensor *x = input(g, op, 0), *y = &g->tensors[op->out];

	if (x->ndims != 4 || y->ndims != 4 || y->dims[0] != x->dims[0] || y->dims[3] != x->dims[3] ||
		(op->align_corners && op->half_pixel))
		return differ(e, "output of a resize");
	return 0;
}

static int check_depth_to_space(const struct tfl_graph *g, const struct tfl_op *op, struct err *e)
{
	const struct tfl_tensor *x = input(g, op, 0), *y = &g->tensors[op->out];

	if (op->block < 2 || op->block > MAX_WINDOW || x->ndims != 4 || y->ndims != 4 ||
		y->dims[0] != x->dims[0] || y->dims[1] != x->dims[1] * op->block ||
		y->dims[2] != x->dims[2] * op->block || y->dims[3] * op->block * op->block != x->dims[3])
		return differ(e, "output of depth to space");
	return 0;
}

static int check_concat(const struct tfl_graph *g, const struct tfl_op *op, struct err *e)
{
	const struct tfl_tensor *y = &g->tensors[op->out];
	size_t total = 0;

	if (op->axis < 0 || op->axis >= y->ndims || op->activation != TFL_LINEAR)
		return differ(e, "axis of a concatenation");
	for (int k = 0; k < op->nin; k++) {
		const struct tfl_tensor *x = input(g, op, k);
		if (!x || x->ndims != y->ndims || x->values)
			return differ(e, "parts of a concatenation");
		for (int d = 0; d < y->ndims; d++) {
			/* The parts are joined as blocks of memory: all before the axis must be 1. */
			if (d < op->axis && y->dims[d] != 1)
				return err_set(e, ERR_INVALID, "only outer concatenations are supported");
			if (d != op->axis && x->dims[d] != y->dims[d])
				return differ(e, "parts of a concatenation");
		}
		total += x->count;
	}
	return total == y->count ? 0 : differ(e, "output of a concatenation");
}

static int check_add(const struct tfl_graph *g, const struct tfl_op *op, struct err *e)
{
	const struct tfl_tensor *a = input(g, op, 0), *b = input(g, op, 1), *y = &g->tensors[op->out];

	if (op->nin != 2 || !b || !same_dims(a, b) || !same_dims(a, y))
		return differ(e, "terms of an addition");
	return 0;
}

int tfl_check_shapes(const struct tfl_graph *g, const struct tfl_op *op, struct err *e)
{
	const struct tfl_tensor *x = &g->tensors[op->in[0]], *y = &g->tensors[op->out];

	if (x->type != TFL_FLOAT32)
		return err_set(e, ERR_INVALID, "an operator on something else than floats");
	switch (op->code) {
	case TFL_CONV:
	case TFL_DEPTHWISE:
		return check_conv(g, op, e);
	case TFL_MAX_POOL:
		return check_pool(g, op, e);
	case TFL_ADD:
		return check_add(g, op, e);
	case TFL_CONCAT:
		return check_concat(g, op, e);
	case TFL_PAD:
		return check_pad(g, op, e);
	case TFL_RESIZE_BILINEAR:
		return check_resize(g, op, e);
	case TFL_DEPTH_TO_SPACE:
		return check_depth_to_space(g, op, e);
	case TFL_SIGMOID:
		return same_dims(x, y) ? 0 : differ(e, "output of a sigmoid");
	case TFL_RESHAPE:
		return x->count == y->count ? 0 : differ(e, "output of a reshape");
	case TFL_DEQUANTIZE:
	case TFL_DENSIFY:
		break;
	}
	return err_set(e, ERR_INVALID, "operator %d is not supported", (int)op->code);
}

int tfl_check_image_net(const struct tfl_graph *g, unsigned outputs, struct err *e)
{
	const struct tfl_tensor *in = &g->tensors[g->input];

	if (outputs == 0 || outputs >> g->noutputs)
		return err_set(e, ERR_INVALID, "the model has %d outputs", g->noutputs);
	if (in->dims[0] != 1 || in->dims[1] != in->dims[2] || in->dims[3] != 3)
		return err_set(e, ERR_INVALID, "the model does not take a square RGB image");
	return 0;
}
