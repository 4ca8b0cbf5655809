#include "pose/gait_analyze_result.h"

#include <time.h>

#include "base/json.h"
#include "gait/result.h"

enum { SCHEMA_VERSION = 2 };

double analyze_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

void analyze_output_deinit(struct analyze_output *o)
{
	analysis_deinit(&o->analysis);
}

static void write_origin(struct json_w *w, const struct analyze_input *in, const struct analysis *a)
{
	json_w_obj(w, "engine");
	json_w_str(w, "analysis", "gaitd " GAITD_VERSION);
	for (enum view i = VIEW_FRONT; i < VIEWS; i++)
		json_w_str(w, i == VIEW_FRONT ? "pose_front" : "pose_side",
			a->view[i].present && a->view[i].engine[0] ? a->view[i].engine : NULL);
	json_w_obj_end(w);
	json_w_obj(w, "inputs");
	for (enum view i = VIEW_FRONT; i < VIEWS; i++) {
		if (!a->view[i].present) {
			json_w_null(w, view_name(i));
			continue;
		}
		json_w_obj(w, view_name(i));
		json_w_str(w, "video_sha256", in->sha256[i]);
		json_w_int(w, "frames", (int64_t)a->view[i].frames);
		json_w_obj_end(w);
	}
	json_w_obj_end(w);
}

static int write_result(const struct analyze_input *in, const struct analysis *a, const struct score *s,
	struct buf *text, struct err *e)
{
	struct json_w w;

	json_w_init(&w, text);
	json_w_obj(&w, NULL);
	json_w_int(&w, "schema", SCHEMA_VERSION);
	score_write(&w, s);
	result_patient(&w, &a->patient);
	result_quality(&w, a);
	result_events(&w, a);
	result_cycles(&w, a);
	result_parameters(&w, a);
	result_curves(&w, a);
	result_profile(&w, a);
	result_texts(&w, a);
	write_origin(&w, in, a);
	json_w_obj_end(&w);
	if (json_w_end(&w, e) < 0 || buf_addc(text, '\n', e) < 0)
		return err_wrap(e, "result");
	return 0;
}

int analyze_result(const struct analyze_input *in, struct model *model, struct analyze_output *ret,
	struct buf *text, struct err *e)
{
	double start = analyze_now_ms(), t;

	if (analyze(in->keys[VIEW_FRONT], in->keys[VIEW_SIDE], &in->patient, &ret->analysis, e) < 0)
		return -1;
	ret->analyse_ms = (t = analyze_now_ms()) - start;
	if (score_make(model, in->allow_demonstration, &ret->analysis, &ret->score, e) < 0)
		return err_wrap(e, "score");
	ret->score_ms = (start = analyze_now_ms()) - t;
	if (write_result(in, &ret->analysis, &ret->score, text, e) < 0)
		return -1;
	ret->write_ms = analyze_now_ms() - start;
	return 0;
}
