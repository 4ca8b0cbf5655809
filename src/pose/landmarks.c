#include "pose/landmarks.h"

#include <string.h>

#include "pose/mathx.h"

#define POINTS       39 /* 33 of the body, two that span the next square, four unused */
#define POINT_VALUES 5  /* x, y, z, visibility, presence */
#define GRID         64 /* heat map */
#define REACH        3
#define MIN_HEAT     0.5F
#define MIN_PRESENCE 0.5F /* MediaPipe's own threshold */

enum { NEXT_CENTRE = 33, NEXT_TOP = 34 };

/* Move (x, y), fractions of the square, to the heat map's centre of mass near it. */
static void refine(const float *heat, int point, float *x, float *y)
{
	int cx = (int)(*x * GRID), cy = (int)(*y * GRID);
	float sum = 0, sum_x = 0, sum_y = 0, most = 0;

	if (!(*x >= 0 && *y >= 0 && cx < GRID && cy < GRID))
		return;
	for (int j = cy - REACH < 0 ? 0 : cy - REACH; j <= cy + REACH && j < GRID; j++) {
		for (int i = cx - REACH < 0 ? 0 : cx - REACH; i <= cx + REACH && i < GRID; i++) {
			float v = sigmoid(heat[(j * GRID + i) * POINTS + point]);
			sum += v;
			sum_x += v * (float)i;
			sum_y += v * (float)j;
			most = fmaxf(most, v);
		}
	}
	if (most >= MIN_HEAT) {
		*x = sum_x / sum / GRID;
		*y = sum_y / sum / GRID;
	}
}

int landmarks_run(
	struct nn *n, const struct image *im, const struct roi *r, struct landmarks *ret, struct err *e)
{
	size_t npoints = 0, npresence = 0, nheat = 0;
	float x[POINTS], y[POINTS];
	int side;
	float *in = nn_input(n, &side);

	image_crop(im, r, side, IMAGE_REPEAT, 1.0F, 0.0F, in);
	if (nn_run(n, e) < 0)
		return -1;
	const float *points = nn_output(n, 0, &npoints), *presence = nn_output(n, 1, &npresence),
		    *heat = nn_output(n, 3, &nheat);
	if (!points || !presence || !heat || npoints != POINTS * POINT_VALUES || npresence != 1 ||
		nheat != (size_t)GRID * GRID * POINTS)
		return err_set(e, ERR_CONFIG, "not a model of pose landmarks");
	ret->presence = isfinite(presence[0]) ? presence[0] : 0;
	for (int i = 0; i <= NEXT_TOP; i++) {
		const float *p = points + (ptrdiff_t)i * POINT_VALUES;
		float u = p[0] / (float)side, v = p[1] / (float)side;

		if (!isfinite(u) || !isfinite(v) || fabsf(u) > 8 || fabsf(v) > 8) {
			ret->presence = 0;
			u = v = 0.5F;
		}
		refine(heat, i, &u, &v);
		roi_to_upright(r, u, v, &x[i], &y[i]);
		if (i < LANDMARKS)
			ret->confidence[i] = sigmoid(p[3]) * sigmoid(p[4]);
	}
	memcpy(ret->x, x, sizeof ret->x);
	memcpy(ret->y, y, sizeof ret->y);
	ret->next = roi_of_body(x[NEXT_CENTRE], y[NEXT_CENTRE], x[NEXT_TOP], y[NEXT_TOP]);
	return 0;
}

bool landmarks_credible(const struct landmarks *l, const struct image *im)
{
	return l->presence >= MIN_PRESENCE && l->next.cx >= 0 && l->next.cy >= 0 &&
	       l->next.cx <= (float)image_upright_width(im) && l->next.cy <= (float)image_upright_height(im);
}

void landmarks_to_body25(const struct landmarks *l, struct body25 *ret)
{
	/* BODY_25's points, each the mean of two of BlazePose's (often the same one). */
	static const int from[BODY25][2] = {
		{ 0, 0 },                               /* nose */
		{ 11, 12 },                             /* neck */
		{ 12, 12 }, { 14, 14 }, { 16, 16 },     /* right shoulder, elbow, wrist */
		{ 11, 11 }, { 13, 13 }, { 15, 15 },     /* left */
		{ 23, 24 },                             /* middle of the hips */
		{ 24, 24 }, { 26, 26 }, { 28, 28 },     /* right hip, knee, ankle */
		{ 23, 23 }, { 25, 25 }, { 27, 27 },     /* left */
		{ 5, 5 }, { 2, 2 }, { 8, 8 }, { 7, 7 }, /* right and left eye, right and left ear */
		{ 31, 31 }, { -1, -1 }, { 29, 29 },     /* left big toe, small toe, heel */
		{ 32, 32 }, { -1, -1 }, { 30, 30 },     /* right */
	};

	memset(ret, 0, sizeof *ret);
	ret->found = true;
	for (int i = 0; i < BODY25; i++) {
		int a = from[i][0], b = from[i][1];
		if (a < 0)
			continue;
		ret->x[i] = (l->x[a] + l->x[b]) / 2;
		ret->y[i] = (l->y[a] + l->y[b]) / 2;
		ret->confidence[i] = fminf(l->confidence[a], l->confidence[b]);
	}
}
