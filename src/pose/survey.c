#include "pose/survey.h"

#include <math.h>

#define SMALL_SHARE 0.15F /* a body's radius by the longest side: below it the detector is unreliable */
#define MIN_TILED   1.2F
#define MAX_TILES   6

static float longest(const struct image *im)
{
	return (float)(im->width > im->height ? im->width : im->height);
}

int survey_window(struct nn *detector, const struct image *im, const struct roi *window,
	struct detection *all, size_t *count, struct err *e)
{
	struct detection found[DETECTOR_MAX];
	int k = detector_run(detector, im, window, found, e);

	if (k < 0)
		return -1;
	*count = detector_merge(all, *count, SURVEY_MAX, found, (size_t)k);
	return 0;
}

/* Squares of the short side along the long one, overlapping by half: small people become twice as large. */
static int look_at_tiles(
	struct nn *n, const struct image *im, struct detection *all, size_t *count, struct err *e)
{
	float w = (float)image_upright_width(im), h = (float)image_upright_height(im);
	float longer = fmaxf(w, h), shorter = fminf(w, h);

	if (longer < MIN_TILED * shorter)
		return 0;
	int tiles = (int)ceilf(2 * (longer - shorter) / shorter) + 1;
	tiles = tiles > MAX_TILES ? MAX_TILES : tiles;
	for (int i = 0; i < tiles; i++) {
		float at = shorter / 2 + (longer - shorter) * (float)i / (float)(tiles - 1);
		struct roi window = { w > h ? at : w / 2, w > h ? h / 2 : at, shorter, 0 };
		if (survey_window(n, im, &window, all, count, e) < 0)
			return -1;
	}
	return 0;
}

static bool any_large(const struct detection *d, size_t n, float side)
{
	for (size_t i = 0; i < n; i++)
		if (detection_size(&d[i]) > SMALL_SHARE * side)
			return true;
	return false;
}

int survey_frame(
	struct nn *detector, const struct image *im, struct detection *all, size_t *count, struct err *e)
{
	float w = (float)image_upright_width(im), h = (float)image_upright_height(im);
	struct roi whole = { w / 2, h / 2, longest(im), 0 };

	if (w >= MIN_TILED * h)
		return look_at_tiles(detector, im, all, count, e);
	if (survey_window(detector, im, &whole, all, count, e) < 0)
		return -1;
	return any_large(all, *count, longest(im)) ? 0 : look_at_tiles(detector, im, all, count, e);
}
