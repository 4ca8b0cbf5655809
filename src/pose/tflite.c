#include "pose/tflite.h"

#include <stdlib.h>
#include <string.h>

#include "pose/flatbuffer.h"
#include "pose/tflite_sparse.h"

#define MAX_TENSORS     8192
#define MAX_OPS         8192
#define MAX_DIM         65536
#define MAX_COUNT       ((size_t)1 << 26) /* elements of one tensor */
#define MAX_TOTAL_COUNT ((size_t)1 << 28) /* of all together: 1 GB of floats */

/* Field numbers of the schema's tables. */
enum { MODEL_OPCODES = 1, MODEL_SUBGRAPHS = 2, MODEL_BUFFERS = 4 };
enum { OPCODE_OLD = 0, OPCODE_NEW = 3 };
enum { GRAPH_TENSORS = 0, GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_OPERATORS };
enum { TENSOR_SHAPE = 0, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_SPARSITY = 6 };
enum { OP_OPCODE = 0, OP_INPUTS, OP_OUTPUTS, OP_OPTIONS = 4 };

struct reader {
	struct fb fb;
	struct fb_vec buffers, opcodes;
	struct fb_table graph;
	struct tfl_graph *g;
	size_t total;
};

void tfl_free(struct tfl_graph *g)
{
	if (!g)
		return;
	for (int i = 0; g->tensors && i < g->ntensors; i++) {
		free(g->tensors[i].values);
		free(g->tensors[i].ints);
	}
	free(g->tensors);
	free(g->ops);
	free(g);
}

/* IEEE 754 half to single precision. */
static float half_to_float(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000U) << 16, exponent = (h >> 10) & 31U, mantissa = h & 1023U, bits;
	float value;

	if (exponent == 0) {
		value = (float)mantissa * 0x1p-24F; /* zero or subnormal */
		return sign ? -value : value;
	}
	bits = sign | ((exponent == 31 ? 255U : exponent + 112U) << 23) | (mantissa << 13);
	memcpy(&value, &bits, sizeof value);
	return value;
}

