#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "pose/image.h"

/* Pictures as browsers hand them out, made into what image.h crops from. */
struct rgba_planes { /* zero before the first use; free(memory) after the last */
	uint8_t *memory;
	size_t size;
};

/**
 * image_from_rgba() - Y'CbCr 4:2:0 of a picture of red, green, blue, alpha
 * @planes  keeps the memory that @ret borrows, until the next call
 * Errors   ERR_INVALID for a side below 2 or over 8192, ERR_NOMEM
 * Source   ITU-R BT.601 (2011), full range as in JFIF (1992); chroma is the mean of two by two pixels
 */
int image_from_rgba(struct rgba_planes *planes, const uint8_t *rgba, int width, int height, struct image *ret,
	struct err *e);
