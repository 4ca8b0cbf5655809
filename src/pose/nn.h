#pragma once

#include <stddef.h>

#include "base/err.h"
#include "pose/tflite.h"

/* A neural network on XNNPACK: one image of floats in, some tensors of floats out, one thread. */
struct nn;

/**
 * nn_open() - make a runnable network of a graph
 * @g        taken over, also on failure
 * @outputs  bit k set: output k is wanted; what only the others need is left out
 * @ret      set on 0; free with nn_close()
 * Errors    ERR_INVALID where XNNPACK refuses an operator or a bit has no output, ERR_NOMEM
 * Threads   one network, one thread at a time
 * Source    xnnpack.h of 2022-02-16 (Debian 12)
 */
int nn_open(struct tfl_graph *g, unsigned outputs, struct nn **ret, struct err *e);
void nn_close(struct nn *n);

static inline void nn_close_p(struct nn **n)
{
	nn_close(*n);
}

/* The input image, side × side × 3 floats in rows, to be filled before nn_run(); *@ret_side its side. */
float *nn_input(struct nn *n, int *ret_side);

/* Compute. 0, or -1 with ERR_INTERNAL. */
int nn_run(struct nn *n, struct err *e);

/* Wanted output @k, *@ret_count floats (NULL: not asked); NULL where it was not wanted. Valid until the next
 * nn_run(). */
const float *nn_output(const struct nn *n, int k, size_t *ret_count);
