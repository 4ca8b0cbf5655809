#pragma once

#include <stddef.h>
#include <stdint.h>

/* Small .tflite files for the tests, written byte by byte: every field of every table in four bytes. */
struct tiny {
	uint8_t bytes[16384];
	size_t len;
	int ntensors, nops, nbuffers;
	struct {
		int dims[5], ndims, type, buffer, sparse; /* sparse: index + 1 of a sparsity, 0: none */
	} tensors[32];
	struct {
		const void *data;
		size_t len;
	} buffers[32];
	struct {
		int code, in[4], nin, out;
		int options[8]; /* by field; -1: absent */
	} ops[16];
	const struct tiny_sparsity *sparsity;
	int input, outputs[8], noutputs;
};

/* Two-level block sparsity of a matrix, as the detector's 1 × 1 convolutions are kept: the traversal order is
 * 0..n, dense first axis, compressed second. */
struct tiny_sparsity {
	int order[4], norder, blocks[2], nblocks;
	struct {
		int format, dense_size;
		const int *segments, *indices; /* int32 vectors */
		int nsegments, nindices;
	} levels[4];
};

void tiny_init(struct tiny *t);
/* Index of a new tensor; @data NULL: computed. Types: 0 float, 1 half, 2 int32. */
int tiny_tensor(struct tiny *t, int type, const int *dims, int ndims, const void *data, size_t bytes);
/* An operator; @options by field number, -1 absent, @noptions of them. */
void tiny_op(struct tiny *t, int code, const int *in, int nin, int out, const int *options, int noptions);
/* Serialise into bytes and len. */
void tiny_write(struct tiny *t);

/* One of everything: pad, convolution (half weights), depthwise, pooling, resize, addition, depth to space,
 * sigmoid, reshape, concatenation; 1 × 8 × 8 × 3 in, two outputs: 1 × 40 (joined), 1 × 1. */
void tiny_of_all(struct tiny *t);
/* One 1 × 1 convolution 3 → 2 on 1 × 4 × 4 × 3, its half weights sparse: only w[0][0] = 2 and w[1][2] = 3. */
void tiny_sparse(struct tiny *t);
