#include "pose/replay.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/json.h"
#include "gait/person.h"
#include "pose/annotate.h"
#include "pose/keypoints_out.h"
#include "pose/overlay.h"
#include "pose/progress.h"
#include "pose/timeline.h"
#include "pose/video_in.h"
#include "pose/video_out.h"

#define META_MAX_DEPTH 16
#define LOOK_SHARE     0.1 /* of the whole work, for the progress */

struct replay {
	const struct pose_options *o;
	struct progress progress;
	struct video *scanned, *video;
	struct timeline timeline;
	struct keypoints keys;
	struct person_choice who;
	struct marks marks;
	struct video_out *out;
	size_t next, with_person; /* output frame; frames with the walker so far */
	bool by_source;           /* key points are one a source frame, whatever its time: OpenPose's */
	int picture_height;
};

static void replay_deinit(struct replay *r)
{
	video_out_close(r->out);
	video_close(r->video);
	video_close(r->scanned);
	keypoints_deinit(&r->keys);
	free(r->who.of_frame);
	marks_deinit(&r->marks);
}

/* All frames' times, at little cost: frames that no other needs are not decoded. */
static int look(struct replay *r, struct err *e)
{
	const struct pose_options *o = r->o;
	struct video_frame frame;
	size_t n;
	int got;

	if (video_open(o->input, &o->limits, true, &r->scanned, e) < 0)
		return -1;
	double whole = video_info(r->scanned)->declared_seconds;
	while ((got = video_next(r->scanned, &frame, e)) == 0)
		progress_show(&r->progress, whole > 0 ? frame.time_s / whole : 0, 0, LOOK_SHARE);
	const double *times = video_times(r->scanned, &n);
	return got < 0 || timeline_plan(times, n, o->max_fps, &r->timeline, e) < 0
		       ? err_wrap(e, "%s", o->input)
		       : 0;
}

static int read_meta(struct replay *r, struct buf *text, int64_t *ret_frames, struct err *e)
{
	CLEANUP(json_free_p) struct json *root = NULL;
	char path[PATH_MAX];

	if (fsx_join(path, sizeof path, r->o->read_dir, "meta.json", e) < 0 ||
		fsx_read_file(path, text, e) < 0)
		return -1;
	if (keypoints_meta(&r->keys, buf_str(text), text->len, e) < 0 ||
		json_parse(text->data, text->len, META_MAX_DEPTH, &root, e) < 0)
		return err_wrap(e, "%s", path);
	*ret_frames = json_int(json_get(root, "frames"), 0);
	if (*ret_frames < 1 || *ret_frames > KEYPOINTS_MAX_FRAMES)
		return err_set(e, ERR_INVALID, "%s: it does not say how many frames there are", path);
	return 0;
}

static int read_frame(struct replay *r, const char *name, int64_t frame, struct buf *text, struct err *e)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/%s_%012lld_keypoints.json", r->o->read_dir, name,
		    (long long)frame) >= (int)sizeof path)
		return err_set(e, ERR_INVALID, "the path of a key point file is too long");
	buf_reset(text);
	if (fsx_read_file(path, text, e) < 0)
		return e->kind == ERR_NOT_FOUND ? keypoints_add_empty(&r->keys, e) : -1;
	return keypoints_add(&r->keys, buf_str(text), text->len, e) < 0 ? err_wrap(e, "%s", path) : 0;
}

/* As the engine wrote them for this video; frames that it left out are frames without people. */
static int read_keys(struct replay *r, struct err *e)
{
	BUF_CLEANUP struct buf text;
	char name[KEYPOINTS_NAME_BYTES];
	int64_t frames;

	buf_init(&text, KEYPOINTS_MAX_TEXT);
	keypoints_name(r->o->input, name);
	if (read_meta(r, &text, &frames, e) < 0)
		return -1;
	for (int64_t k = 0; k < frames; k++)
		if (read_frame(r, name, k, &text, e) < 0)
			return -1;
	const struct timeline *tl = &r->timeline;
	r->by_source = r->keys.frames != tl->frames && r->keys.frames == tl->ntimes;
	return person_choose(&r->keys, &r->who, e);
}

/* The walker in frame @k of the key points, in the working picture. */
static void pose_of(const struct replay *r, size_t k, float scale, struct body25 *ret)
{
	int32_t i = k < r->keys.frames ? r->who.of_frame[k] : -1;

	*ret = (struct body25){ .found = i >= 0 };
	for (int p = 0; p < BODY25 && i >= 0; p++) {
		const struct keypoint *from = &r->keys.person[i].p[p];
		ret->x[p] = scale * from->x;
		ret->y[p] = scale * from->y;
		ret->confidence[p] = from->c;
	}
}

