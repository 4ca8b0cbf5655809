#include "pose/paint.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "pose/image.h"

/* How much of the pixel at (x, y) a shape covers, with an edge @soft pixels wide. */
struct shape {
	enum { RECT, LINE, RING } kind;
	float x0, y0, x1, y1, radius, half;
};

static float clamp01(float v)
{
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

static uint8_t byte(float v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : lrintf(v));
}

/* The inverse of the canvas's color_matrix(). */
struct ink paint_ink(const struct canvas *c, float r, float g, float b)
{
	struct color_matrix m = color_matrix(c->is_bt709, c->full_range);
	float kr = c->is_bt709 ? 0.2126F : 0.299F, kb = c->is_bt709 ? 0.0722F : 0.114F;
	float y = kr * r + (1 - kr - kb) * g + kb * b;

	return (struct ink){ byte(m.y_zero + y / m.y_mul), byte(128 + (b - y) / m.b_u),
		byte(128 + (r - y) / m.r_v) };
}

struct ink paint_ink_of(const struct canvas *c, enum part part)
{
	static const float rgb[PARTS][3] = { [PART_RIGHT] = { 1.0F, 0.25F, 0.25F },
		[PART_LEFT] = { 0.2F, 0.6F, 1.0F },
		[PART_MIDDLE] = { 1.0F, 0.95F, 0.3F } };

	return paint_ink(c, rgb[part][0], rgb[part][1], rgb[part][2]);
}

static float cover(const struct shape *s, float x, float y, float soft)
{
	if (s->kind == RECT) {
		float w = fminf(x - s->x0, s->x1 - x), h = fminf(y - s->y0, s->y1 - y);
		return clamp01(w / soft + 0.5F) * clamp01(h / soft + 0.5F);
	}
	float dx = s->x1 - s->x0, dy = s->y1 - s->y0, length2 = dx * dx + dy * dy;
	float w = length2 > 0 ? clamp01(((x - s->x0) * dx + (y - s->y0) * dy) / length2) : 0;
	float d = hypotf(x - s->x0 - w * dx, y - s->y0 - w * dy);
	if (s->kind == RING)
		return clamp01((s->half - fabsf(d - s->radius)) / soft + 0.5F);
	return clamp01((s->radius - d) / soft + 0.5F);
}

static int bound(float v, int most)
{
	return v < 0 ? 0 : v > (float)most ? most : (int)v;
}

static void paint(struct canvas *c, const struct shape *s, struct ink ink, float alpha)
{
	const uint8_t value[3] = { ink.y, ink.u, ink.v };
	float grow = (s->kind == RECT ? 0 : s->radius + s->half) + 2;
	float far = 4.0F * (float)(c->width + c->height);
	float left = fminf(s->x0, s->x1) - grow, right = fmaxf(s->x0, s->x1) + grow;
	float top = fminf(s->y0, s->y1) - grow, bottom = fmaxf(s->y0, s->y1) + grow;

	if (!(left > -far && right < far && top > -far && bottom < far && alpha > 0))
		return;
	for (int p = 0; p < 3; p++) {
		int sub = p ? 2 : 1, w = c->width / sub, h = c->height / sub;
		int x0 = bound(left / (float)sub, w), x1 = bound(right / (float)sub + 1, w);
		int y0 = bound(top / (float)sub, h), y1 = bound(bottom / (float)sub + 1, h);
		for (int y = y0; y < y1; y++) {
			uint8_t *row = c->plane[p] + (ptrdiff_t)y * c->stride[p];
			for (int x = x0; x < x1; x++) {
				float a = alpha * cover(s, ((float)x + 0.5F) * (float)sub,
							  ((float)y + 0.5F) * (float)sub, (float)sub);
				if (a > 0)
					row[x] = byte((float)row[x] + a * ((float)value[p] - (float)row[x]));
			}
		}
	}
}

void paint_fill(struct canvas *c, struct ink ink)
{
	const uint8_t value[3] = { ink.y, ink.u, ink.v };

	for (int p = 0; p < 3; p++)
		for (int y = 0; y < c->height / (p ? 2 : 1); y++)
			memset(c->plane[p] + (ptrdiff_t)y * c->stride[p], value[p],
				(size_t)(c->width / (p ? 2 : 1)));
}

void paint_rect(struct canvas *c, float x0, float y0, float x1, float y1, struct ink ink, float alpha)
{
	const struct shape s = { RECT, x0, y0, x1, y1, 0, 0 };

	paint(c, &s, ink, alpha);
}

void paint_line(
	struct canvas *c, float x0, float y0, float x1, float y1, float radius, struct ink ink, float alpha)
{
	const struct shape s = { LINE, x0, y0, x1, y1, radius, 0 };

	paint(c, &s, ink, alpha);
}

void paint_ring(
	struct canvas *c, float x, float y, float radius, float half_width, struct ink ink, float alpha)
{
	const struct shape s = { RING, x, y, x, y, radius, half_width };

	paint(c, &s, ink, alpha);
}
