#include <math.h>
#include <signal.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/sandbox.h"
#include "pose/options.h"
#include "pose/pose_run.h"
#include "pose/replay.h"
#include "pose/video_in.h"

/* gait-pose: video in, key points out. It parses hostile files, so it gives up what it does not need before
 * it reads the first byte. */

#define EXIT_NOBODY      3
#define MAX_MEMORY_BYTES (INT64_C(3) << 30)
#define MAX_FILE_BYTES   (INT64_C(4) << 30)
#define BENCH_ROUNDS     3
#define CPU_PER_SECOND   60 /* of video: the heavy model at 60 frames a second takes 3 */

static int fail(const struct err *e)
{
	(void)fprintf(stderr, "gait-pose: %s: %s\n", err_title(e->kind), e->msg);
	return err_exit_code(e->kind);
}

static void print_result(const struct pose_result *r)
{
	printf("%zu frames at %.4g fps, the walker in %zu of them, %.1f s%s\n", r->frames, r->fps,
		r->frames_with_person, r->cost.wall_s,
		r->several ? "; several people: the choice is a guess, see --subject_hint" : "");
}

static void keep_least(struct pose_cost *least, struct pose_cost c, double per)
{
	least->wall_s = fmin(least->wall_s, c.wall_s / per);
	least->cpu_s = fmin(least->cpu_s, c.cpu_s / per);
}

/* The model alone and the whole run in turns, the quickest of each: other work on the machine only ever adds.
 * Speed is wall time; the processor's time stands beside it. */
static int bench(const struct pose_options *o, struct err *e)
{
	struct pose_cost model = { INFINITY, INFINITY }, engine = model, c;
	struct pose_result r = { 0 };
	int n = o->bench_model / BENCH_ROUNDS + 1;

	for (int i = 0; i < BENCH_ROUNDS; i++) {
		if (pose_bench(o, n, &c, e) < 0)
			return -1;
		keep_least(&model, c, n);
		int result = o->input ? pose_run(o, &r, e) : 0;
		if (result != 0)
			return result;
		keep_least(&engine, r.cost, (double)r.frames);
	}
	printf("{\"model\":\"%s\",\"runs\":%d,\"model_ms\":%.3f,\"model_cpu_ms\":%.3f",
		weights_name(o->model), n * BENCH_ROUNDS, model.wall_s * 1000, model.cpu_s * 1000);
	if (o->input)
		printf(",\"frames\":%zu,\"engine_ms\":%.3f,\"engine_cpu_ms\":%.3f,\"ratio\":%.3f,\"cpu_"
		       "ratio\":%.3f",
			r.frames, engine.wall_s * 1000, engine.cpu_s * 1000, model.wall_s / engine.wall_s,
			model.cpu_s / engine.cpu_s);
	printf("}\n");
	return 0;
}

/* Nothing is decoded but what finding the stream needs. What the file does not say is 0. */
static int describe(const struct pose_options *o, struct err *e)
{
	CLEANUP(video_close_p) struct video *v = NULL;

	if (video_open(o->input, &o->limits, true, &v, e) < 0)
		return -1;
	const struct video_info *i = video_info(v);
	printf("{\"seconds\":%.3f,\"frames\":%.0f}\n", i->declared_seconds,
		ceil(i->declared_seconds * fmin(i->declared_fps, o->max_fps)));
	return 0;
}

static int run(const struct pose_options *o, struct err *e)
{
	struct pose_result r;

	if (o->describe)
		return describe(o, e);

	if (o->bench_model)
		return bench(o, e);
	int result = o->read_dir ? replay_run(o, &r, e) : pose_run(o, &r, e);
	if (result == 0)
		print_result(&r);
	return result;
}

int main(int argc, char **argv)
{
	struct pose_options o;
	struct err e = { 0 };

	if (options_parse(argc, argv, &o, &e) < 0)
		return fail(&e);
	if (o.help || o.version) {
		(void)fputs(o.help ? options_help() : "gait-pose " GAITD_VERSION "\n", stdout);
		return 0;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	struct sandbox limits = { .max_cpu_s = 60 + (int64_t)(o.limits.max_seconds * CPU_PER_SECOND),
		.max_memory_bytes = MAX_MEMORY_BYTES,
		.max_file_bytes = MAX_FILE_BYTES };
	if (sandbox_enter(&limits, &e) < 0)
		return fail(&e);
	video_init();
	int result = run(&o, &e);
	if (result == POSE_NOBODY) {
		(void)fprintf(stderr, "gait-pose: no walking person was found in %s\n", o.input);
		return EXIT_NOBODY;
	}
	return result < 0 ? fail(&e) : 0;
}
