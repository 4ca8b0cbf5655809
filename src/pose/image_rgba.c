#include "pose/image_rgba.h"

#include <stdlib.h>

#define MAX_SIDE 8192

static uint8_t byte(int32_t v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* Fixed point, 1/65536. */
static uint8_t luma(const uint8_t *p)
{
	return byte((19595 * p[0] + 38470 * p[1] + 7471 * p[2] + 32768) >> 16);
}

/* Two by two pixels; at an odd edge some of them are one and the same. */
static void chroma(const uint8_t *const p[4], uint8_t *u, uint8_t *v)
{
	int32_t r = 0, g = 0, b = 0;

	for (int i = 0; i < 4; i++) {
		r += p[i][0];
		g += p[i][1];
		b += p[i][2];
	}
	/* Sums of four: a further 1/4; + 128 in the middle. */
	*u = byte(((-11059 * r - 21709 * g + 32768 * b) / 4 + (128 << 16) + 32768) >> 16);
	*v = byte(((32768 * r - 27439 * g - 5329 * b) / 4 + (128 << 16) + 32768) >> 16);
}

int image_from_rgba(struct rgba_planes *planes, const uint8_t *rgba, int width, int height, struct image *ret,
	struct err *e)
{
	if (width < 2 || height < 2 || width > MAX_SIDE || height > MAX_SIDE)
		return err_set(e, ERR_INVALID, "a picture of %d × %d pixels", width, height);
	const size_t w = (size_t)width, h = (size_t)height, cw = (w + 1) / 2, ch = (h + 1) / 2;
	const size_t size = w * h + 2 * cw * ch;
	if (size > planes->size) {
		free(planes->memory);
		planes->memory = malloc(size);
		planes->size = planes->memory ? size : 0;
		if (!planes->memory)
			return err_set(e, ERR_NOMEM, "picture");
	}
	uint8_t *y = planes->memory, *u = y + w * h, *v = u + cw * ch;
	for (size_t i = 0; i < w * h; i++)
		y[i] = luma(rgba + 4 * i);
	for (size_t row = 0; row < ch; row++) {
		size_t below = 2 * row + 1 < h ? 2 * row + 1 : h - 1;
		for (size_t column = 0; column < cw; column++) {
			size_t right = 2 * column + 1 < w ? 2 * column + 1 : w - 1;
			const uint8_t *const p[4] = { rgba + 4 * (2 * row * w + 2 * column),
				rgba + 4 * (2 * row * w + right), rgba + 4 * (below * w + 2 * column),
				rgba + 4 * (below * w + right) };
			chroma(p, u + row * cw + column, v + row * cw + column);
		}
	}
	*ret = (struct image){ .plane = { y, u, v },
		.stride = { width, (int)cw, (int)cw },
		.width = width,
		.height = height,
		.color = color_matrix(false, true),
		.full_range = true };
	return 0;
}
