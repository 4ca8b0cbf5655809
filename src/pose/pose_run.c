#include "pose/pose_run.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "pose/follow.h"
#include "pose/keypoints_out.h"
#include "pose/meta_out.h"
#include "pose/progress.h"
#include "pose/scan.h"
#include "pose/timeline.h"
#include "pose/video_out.h"

#define MIN_FRAMES   8
#define SCAN_SHARE   0.15 /* of the whole work, for the progress */
#define FOLLOW_SHARE 0.97

struct run {
	const struct pose_options *o;
	char weights[PATH_MAX], name[KEYPOINTS_NAME_BYTES];
	struct progress progress;
	struct video *scanned, *video;
	struct tracks tracks;
	struct track_choice choice;
	struct timeline timeline;
	struct body25 *poses; /* one a source frame */
	struct video_out *out;
	size_t next_slot; /* output frames of the overlay written so far */
	double scale;
	struct pose_cost begun;
};

static double seconds(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct pose_cost pose_cost_since(struct pose_cost begun)
{
	return (struct pose_cost){ seconds(CLOCK_MONOTONIC) - begun.wall_s,
		seconds(CLOCK_PROCESS_CPUTIME_ID) - begun.cpu_s };
}

static void run_deinit(struct run *r)
{
	video_out_close(r->out);
	video_close(r->video);
	video_close(r->scanned);
	tracks_deinit(&r->tracks);
	free(r->poses);
}

/* What an earlier run left must not be taken for this one's. */
static int clear_outputs(struct run *r, struct err *e)
{
	char meta[PATH_MAX];

	if (!r->o->json_dir)
		return 0;
	if (keypoints_clear(r->o->json_dir, r->name, e) < 0 ||
		fsx_join(meta, sizeof meta, r->o->json_dir, "meta.json", e) < 0)
		return -1;
	(void)unlink(meta);
	return 0;
}

static int first_look(struct run *r, struct err *e)
{
	CLEANUP(nn_close_p) struct nn *detector = NULL;
	size_t n;

	if (video_open(r->o->input, &r->o->limits, true, &r->scanned, e) < 0 ||
		weights_load(r->weights, WEIGHTS_DETECTOR, DETECTOR_OUTPUTS, &detector, e) < 0)
		return -1;
	if (scan_video(r->scanned, detector, &r->tracks, &r->progress, e) < 0)
		return err_wrap(e, "%s", r->o->input);
	const double *times = video_times(r->scanned, &n);
	if (n < MIN_FRAMES)
		return err_set(e, ERR_MEDIA, "%s: it has %zu frame%s: a walk needs more", r->o->input, n,
			n == 1 ? "" : "s");
	if (timeline_plan(times, n, r->o->max_fps, &r->timeline, e) < 0)
		return err_wrap(e, "%s", r->o->input);
	return 0;
}

static int choose(struct run *r)
{
	const struct video_info *info = video_info(r->scanned);
	double longest = info->width > info->height ? info->width : info->height;
	double shrink = longest > r->o->limits.working_side ? r->o->limits.working_side / longest : 1;
	double x = r->o->hint_x, y = r->o->hint_y;

	if (x <= 1 && y <= 1) {
		x *= info->width;
		y *= info->height;
	}
	const float hint[2] = { (float)(x * shrink), (float)(y * shrink) };
	return tracks_choose(&r->tracks, r->o->has_hint ? hint : NULL, &r->choice);
}

/* Draw source frame @i into every output frame it is nearest to, and those that a lost frame left open. */
static int draw(struct run *r, const struct image *im, size_t i, struct err *e)
{
	struct canvas c;
	size_t times = 0;

	while (r->next_slot + times < r->timeline.frames &&
		timeline_nearest(&r->timeline, timeline_at(&r->timeline, r->next_slot + times)) <= i)
		times++;
	if (times == 0)
		return 0;
	if (!r->out && video_out_open(r->o->video_file, image_upright_width(im), image_upright_height(im),
			       r->timeline.fps, im->full_range, im->is_bt709, &r->out, e) < 0)
		return -1;
	if (video_out_canvas(r->out, &c, e) < 0)
		return -1;
	overlay_frame(&c, im);
	overlay_skeleton(&c, &r->poses[i]);
	r->next_slot += times;
	return video_out_frame(r->out, times, e);
}

static int follow_one(struct run *r, struct follow *f, const struct video_frame *frame, struct err *e)
{
	size_t i = timeline_nearest(&r->timeline, frame->time_s);
	struct image im;

	if (!timeline_needs(&r->timeline, i))
		return 0;
	if (video_image(r->video, &im, &r->scale, e) < 0 ||
		follow_frame(f, &im, frame->time_s, &r->poses[i], e) < 0)
		return -1;
	progress_show(&r->progress, (double)i / (double)r->timeline.ntimes, SCAN_SHARE, FOLLOW_SHARE);
	return r->o->video_file ? draw(r, &im, i, e) : 0;
}

static int follow_all(struct run *r, struct err *e)
{
	CLEANUP(nn_close_p) struct nn *model = NULL;
	struct follow follow;
	struct video_frame frame;
	int got;

	r->poses = calloc(r->timeline.ntimes, sizeof *r->poses);
	if (!r->poses)
		return err_set(e, ERR_NOMEM, "key points");
	if (video_open(r->o->input, &r->o->limits, false, &r->video, e) < 0 ||
		weights_load(r->weights, r->o->model, LANDMARKS_OUTPUTS, &model, e) < 0)
		return -1;
	follow_init(&follow, model, &r->tracks);
	while ((got = video_next(r->video, &frame, e)) == 0)
		if (follow_one(r, &follow, &frame, e) < 0)
			return err_wrap(e, "%s", r->o->input);
	if (got < 0)
		return err_wrap(e, "%s", r->o->input);
	return 0;
}

static int write_outputs(struct run *r, struct pose_result *ret, struct err *e)
{
	struct pose_meta meta = { .video = video_info(r->video),
		.timeline = &r->timeline,
		.choice = &r->choice,
		.tracks = &r->tracks,
		.track_scale = r->scale,
		.model = r->o->model,
		.decode_errors = video_errors(r->video) };
	double sum = 0;
	size_t points = 0;

	for (size_t k = 0; k < r->timeline.frames; k++) {
		struct body25 b;
		timeline_pose(&r->timeline, r->poses, k, &b);
		meta.frames_with_person += b.found;
		for (int i = 0; b.found && i < BODY25; i++) {
			sum += (double)b.confidence[i];
			points += b.confidence[i] > 0;
		}
		if (r->o->json_dir && keypoints_write(r->o->json_dir, r->name, k, &b, r->scale, e) < 0)
			return -1;
	}
	meta.mean_confidence = points ? sum / (double)points : 0;
	if (r->out && r->next_slot < r->timeline.frames &&
		video_out_frame(r->out, r->timeline.frames - r->next_slot, e) < 0)
		return -1;
	if (r->out && video_out_finish(r->out, e) < 0)
		return -1;
	meta.elapsed_s = pose_cost_since(r->begun).wall_s;
	*ret = (struct pose_result){ .frames = r->timeline.frames,
		.frames_with_person = meta.frames_with_person,
		.fps = r->timeline.fps,
		.several = r->choice.several };
	return r->o->json_dir ? meta_write(r->o->json_dir, &meta, e) : 0;
}

static bool anybody(const struct run *r)
{
	for (size_t i = 0; i < r->timeline.ntimes; i++)
		if (r->poses[i].found)
			return true;
	return false;
}

static int run_steps(struct run *r, struct pose_result *ret, struct err *e)
{
	keypoints_name(r->o->input, r->name);
	if (clear_outputs(r, e) < 0 || first_look(r, e) < 0)
		return -1;
	if (choose(r) == TRACK_NOBODY)
		return POSE_NOBODY;
	if (follow_all(r, e) < 0)
		return -1;
	if (!anybody(r))
		return POSE_NOBODY;
	if (write_outputs(r, ret, e) < 0)
		return -1;
	progress_show(&r->progress, 1, 0, 1);
	return 0;
}

int pose_run(const struct pose_options *o, struct pose_result *ret, struct err *e)
{
	struct run r = { .o = o, .scale = 1, .begun = pose_cost_since((struct pose_cost){ 0 }) };

	if (weights_find(o->weights_dir, r.weights, sizeof r.weights, e) < 0)
		return -1;
	progress_init(&r.progress, o->progress_fd);
	int result = run_steps(&r, ret, e);
	progress_end(&r.progress);
	run_deinit(&r);
	if (result == 0)
		ret->cost = pose_cost_since(r.begun);
	return result;
}

int pose_bench(const struct pose_options *o, int n, struct pose_cost *ret, struct err *e)
{
	CLEANUP(nn_close_p) struct nn *model = NULL;
	char weights[PATH_MAX];
	uint32_t noise = 1;
	int side;

	if (weights_find(o->weights_dir, weights, sizeof weights, e) < 0 ||
		weights_load(weights, o->model, LANDMARKS_OUTPUTS, &model, e) < 0)
		return -1;
	float *in = nn_input(model, &side);
	for (int i = 0; i < side * side * 3; i++) {
		noise = noise * 1664525U + 1013904223U;
		in[i] = (float)(noise >> 8) * 0x1p-24F;
	}
	if (nn_run(model, e) < 0) /* the first touches its memory */
		return -1;
	struct pose_cost begun = pose_cost_since((struct pose_cost){ 0 });
	for (int i = 0; i < n; i++)
		if (nn_run(model, e) < 0)
			return -1;
	*ret = pose_cost_since(begun);
	return 0;
}
