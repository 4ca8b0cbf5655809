#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pose/kernels.h"
#include "pose/nn.h"

/* nn.h without XNNPACK, for where that does not run: in a browser. Computes operator by operator with
 * kernels.h. */

struct slot { /* memory that several tensors use in turn */
	float *values;
	size_t count;
	int busy_until; /* the last operator that reads it; -1: free */
};

struct nn {
	struct tfl_graph *g;
	bool *live;         /* by operator */
	float **packed;     /* by operator: filter and bias; owned */
	float **at;         /* by tensor: where it is computed; borrowed from the slots */
	struct slot *slots; /* owned */
	int nslots;
	float *scratch;
	bool wanted[TFL_MAX_OUTPUTS];
};

void nn_close(struct nn *n)
{
	if (!n)
		return;
	for (int i = 0; n->packed && i < n->g->nops; i++)
		free(n->packed[i]);
	for (int i = 0; i < n->nslots; i++)
		free(n->slots[i].values);
	free(n->packed);
	free(n->slots);
	free(n->live);
	free(n->at);
	free(n->scratch);
	tfl_free(n->g);
	free(n);
}

static bool is_conv(const struct tfl_op *op)
{
	return op->code == TFL_CONV || op->code == TFL_DEPTHWISE;
}

/* Walk backwards from the wanted outputs; @last is set to the last operator that reads a tensor. */
static void mark_live(struct nn *n, int *last)
{
	const struct tfl_graph *g = n->g;

	for (int i = 0; i < g->ntensors; i++)
		last[i] = -1;
	for (int k = 0; k < g->noutputs; k++)
		if (n->wanted[k])
			last[g->outputs[k]] = g->nops; /* read when all is done */
	for (int i = g->nops - 1; i >= 0; i--) {
		const struct tfl_op *op = &g->ops[i];
		n->live[i] = last[op->out] >= 0;
		for (int k = 0; n->live[i] && k < op->nin; k++)
			if (op->in[k] >= 0 && last[op->in[k]] < i)
				last[op->in[k]] = i;
	}
}

/* Is the tensor anything but a convolution's filter? */
static bool is_read_plainly(const struct tfl_graph *g, int tensor)
{
	for (int i = 0; i < g->nops; i++)
		for (int k = 0; k < g->ops[i].nin; k++)
			if (g->ops[i].in[k] == tensor && !(is_conv(&g->ops[i]) && k == 1))
				return true;
	return false;
}

/* Filters are kept packed only: the memory of a phone is small. */
static int pack_filters(struct nn *n, struct err *e)
{
	struct tfl_graph *g = n->g;
	size_t scratch = 0;

	for (int i = 0; i < g->nops; i++) {
		const struct tfl_op *op = &g->ops[i];
		if (!n->live[i] || !is_conv(op))
			continue;
		const struct tfl_tensor *w = &g->tensors[op->in[1]];
		const struct tfl_tensor *bias = op->nin > 2 && op->in[2] >= 0 ? &g->tensors[op->in[2]] : NULL;
		n->packed[i] = calloc(kernel_packed_count(op->code, w), sizeof(float));
		if (!n->packed[i])
			return err_set(e, ERR_NOMEM, "network");
		kernel_pack(op->code, w, bias, n->packed[i]);
		if (op->code == TFL_CONV && kernel_scratch_count(w) > scratch)
			scratch = kernel_scratch_count(w);
	}
	for (int i = 0; i < g->nops; i++) {
		if (!is_conv(&g->ops[i]) || is_read_plainly(g, g->ops[i].in[1]))
			continue;
		free(g->tensors[g->ops[i].in[1]].values);
		g->tensors[g->ops[i].in[1]].values = NULL;
	}
	n->scratch = calloc(scratch + 1, sizeof(float));
	return n->scratch ? 0 : err_set(e, ERR_NOMEM, "network");
}

/* A free slot that is large enough, or a new one. */
static struct slot *find_slot(struct nn *n, size_t count, struct err *e)
{
	struct slot *best = NULL;

	for (int i = 0; i < n->nslots; i++) {
		struct slot *s = &n->slots[i];
		if (s->busy_until < 0 && s->count >= count && (!best || s->count < best->count))
			best = s;
	}
	if (best)
		return best;
	best = &n->slots[n->nslots];
	best->values = calloc(1, count * sizeof(float) + TFL_PAD_BYTES);
	if (!best->values) {
		(void)err_set(e, ERR_NOMEM, "network");
		return NULL;
	}
	best->count = count;
	n->nslots++;
	return best;
}

static int place(struct nn *n, int tensor, int last, struct err *e)
{
	struct slot *s = find_slot(n, n->g->tensors[tensor].count, e);

	if (!s)
		return -1;
	s->busy_until = last;
	n->at[tensor] = s->values;
	return 0;
}

