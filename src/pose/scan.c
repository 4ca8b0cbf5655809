#include "pose/scan.h"

#include <math.h>

#include "pose/progress.h"

#define INTERVAL_S      0.5
#define CALM_INTERVAL_S 1.0 /* one person alone, followed so far without doubt */
#define SURVEY_S        2.0 /* even then everywhere is looked at so often */
#define SURE            0.8F
#define SMALL_SHARE     0.15F /* a body's radius by the longest side: below it the detector is unreliable */
#define WINDOW_RADII    4.5F  /* side of the window round a known person */
#define MAX_FOUND       (2 * DETECTOR_MAX)
#define MIN_TILED       1.2F
#define MAX_TILES       6

struct scan {
	struct nn *detector;
	struct tracks *tracks;
	double next_look, next_survey;
};

static float longest(const struct image *im)
{
	return (float)(im->width > im->height ? im->width : im->height);
}

static int look(struct nn *n, const struct image *im, float cx, float cy, float side, struct detection *all,
	size_t *count, struct err *e)
{
	struct detection found[DETECTOR_MAX];
	struct roi window = { cx, cy, side, 0 };
	int k = detector_run(n, im, &window, found, e);

	if (k < 0)
		return -1;
	*count = detector_merge(all, *count, MAX_FOUND, found, (size_t)k);
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
		if (look(n, im, w > h ? at : w / 2, w > h ? h / 2 : at, shorter, all, count, e) < 0)
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

/* Everybody in the frame. A wide picture is taken in squares of its height: nobody is larger than that, and
 * the whole at once makes people too small for the detector. */
static int survey(struct nn *n, const struct image *im, struct detection *all, size_t *count, struct err *e)
{
	float w = (float)image_upright_width(im), h = (float)image_upright_height(im);

	if (w >= MIN_TILED * h)
		return look_at_tiles(n, im, all, count, e);
	if (look(n, im, w / 2, h / 2, longest(im), all, count, e) < 0)
		return -1;
	return any_large(all, *count, longest(im)) ? 0 : look_at_tiles(n, im, all, count, e);
}

/* Only where the one known person should be. 1: not surely there. */
static int look_again(
	struct scan *s, const struct image *im, double t, struct detection *all, size_t *count, struct err *e)
{
	struct detection known;

	if (t >= s->next_survey || !tracks_alone(s->tracks, t, &known))
		return 1;
	if (look(s->detector, im, known.hip_x, known.hip_y, WINDOW_RADII * detection_size(&known), all, count,
		    e) < 0)
		return -1;
	return *count == 1 && all[0].score > SURE ? 0 : 1;
}

static int sample(struct scan *s, const struct image *im, double t, struct err *e)
{
	struct detection all[MAX_FOUND], unused;
	size_t count = 0;
	int again = look_again(s, im, t, all, &count, e);

	if (again < 0)
		return -1;
	if (again > 0) {
		s->next_survey = t + SURVEY_S;
		if (survey(s->detector, im, all, &count, e) < 0)
			return -1;
	}
	if (tracks_add(s->tracks, t, all, count, e) < 0)
		return -1;
	bool calm = count == 1 && tracks_calm(s->tracks, t) && tracks_alone(s->tracks, t, &unused);
	s->next_look = t + (calm ? CALM_INTERVAL_S : INTERVAL_S);
	return 0;
}

int scan_video(struct video *v, struct nn *detector, struct tracks *ts, struct progress *p, struct err *e)
{
	struct scan s = { detector, ts, -INFINITY, -INFINITY };
	struct video_frame f;
	bool any = false;
	double first = 0;
	int r;

	while ((r = video_next(v, &f, e)) == 0) {
		struct image im;
		double scale;

		if (!any)
			first = f.time_s;
		any = true;
		if (f.time_s < s.next_look)
			continue;
		if (video_image(v, &im, &scale, e) < 0 || sample(&s, &im, f.time_s, e) < 0)
			return -1;
		double whole = video_info(v)->declared_seconds;
		progress_show(p, whole > 0 ? (f.time_s - first) / whole : 0, 0, 0.15);
	}
	if (r < 0)
		return -1;
	return any ? 0 : err_set(e, ERR_MEDIA, "none of its frames can be decoded");
}
