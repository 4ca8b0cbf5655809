#include "pose/follow.h"

#include <math.h>
#include <string.h>

#define BEFORE_S   1.2  /* tried so long before a track begins */
#define AFTER_S    1.5  /* followed so long after it ends: half out of the picture the detector is blind */
#define MAX_DRIFT  0.6F /* in radii of the body */
#define MAX_GROWTH 2.2F /* of the body against its track */

void follow_init(struct follow *f, struct nn *model, const struct tracks *tracks)
{
	*f = (struct follow){ .model = model, .tracks = tracks, .agreed_s = -INFINITY };
}

static bool of_like_size(const struct landmarks *l, const struct detection *d)
{
	float radius = l->next.side / 2.5F, size = detection_size(d);

	return radius < MAX_GROWTH * size && size < MAX_GROWTH * radius;
}

/* Are these points where the tracks know the walker to be at this time, or up to @beyond_s outside theirs? */
static bool agrees(const struct follow *f, double t, double beyond_s, const struct landmarks *l)
{
	struct detection d;

	return track_at(f->tracks, t, beyond_s, &d) && of_like_size(l, &d) &&
	       hypotf(l->next.cx - d.hip_x, l->next.cy - d.hip_y) < MAX_DRIFT * detection_size(&d);
}

/* May they be the walker all the same? Outside the tracks' time, or where a single detection was wrong,
 * following from frame to frame is the better witness for a while; not where somebody else is. */
static bool may_be(const struct follow *f, double t, const struct landmarks *l)
{
	struct detection d;

	return track_at(f->tracks, t, AFTER_S, &d) && of_like_size(l, &d) && t - f->agreed_s < AFTER_S &&
	       !track_is_other(f->tracks, t, l->next.cx, l->next.cy, l->next.side / 2.5F);
}

static int run_roi(
	struct follow *f, const struct image *im, const struct roi *r, struct landmarks *l, struct err *e)
{
	if (landmarks_run(f->model, im, r, l, e) < 0)
		return -1;
	return landmarks_credible(l, im) ? 0 : FOLLOW_NOBODY;
}

static int accept(struct follow *f, const struct landmarks *l, struct body25 *ret)
{
	f->has_roi = true;
	f->roi = l->next;
	landmarks_to_body25(l, ret);
	return 0;
}

int follow_frame(struct follow *f, const struct image *im, double t, struct body25 *ret, struct err *e)
{
	struct landmarks own, fresh;
	struct detection d;
	int own_r = f->has_roi ? run_roi(f, im, &f->roi, &own, e) : FOLLOW_NOBODY;

	memset(ret, 0, sizeof *ret);
	if (own_r < 0)
		return -1;
	if (own_r == 0 && agrees(f, t, 0, &own)) {
		f->agreed_s = t;
		return accept(f, &own, ret);
	}
	/* Lost, or not where the detector saw the walker: set the square anew. */
	double beyond_s = own_r == 0 ? 0 : BEFORE_S;
	if (track_at(f->tracks, t, beyond_s, &d)) {
		struct roi seed = detection_roi(&d);
		int r = run_roi(f, im, &seed, &fresh, e);
		if (r < 0)
			return -1;
		if (r == 0 && agrees(f, t, beyond_s, &fresh)) {
			f->agreed_s = t;
			return accept(f, &fresh, ret);
		}
	}
	if (own_r == 0 && may_be(f, t, &own))
		return accept(f, &own, ret);
	f->has_roi = false;
	return FOLLOW_NOBODY;
}