static int open_out(struct replay *r, const struct image *im, struct err *e)
{
	int w = image_upright_width(im) & ~1, h = image_upright_height(im) & ~1;

	if (r->out)
		return 0;
	r->picture_height = h;
	return video_out_open(r->o->video_file, w, h + annotate_band_height(w, h), r->timeline.fps,
		im->full_range, im->is_bt709, &r->out, e);
}

/* The rows of @c from @top on. */
static struct canvas part_of(const struct canvas *c, int top, int height)
{
	struct canvas part = *c;

	for (int p = 0; p < 3; p++)
		part.plane[p] += (ptrdiff_t)(p ? top / 2 : top) * c->stride[p];
	part.height = height;
	return part;
}

/* One output frame, which shows source frame @i. */
static int draw(struct replay *r, const struct image *im, double image_scale, size_t i, struct err *e)
{
	const struct video_info *info = video_info(r->video);
	double fps = r->keys.fps > 0 ? r->keys.fps : r->timeline.fps;
	double to_picture = (r->keys.width > 0 ? (double)info->width / r->keys.width : 1) / image_scale;
	size_t k = r->by_source ? i : r->next;
	struct canvas whole;
	struct body25 b;

	if (open_out(r, im, e) < 0 || video_out_canvas(r->out, &whole, e) < 0)
		return -1;
	struct canvas picture = part_of(&whole, 0, r->picture_height);
	struct canvas band = part_of(&whole, r->picture_height, whole.height - r->picture_height);
	pose_of(r, k, (float)to_picture, &b);
	r->with_person += b.found;
	overlay_frame(&picture, im);
	overlay_skeleton(&picture, &b);
	annotate_body(&picture, &b, &r->marks, (double)k / fps, 1 / fps);
	annotate_band(&band, &r->marks, (double)k / fps, (double)r->keys.frames / fps);
	r->next++;
	return video_out_frame(r->out, 1, e);
}

/* Source frame @i into every output frame that it is nearest to. */
static int draw_all_of(struct replay *r, size_t i, struct err *e)
{
	const struct timeline *tl = &r->timeline;
	struct image im;
	double scale;

	if (r->next >= tl->frames || timeline_nearest(tl, timeline_at(tl, r->next)) > i)
		return 0;
	if (video_image(r->video, &im, &scale, e) < 0)
		return -1;
	while (r->next < tl->frames && timeline_nearest(tl, timeline_at(tl, r->next)) <= i)
		if (draw(r, &im, scale, i, e) < 0)
			return -1;
	return 0;
}

static int draw_video(struct replay *r, struct err *e)
{
	const struct timeline *tl = &r->timeline;
	struct video_frame frame;
	int got;

	if (video_open(r->o->input, &r->o->limits, false, &r->video, e) < 0)
		return -1;
	while ((got = video_next(r->video, &frame, e)) == 0) {
		size_t i = timeline_nearest(tl, frame.time_s);
		if (draw_all_of(r, i, e) < 0)
			return err_wrap(e, "%s", r->o->input);
		progress_show(&r->progress, (double)i / (double)tl->ntimes, LOOK_SHARE, 1);
	}
	if (got < 0)
		return err_wrap(e, "%s", r->o->input);
	if (!r->out)
		return err_set(e, ERR_MEDIA, "%s: no frame of it can be shown", r->o->input);
	/* What a damaged end leaves open. */
	if (r->next < tl->frames && video_out_frame(r->out, tl->frames - r->next, e) < 0)
		return -1;
	return video_out_finish(r->out, e);
}

int replay_run(const struct pose_options *o, struct pose_result *ret, struct err *e)
{
	struct replay r = { .o = o };
	struct pose_cost begun = pose_cost_since((struct pose_cost){ 0 });

	keypoints_init(&r.keys);
	progress_init(&r.progress, o->progress_fd);
	int result = look(&r, e);
	if (result == 0)
		result = read_keys(&r, e);
	if (result == 0)
		result = marks_read(o->events_file, o->view, &r.marks, e);
	if (result == 0)
		result = draw_video(&r, e);
	if (result == 0) {
		progress_show(&r.progress, 1, 0, 1);
		*ret = (struct pose_result){ .frames = r.timeline.frames,
			.frames_with_person = r.with_person,
			.fps = r.timeline.fps,
			.several = r.who.ambiguous,
			.cost = pose_cost_since(begun) };
	}
	progress_end(&r.progress);
	replay_deinit(&r);
	return result;
}
