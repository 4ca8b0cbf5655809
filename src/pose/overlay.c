#include "pose/overlay.h"

#include <string.h>

#define MIN_CONFIDENCE 0.3F

static void copy_plane(uint8_t *to, int to_stride, int w, int h, const uint8_t *from, int from_stride,
	int from_w, int from_h, struct orient o)
{
	if (!o.swap && !o.flip_x && !o.flip_y) {
		for (int y = 0; y < h; y++)
			memcpy(to + (ptrdiff_t)y * to_stride, from + (ptrdiff_t)y * from_stride, (size_t)w);
		return;
	}
	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++) {
			int sx = o.swap ? y : x, sy = o.swap ? x : y;
			sx = o.flip_x ? from_w - 1 - sx : sx;
			sy = o.flip_y ? from_h - 1 - sy : sy;
			to[(ptrdiff_t)y * to_stride + x] = from[(ptrdiff_t)sy * from_stride + sx];
		}
	}
}

void overlay_frame(struct canvas *c, const struct image *im)
{
	copy_plane(c->plane[0], c->stride[0], c->width, c->height, im->plane[0], im->stride[0], im->width,
		im->height, im->orient);
	for (int p = 1; p < 3; p++)
		copy_plane(c->plane[p], c->stride[p], c->width / 2, c->height / 2, im->plane[p],
			im->stride[p], (im->width + 1) / 2, (im->height + 1) / 2, im->orient);
}

void overlay_skeleton(struct canvas *c, const struct body25 *b)
{
	static const struct {
		int from, to;
		enum part part;
	} bones[] = { { 1, 8, PART_MIDDLE }, { 1, 0, PART_MIDDLE }, { 1, 2, PART_RIGHT },
		{ 2, 3, PART_RIGHT }, { 3, 4, PART_RIGHT }, { 8, 9, PART_RIGHT }, { 9, 10, PART_RIGHT },
		{ 10, 11, PART_RIGHT }, { 11, 24, PART_RIGHT }, { 24, 22, PART_RIGHT },
		{ 11, 22, PART_RIGHT }, { 1, 5, PART_LEFT }, { 5, 6, PART_LEFT }, { 6, 7, PART_LEFT },
		{ 8, 12, PART_LEFT }, { 12, 13, PART_LEFT }, { 13, 14, PART_LEFT }, { 14, 21, PART_LEFT },
		{ 21, 19, PART_LEFT }, { 14, 19, PART_LEFT } };
	const struct ink black = paint_ink(c, 0, 0, 0);
	float radius = (float)(c->width + c->height) / 900 + 0.3F;

	if (!b->found)
		return;
	/* All dark edges first, so that none cuts through a limb. */
	for (int layer = 0; layer < 2; layer++)
		for (size_t i = 0; i < sizeof bones / sizeof bones[0]; i++) {
			int p = bones[i].from, q = bones[i].to;
			if (b->confidence[p] < MIN_CONFIDENCE || b->confidence[q] < MIN_CONFIDENCE)
				continue;
			paint_line(c, b->x[p], b->y[p], b->x[q], b->y[q], layer ? radius : radius + 1,
				layer ? paint_ink_of(c, bones[i].part) : black, layer ? 1 : 0.45F);
		}
}
