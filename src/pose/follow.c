#include "pose/follow.h"

#include <math.h>
#include <string.h>

#define MIN_PRESENCE 0.5F /* MediaPipe's own threshold */
#define BEFORE_S     1.2  /* tried so long before a track begins */
#define AFTER_S      1.5  /* followed so long after it ends: half out of the picture the detector is blind */
#define MAX_DRIFT    0.6F /* in radii of the body */
#define MAX_GROWTH   2.2F /* of the body against its track */

void follow_init(struct follow *f, struct nn *model, const struct tracks *tracks)
{
	*f = (struct follow){ .model = model, .tracks = tracks };
}

/* Do these points belong to the walker of the tracks, as far as they know at this time? */
static bool is_walker(const struct follow *f, const struct image *im, double t, const struct landmarks *l)
{
	float x = l->next.cx, y = l->next.cy, radius = l->next.side / 2.5F;
	struct detection d;

	if (x < 0 || y < 0 || x > (float)image_upright_width(im) || y > (float)image_upright_height(im))
		return false;
	if (track_at(f->tracks, t, 0, &d)) {
		float size = detection_size(&d);
		return hypotf(x - d.hip_x, y - d.hip_y) < MAX_DRIFT * size && radius < MAX_GROWTH * size &&
		       size < MAX_GROWTH * radius;
	}
	if (!track_at(f->tracks, t, AFTER_S, &d))
		return false;
	float size = detection_size(&d);
	return radius < MAX_GROWTH * size && size < MAX_GROWTH * radius &&
	       !track_is_other(f->tracks, t, x, y, radius);
}

static int try_roi(struct follow *f, const struct image *im, double t, const struct roi *r,
	struct landmarks *l, struct err *e)
{
	f->runs++;
	if (landmarks_run(f->model, im, r, l, e) < 0)
		return -1;
	return l->presence >= MIN_PRESENCE && is_walker(f, im, t, l) ? 0 : FOLLOW_NOBODY;
}

int follow_frame(struct follow *f, const struct image *im, double t, struct body25 *ret, struct err *e)
{
	struct landmarks l;
	struct detection d;
	int r = FOLLOW_NOBODY;

	memset(ret, 0, sizeof *ret);
	if (f->has_roi)
		r = try_roi(f, im, t, &f->roi, &l, e);
	if (r == FOLLOW_NOBODY && track_at(f->tracks, t, BEFORE_S, &d)) {
		struct roi seed = detection_roi(&d);
		f->reseeded++;
		r = try_roi(f, im, t, &seed, &l, e);
	}
	f->has_roi = r == 0;
	if (r != 0)
		return r;
	f->roi = l.next;
	landmarks_to_body25(&l, ret);
	return 0;
}
