#include "pose/meta_out.h"

#include <limits.h>

#include "base/buf.h"
#include "base/fsx.h"
#include "base/json.h"

#define MAX_FILE_BYTES 65536
#define CUT_OFF_SHARE  0.9 /* of the declared time: less is a cut-off file */
#define SELDOM_SHARE   0.5 /* of the frames */
#define MAX_PEOPLE     16

static void write_flags(struct json_w *w, const struct pose_meta *m)
{
	const struct timeline *tl = m->timeline;
	double extent = (double)tl->frames / tl->fps;
	const struct {
		bool set;
		const char *name;
	} flags[] = {
		{ m->choice->several, "several_people" },
		{ m->choice->hint_used, "subject_hint_used" },
		{ m->choice->hint_missed, "subject_hint_missed" },
		{ (double)m->frames_with_person < SELDOM_SHARE * (double)tl->frames, "person_seldom_seen" },
		{ tl->variable, "variable_frame_rate" },
		{ tl->reduced, "frame_rate_reduced" },
		{ tl->gaps > 0, "frame_gaps" },
		{ m->decode_errors > 0, "damaged" },
		{ extent < CUT_OFF_SHARE * m->video->declared_seconds, "cut_off" },
		{ m->video->mirrored, "mirrored" },
		{ m->video->non_square, "non_square_pixels" },
		{ m->video->scaled, "scaled_down" },
		{ m->video->slowed > 1, "slow_motion" },
	};

	json_w_arr(w, "flags");
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (flags[i].set)
			json_w_str(w, NULL, flags[i].name);
	json_w_arr_end(w);
}

/* Everybody who was seen, so that a user can be asked whom to measure. */
static void write_people(struct json_w *w, const struct pose_meta *m)
{
	size_t written = 0;

	json_w_arr(w, "people");
	for (size_t i = 0; i < m->tracks->n && written < MAX_PEOPLE; i++) {
		const struct track *t = &m->tracks->list[i];
		const struct track_point *first = &t->points[0], *last = &t->points[t->n - 1];
		if (!t->chosen && t->n < 2)
			continue;
		written++;
		json_w_obj(w, NULL);
		json_w_bool(w, "chosen", t->chosen);
		json_w_num(w, "from_s", first->t - m->timeline->start_s, 3);
		json_w_num(w, "to_s", last->t - m->timeline->start_s, 3);
		json_w_num(w, "x", (double)first->d.hip_x * m->track_scale, 1);
		json_w_num(w, "y", (double)first->d.hip_y * m->track_scale, 1);
		json_w_num(w, "height_px", 2 * (double)t->size * m->track_scale, 1);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
}

static void write_source(struct json_w *w, const struct pose_meta *m)
{
	json_w_obj(w, "source");
	json_w_str(w, "container", m->video->container);
	json_w_str(w, "codec", m->video->codec);
	json_w_num(w, "fps", m->timeline->source_fps, 4);
	json_w_int(w, "frames", (int64_t)m->timeline->ntimes);
	json_w_num(w, "start_s", m->timeline->start_s, 4);
	json_w_int(w, "decode_errors", (int64_t)m->decode_errors);
	json_w_obj_end(w);
}

int meta_write(const char *dir, const struct pose_meta *m, struct err *e)
{
	BUF_CLEANUP struct buf text;
	char path[PATH_MAX];
	struct json_w w;

	buf_init(&text, MAX_FILE_BYTES);
	json_w_init(&w, &text);
	json_w_obj(&w, NULL);
	json_w_str(&w, "engine", "gait-pose " GAITD_VERSION);
	json_w_str(&w, "model", weights_name(m->model));
	json_w_str(&w, "model_sha256", weights_sha256(m->model));
	json_w_str(&w, "detector_sha256", weights_sha256(WEIGHTS_DETECTOR));
	json_w_str(&w, "keypoints", "BODY_25");
	json_w_num(&w, "fps", m->timeline->fps, 4);
	json_w_int(&w, "width", m->video->width);
	json_w_int(&w, "height", m->video->height);
	json_w_int(&w, "frames", (int64_t)m->timeline->frames);
	json_w_int(&w, "frames_with_person", (int64_t)m->frames_with_person);
	json_w_num(&w, "mean_confidence", m->mean_confidence, 4);
	json_w_int(&w, "rotation", m->video->rotation);
	json_w_num(&w, "source_fps", m->timeline->source_fps, 4);
	write_flags(&w, m);
	write_people(&w, m);
	write_source(&w, m);
	json_w_num(&w, "elapsed_s", m->elapsed_s, 3);
	json_w_obj_end(&w);
	if (json_w_end(&w, e) < 0 || buf_addc(&text, '\n', e) < 0 ||
		fsx_join(path, sizeof path, dir, "meta.json", e) < 0)
		return -1;
	return fsx_replace(path, text.data, text.len, 0644, e);
}
