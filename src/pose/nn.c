#include "pose/nn.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xnnpack.h>

#include "base/cleanup.h"

#define MAX_EXTERNAL 32 /* the input, outputs, parts of concatenated outputs */

struct nn {
	struct tfl_graph *g;
	xnn_runtime_t runtime;
	float *buffer[MAX_EXTERNAL]; /* external value k's memory; owned; 0 is the input */
	int tensor[MAX_EXTERNAL];    /* which tensor that is */
	uint32_t nexternal;
	const struct tfl_op
		*concat[TFL_MAX_OUTPUTS]; /* the operator that joins output k, done here by hand */
	float *joined[TFL_MAX_OUTPUTS];   /* owned */
	bool wanted[TFL_MAX_OUTPUTS];
};

struct builder {
	struct nn *n;
	xnn_subgraph_t sub;
	bool *live;   /* by operator: contributes to a wanted output */
	bool *needed; /* by tensor */
	uint32_t *id; /* XNNPACK's value by tensor */
};

void nn_close(struct nn *n)
{
	if (!n)
		return;
	if (n->runtime)
		(void)xnn_delete_runtime(n->runtime);
	for (uint32_t i = 0; i < n->nexternal; i++)
		free(n->buffer[i]);
	for (int i = 0; i < TFL_MAX_OUTPUTS; i++)
		free(n->joined[i]);
	tfl_free(n->g);
	free(n);
}

static int external_of(const struct nn *n, int tensor)
{
	for (uint32_t i = 0; i < n->nexternal; i++)
		if (n->tensor[i] == tensor)
			return (int)i;
	return -1;
}

static int add_external(struct nn *n, int tensor, struct err *e)
{
	if (external_of(n, tensor) >= 0)
		return 0;
	if (n->nexternal == MAX_EXTERNAL)
		return err_set(e, ERR_INVALID, "too many outputs");
	float *memory = calloc(1, n->g->tensors[tensor].count * sizeof *memory + TFL_PAD_BYTES);
	if (!memory)
		return err_set(e, ERR_NOMEM, "network");
	n->buffer[n->nexternal] = memory;
	n->tensor[n->nexternal++] = tensor;
	return 0;
}

/* Walk backwards from the wanted outputs; what they do not need is never computed. */
static void mark_live(struct builder *b)
{
	const struct tfl_graph *g = b->n->g;

	for (int k = 0; k < g->noutputs; k++)
		if (b->n->wanted[k])
			b->needed[g->outputs[k]] = true;
	for (int i = g->nops - 1; i >= 0; i--) {
		const struct tfl_op *op = &g->ops[i];
		b->live[i] = b->needed[op->out];
		for (int k = 0; b->live[i] && k < op->nin; k++)
			if (op->in[k] >= 0)
				b->needed[op->in[k]] = true;
	}
}

/* XNNPACK of this age cannot concatenate: parts of an output become outputs, joined after the run. */
static int plan_concats(struct builder *b, struct err *e)
{
	const struct tfl_graph *g = b->n->g;

	for (int i = 0; i < g->nops; i++) {
		const struct tfl_op *op = &g->ops[i];
		bool is_output = false;

		if (!b->live[i] || op->code != TFL_CONCAT)
			continue;
		for (int j = i + 1; j < g->nops; j++)
			for (int k = 0; b->live[j] && k < g->ops[j].nin; k++)
				if (g->ops[j].in[k] == op->out)
					return err_set(e, ERR_INVALID, "concatenation inside a network");
		for (int k = 0; k < op->nin; k++)
			if (op->in[k] == g->input || add_external(b->n, op->in[k], e) < 0)
				return err_set(e, ERR_INVALID, "concatenation of %d parts", op->nin);
		for (int k = 0; k < g->noutputs; k++) {
			if (g->outputs[k] != op->out || b->n->joined[k] || !b->n->wanted[k])
				continue;
			b->n->concat[k] = op;
			b->n->joined[k] = calloc(g->tensors[op->out].count, sizeof(float));
			if (!b->n->joined[k])
				return err_set(e, ERR_NOMEM, "network");
			is_output = true;
		}
		if (!is_output)
			return err_set(e, ERR_INVALID, "concatenation inside a network");
		b->live[i] = false;
		b->needed[op->out] = false;
	}
	return 0;
}

static int define_values(struct builder *b, struct err *e)
{
	struct nn *n = b->n;

	for (int i = 0; i < n->g->ntensors; i++) {
		const struct tfl_tensor *x = &n->g->tensors[i];
		size_t dims[TFL_MAX_DIMS];

		if (!b->needed[i] || x->type != TFL_FLOAT32)
			continue;
		for (int d = 0; d < x->ndims; d++)
			dims[d] = (size_t)x->dims[d];
		int ext = external_of(n, i);
		uint32_t flags = ext < 0            ? 0
				 : i == n->g->input ? XNN_VALUE_FLAG_EXTERNAL_INPUT
						    : XNN_VALUE_FLAG_EXTERNAL_OUTPUT;
		if (xnn_define_tensor_value(b->sub, xnn_datatype_fp32, (size_t)x->ndims, dims, x->values,
			    ext < 0 ? XNN_INVALID_VALUE_ID : (uint32_t)ext, flags,
			    &b->id[i]) != xnn_status_success)
			return err_set(e, ERR_INVALID, "tensor %d was refused", i);
	}
	return 0;
}

