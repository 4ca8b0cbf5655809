#include "pose/image.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#define MAX_COORD 16000.0F /* 16.16 fixed point holds ±32767 */

/* An affine walk over the stored frame in 16.16 fixed point: one step right, one step down in the crop. */
struct walk {
	int32_t x, y, right_x, right_y, down_x, down_y;
};

struct orient orient_from_matrix(const int32_t m[9], int *ret_degrees, bool *ret_mirrored)
{
	struct orient o = { 0 };

	*ret_degrees = 0;
	*ret_mirrored = false;
	if (!m)
		return o;
	/* Upright x' = a x + c y, y' = b x + d y. */
	double a = m[0], b = m[1], c = m[3], d = m[4];
	if (fabs(a) + fabs(d) >= fabs(b) + fabs(c)) {
		o.flip_x = a < 0;
		o.flip_y = d < 0;
		*ret_degrees = o.flip_y ? 180 : 0;
		*ret_mirrored = o.flip_x != o.flip_y;
	} else {
		o.swap = true;
		o.flip_x = b < 0;
		o.flip_y = c < 0;
		*ret_degrees = o.flip_x ? 270 : 90;
		*ret_mirrored = o.flip_x == o.flip_y;
	}
	return o;
}

struct color_matrix color_matrix(bool is_bt709, bool full_range)
{
	float kr = is_bt709 ? 0.2126F : 0.299F, kb = is_bt709 ? 0.0722F : 0.114F, kg = 1.0F - kr - kb;
	float y_range = full_range ? 255.0F : 219.0F, c_range = full_range ? 255.0F : 224.0F;
	float c = 1.0F / c_range;

	return (struct color_matrix){ .y_zero = full_range ? 0.0F : 16.0F,
		.y_mul = 1.0F / y_range,
		.r_v = 2.0F * (1.0F - kr) * c,
		.g_u = -2.0F * (1.0F - kb) * kb / kg * c,
		.g_v = -2.0F * (1.0F - kr) * kr / kg * c,
		.b_u = 2.0F * (1.0F - kb) * c };
}

int image_upright_width(const struct image *im)
{
	return im->orient.swap ? im->height : im->width;
}

int image_upright_height(const struct image *im)
{
	return im->orient.swap ? im->width : im->height;
}

static void to_stored(const struct image *im, float x, float y, float *ret_x, float *ret_y)
{
	float sx = im->orient.swap ? y : x, sy = im->orient.swap ? x : y;

	*ret_x = im->orient.flip_x ? (float)im->width - sx : sx;
	*ret_y = im->orient.flip_y ? (float)im->height - sy : sy;
}

void roi_to_upright(const struct roi *r, float u, float v, float *ret_x, float *ret_y)
{
	float dx = (u - 0.5F) * r->side, dy = (v - 0.5F) * r->side, c = cosf(r->turn), s = sinf(r->turn);

	*ret_x = r->cx + dx * c - dy * s;
	*ret_y = r->cy + dx * s + dy * c;
}

static int32_t fixed(float v)
{
	return (int32_t)lrintf(v * 65536.0F);
}

/* The walk whose first stop is the centre of the crop's upper left pixel. False where the square is absurd.
 */
static bool plan_walk(const struct image *im, const struct roi *r, int n, struct walk *w)
{
	float x[3], y[3], half = 0.5F / (float)n, step = 1.0F / (float)n;
	static const float at[3][2] = { { 0, 0 }, { 1, 0 }, { 0, 1 } };

	if (!(fabsf(r->cx) + fabsf(r->cy) + 2.0F * fabsf(r->side) < MAX_COORD) || !(r->side > 0) ||
		!isfinite(r->turn))
		return false;
	for (int i = 0; i < 3; i++) {
		float ux, uy;
		roi_to_upright(r, half + at[i][0] * step, half + at[i][1] * step, &ux, &uy);
		to_stored(im, ux, uy, &x[i], &y[i]);
	}
	/* From continuous coordinates to indices of pixels: centres lie at whole numbers. */
	*w = (struct walk){ fixed(x[0] - 0.5F), fixed(y[0] - 0.5F), fixed(x[1] - x[0]), fixed(y[1] - y[0]),
		fixed(x[2] - x[0]), fixed(y[2] - y[0]) };
	return true;
}

/* Between four neighbours, in 1/65536 of a step; three multiplications. */
static inline int32_t between(int32_t a, int32_t b, int32_t c, int32_t d, int32_t x, int32_t y)
{
	int32_t fx = x >> 8 & 255, fy = y >> 8 & 255;
	int32_t top = a * 256 + (b - a) * fx, bottom = c * 256 + (d - c) * fx;

	return top * 256 + (bottom - top) * fy;
}

/* Bilinear sample at (x, y), 16.16; all four pixels lie inside the plane for sure. */
static inline int32_t sample_inside(const uint8_t *plane, int stride, int32_t x, int32_t y)
{
	const uint8_t *p = plane + (ptrdiff_t)(y >> 16) * stride + (x >> 16);

	return between(p[0], p[1], p[stride], p[stride + 1], x, y);
}

