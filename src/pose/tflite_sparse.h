#pragma once

#include "base/err.h"
#include "pose/flatbuffer.h"

/**
 * tfl_densify() - expand a constant kept in TFLite's block-sparse form
 * @sparsity  its SparsityParameters table
 * @dims      dense shape, @ndims of them (at most 4)
 * @stored    the non-zero half-precision values in traversal order
 * @out       @count half-precision values, zeroed by the caller
 * Errors     ERR_CORRUPT for anything that does not fit together
 * Source     tensorflow/lite/kernels/internal/utils/sparsity_format_converter.cc (2022)
 */
int tfl_densify(struct fb_table sparsity, const int *dims, int ndims, struct fb_vec stored, uint16_t *out,
	size_t count, struct err *e);
