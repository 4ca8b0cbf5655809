#include <math.h>
#include <string.h>

#include "pose/kernels.h"

/* Convolutions, where nearly all the time goes. A filter is packed in panels of eight output channels, the
 * bias first: a tile of four pixels by one panel then stays in eight vector registers while it runs along the
 * channels. */

typedef float v4f __attribute__((vector_size(16), aligned(4)));
typedef int32_t v4i __attribute__((vector_size(16), aligned(4)));

enum { TILE = 4 };

struct range {
	v4f lo, hi;
};

static v4f splat(float v)
{
	return (v4f){ v, v, v, v };
}

static struct range range_of(enum tfl_activation a)
{
	return (struct range){ splat(a == TFL_LINEAR ? -INFINITY : 0.0F),
		splat(a == TFL_RELU6 ? 6.0F : INFINITY) };
}

static inline v4f pick(v4i which, v4f yes, v4f no)
{
	return (v4f)((which & (v4i)yes) | (~which & (v4i)no));
}

static inline v4f bounded(v4f v, struct range r)
{
	v = pick(v < r.lo, r.lo, v);
	return pick(v > r.hi, r.hi, v);
}

static inline v4f load(const float *p)
{
	return *(const v4f *)(const void *)p;
}

static inline void store(float *p, v4f v, int n)
{
	if (n >= 4) {
		*(v4f *)(void *)p = v;
		return;
	}
	for (int i = 0; i < n; i++)
		p[i] = v[i];
}

static int panels(const struct tfl_tensor *w, enum tfl_code code)
{
	return ((code == TFL_CONV ? w->dims[0] : w->dims[3]) + KERNEL_PANEL - 1) / KERNEL_PANEL;
}

/* Values that one output channel is the sum of. */
static size_t depth(const struct tfl_tensor *w, enum tfl_code code)
{
	return (size_t)w->dims[1] * (size_t)w->dims[2] * (code == TFL_CONV ? (size_t)w->dims[3] : 1);
}

size_t kernel_packed_count(enum tfl_code code, const struct tfl_tensor *w)
{
	return (depth(w, code) + 1) * (size_t)panels(w, code) * KERNEL_PANEL;
}

size_t kernel_scratch_count(const struct tfl_tensor *w)
{
	return TILE * depth(w, TFL_CONV);
}

void kernel_pack(enum tfl_code code, const struct tfl_tensor *w, const struct tfl_tensor *bias, float *out)
{
	const int channels = code == TFL_CONV ? w->dims[0] : w->dims[3];
	const size_t n = depth(w, code);

	for (int first = 0; first < channels; first += KERNEL_PANEL) {
		for (size_t k = 0; k <= n; k++, out += KERNEL_PANEL) {
			for (int i = 0; i < KERNEL_PANEL; i++) {
				int c = first + i;
				if (c >= channels)
					out[i] = 0;
				else if (k == 0)
					out[i] = bias ? bias->values[c] : 0;
				else
					out[i] = w->values[code == TFL_CONV
								   ? (size_t)c * n + k - 1
								   : (k - 1) * (size_t)channels + (size_t)c];
			}
		}
	}
}

/* Four pixels by eight channels. */
static inline void multiply(const float *const a[TILE], size_t n, const float *panel, struct range r,
	float *const y[TILE], int wanted)
{
	v4f s0 = load(panel), t0 = load(panel + 4), s1 = s0, t1 = t0, s2 = s0, t2 = t0, s3 = s0, t3 = t0;
	const float *a0 = a[0], *a1 = a[1], *a2 = a[2], *a3 = a[3];

	for (size_t k = 0; k < n; k++) {
		panel += KERNEL_PANEL;
		v4f w = load(panel), v = load(panel + 4);
		v4f p0 = splat(a0[k]), p1 = splat(a1[k]), p2 = splat(a2[k]), p3 = splat(a3[k]);
		s0 += p0 * w;
		t0 += p0 * v;
		s1 += p1 * w;
		t1 += p1 * v;
		s2 += p2 * w;
		t2 += p2 * v;
		s3 += p3 * w;
		t3 += p3 * v;
	}
	const v4f s[TILE] = { s0, s1, s2, s3 }, t[TILE] = { t0, t1, t2, t3 };
	for (int i = 0; i < TILE && y[i]; i++) {
		store(y[i], bounded(s[i], r), wanted);
		if (wanted > 4)
			store(y[i] + 4, bounded(t[i], r), wanted - 4);
	}
}