static int32_t clamp32(int32_t v, int32_t lo, int32_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* The same with the border pixels repeated outwards. */
static int32_t sample_clamped(const uint8_t *plane, int stride, int w, int h, int32_t x, int32_t y)
{
	int x0 = clamp32(x >> 16, 0, w - 1), x1 = clamp32((x >> 16) + 1, 0, w - 1);
	int y0 = clamp32(y >> 16, 0, h - 1), y1 = clamp32((y >> 16) + 1, 0, h - 1);
	const uint8_t *upper = plane + (ptrdiff_t)y0 * stride, *lower = plane + (ptrdiff_t)y1 * stride;

	return between(upper[x0], upper[x1], lower[x0], lower[x1], x, y);
}

/* Do all samples between two points need only pixels of the plane? */
static bool span_is_inside(int w, int h, int32_t x0, int32_t y0, int32_t x1, int32_t y1)
{
	int32_t max_x = (w - 1) * 65536 - 1, max_y = (h - 1) * 65536 - 1;

	return x0 >= 0 && x1 >= 0 && y0 >= 0 && y1 >= 0 && x0 <= max_x && x1 <= max_x && y0 <= max_y &&
	       y1 <= max_y;
}

/* What the chroma adds to each colour, for two pixels side by side (r, g, b, r, g, b), and once for two rows.
 */
static void chroma_row(
	const struct image *im, const struct walk *w, int n, int32_t x, int32_t y, float mul, float *tone)
{
	int cw = (im->width + 1) / 2, ch = (im->height + 1) / 2;
	const struct color_matrix *m = &im->color;

	/* The middle of the four, in the half-size planes (samples centred between their pixels). */
	x += (w->right_x + w->down_x) / 2 - 32768;
	y += (w->right_y + w->down_y) / 2 - 32768;
	const bool inside = span_is_inside(
		cw, ch, x / 2, y / 2, (x + w->right_x * (n - 2)) / 2, (y + w->right_y * (n - 2)) / 2);
	for (int i = 0; i < n / 2; i++, x += 2 * w->right_x, y += 2 * w->right_y, tone += 6) {
		int32_t cx = x / 2, cy = y / 2;
		int32_t su = inside ? sample_inside(im->plane[1], im->stride[1], cx, cy)
				    : sample_clamped(im->plane[1], im->stride[1], cw, ch, cx, cy);
		int32_t sv = inside ? sample_inside(im->plane[2], im->stride[2], cx, cy)
				    : sample_clamped(im->plane[2], im->stride[2], cw, ch, cx, cy);
		float u = (float)su * 0x1p-16F - 128.0F, v = (float)sv * 0x1p-16F - 128.0F;
		tone[0] = tone[3] = m->r_v * v * mul;
		tone[1] = tone[4] = (m->g_u * u + m->g_v * v) * mul;
		tone[2] = tone[5] = m->b_u * u * mul;
	}
}

/* The luma samples of a row, scaled. */
static void luma_row(const struct image *im, const struct walk *w, int n, int32_t x, int32_t y, float scale,
	float zero, float *luma)
{
	const uint8_t *plane = im->plane[0];
	const int stride = im->stride[0];

	if (span_is_inside(im->width, im->height, x, y, x + w->right_x * (n - 1), y + w->right_y * (n - 1))) {
		for (int i = 0; i < n; i++, x += w->right_x, y += w->right_y)
			luma[i] = (float)sample_inside(plane, stride, x, y) * scale + zero;
		return;
	}
	for (int i = 0; i < n; i++, x += w->right_x, y += w->right_y)
		luma[i] = (float)sample_clamped(plane, stride, im->width, im->height, x, y) * scale + zero;
}

/* Colours a little outside 0–1, as broken or very saturated video has them, are bounded. */
static inline float bounded(float v, float lo, float hi)
{
	v = v < lo ? lo : v;
	return v > hi ? hi : v;
}

static void mix_row(const float *luma, const float *tone, int n, float lo, float hi, float *restrict out)
{
	for (int i = 0; i < n / 2; i++, luma += 2, tone += 6, out += 6) {
		for (int c = 0; c < 3; c++) {
			out[c] = bounded(luma[0] + tone[c], lo, hi);
			out[c + 3] = bounded(luma[1] + tone[c], lo, hi);
		}
	}
}

/* Overwrite what lies outside the frame. */
static void blacken_row(
	const struct image *im, const struct walk *w, int n, int32_t x, int32_t y, float black, float *out)
{
	int32_t end_x = im->width * 65536 - 32768, end_y = im->height * 65536 - 32768;

	for (int i = 0; i < n; i++, x += w->right_x, y += w->right_y, out += 3)
		if (x < -32768 || y < -32768 || x >= end_x || y >= end_y)
			out[0] = out[1] = out[2] = black;
}

void image_crop(const struct image *im, const struct roi *r, int n, enum image_border border, float mul,
	float add, float *out)
{
	float tone[IMAGE_MAX_CROP * 3], luma[IMAGE_MAX_CROP];
	const float scale = im->color.y_mul * mul * 0x1p-16F;
	const float zero = add - im->color.y_zero * im->color.y_mul * mul;
	struct walk w;

	if (n < 2 || n > IMAGE_MAX_CROP || n % 2 != 0 || mul <= 0)
		abort();
	if (!plan_walk(im, r, n, &w)) {
		for (int i = 0; i < n * n * 3; i++)
			out[i] = add;
		return;
	}
	for (int row = 0; row < n; row++, out += (ptrdiff_t)n * 3) {
		int32_t x = w.x + w.down_x * row, y = w.y + w.down_y * row;
		if (row % 2 == 0)
			chroma_row(im, &w, n, x, y, mul, tone);
		luma_row(im, &w, n, x, y, scale, zero, luma);
		mix_row(luma, tone, n, add, add + mul, out);
		if (border == IMAGE_BLACK)
			blacken_row(im, &w, n, x, y, add, out);
	}
}
