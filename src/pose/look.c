#include "pose/look.h"

#include <math.h>
#include <string.h>

#include "pose/survey.h"

#define SAME_WAY  0.6F /* in radii of the body: nearer than that a find is the one who is followed */
#define BYSTANDER 0.4F /* of the followed one's size: smaller people are far away */

void look_init(struct look *l, struct nn *detector, struct nn *model)
{
	*l = (struct look){ .detector = detector, .model = model };
}

static int points(
	struct look *l, const struct image *im, const struct roi *r, struct landmarks *ret, struct err *e)
{
	if (landmarks_run(l->model, im, r, ret, e) < 0)
		return -1;
	l->has_roi = landmarks_credible(ret, im);
	l->roi = ret->next;
	return 0;
}

/* Whom somebody films is the largest who is surely a person. */
static size_t largest(const struct detection *all, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (detection_size(&all[i]) * all[i].score > detection_size(&all[best]) * all[best].score)
			best = i;
	return best;
}

static int count_others(const struct look *l, const struct detection *all, size_t n)
{
	float radius = l->roi.side / 2.5F;
	int others = 0;

	for (size_t i = 0; i < n; i++)
		others += detection_size(&all[i]) > BYSTANDER * radius &&
			  hypotf(all[i].hip_x - l->roi.cx, all[i].hip_y - l->roi.cy) > SAME_WAY * radius;
	return others;
}

int look_frame(
	struct look *l, const struct image *im, bool everywhere, struct look_result *ret, struct err *e)
{
	struct detection all[SURVEY_MAX];
	struct landmarks found;
	struct roi r = l->roi;
	size_t n = 0;

	memset(ret, 0, sizeof *ret);
	if (l->has_roi && points(l, im, &r, &found, e) < 0)
		return -1;
	if ((!l->has_roi || everywhere) && survey_frame(l->detector, im, all, &n, e) < 0)
		return -1;
	if (!l->has_roi && n > 0) {
		r = detection_roi(&all[largest(all, n)]);
		if (points(l, im, &r, &found, e) < 0)
			return -1;
		everywhere = true;
	}
	if (!l->has_roi)
		return 0;
	if (everywhere)
		l->others = count_others(l, all, n);
	landmarks_to_body25(&found, &ret->body);
	ret->people = 1 + l->others;
	return 0;
}
