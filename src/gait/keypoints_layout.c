#include "gait/keypoints_layout.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "gait/keypoints.h"

#define PIXEL_MAX 100000.0 /* far beyond any image; keeps later arithmetic finite */

enum { NONE = -1, MEAN = -2 };

static const struct {
	const char *name;
	size_t points;
} layouts[LAYOUTS] = {
	[LAYOUT_BY_COUNT] = { "", 0 },
	[LAYOUT_BODY_25] = { "body_25", 25 },
	[LAYOUT_BODY_25B] = { "body_25b", 25 },
	[LAYOUT_COCO_18] = { "coco_18", 18 },
	[LAYOUT_COCO_17] = { "coco_17", 17 },
	[LAYOUT_MEDIAPIPE_33] = { "mediapipe_33", 33 },
};

const char layout_names[] = "body_25, body_25b, coco_18, coco_17 or mediapipe_33";

static const int8_t index_of[LAYOUTS][BODY_POINTS] = {
#define POINT(point, b25, b25b, c18, c17, m33) [LAYOUT_BODY_25][point] = (b25),
#include "gait/keypoints_layout.def"
#undef POINT
#define POINT(point, b25, b25b, c18, c17, m33) [LAYOUT_BODY_25B][point] = (b25b),
#include "gait/keypoints_layout.def"
#undef POINT
#define POINT(point, b25, b25b, c18, c17, m33) [LAYOUT_COCO_18][point] = (c18),
#include "gait/keypoints_layout.def"
#undef POINT
#define POINT(point, b25, b25b, c18, c17, m33) [LAYOUT_COCO_17][point] = (c17),
#include "gait/keypoints_layout.def"
#undef POINT
#define POINT(point, b25, b25b, c18, c17, m33) [LAYOUT_MEDIAPIPE_33][point] = (m33),
#include "gait/keypoints_layout.def"
#undef POINT
};

const char *layout_name(enum layout l)
{
	return layouts[l].name;
}

bool layout_of_name(const char *name, enum layout *ret)
{
	for (enum layout l = LAYOUT_BODY_25; l < LAYOUTS; l++)
		if (strcmp(name, layouts[l].name) == 0) {
			*ret = l;
			return true;
		}
	return false;
}

/* Numbers a point, 0 where @count does not fit. */
static size_t stride_of(enum layout l, size_t count)
{
	size_t points = layouts[l].points;

	for (size_t n = 3; n <= (l == LAYOUT_MEDIAPIPE_33 ? 5 : 3); n++)
		if (count == n * points)
			return n;
	return 0;
}

static int find_stride(enum layout *l, size_t count, size_t *ret, struct err *e)
{
	if (*l != LAYOUT_BY_COUNT) {
		*ret = stride_of(*l, count);
		return *ret ? 0
			    : err_set(e, ERR_INVALID, "%zu numbers: not %s, which has 3 × %zu", count,
				      layouts[*l].name, layouts[*l].points);
	}
	for (enum layout i = LAYOUT_BODY_25; i < LAYOUTS; i++)
		if ((*ret = stride_of(i, count)) > 0) {
			*l = i;
			return 0;
		}
	return err_set(e, ERR_INVALID,
		"%zu numbers, which is none of 75 (body_25), 54 (coco_18), 51 (coco_17), 99, 132 and 165 "
		"(mediapipe_33)",
		count);
}

static int take_point(const double *v, size_t stride, size_t at, struct keypoint *ret, struct err *e)
{
	double c = stride == 3 ? v[2] : stride == 4 ? v[3] : v[3] * v[4];

	/* Engines overshoot the image's edge and a confidence of one by a little; more is damage. */
	if (!(fabs(v[0]) <= PIXEL_MAX && fabs(v[1]) <= PIXEL_MAX))
		return err_set(e, ERR_INVALID, "point %zu has no pixel coordinates", at);
	if (!(c >= -0.001 && c <= 2))
		return err_set(e, ERR_INVALID, "point %zu has a confidence outside 0 to 1", at);
	*ret = (struct keypoint){ (float)v[0], (float)v[1], (float)fmin(1, fmax(0, c)) };
	return 0;
}

static struct keypoint mean(const struct keypoint *a, const struct keypoint *b)
{
	if (!(a->c > 0 && b->c > 0))
		return (struct keypoint){ 0 };
	return (struct keypoint){ (a->x + b->x) / 2, (a->y + b->y) / 2, fminf(a->c, b->c) };
}

int layout_map(enum layout *l, const double *v, size_t count, struct person *ret, struct err *e)
{
	struct keypoint p[LAYOUT_MAX_NUMBERS / 3];
	size_t stride;

	if (find_stride(l, count, &stride, e) < 0)
		return -1;
	for (size_t i = 0; i < layouts[*l].points; i++)
		if (take_point(v + i * stride, stride, i, &p[i], e) < 0)
			return -1;
	for (int i = 0; i < BODY_POINTS; i++) {
		int from = index_of[*l][i];
		ret->p[i] = from >= 0 ? p[from] : (struct keypoint){ 0 };
	}
	if (index_of[*l][BODY_NECK] == MEAN)
		ret->p[BODY_NECK] = mean(&ret->p[BODY_L_SHOULDER], &ret->p[BODY_R_SHOULDER]);
	if (index_of[*l][BODY_MID_HIP] == MEAN)
		ret->p[BODY_MID_HIP] = mean(&ret->p[BODY_L_HIP], &ret->p[BODY_R_HIP]);
	return 0;
}
