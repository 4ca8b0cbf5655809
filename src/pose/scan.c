#include "pose/scan.h"

#include <math.h>

#include "pose/progress.h"
#include "pose/survey.h"

#define INTERVAL_S      0.5
#define CALM_INTERVAL_S 1.0 /* one person alone, followed so far without doubt */
#define SURVEY_S        2.0 /* even then everywhere is looked at so often */
#define SURE            0.8F
#define WINDOW_RADII    4.5F /* side of the window round a known person */

struct scan {
	struct nn *detector;
	struct tracks *tracks;
	double next_look, next_survey;
};

/* Only where the one known person should be. 1: not surely there. */
static int look_again(
	struct scan *s, const struct image *im, double t, struct detection *all, size_t *count, struct err *e)
{
	struct detection known;

	if (t >= s->next_survey || !tracks_alone(s->tracks, t, &known))
		return 1;
	struct roi window = { known.hip_x, known.hip_y, WINDOW_RADII * detection_size(&known), 0 };
	if (survey_window(s->detector, im, &window, all, count, e) < 0)
		return -1;
	return *count == 1 && all[0].score > SURE ? 0 : 1;
}

static int sample(struct scan *s, const struct image *im, double t, struct err *e)
{
	struct detection all[SURVEY_MAX], unused;
	size_t count = 0;
	int again = look_again(s, im, t, all, &count, e);

	if (again < 0)
		return -1;
	if (again > 0) {
		s->next_survey = t + SURVEY_S;
		if (survey_frame(s->detector, im, all, &count, e) < 0)
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