/* Where a window that belongs to output @at begins; negative in the padding. */
static int begin(const struct tfl_op *op, int size, int filter, int stride, int dilation, int at)
{
	int before = 0, after = 0;

	if (op->same_padding)
		tfl_same_padding(size, (filter - 1) * dilation + 1, stride, &before, &after);
	return at * stride - before;
}

/* The pixels below one window, in one row. */
static void gather(const struct tfl_op *op, const struct tfl_tensor *w, struct kernel_image x, int oy, int ox,
	float *out)
{
	const int height = x.shape->dims[1], width = x.shape->dims[2], channels = x.shape->dims[3];
	const size_t bytes = (size_t)channels * sizeof *out;
	int top = begin(op, height, w->dims[1], op->stride_h, op->dilation_h, oy);
	int left = begin(op, width, w->dims[2], op->stride_w, op->dilation_w, ox);

	for (int i = 0; i < w->dims[1]; i++) {
		int row = top + i * op->dilation_h;
		for (int k = 0; k < w->dims[2]; k++, out += channels) {
			int column = left + k * op->dilation_w;
			if (row < 0 || row >= height || column < 0 || column >= width)
				memset(out, 0, bytes);
			else
				memcpy(out,
					x.values + ((size_t)row * (size_t)width + (size_t)column) *
							   (size_t)channels,
					bytes);
		}
	}
}

void kernel_conv(const struct tfl_op *op, const struct tfl_tensor *w, struct kernel_image x,
	const float *packed, const struct tfl_tensor *y_shape, float *scratch, float *y)
{
	const size_t n = depth(w, TFL_CONV);
	const int width = y_shape->dims[2], channels = y_shape->dims[3], pixels = y_shape->dims[1] * width;
	const bool pointwise = n == (size_t)x.shape->dims[3] && op->stride_h == 1 && op->stride_w == 1;
	const struct range r = range_of(op->activation);

	for (int first = 0; first < pixels; first += TILE) {
		const float *a[TILE];
		float *out[TILE];

		for (int i = 0; i < TILE; i++) {
			int p = first + i < pixels ? first + i
						   : first; /* beyond the end: again, and not stored */
			out[i] = first + i < pixels ? y + (size_t)p * (size_t)channels : NULL;
			a[i] = pointwise ? x.values + (size_t)p * n : scratch + (size_t)i * n;
			if (!pointwise)
				gather(op, w, x, p / width, p % width, scratch + (size_t)i * n);
		}
		const float *panel = packed;
		for (int c = 0; c < channels; c += KERNEL_PANEL, panel += (n + 1) * KERNEL_PANEL) {
			float *const to[TILE] = { out[0] + c, out[1] ? out[1] + c : NULL,
				out[2] ? out[2] + c : NULL, out[3] ? out[3] + c : NULL };
			multiply(a, n, panel, r, to, channels - c);
		}
	}
}

/* One output pixel's window: which of its rows and columns lie inside the image. */
struct window {
	int top, left, row0, row1, column0, column1;
};

static struct window window_at(
	const struct tfl_op *op, const struct tfl_tensor *w, const struct tfl_tensor *x, int oy, int ox)
{
	struct window v = { begin(op, x->dims[1], w->dims[1], op->stride_h, op->dilation_h, oy),
		begin(op, x->dims[2], w->dims[2], op->stride_w, op->dilation_w, ox), 0, w->dims[1], 0,
		w->dims[2] };

	while (v.row0 < v.row1 && v.top + v.row0 * op->dilation_h < 0)
		v.row0++;
	while (v.row1 > v.row0 && v.top + (v.row1 - 1) * op->dilation_h >= x->dims[1])
		v.row1--;
	while (v.column0 < v.column1 && v.left + v.column0 * op->dilation_w < 0)
		v.column0++;
	while (v.column1 > v.column0 && v.left + (v.column1 - 1) * op->dilation_w >= x->dims[2])
		v.column1--;
	return v;
}

