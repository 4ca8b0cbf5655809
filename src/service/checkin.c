#include "service/checkin.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strv.h"
#include "core/token.h"
#include "service/attempt_end.h"
#include "store/events.h"

enum { OUTPUT_MAX_BYTES = 1 << 30 };

int attempt_authenticate(
	struct tx *tx, const char *attempt, const char *token, struct attempt *ret, struct err *e)
{
	uint8_t hash[SHA256_BYTES];
	char job[ID_BYTES];
	int n, r = STORE_NONE;

	if (attempt_id_split(attempt, job, &n))
		r = store_attempt_get(tx, attempt, ret, e);
	if (r < 0 || token_hash(token, hash, e) < 0)
		return -1;
	if (r == STORE_NONE || !secret_equal(hash, ret->token_sha256, SHA256_BYTES))
		return err_set(e, ERR_NOT_FOUND, "no such attempt");
	return 0;
}

int attempt_current(const struct job *job, const struct attempt *a, struct err *e)
{
	if (a->ended_ms || job->attempt != a->n || job->state != JOB_PROCESSING)
		return err_set(e, ERR_CONFLICT, "this attempt is over");
	if (job->cancel_requested)
		return err_set(e, ERR_CONFLICT, "the job is being cancelled");
	return 0;
}

int attempt_key_open(struct service *s, const char *key, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char id[ATTEMPT_ID_BYTES];
	struct attempt a;
	struct job job;

	/* "jobs/<job>/<n>/<name>" */
	const char *n = str_starts(key, "jobs/") ? strchr(key + 5, '/') : NULL;
	const char *name = n ? strchr(n + 1, '/') : NULL;
	if (!name || snprintf(id, sizeof id, "%.*s-%.*s", (int)(n - key - 5), key + 5, (int)(name - n - 1),
			     n + 1) >= (int)sizeof id)
		return err_set(e, ERR_CONFLICT, "this is no output of an attempt");
	if (store_begin(s->store, STORE_READ, &tx, e) < 0)
		return -1;
	int r = store_attempt_get(tx, id, &a, e);
	if (r == 0)
		r = store_job_get(tx, a.job, &job, e);
	if (r != 0)
		return r < 0 ? -1 : err_set(e, ERR_CONFLICT, "this is no output of an attempt");
	return attempt_current(&job, &a, e);
}