static float *widen(const uint16_t *half, size_t count, struct err *e)
{
	float *values = calloc(1, count * sizeof *values + TFL_PAD_BYTES);

	if (!values) {
		err_set(e, ERR_NOMEM, "constant of %zu values", count);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		values[i] = half_to_float(half[i]);
	return values;
}

static int read_half_constant(struct fb_table t, struct fb_vec data, struct tfl_tensor *x, struct err *e)
{
	struct fb_table sparsity = fb_sub(t, TENSOR_SPARSITY);
	uint16_t *half = calloc(x->count, sizeof *half);
	int r = 0;

	if (!half)
		return err_set(e, ERR_NOMEM, "constant of %zu values", x->count);
	if (sparsity.pos) {
		struct fb_vec stored = data;
		stored.len = data.len / 2;
		x->is_sparse = true;
		r = tfl_densify(sparsity, x->dims, x->ndims, stored, half, x->count, e);
	} else if (data.len != x->count * sizeof *half) {
		r = err_set(e, ERR_CORRUPT, "a constant has %u bytes for %zu values", data.len, x->count);
	} else {
		memcpy(half, data.fb->bytes + data.first, data.len);
	}
	if (r == 0) {
		x->values = widen(half, x->count, e);
		r = x->values ? 0 : -1;
	}
	free(half);
	return r;
}

/* Float and integer constants are stored as they are used. */
static int read_plain_constant(struct fb_vec data, size_t count, void **ret, struct err *e)
{
	if (data.len != count * 4)
		return err_set(e, ERR_CORRUPT, "a constant has %u bytes for %zu values", data.len, count);
	*ret = calloc(1, count * 4 + TFL_PAD_BYTES);
	if (!*ret)
		return err_set(e, ERR_NOMEM, "constant of %zu values", count);
	memcpy(*ret, data.fb->bytes + data.first, data.len);
	return 0;
}

static int read_shape(struct fb_table t, struct tfl_tensor *x, struct err *e)
{
	struct fb_vec shape = fb_vec(t, TENSOR_SHAPE, 4);

	if (shape.len > TFL_MAX_DIMS)
		return err_set(e, ERR_INVALID, "%u dimensions", shape.len);
	x->ndims = (int)shape.len;
	x->count = 1;
	for (int d = 0; d < x->ndims; d++) {
		x->dims[d] = fb_vec_i32(shape, (uint32_t)d);
		if (x->dims[d] < 1 || x->dims[d] > MAX_DIM)
			return err_set(e, ERR_CORRUPT, "dimension %d is %d", d, x->dims[d]);
		x->count *= (size_t)x->dims[d];
		if (x->count > MAX_COUNT)
			return err_set(e, ERR_CORRUPT, "too many elements");
	}
	return 0;
}

static int read_tensor(struct reader *r, struct fb_table t, struct tfl_tensor *x, struct err *e)
{
	if (read_shape(t, x, e) < 0)
		return -1;
	int type = fb_i8(t, TENSOR_TYPE, TFL_FLOAT32);
	if (type != TFL_FLOAT32 && type != TFL_FLOAT16 && type != TFL_INT32)
		return err_set(e, ERR_INVALID, "element type %d is not supported", type);
	x->type = (enum tfl_type)type;
	r->total += x->count;
	if (r->total > MAX_TOTAL_COUNT)
		return err_set(e, ERR_CORRUPT, "the tensors together are too large");

	struct fb_table buffer = fb_vec_table(r->buffers, (uint32_t)fb_i32(t, TENSOR_BUFFER, 0));
	struct fb_vec data = fb_vec(buffer, 0, 1);
	if (!fb_ok(&r->fb))
		return err_set(e, ERR_CORRUPT, "outside the file");
	if (data.len == 0)
		return 0;
	if (x->type == TFL_FLOAT16)
		return read_half_constant(t, data, x, e);
	return read_plain_constant(
		data, x->count, x->type == TFL_INT32 ? (void **)&x->ints : (void **)&x->values, e);
}

static int read_tensors(struct reader *r, struct err *e)
{
	struct fb_vec list = fb_vec(r->graph, GRAPH_TENSORS, 4);

	if (list.len == 0 || list.len > MAX_TENSORS)
		return err_set(e, ERR_CORRUPT, "%u tensors", list.len);
	r->g->tensors = calloc(list.len, sizeof *r->g->tensors);
	if (!r->g->tensors)
		return err_set(e, ERR_NOMEM, "%u tensors", list.len);
	r->g->ntensors = (int)list.len;
	for (uint32_t i = 0; i < list.len; i++)
		if (read_tensor(r, fb_vec_table(list, i), &r->g->tensors[i], e) < 0)
			return err_wrap(e, "tensor %u", i);
	return fb_ok(&r->fb) ? 0 : err_set(e, ERR_CORRUPT, "tensors outside the file");
}

static void read_window_options(struct fb_table o, struct tfl_op *op, bool is_pool, bool is_depthwise)
{
	op->same_padding = fb_i8(o, 0, 0) == 0;
	op->stride_w = fb_i32(o, 1, 1);
	op->stride_h = fb_i32(o, 2, 1);
	op->dilation_w = op->dilation_h = 1;
	if (is_pool) {
		op->filter_w = fb_i32(o, 3, 1);
		op->filter_h = fb_i32(o, 4, 1);
		op->activation = (enum tfl_activation)fb_i8(o, 5, 0);
		return;
	}
	unsigned after = is_depthwise ? 4 : 3; /* the depth multiplier comes in between */
	op->activation = (enum tfl_activation)fb_i8(o, after, 0);
	op->dilation_w = fb_i32(o, after + 1, 1);
	op->dilation_h = fb_i32(o, after + 2, 1);
}

static int read_options(struct fb_table o, struct tfl_op *op, struct err *e)
{
	switch (op->code) {
	case TFL_CONV:
	case TFL_DEPTHWISE:
	case TFL_MAX_POOL:
		read_window_options(o, op, op->code == TFL_MAX_POOL, op->code == TFL_DEPTHWISE);
		break;
	case TFL_ADD:
		op->activation = (enum tfl_activation)fb_i8(o, 0, 0);
		break;
	case TFL_CONCAT:
		op->axis = fb_i32(o, 0, 0);
		op->activation = (enum tfl_activation)fb_i8(o, 1, 0);
		break;
	case TFL_DEPTH_TO_SPACE:
		op->block = fb_i32(o, 0, 0);
		break;
	case TFL_RESIZE_BILINEAR:
		op->align_corners = fb_i8(o, 2, 0) != 0;
		op->half_pixel = fb_i8(o, 3, 0) != 0;
		break;
	case TFL_DEQUANTIZE:
	case TFL_SIGMOID:
	case TFL_RESHAPE:
	case TFL_PAD:
	case TFL_DENSIFY:
		break;
	default:
		return err_set(e, ERR_INVALID, "operator %d is not supported", (int)op->code);
	}
	if (op->activation != TFL_LINEAR && op->activation != TFL_RELU && op->activation != TFL_RELU6)
		return err_set(e, ERR_INVALID, "activation %d is not supported", (int)op->activation);
	return 0;
}

static int tensor_index(const struct tfl_graph *g, int32_t i, bool optional, struct err *e)
{
	if ((i >= 0 && i < g->ntensors) || (i == -1 && optional))
		return 0;
	return err_set(e, ERR_CORRUPT, "no tensor %d", i);
}

static int read_op(struct reader *r, struct fb_table t, struct tfl_op *op, struct err *e)
{
	struct fb_table code = fb_vec_table(r->opcodes, (uint32_t)fb_i32(t, OP_OPCODE, 0));
	int old = fb_i8(code, OPCODE_OLD, 0), new = fb_i32(code, OPCODE_NEW, 0);
	struct fb_vec in = fb_vec(t, OP_INPUTS, 4), out = fb_vec(t, OP_OUTPUTS, 4);

	/* Codes below 127 may stand in either field. */
	op->code = (enum tfl_code)(old > new ? old : new);
	if (in.len < 1 || in.len > TFL_MAX_INPUTS || out.len != 1)
		return err_set(e, ERR_INVALID, "%u inputs and %u outputs", in.len, out.len);
	op->nin = (int)in.len;
	for (uint32_t k = 0; k < in.len; k++) {
		op->in[k] = fb_vec_i32(in, k);
		if (tensor_index(r->g, op->in[k], k > 0, e) < 0)
			return -1;
	}
	op->out = fb_vec_i32(out, 0);
	if (tensor_index(r->g, op->out, false, e) < 0)
		return -1;
	return read_options(fb_sub(t, OP_OPTIONS), op, e);
}

/* Half-precision constants are widened and dense already: hand their values on to the operator's output. */
static int fold(struct tfl_graph *g, const struct tfl_op *op, struct err *e)
{
	struct tfl_tensor *from = &g->tensors[op->in[0]], *to = &g->tensors[op->out];

	if (!from->values || from->count != to->count || to->values || to->type == TFL_INT32)
		return err_set(e, ERR_INVALID, "only constants are dequantized or densified");
	to->values = from->values;
	from->values = NULL;
	return 0;
}

/* Each tensor is made once, before it is used: operators come in order of computation. */
static int check_order(const struct tfl_graph *g, const struct tfl_op *op, bool *made, struct err *e)
{
	for (int k = 0; k < op->nin; k++) {
		int i = op->in[k];
		if (i >= 0 && !made[i] && !g->tensors[i].values && !g->tensors[i].ints)
			return err_set(e, ERR_CORRUPT, "tensor %d is used before it is made", i);
	}
	if (made[op->out] || g->tensors[op->out].values || g->tensors[op->out].ints ||
		g->tensors[op->out].type != TFL_FLOAT32)
		return err_set(e, ERR_CORRUPT, "tensor %d cannot be an output", op->out);
	made[op->out] = true;
	return 0;
}

static int read_ops(struct reader *r, bool *made, struct err *e)
{
	struct fb_vec list = fb_vec(r->graph, GRAPH_OPERATORS, 4);
	struct tfl_graph *g = r->g;

	if (list.len == 0 || list.len > MAX_OPS)
		return err_set(e, ERR_CORRUPT, "%u operators", list.len);
	g->ops = calloc(list.len, sizeof *g->ops);
	if (!g->ops)
		return err_set(e, ERR_NOMEM, "%u operators", list.len);
	for (uint32_t i = 0; i < list.len; i++) {
		struct tfl_op op = { 0 };
		int bad = read_op(r, fb_vec_table(list, i), &op, e);

		if (bad == 0 && (op.code == TFL_DEQUANTIZE || op.code == TFL_DENSIFY)) {
			bad = fold(g, &op, e);
		} else if (bad == 0) {
			bad = check_order(g, &op, made, e) < 0 || tfl_check_shapes(g, &op, e) < 0 ? -1 : 0;
			g->ops[g->nops++] = op;
		}
		if (bad < 0)
			return err_wrap(e, "operator %u", i);
	}
	return fb_ok(&r->fb) ? 0 : err_set(e, ERR_CORRUPT, "operators outside the file");
}

static int read_ends(struct reader *r, struct err *e)
{
	struct fb_vec in = fb_vec(r->graph, GRAPH_INPUTS, 4), out = fb_vec(r->graph, GRAPH_OUTPUTS, 4);
	struct tfl_graph *g = r->g;

	if (in.len != 1 || out.len < 1 || out.len > TFL_MAX_OUTPUTS)
		return err_set(e, ERR_INVALID, "%u inputs and %u outputs", in.len, out.len);
	g->input = fb_vec_i32(in, 0);
	if (tensor_index(g, g->input, false, e) < 0)
		return -1;
	const struct tfl_tensor *x = &g->tensors[g->input];
	if (x->values || x->ints || x->type != TFL_FLOAT32 || x->ndims != 4)
		return err_set(e, ERR_INVALID, "the input is no image of floats");
	g->noutputs = (int)out.len;
	for (uint32_t i = 0; i < out.len; i++) {
		g->outputs[i] = fb_vec_i32(out, i);
		if (tensor_index(g, g->outputs[i], false, e) < 0)
			return -1;
	}
	return 0;
}

static int read_model(struct reader *r, struct err *e)
{
	struct fb_table model = fb_root(&r->fb, "TFL3");

	r->opcodes = fb_vec(model, MODEL_OPCODES, 4);
	r->buffers = fb_vec(model, MODEL_BUFFERS, 4);
	struct fb_vec graphs = fb_vec(model, MODEL_SUBGRAPHS, 4);
	if (!fb_ok(&r->fb) || graphs.len != 1)
		return err_set(e, ERR_CORRUPT, "not a TFLite model with one graph");
	r->graph = fb_vec_table(graphs, 0);
	if (read_tensors(r, e) < 0 || read_ends(r, e) < 0)
		return -1;

	bool *made = calloc((size_t)r->g->ntensors, sizeof *made);
	if (!made)
		return err_set(e, ERR_NOMEM, "model");
	made[r->g->input] = true;
	int bad = read_ops(r, made, e);
	for (int i = 0; bad == 0 && i < r->g->noutputs; i++)
		if (!made[r->g->outputs[i]] || r->g->outputs[i] == r->g->input)
			bad = err_set(e, ERR_CORRUPT, "output %d is never made", i);
	free(made);
	return bad;
}

int tfl_read(const void *bytes, size_t len, struct tfl_graph **ret, struct err *e)
{
	struct reader r = { .g = calloc(1, sizeof *r.g) };

	if (!r.g)
		return err_set(e, ERR_NOMEM, "model");
	fb_init(&r.fb, bytes, len);
	if (read_model(&r, e) < 0) {
		tfl_free(r.g);
		return -1;
	}
	*ret = r.g;
	return 0;
}