/* Channels come one input channel each; where an input channel has several, one by one. */
static void depthwise_several(const struct tfl_op *op, const struct tfl_tensor *w, struct kernel_image x,
	const struct window *v, const float *packed, struct range r, float *y)
{
	const int channels = w->dims[3], in = x.shape->dims[3], each = channels / in;
	const size_t n = depth(w, TFL_DEPTHWISE);

	for (int c = 0; c < channels; c++) {
		const float *filter =
			packed + (size_t)(c / KERNEL_PANEL) * (n + 1) * KERNEL_PANEL + c % KERNEL_PANEL;
		float sum = filter[0];
		for (int i = v->row0; i < v->row1; i++) {
			for (int k = v->column0; k < v->column1; k++) {
				size_t at = (size_t)(v->top + i * op->dilation_h) * (size_t)x.shape->dims[2] +
					    (size_t)(v->left + k * op->dilation_w);
				sum += x.values[at * (size_t)in + (size_t)(c / each)] *
				       filter[(size_t)(1 + i * w->dims[2] + k) * KERNEL_PANEL];
			}
		}
		store(y + c, bounded(splat(sum), r), 1);
	}
}

/* Up to eight channels of one pixel. */
static inline void depthwise_panel(const struct tfl_op *op, int filter_w, struct kernel_image x,
	const struct window *v, const float *panel, int wanted, v4f sum[2])
{
	const int channels = x.shape->dims[3], width = x.shape->dims[2];

	sum[0] = load(panel);
	sum[1] = load(panel + 4);
	for (int i = v->row0; i < v->row1; i++) {
		const float *row =
			x.values + ((ptrdiff_t)(v->top + i * op->dilation_h) * width + v->left) * channels;
		const float *f = panel + (ptrdiff_t)(1 + i * filter_w) * KERNEL_PANEL;
		for (int k = v->column0; k < v->column1; k++) {
			const float *p = row + (ptrdiff_t)k * op->dilation_w * channels;
			float part[KERNEL_PANEL] = { 0 };
			if (wanted < KERNEL_PANEL) {
				for (int c = 0; c < wanted; c++)
					part[c] = p[c];
				p = part;
			}
			sum[0] += load(p) * load(f + (ptrdiff_t)k * KERNEL_PANEL);
			sum[1] += load(p + 4) * load(f + (ptrdiff_t)k * KERNEL_PANEL + 4);
		}
	}
}

void kernel_depthwise(const struct tfl_op *op, const struct tfl_tensor *w, struct kernel_image x,
	const float *packed, const struct tfl_tensor *y_shape, float *y)
{
	const size_t panel_count = (depth(w, TFL_DEPTHWISE) + 1) * KERNEL_PANEL;
	const int channels = y_shape->dims[3];
	const struct range r = range_of(op->activation);

	for (int oy = 0; oy < y_shape->dims[1]; oy++) {
		for (int ox = 0; ox < y_shape->dims[2]; ox++, y += channels) {
			struct window v = window_at(op, w, x.shape, oy, ox);
			if (channels != x.shape->dims[3]) {
				depthwise_several(op, w, x, &v, packed, r, y);
				continue;
			}
			const float *panel = packed;
			for (int c = 0; c < channels; c += KERNEL_PANEL, panel += panel_count) {
				struct kernel_image part = { x.shape, x.values + c };
				v4f sum[2];
				depthwise_panel(op, w->dims[2], part, &v, panel, channels - c, sum);
				store(y + c, bounded(sum[0], r), channels - c);
				if (channels - c > 4)
					store(y + c + 4, bounded(sum[1], r), channels - c - 4);
			}
		}
	}
}