static int run_id_ok(const char *run_id, struct err *e)
{
	size_t len = strlen(run_id);

	if (len < 8 || len >= RUN_ID_BYTES ||
		strspn(run_id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != len)
		return err_set(e, ERR_FIELD, "run_id must have 8 to 64 letters, digits and hyphens");
	return 0;
}

static int order_inputs(struct service *s, struct json_w *w, const struct video *videos, unsigned n,
	int64_t until_s, struct err *e)
{
	char url[BLOB_URL_BYTES], hex[SHA256_HEX_BYTES];

	json_w_obj(w, "inputs");
	for (unsigned i = 0; i < n; i++) {
		if (s->blob->ops->url_get(s->blob, videos[i].blob_key, until_s, url, e) < 0)
			return -1;
		hex_encode(videos[i].sha256, SHA256_BYTES, hex);
		json_w_obj(w, view_name(videos[i].view));
		json_w_str(w, "url", url);
		json_w_str(w, "sha256", hex);
		json_w_int(w, "bytes", videos[i].bytes);
		json_w_str(w, "container", videos[i].container);
		json_w_obj_end(w);
	}
	json_w_obj_end(w);
	return 0;
}

static int order_outputs(
	struct service *s, struct json_w *w, const struct job *job, int64_t until_s, struct err *e)
{
	char url[BLOB_URL_BYTES], key[BLOB_KEY_BYTES];

	json_w_obj(w, "outputs");
	for (unsigned i = 0; i < attempt_output_count; i++) {
		attempt_output_key(job->id, job->attempt, attempt_outputs[i], key);
		if (s->blob->ops->url_put(s->blob, key, until_s, OUTPUT_MAX_BYTES, url, e) < 0)
			return -1;
		json_w_obj(w, attempt_outputs[i]);
		json_w_str(w, "url", url);
		json_w_int(w, "max_bytes", OUTPUT_MAX_BYTES);
		json_w_obj_end(w);
	}
	json_w_obj_end(w);
	return 0;
}

static void order_engine(const struct service *s, struct json_w *w, const struct submission *p)
{
	json_w_obj(w, "patient");
	json_w_num(w, "height_cm", p->height_cm, 2);
	json_w_int(w, "age_months", p->age_months);
	json_w_int(w, "age_years", p->age_months / 12);
	json_w_strn(w, "sex", &p->sex, 1);
	json_w_obj_end(w);
	json_w_obj(w, "engine");
	json_w_str(w, "name", s->opt.engine);
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

static int write_order(struct service *s, const struct job *job, const struct attempt *a,
	const struct video *videos, unsigned n, struct buf *order, struct err *e)
{
	struct json_w w;
	char deadline[CLOCK_TEXT_BYTES];
	int64_t end_ms = a->checked_in_ms + s->opt.walltime_s * 1000;
	/* URLs outlive the walltime a little: the last upload may begin just before it. */
	int64_t until_s = end_ms / 1000 + s->opt.url_ttl_s;

	clock_rfc3339(end_ms, deadline);
	json_w_init(&w, order);
	json_w_obj(&w, NULL);
	json_w_str(&w, "attempt", a->id);
	json_w_str(&w, "job", job->id);
	json_w_str(&w, "run_id", a->run_id);
	if (order_inputs(s, &w, videos, n, until_s, e) < 0 || order_outputs(s, &w, job, until_s, e) < 0)
		return -1;
	order_engine(s, &w, &job->submission);
	json_w_str(&w, "deadline", deadline);
	json_w_obj_end(&w);
	return json_w_end(&w, e);
}

/* Begin a write transaction with the attempt and its job, both checked. */
static int open_attempt(struct service *s, const char *attempt, const char *token, struct tx **tx,
	struct attempt *a, struct job *job, struct err *e)
{
	if (store_begin(s->store, STORE_WRITE, tx, e) < 0 ||
		attempt_authenticate(*tx, attempt, token, a, e) < 0)
		return -1;
	if (store_job_get(*tx, a->job, job, e) != 0)
		return err_set(e, ERR_NOT_FOUND, "no such attempt");
	return attempt_current(job, a, e);
}

int checkin(struct service *s, const char *attempt, const char *token, const char *run_id, struct buf *order,
	struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct attempt a;
	struct job job;
	struct video videos[VIEW_COUNT];
	unsigned n;
	int64_t now = clock_wall_ms();
	const struct job_change c = { .to = JOB_PROCESSING, .phase = PHASE_RUNNING };

	if (run_id_ok(run_id, e) < 0 || open_attempt(s, attempt, token, &tx, &a, &job, e) < 0)
		return -1;
	int r = store_attempt_bind(tx, &a, run_id, now, e);
	if (r == STORE_NONE)
		return err_set(e, ERR_CONFLICT, "another run of this attempt checked in first");
	bool first = job.phase == PHASE_STAGING || job.phase == PHASE_SUBMITTED;
	if (r < 0 || (first && store_job_change(tx, &job, &c, now, e) < 0) ||
		store_job_videos(tx, job.id, videos, &n, e) < 0 || store_commit(&tx, e) < 0)
		return -1;
	if (n != VIEW_COUNT)
		return err_set(e, ERR_CORRUPT, "job %s lacks a video", job.id);
	log_event(LOG_INFO, "attempt.checked_in", LOG_S("attempt", a.id));
	return write_order(s, &job, &a, videos, n, order, e);
}

/* Words for people; a step that is not known here is shown as it is. */
static const char *step_text(const char *step)
{
	static const char *const texts[][2] = { { "download", "Fetching the videos." },
		{ "pose_front", "Finding the body in the front video." },
		{ "pose_side", "Finding the body in the side video." }, { "analyze", "Measuring the walk." },
		{ "upload", "Saving the results." } };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strcmp(step, texts[i][0]) == 0)
			return texts[i][1];
	return step;
}

int heartbeat(struct service *s, const char *attempt, const char *token, const char *run_id, const char *step,
	int percent, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct attempt a;
	struct job job;
	size_t len = strlen(step);
	int64_t now = clock_wall_ms();

	if (len == 0 || len > 23 || strspn(step, "abcdefghijklmnopqrstuvwxyz_") != len)
		return err_set(e, ERR_FIELD, "step must have 1 to 23 characters of a-z and _");
	if (percent < 0 || percent > 100)
		return err_set(e, ERR_FIELD, "percent must be from 0 to 100");
	if (run_id_ok(run_id, e) < 0 || open_attempt(s, attempt, token, &tx, &a, &job, e) < 0)
		return -1;
	if (strcmp(a.run_id, run_id) != 0)
		return err_set(e, ERR_CONFLICT, "another run of this attempt checked in");
	if (store_attempt_progress(tx, a.id, step, percent, now, e) < 0)
		return -1;
	const struct job_change last = { .to = JOB_PROCESSING, .phase = PHASE_FINALIZING };
	if (strcmp(step, "upload") == 0 && job.phase == PHASE_RUNNING &&
		store_job_change(tx, &job, &last, now, e) < 0)
		return -1;
	if ((strcmp(a.step, step) != 0 || a.percent != percent) &&
		(store_job_touch(tx, &job, now, e) < 0 ||
			store_event_add(tx, &job, "progress", step, percent, step_text(step), now, e) < 0))
		return -1;
	return store_commit(&tx, e);
}
