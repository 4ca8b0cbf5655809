#include "pose/detector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pose/mathx.h"

#define MIN_SCORE     0.5F
#define MIN_OVERLAP   0.3F
#define BOX_VALUES    12 /* centre, size, four points */
#define MAX_RAW       256
#define MERGE_ACROSS  0.5F /* of the body's radius: two finds of one person */
#define MERGE_UPWARDS 0.9F

/* Layers of the output: grid cells a side and anchors a cell, for a model of 224 pixels. */
static const struct {
	int cells, anchors;
} layers[] = { { 28, 2 }, { 14, 2 }, { 7, 6 } };

#define ANCHORS (28 * 28 * 2 + 14 * 14 * 2 + 7 * 7 * 6)

struct box { /* all as fractions of the window */
	float score, x0, y0, x1, y1, hip_x, hip_y, top_x, top_y;
};

float detection_size(const struct detection *d)
{
	return hypotf(d->top_x - d->hip_x, d->top_y - d->hip_y);
}

struct roi detection_roi(const struct detection *d)
{
	return roi_of_body(d->hip_x, d->hip_y, d->top_x, d->top_y);
}

static float overlap(const struct box *a, const struct box *b)
{
	float w = fminf(a->x1, b->x1) - fmaxf(a->x0, b->x0), h = fminf(a->y1, b->y1) - fmaxf(a->y0, b->y0);
	float both = fmaxf(0, w) * fmaxf(0, h);
	float all = (a->x1 - a->x0) * (a->y1 - a->y0) + (b->x1 - b->x0) * (b->y1 - b->y0) - both;

	return all > 0 ? both / all : 0;
}

static int surer_first(const void *a, const void *b)
{
	float x = ((const struct box *)a)->score, y = ((const struct box *)b)->score;

	return (x < y) - (x > y);
}

static struct box decode(const float *v, float anchor_x, float anchor_y, float scale, float score)
{
	float cx = v[0] * scale + anchor_x, cy = v[1] * scale + anchor_y, w = v[2] * scale, h = v[3] * scale;

	return (struct box){ score, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, v[4] * scale + anchor_x,
		v[5] * scale + anchor_y, v[6] * scale + anchor_x, v[7] * scale + anchor_y };
}

static int decode_all(const float *boxes, const float *scores, int side, struct box *raw)
{
	const float scale = 1.0F / (float)side;
	int n = 0, i = 0;

	for (size_t l = 0; l < sizeof layers / sizeof layers[0]; l++) {
		int cells = layers[l].cells, per_row = cells * layers[l].anchors;
		for (int k = 0; k < cells * per_row; k++, i++) {
			float score = sigmoid(scores[i]);
			/* not (score >= …) lets NaN fall out as well */
			if (!(score >= MIN_SCORE) || n == MAX_RAW)
				continue;
			int column = k % per_row / layers[l].anchors, row = k / per_row;
			float ax = ((float)column + 0.5F) / (float)cells,
			      ay = ((float)row + 0.5F) / (float)cells;
			raw[n++] = decode(boxes + (ptrdiff_t)i * BOX_VALUES, ax, ay, scale, score);
		}
	}
	return n;
}

/* Boxes that overlap the surest one are one person: their mean, weighted by score. */
static struct box merge_with(const struct box *raw, int n, int first, bool *used)
{
	struct box m = { .score = raw[first].score };
	float total = 0;

	for (int k = first; k < n; k++) {
		if (used[k] || (k != first && overlap(&raw[first], &raw[k]) <= MIN_OVERLAP))
			continue;
		float w = raw[k].score;
		used[k] = true;
		total += w;
		m.hip_x += w * raw[k].hip_x;
		m.hip_y += w * raw[k].hip_y;
		m.top_x += w * raw[k].top_x;
		m.top_y += w * raw[k].top_y;
	}
	m.hip_x /= total;
	m.hip_y /= total;
	m.top_x /= total;
	m.top_y /= total;
	return m;
}

/* A runner's detection comes upside down now and then. Walkers are upright: the size is right, the way is
 * not. */
static void stand_up(struct detection *d)
{
	if (d->top_y <= d->hip_y)
		return;
	d->top_x = 2 * d->hip_x - d->top_x;
	d->top_y = 2 * d->hip_y - d->top_y;
}

int detector_run(struct nn *n, const struct image *im, const struct roi *window,
	struct detection out[DETECTOR_MAX], struct err *e)
{
	struct box raw[MAX_RAW];
	bool used[MAX_RAW] = { false };
	size_t nboxes = 0, nscores = 0;
	int side, found = 0;
	float *in = nn_input(n, &side);

	image_crop(im, window, side, IMAGE_BLACK, 2.0F, -1.0F, in);
	if (nn_run(n, e) < 0)
		return -1;
	const float *boxes = nn_output(n, 0, &nboxes), *scores = nn_output(n, 1, &nscores);
	if (!boxes || !scores || nboxes != ANCHORS * BOX_VALUES || nscores != ANCHORS)
		return err_set(e, ERR_CONFIG, "not a pose detector");
	int nraw = decode_all(boxes, scores, side, raw);
	qsort(raw, (size_t)nraw, sizeof raw[0], surer_first);
	for (int k = 0; k < nraw && found < DETECTOR_MAX; k++) {
		if (used[k])
			continue;
		struct box b = merge_with(raw, nraw, k, used);
		struct detection d = { .score = b.score };
		roi_to_upright(window, b.hip_x, b.hip_y, &d.hip_x, &d.hip_y);
		roi_to_upright(window, b.top_x, b.top_y, &d.top_x, &d.top_y);
		stand_up(&d);
		if (isfinite(d.hip_x + d.hip_y + d.top_x + d.top_y) && detection_size(&d) > 1.0F)
			out[found++] = d;
	}
	return found;
}

/* Two people may stand side by side, but hardly one above the other: a difference in height is rather a body
 * that one window cut off. */
static bool same_person(const struct detection *a, const struct detection *b)
{
	float sa = detection_size(a), sb = detection_size(b), larger = fmaxf(sa, sb);

	return fabsf(a->hip_x - b->hip_x) < MERGE_ACROSS * larger &&
	       fabsf(a->hip_y - b->hip_y) < MERGE_UPWARDS * larger && fminf(sa, sb) > 0.5F * larger;
}

size_t detector_merge(struct detection *all, size_t n, size_t max, const struct detection *more, size_t nmore)
{
	for (size_t i = 0; i < nmore; i++) {
		size_t k = 0;
		while (k < n && !same_person(&all[k], &more[i]))
			k++;
		if (k == n && n < max)
			all[n++] = more[i];
		else if (k < n && more[i].score > all[k].score)
			all[k] = more[i];
	}
	return n;
}
