#include "pose/overlay.h"

#include <math.h>
#include <string.h>

#define MIN_CONFIDENCE 0.3F

enum side { RIGHT, LEFT, MIDDLE };

struct ink {
	uint8_t y, u, v;
};

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

static uint8_t byte(float v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : lrintf(v));
}

/* An RGB colour (0–1) in the canvas's own code: the inverse of its color_matrix(). */
static struct ink ink_of(const struct canvas *c, float r, float g, float b)
{
	struct color_matrix m = color_matrix(c->is_bt709, c->full_range);
	float kr = c->is_bt709 ? 0.2126F : 0.299F, kb = c->is_bt709 ? 0.0722F : 0.114F;
	float y = kr * r + (1 - kr - kb) * g + kb * b;

	return (struct ink){ byte(m.y_zero + y / m.y_mul), byte(128 + (b - y) / m.b_u),
		byte(128 + (r - y) / m.r_v) };
}

static void dot(struct canvas *c, int x, int y, int radius, struct ink ink)
{
	for (int j = -radius; j <= radius; j++) {
		for (int i = -radius; i <= radius; i++) {
			int px = x + i, py = y + j;
			if (i * i + j * j > radius * radius || px < 0 || py < 0 || px >= c->width ||
				py >= c->height)
				continue;
			c->plane[0][(ptrdiff_t)py * c->stride[0] + px] = ink.y;
			c->plane[1][(ptrdiff_t)(py / 2) * c->stride[1] + px / 2] = ink.u;
			c->plane[2][(ptrdiff_t)(py / 2) * c->stride[2] + px / 2] = ink.v;
		}
	}
}

static void line(struct canvas *c, float x0, float y0, float x1, float y1, int radius, struct ink ink)
{
	float length = hypotf(x1 - x0, y1 - y0), most = 2.0F * (float)(c->width + c->height);

	if (!(length < most)) /* nonsense, or not a number */
		return;
	int steps = (int)length + 1;
	for (int i = 0; i <= steps; i++) {
		float w = (float)i / (float)steps;
		dot(c, (int)(x0 + w * (x1 - x0)), (int)(y0 + w * (y1 - y0)), radius, ink);
	}
}

void overlay_skeleton(struct canvas *c, const struct body25 *b)
{
	static const struct {
		int from, to;
		enum side side;
	} bones[] = { { 1, 8, MIDDLE }, { 1, 0, MIDDLE }, { 1, 2, RIGHT }, { 2, 3, RIGHT }, { 3, 4, RIGHT },
		{ 8, 9, RIGHT }, { 9, 10, RIGHT }, { 10, 11, RIGHT }, { 11, 24, RIGHT }, { 24, 22, RIGHT },
		{ 11, 22, RIGHT }, { 1, 5, LEFT }, { 5, 6, LEFT }, { 6, 7, LEFT }, { 8, 12, LEFT },
		{ 12, 13, LEFT }, { 13, 14, LEFT }, { 14, 21, LEFT }, { 21, 19, LEFT }, { 14, 19, LEFT } };
	const struct ink inks[] = { [RIGHT] = ink_of(c, 1.0F, 0.2F, 0.2F),
		[LEFT] = ink_of(c, 0.2F, 0.6F, 1.0F),
		[MIDDLE] = ink_of(c, 1.0F, 0.95F, 0.3F) };
	int radius = (c->width + c->height) / 900 + 1;

	if (!b->found)
		return;
	for (size_t i = 0; i < sizeof bones / sizeof bones[0]; i++) {
		int p = bones[i].from, q = bones[i].to;
		if (b->confidence[p] >= MIN_CONFIDENCE && b->confidence[q] >= MIN_CONFIDENCE)
			line(c, b->x[p], b->y[p], b->x[q], b->y[q], radius, inks[bones[i].side]);
	}
}
