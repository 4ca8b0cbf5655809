/* gait-analyze: key points in, result.json out. Reads files of unknown origin, so it gives up its privileges
 * before it opens the first one. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/json.h"
#include "base/sandbox.h"
#include "gait/analyze.h"
#include "gait/result.h"
#include "pose/gait_analyze_archive.h"
#include "pose/gait_analyze_options.h"
#include "pose/gait_analyze_read.h"
#include "pose/gait_analyze_reports.h"
#include "pose/gait_analyze_summary.h"
#include "score/score.h"

enum { RESULT_MAX = 64 << 20, CPU_S = 300, SCHEMA_VERSION = 2 };
#define MEMORY_MAX (INT64_C(2) << 30)

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void write_origin(struct json_w *w, const struct options *o, const struct analysis *a)
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
		json_w_str(w, "video_sha256", o->sha256[i]);
		json_w_int(w, "frames", (int64_t)a->view[i].frames);
		json_w_obj_end(w);
	}
	json_w_obj_end(w);
}

static int write_result(
	const struct options *o, const struct analysis *a, const struct score *s, struct err *e)
{
	BUF_CLEANUP struct buf text;
	struct json_w w;

	buf_init(&text, RESULT_MAX);
	json_w_init(&w, &text);
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
	write_origin(&w, o, a);
	json_w_obj_end(&w);
	if (json_w_end(&w, e) < 0 || buf_addc(&text, '\n', e) < 0)
		return err_wrap(e, "result");
	return fsx_replace(o->out, buf_str(&text), text.len, 0644, e);
}

static int judge(const struct options *o, const struct analysis *a, struct score *ret, struct err *e)
{
	CLEANUP(model_free_p) struct model *model = NULL;

	if (o->model_dir && model_open(o->model_dir, &model, e) < 0)
		return err_wrap(e, "model");
	return score_make(model, o->allow_demonstration, a, ret, e) < 0 ? err_wrap(e, "score") : 0;
}

static int read_views(
	const struct options *o, struct keypoints *const k[VIEWS], bool ret_present[VIEWS], struct err *e)
{
	for (enum view i = VIEW_FRONT; i < VIEWS; i++)
		k[i]->layout = o->layout;
	if (o->archive)
		return analyze_read_archive(o->archive, o->fps, k, ret_present, e);
	for (enum view i = VIEW_FRONT; i < VIEWS; i++) {
		ret_present[i] = o->dir[i] != NULL;
		if (o->dir[i] && analyze_read(o->dir[i], o->fps, k[i], e) < 0)
			return -1;
	}
	return 0;
}

static int run(const struct options *o, struct err *e)
{
	static const struct sandbox limits = {
		.max_cpu_s = CPU_S, .max_memory_bytes = MEMORY_MAX, .max_file_bytes = RESULT_MAX
	};
	KEYPOINTS_CLEANUP struct keypoints front;
	KEYPOINTS_CLEANUP struct keypoints side;
	ANALYSIS_CLEANUP struct analysis a = { 0 };
	struct score score;
	struct keypoints *k[VIEWS] = { [VIEW_FRONT] = &front, [VIEW_SIDE] = &side };
	bool present[VIEWS] = { false };
	double t[5] = { now_ms() };

	keypoints_init(&front);
	keypoints_init(&side);
	if (sandbox_enter(&limits, e) < 0)
		return -1;
	if (read_views(o, k, present, e) < 0)
		return -1;
	t[1] = now_ms();
	if (analyze(present[VIEW_FRONT] ? &front : NULL, present[VIEW_SIDE] ? &side : NULL, &o->patient, &a,
		    e) < 0)
		return -1;
	t[2] = now_ms();
	if (judge(o, &a, &score, e) < 0)
		return -1;
	t[3] = now_ms();
	if (write_result(o, &a, &score, e) < 0 || report_write(o->report, o->sha256, &a, &score, e) < 0)
		return -1;
	t[4] = now_ms();
	if (o->summary || (!o->no_summary && isatty(STDOUT_FILENO)))
		summary_print(stdout, &a, &score);
	if (o->timing)
		fprintf(stderr, "read %.1f ms, analyse %.1f ms, score %.1f ms, write %.1f ms\n", t[1] - t[0],
			t[2] - t[1], t[3] - t[2], t[4] - t[3]);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o;
	struct err e = { 0 };

	if (options_parse(argc, argv, &o, &e) == 0 && o.help) {
		fputs(options_help, stdout);
		return 0;
	}
	if (e.kind != ERR_NONE || run(&o, &e) < 0) {
		fprintf(stderr, "gait-analyze: %s\n", e.msg);
		return err_exit_code(e.kind);
	}
	return 0;
}
