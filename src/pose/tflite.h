#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A .tflite model as plain structures: float tensors of up to four dimensions (N, H, W, C), constants widened
 * from half precision and expanded from sparse storage, and the operators that pose models use. A graph that
 * tfl_read() accepts is consistent: every operator's shapes agree, and its inputs are made before it.
 * Source: tensorflow/lite/schema/schema.fbs, version 3 (2023) */

#define TFL_MAX_DIMS    4
#define TFL_MAX_INPUTS  8
#define TFL_MAX_OUTPUTS 8
#define TFL_PAD_BYTES   64 /* behind every constant: XNNPACK reads past the end */

enum tfl_code {
	TFL_ADD = 0,
	TFL_CONCAT = 2,
	TFL_CONV = 3,
	TFL_DEPTHWISE = 4,
	TFL_DEPTH_TO_SPACE = 5,
	TFL_DEQUANTIZE = 6,
	TFL_SIGMOID = 14,
	TFL_MAX_POOL = 17,
	TFL_RESHAPE = 22,
	TFL_RESIZE_BILINEAR = 23,
	TFL_PAD = 34,
	TFL_DENSIFY = 124,
};

enum tfl_type { TFL_FLOAT32 = 0, TFL_FLOAT16 = 1, TFL_INT32 = 2 };
enum tfl_activation { TFL_LINEAR = 0, TFL_RELU = 1, TFL_RELU6 = 3 };

struct tfl_tensor {
	int ndims, dims[TFL_MAX_DIMS];
	enum tfl_type type;
	size_t count;   /* elements */
	float *values;  /* of a constant of float type; owned; NULL: computed */
	int32_t *ints;  /* of an int32 constant; owned */
	bool is_sparse; /* stored so; values are dense */
};

struct tfl_op {
	enum tfl_code code;
	int in[TFL_MAX_INPUTS], nin; /* indices of tensors; -1: an optional one is absent */
	int out;
	enum tfl_activation activation;
	bool same_padding, align_corners, half_pixel;
	int stride_h, stride_w, dilation_h, dilation_w, filter_h, filter_w, block, axis;
};

struct tfl_graph {
	struct tfl_tensor *tensors;
	int ntensors;
	struct tfl_op *ops; /* in order of computation; constants are folded, so no DEQUANTIZE or DENSIFY */
	int nops;
	int input; /* the one input */
	int outputs[TFL_MAX_OUTPUTS], noutputs;
};

/**
 * tfl_read() - parse a model
 * @bytes  the whole file; not kept
 * @ret    set on 0; free with tfl_free()
 * Errors  ERR_CORRUPT where the file is malformed, inconsistent or asks for unreasonable sizes,
 *         ERR_INVALID for an operator that is not supported, ERR_NOMEM
 */
int tfl_read(const void *bytes, size_t len, struct tfl_graph **ret, struct err *e);
void tfl_free(struct tfl_graph *g);

static inline void tfl_free_p(struct tfl_graph **g)
{
	tfl_free(*g);
}

/* Do the shapes of @op agree with what it computes? 0, or -1 with ERR_CORRUPT. tfl_read() asks it for all. */
int tfl_check_shapes(const struct tfl_graph *g, const struct tfl_op *op, struct err *e);

/* Can a network be made of @g that takes one square RGB image and gives the outputs whose bits are set in
 * @outputs? 0, or -1 with ERR_INVALID. */
int tfl_check_image_net(const struct tfl_graph *g, unsigned outputs, struct err *e);

/* Rows or columns added before and after for "same" padding (TensorFlow's rule, the odd one behind). */
void tfl_same_padding(int size, int filter, int stride, int *ret_before, int *ret_after);