static void clamp_range(enum tfl_activation a, float *lo, float *hi)
{
	*lo = a == TFL_LINEAR ? -INFINITY : 0.0F;
	*hi = a == TFL_RELU6 ? 6.0F : INFINITY;
}

static enum xnn_status define_conv(struct builder *b, const struct tfl_op *op)
{
	const struct tfl_tensor *x = &b->n->g->tensors[op->in[0]], *w = &b->n->g->tensors[op->in[1]];
	uint32_t xi = b->id[op->in[0]], wi = b->id[op->in[1]], yi = b->id[op->out];
	uint32_t bi = op->nin > 2 && op->in[2] >= 0 ? b->id[op->in[2]] : XNN_INVALID_VALUE_ID;
	uint32_t flags = op->same_padding ? XNN_FLAG_TENSORFLOW_SAME_PADDING : 0;
	uint32_t kh = (uint32_t)w->dims[1], kw = (uint32_t)w->dims[2], sh = (uint32_t)op->stride_h,
		 sw = (uint32_t)op->stride_w, dh = (uint32_t)op->dilation_h, dw = (uint32_t)op->dilation_w;
	float lo, hi;

	clamp_range(op->activation, &lo, &hi);
	if (op->code == TFL_DEPTHWISE)
		return xnn_define_depthwise_convolution_2d(b->sub, 0, 0, 0, 0, kh, kw, sh, sw, dh, dw,
			(uint32_t)(w->dims[3] / x->dims[3]), (size_t)x->dims[3], lo, hi, xi, wi, bi, yi,
			flags);
	return xnn_define_convolution_2d(b->sub, 0, 0, 0, 0, kh, kw, sh, sw, dh, dw, 1, (size_t)w->dims[3],
		(size_t)w->dims[0], lo, hi, xi, wi, bi, yi, flags);
}

static enum xnn_status define_pool(struct builder *b, const struct tfl_op *op)
{
	const struct tfl_tensor *x = &b->n->g->tensors[op->in[0]];
	int top = 0, bottom = 0, left = 0, right = 0;
	float lo, hi;

	clamp_range(op->activation, &lo, &hi);
	if (op->same_padding) {
		tfl_same_padding(x->dims[1], op->filter_h, op->stride_h, &top, &bottom);
		tfl_same_padding(x->dims[2], op->filter_w, op->stride_w, &left, &right);
	}
	return xnn_define_max_pooling_2d(b->sub, (uint32_t)top, (uint32_t)right, (uint32_t)bottom,
		(uint32_t)left, (uint32_t)op->filter_h, (uint32_t)op->filter_w, (uint32_t)op->stride_h,
		(uint32_t)op->stride_w, 1, 1, lo, hi, b->id[op->in[0]], b->id[op->out], 0);
}

static enum xnn_status define_pad(struct builder *b, const struct tfl_op *op)
{
	const int32_t *amount = b->n->g->tensors[op->in[1]].ints;
	size_t before[TFL_MAX_DIMS] = { 0 }, after[TFL_MAX_DIMS] = { 0 };

	for (int d = 0; d < b->n->g->tensors[op->in[0]].ndims; d++) {
		before[d] = (size_t)amount[2 * d];
		after[d] = (size_t)amount[2 * d + 1];
	}
	return xnn_define_static_constant_pad(
		b->sub, before, after, 0.0F, b->id[op->in[0]], b->id[op->out], 0);
}

static enum xnn_status define_reshape(struct builder *b, const struct tfl_op *op)
{
	const struct tfl_tensor *y = &b->n->g->tensors[op->out];
	size_t dims[TFL_MAX_DIMS];

	for (int d = 0; d < y->ndims; d++)
		dims[d] = (size_t)y->dims[d];
	return xnn_define_static_reshape(b->sub, (size_t)y->ndims, dims, b->id[op->in[0]], b->id[op->out], 0);
}

static enum xnn_status define_op(struct builder *b, const struct tfl_op *op)
{
	const struct tfl_tensor *y = &b->n->g->tensors[op->out];
	uint32_t xi = b->id[op->in[0]], yi = b->id[op->out];
	float lo, hi;