static int place_tensors(struct nn *n, const int *last, struct err *e)
{
	const struct tfl_graph *g = n->g;

	/* The input is filled from outside and may be run again: its place is its own. */
	if (place(n, g->input, g->nops, e) < 0)
		return -1;
	for (int i = 0; i < g->nops; i++) {
		if (!n->live[i])
			continue;
		if (place(n, g->ops[i].out, last[g->ops[i].out], e) < 0)
			return -1;
		for (int k = 0; k < n->nslots; k++)
			if (n->slots[k].busy_until == i)
				n->slots[k].busy_until = -1;
	}
	return 0;
}

static int build(struct nn *n, struct err *e)
{
	size_t nops = (size_t)n->g->nops, ntensors = (size_t)n->g->ntensors;
	CLEANUP(free_p) int *last = calloc(ntensors, sizeof *last);

	n->live = calloc(nops + 1, sizeof *n->live);
	n->packed = calloc(nops + 1, sizeof *n->packed);
	n->at = calloc(ntensors, sizeof *n->at);
	n->slots = calloc(nops + 1, sizeof *n->slots);
	if (!last || !n->live || !n->packed || !n->at || !n->slots)
		return err_set(e, ERR_NOMEM, "network");
	mark_live(n, last);
	if (pack_filters(n, e) < 0)
		return -1;
	return place_tensors(n, last, e);
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
	for (int i = 0; i < g->nops; i++)
		if (g->tensors[g->ops[i].out].ndims == 4 && g->tensors[g->ops[i].out].dims[0] != 1)
			return err_set(e, ERR_INVALID, "more than one image at once");
	for (int k = 0; k < g->noutputs; k++)
		n->wanted[k] = outputs >> k & 1U;
	if (build(n, e) < 0)
		return -1;
	*ret = TAKE(n);
	return 0;
}

float *nn_input(struct nn *n, int *ret_side)
{
	*ret_side = n->g->tensors[n->g->input].dims[1];
	return n->at[n->g->input];
}

static const float *values_of(const struct nn *n, int tensor)
{
	const float *constant = n->g->tensors[tensor].values;

	return constant ? constant : n->at[tensor];
}

static void join(const struct nn *n, const struct tfl_op *op, float *y)
{
	for (int k = 0; k < op->nin; k++) {
		size_t count = n->g->tensors[op->in[k]].count;
		memcpy(y, values_of(n, op->in[k]), count * sizeof *y);
		y += count;
	}
}

static void run_op(struct nn *n, int i)
{
	const struct tfl_op *op = &n->g->ops[i];
	const struct tfl_tensor *t = n->g->tensors, *shape = &t[op->out];
	struct kernel_image x = { &t[op->in[0]], values_of(n, op->in[0]) };
	float *y = n->at[op->out];

	switch (op->code) {
	case TFL_CONV:
		kernel_conv(op, &t[op->in[1]], x, n->packed[i], shape, n->scratch, y);
		break;
	case TFL_DEPTHWISE:
		kernel_depthwise(op, &t[op->in[1]], x, n->packed[i], shape, y);
		break;
	case TFL_MAX_POOL:
		kernel_max_pool(op, x, shape, y);
		break;
	case TFL_ADD:
		kernel_add(op, x.values, values_of(n, op->in[1]), shape->count, y);
		break;
	case TFL_SIGMOID:
		kernel_sigmoid(x.values, shape->count, y);
		break;
	case TFL_RESIZE_BILINEAR:
		kernel_resize(op, x, shape, y);
		break;
	case TFL_DEPTH_TO_SPACE:
		kernel_depth_to_space(op, x, shape, y);
		break;
	case TFL_PAD:
		kernel_pad(t[op->in[1]].ints, x, shape, y);
		break;
	case TFL_RESHAPE:
		memcpy(y, x.values, shape->count * sizeof *y);
		break;
	case TFL_CONCAT:
		join(n, op, y);
		break;
	case TFL_DEQUANTIZE:
	case TFL_DENSIFY:
		break; /* folded when the model was read */
	}
}

int nn_run(struct nn *n, struct err *e)
{
	(void)e;
	for (int i = 0; i < n->g->nops; i++)
		if (n->live[i])
			run_op(n, i);
	return 0;
}

const float *nn_output(const struct nn *n, int k, size_t *ret_count)
{
	if (k < 0 || k >= n->g->noutputs || !n->wanted[k])
		return NULL;
	if (ret_count)
		*ret_count = n->g->tensors[n->g->outputs[k]].count;
	return n->at[n->g->outputs[k]];
}
