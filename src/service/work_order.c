#include "service/work_order.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "service/attempt_end.h"

static int write_inputs(struct service *s, struct json_w *w, const struct attempt *a,
	const struct video *videos, unsigned n, int64_t until_s, struct err *e)
{
	char url[BLOB_URL_BYTES], hex[SHA256_HEX_BYTES], file[16];

	json_w_obj(w, "inputs");
	for (unsigned i = 0; i < n; i++) {
		snprintf(file, sizeof file, "%s.mp4", view_name(videos[i].view));
		if (!a->relay && s->blob->ops->url_get(s->blob, videos[i].blob_key, until_s, url, e) < 0)
			return -1;
		hex_encode(videos[i].sha256, SHA256_BYTES, hex);
		json_w_obj(w, view_name(videos[i].view));
		json_w_str(w, a->relay ? "file" : "url", a->relay ? file : url);
		json_w_str(w, "sha256", hex);
		json_w_int(w, "bytes", videos[i].bytes);
		json_w_str(w, "container", videos[i].container);
		json_w_obj_end(w);
	}
	json_w_obj_end(w);
	return 0;
}

static int write_outputs(
	struct service *s, struct json_w *w, const struct attempt *a, int64_t until_s, struct err *e)
{
	char url[BLOB_URL_BYTES], key[BLOB_KEY_BYTES];

	json_w_obj(w, "outputs");
	for (unsigned i = 0; i < ATTEMPT_OUTPUTS; i++) {
		const char *name = attempt_outputs[i];
		attempt_output_key(a->job, a->n, name, key);
		if (!a->relay && s->blob->ops->url_put(s->blob, key, until_s, OUTPUT_MAX_BYTES, url, e) < 0)
			return -1;
		json_w_obj(w, name);
		json_w_str(w, a->relay ? "file" : "url", a->relay ? name : url);
		json_w_int(w, "max_bytes", OUTPUT_MAX_BYTES);
		json_w_obj_end(w);
	}
	json_w_obj_end(w);
	return 0;
}

static void write_engine(const struct service *s, struct json_w *w, const struct submission *p)
{
	json_w_obj(w, "patient");
	json_w_num(w, "height_cm", p->height_cm, 2);
	json_w_int(w, "age_months", p->age_months);
	json_w_int(w, "age_years", p->age_months / 12);
	json_w_strn(w, "sex", &p->sex, 1);
	json_w_str(w, "walking_aid", *p->walking_aid ? p->walking_aid : NULL);
	json_w_str(w, "orthosis", *p->orthosis ? p->orthosis : NULL);
	json_w_str(w, "footwear", *p->footwear ? p->footwear : NULL);
	json_w_obj_end(w);
	json_w_obj(w, "engine");
	json_w_str(w, "name", s->opt.engine);
	json_w_str(w, "pose_model", s->opt.pose_model);
	json_w_num(w, "max_seconds", s->opt.max_video_s, 1);
	json_w_obj(w, "model");
	json_w_bool(w, "allow_demonstration", s->opt.allow_demonstration);
	json_w_obj_end(w);
	json_w_obj(w, "hints");
	for (int v = 0; v < VIEW_COUNT; v++) {
		char hint[64];
		if (!p->has_hint[v])
			continue;
		snprintf(hint, sizeof hint, "%.2f,%.2f", p->hint_x[v], p->hint_y[v]);
		json_w_str(w, view_name((enum view)v), hint);
	}
	json_w_obj_end(w);
	json_w_obj_end(w);
}

int work_order_write(struct service *s, const struct job *job, const struct attempt *a,
	const struct video *videos, unsigned n, struct buf *order, struct err *e)
{
	struct json_w w;
	char deadline[CLOCK_TEXT_BYTES];
	int64_t walltime_s = a->walltime_s ? a->walltime_s : s->opt.walltime_s;
	int64_t end_ms = a->checked_in_ms + walltime_s * 1000;
	/* URLs outlive the walltime a little: the last upload may begin just before it. */
	int64_t until_s = end_ms / 1000 + s->opt.url_ttl_s;

	clock_rfc3339(end_ms, deadline);
	json_w_init(&w, order);
	json_w_obj(&w, NULL);
	json_w_str(&w, "attempt", a->id);
	json_w_str(&w, "job", job->id);
	if (!a->relay)
		json_w_str(&w, "run_id", a->run_id);
	if (write_inputs(s, &w, a, videos, n, until_s, e) < 0 || write_outputs(s, &w, a, until_s, e) < 0)
		return -1;
	write_engine(s, &w, &job->submission);
	if (!a->relay)
		json_w_str(&w, "deadline", deadline);
	json_w_obj_end(&w);
	return json_w_end(&w, e);
}