	switch (op->code) {
	case TFL_CONV:
	case TFL_DEPTHWISE:
		return define_conv(b, op);
	case TFL_MAX_POOL:
		return define_pool(b, op);
	case TFL_ADD:
		clamp_range(op->activation, &lo, &hi);
		return xnn_define_add2(b->sub, lo, hi, xi, b->id[op->in[1]], yi, 0);
	case TFL_SIGMOID:
		return xnn_define_sigmoid(b->sub, xi, yi, 0);
	case TFL_DEPTH_TO_SPACE:
		return xnn_define_depth_to_space(b->sub, xi, yi, (uint32_t)op->block, 0);
	case TFL_RESHAPE:
		return define_reshape(b, op);
	case TFL_RESIZE_BILINEAR:
		return xnn_define_static_resize_bilinear_2d(b->sub, (size_t)y->dims[1], (size_t)y->dims[2],
			xi, yi,
			op->align_corners ? XNN_FLAG_ALIGN_CORNERS
			: op->half_pixel  ? 0
					  : XNN_FLAG_TENSORFLOW_LEGACY_MODE);
	case TFL_PAD:
		return define_pad(b, op);
	case TFL_CONCAT:
	case TFL_DEQUANTIZE:
	case TFL_DENSIFY:
		break;
	}
	return xnn_status_unsupported_parameter;
}

static int build(struct builder *b, struct err *e)
{
	struct nn *n = b->n;
	struct xnn_external_value values[MAX_EXTERNAL];

	mark_live(b);
	if (add_external(n, n->g->input, e) < 0 || plan_concats(b, e) < 0)
		return -1;
	for (int k = 0; k < n->g->noutputs; k++)
		if (n->wanted[k] && !n->joined[k] && add_external(n, n->g->outputs[k], e) < 0)
			return -1;
	if (xnn_create_subgraph(n->nexternal, 0, &b->sub) != xnn_status_success)
		return err_set(e, ERR_NOMEM, "network");
	if (define_values(b, e) < 0)
		return -1;
	for (int i = 0; i < n->g->nops; i++)
		if (b->live[i] && define_op(b, &n->g->ops[i]) != xnn_status_success)
			return err_set(e, ERR_INVALID, "operator %d (code %d) was refused", i,
				(int)n->g->ops[i].code);
	if (xnn_create_runtime_v2(b->sub, NULL, 0, &n->runtime) != xnn_status_success)
		return err_set(e, ERR_INVALID, "the network was refused");
	for (uint32_t i = 0; i < n->nexternal; i++)
		values[i] = (struct xnn_external_value){ .id = i, .data = n->buffer[i] };
	if (xnn_setup_runtime(n->runtime, n->nexternal, values) != xnn_status_success)
		return err_set(e, ERR_INVALID, "the network could not be set up");
	return 0;
}

static int build_and_release(struct nn *n, struct err *e)
{
	size_t nops = (size_t)n->g->nops, ntensors = (size_t)n->g->ntensors;
	CLEANUP(free_p) bool *live = calloc(nops + 1, sizeof *live);
	CLEANUP(free_p) bool *needed = calloc(ntensors, sizeof *needed);
	CLEANUP(free_p) uint32_t *id = calloc(ntensors, sizeof *id);
	struct builder b = { .n = n, .live = live, .needed = needed, .id = id };

	if (!live || !needed || !id)
		return err_set(e, ERR_NOMEM, "network");
	for (size_t i = 0; i < ntensors; i++)
		id[i] = XNN_INVALID_VALUE_ID;
	int r = build(&b, e);
	if (b.sub)
		(void)xnn_delete_subgraph(b.sub);
	return r;
}

int nn_open(struct tfl_graph *g, unsigned outputs, struct nn **ret, struct err *e)
{
	CLEANUP(nn_close_p) struct nn *n = calloc(1, sizeof *n);

	if (!n) {
		tfl_free(g);
		return err_set(e, ERR_NOMEM, "network");
	}
	n->g = g;
	if (tfl_check_image_net(g, outputs, e) < 0)
		return -1;
	for (int k = 0; k < g->noutputs; k++)
		n->wanted[k] = outputs >> k & 1U;
	if (xnn_initialize(NULL) != xnn_status_success)
		return err_set(e, ERR_INTERNAL, "XNNPACK does not run on this processor");
	if (build_and_release(n, e) < 0)
		return -1;
	*ret = TAKE(n);
	return 0;
}

float *nn_input(struct nn *n, int *ret_side)
{
	*ret_side = n->g->tensors[n->g->input].dims[1];
	return n->buffer[0];
}

int nn_run(struct nn *n, struct err *e)
{
	if (xnn_invoke_runtime(n->runtime) != xnn_status_success)
		return err_set(e, ERR_INTERNAL, "the network failed");
	for (int k = 0; k < n->g->noutputs; k++) {
		float *to = n->joined[k];
		for (int i = 0; to && i < n->concat[k]->nin; i++) {
			int part = n->concat[k]->in[i];
			size_t count = n->g->tensors[part].count;
			memcpy(to, n->buffer[external_of(n, part)], count * sizeof *to);
			to += count;
		}
	}
	return 0;
}

const float *nn_output(const struct nn *n, int k, size_t *ret_count)
{
	if (k < 0 || k >= n->g->noutputs || !n->wanted[k])
		return NULL;
	if (ret_count)
		*ret_count = n->g->tensors[n->g->outputs[k]].count;
	return n->joined[k] ? n->joined[k] : n->buffer[external_of(n, n->g->outputs[k])];
}
