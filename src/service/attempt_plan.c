#include "service/attempt_plan.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fsx.h"
#include "base/json.h"
#include "base/log.h"
#include "service/attempt_end.h"

/* MOST_FPS: gait-pose thins faster videos to it. */
enum { MOST_FPS = 60, DESCRIBE_MS = 10000, DESCRIBE_MAX_BYTES = 4096 };

static const int64_t describe_memory_bytes = INT64_C(2) << 30;

int64_t video_describe(struct service *s, const char *path)
{
	char seconds[32];
	const char *argv[] = { s->opt.pose_path, "--describe", "--input", path, "--max_seconds", seconds,
		NULL };
	const struct child_spec spec = { .argv = argv,
		.in_fd = -1,
		.out_fd = -1,
		.err_fd = -1,
		.max_cpu_s = DESCRIBE_MS / 1000,
		.max_memory_bytes = describe_memory_bytes,
		.no_new_privs = true,
		.die_with_parent = true };
	struct child_end end;
	struct buf said BUF_CLEANUP;
	CLEANUP(json_free_p) struct json *root = NULL;
	int64_t most = (int64_t)ceil(s->opt.max_video_s) * MOST_FPS;

	buf_init(&said, DESCRIBE_MAX_BYTES);
	if (!s->opt.pose_path || !*s->opt.pose_path || !fsx_exists(s->opt.pose_path))
		return 0;
	snprintf(seconds, sizeof seconds, "%.1f", s->opt.max_video_s);
	if (child_run(&spec, DESCRIBE_MS, &said, NULL, &end, NULL) < 0 || !end.exited || end.code != 0 ||
		json_parse(said.data, said.len, 4, &root, NULL) < 0)
		return 0;
	int64_t frames = json_int(json_get(root, "frames"), 0);
	return frames < 0 ? 0 : frames < most ? frames : most;
}

/* @ret_known: 0 where the frames of one are not known. @ret_most: at least as many as they can have. */
static int count_frames(struct service *s, struct tx *tx, const char *job, int64_t *ret_known,
	int64_t *ret_most, struct err *e)
{
	struct video videos[VIEW_COUNT];
	bool known = true;
	unsigned n;

	if (store_job_videos(tx, job, videos, &n, e) < 0)
		return -1;
	*ret_most = 0;
	for (unsigned i = 0; i < n; i++) {
		known = known && videos[i].frames > 0;
		*ret_most +=
			videos[i].frames > 0 ? videos[i].frames : (int64_t)(s->opt.max_video_s * MOST_FPS);
	}
	*ret_known = known ? *ret_most : 0;
	return 0;
}

int attempt_plan(struct service *s, struct tx *tx, struct attempt *a, struct err *e)
{
	const struct walltime_limits limits = { .startup_s = s->opt.startup_s,
		.first_s = s->opt.walltime_s,
		.min_s = s->opt.walltime_min_s,
		.max_s = s->opt.walltime_max_s };
	CLEANUP(free_p) struct walltime_sample *samples = calloc(WALLTIME_SAMPLES, sizeof *samples);
	int64_t most = 0, too_short = 0;
	unsigned n = 0;

	if (a->walltime_s)
		return 0;
	if (!samples)
		return err_set(e, ERR_NOMEM, "walltime");
	snprintf(a->engine, sizeof a->engine, "%s", s->opt.engine);
	if (count_frames(s, tx, a->job, &a->frames, &most, e) < 0 ||
		store_walltime_samples(tx, a->engine, samples, WALLTIME_SAMPLES, &n, e) < 0 ||
		store_walltime_too_short(tx, a->job, &too_short, e) < 0)
		return -1;
	double pace = walltime_learn(samples, n);
	if (walltime_choose(&limits, most, pace, too_short, &a->walltime_s) != 0)
		return PLAN_EXHAUSTED;
	if (store_attempt_plan(tx, a, e) < 0)
		return -1;
	log_event(LOG_INFO, "attempt.planned", LOG_S("attempt", a->id), LOG_I("walltime_s", a->walltime_s),
		LOG_I("frames", a->frames), LOG_I("learned_from", isnan(pace) ? 0 : n));
	return 0;
}

int attempt_plan_or_end(struct service *s, struct attempt *a, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct job job;
	const struct attempt_failure f = { .kind = "walltime",
		.outcome = "error",
		.log = "not submitted: the longest walltime was not enough before",
		.text = "The analysis took longer than it is allowed to." };

	if (a->walltime_s)
		return 0;
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0)
		return -1;
	int r = attempt_plan(s, tx, a, e);
	if (r == PLAN_EXHAUSTED &&
		(store_job_get(tx, a->job, &job, e) != 0 ||
			(job.state == JOB_PROCESSING && job.attempt == a->n &&
				attempt_failed(s, tx, &job, a, &f, clock_wall_ms(), e) < 0)))
		return -1;
	if (r < 0 || store_commit(&tx, e) < 0)
		return -1;
	if (r == PLAN_EXHAUSTED)
		wake_poke(&s->notifier);
	return r;
}
