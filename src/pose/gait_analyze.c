/* gait-analyze: key points in, result.json out. Reads files of unknown origin, so it gives up its privileges
 * before it opens the first one. */
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/sandbox.h"
#include "pose/gait_analyze_archive.h"
#include "pose/gait_analyze_options.h"
#include "pose/gait_analyze_read.h"
#include "pose/gait_analyze_reports.h"
#include "pose/gait_analyze_result.h"
#include "pose/gait_analyze_serve.h"
#include "pose/gait_analyze_summary.h"

enum { CPU_S = 300 };
#define MEMORY_MAX (INT64_C(2) << 30)

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
		.max_cpu_s = CPU_S, .max_memory_bytes = MEMORY_MAX, .max_file_bytes = ANALYZE_RESULT_MAX
	};
	KEYPOINTS_CLEANUP struct keypoints front;
	KEYPOINTS_CLEANUP struct keypoints side;
	CLEANUP(model_free_p) struct model *model = NULL;
	ANALYZE_OUTPUT_CLEANUP struct analyze_output out = { 0 };
	BUF_CLEANUP struct buf text;
	struct keypoints *k[VIEWS] = { [VIEW_FRONT] = &front, [VIEW_SIDE] = &side };
	struct analyze_input in = { .patient = o->patient, .allow_demonstration = o->allow_demonstration };
	bool present[VIEWS] = { false };
	double t[4] = { analyze_now_ms() };

	keypoints_init(&front);
	keypoints_init(&side);
	buf_init(&text, ANALYZE_RESULT_MAX);
	if (sandbox_enter(&limits, e) < 0)
		return -1;
	if (read_views(o, k, present, e) < 0)
		return -1;
	for (enum view i = VIEW_FRONT; i < VIEWS; i++) {
		in.keys[i] = present[i] ? k[i] : NULL;
		in.sha256[i] = o->sha256[i];
	}
	t[1] = analyze_now_ms();
	if (o->model_dir && model_open(o->model_dir, &model, e) < 0)
		return err_wrap(e, "model");
	t[2] = analyze_now_ms();
	if (analyze_result(&in, model, &out, &text, e) < 0)
		return -1;
	t[3] = analyze_now_ms();
	if (fsx_replace(o->out, buf_str(&text), text.len, 0644, e) < 0 ||
		report_write(o->report, o->sha256, &out.analysis, &out.score, e) < 0)
		return -1;
	if (o->summary || (!o->no_summary && isatty(STDOUT_FILENO)))
		summary_print(stdout, &out.analysis, &out.score);
	if (o->timing)
		fprintf(stderr, "read %.1f ms, analyse %.1f ms, score %.1f ms, write %.1f ms\n", t[1] - t[0],
			out.analyse_ms, t[2] - t[1] + out.score_ms, out.write_ms + analyze_now_ms() - t[3]);
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
	if (e.kind != ERR_NONE || (o.serve ? serve_run(&o, &e) : run(&o, &e)) < 0) {
		fprintf(stderr, "gait-analyze: %s\n", e.msg);
		return err_exit_code(e.kind);
	}
	return 0;
}
