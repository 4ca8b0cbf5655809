#include "service/attempt_run.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "store/events.h"

int attempt_run_id_check(const char *run_id, struct err *e)
{
	size_t len = strlen(run_id);

	if (len < 8 || len >= RUN_ID_BYTES ||
		strspn(run_id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != len)
		return err_set(e, ERR_FIELD, "run_id must have 8 to 64 letters, digits and hyphens");
	return 0;
}

int attempt_run_bind(
	struct tx *tx, struct job *job, struct attempt *a, const char *run_id, int64_t now_ms, struct err *e)
{
	const struct job_change c = { .to = JOB_PROCESSING, .phase = PHASE_RUNNING };
	bool news = !*a->run_id;
	int r = store_attempt_bind(tx, a, run_id, now_ms, e);

	if (r != 0)
		return r;
	if ((job->phase == PHASE_STAGING || job->phase == PHASE_SUBMITTED) &&
		store_job_change(tx, job, &c, now_ms, e) < 0)
		return -1;
	if (a->never_runs_ms && store_attempt_never_runs(tx, a->id, 0, e) < 0)
		return -1;
	if (news)
		log_event(LOG_INFO, "attempt.checked_in", LOG_S("attempt", a->id));
	return 0;
}

/* Words for people; a step that is not known here is shown as it is. */
static const char *step_text(const char *step)
{
	static const char *const texts[][2] = { { "download", "Fetching the videos." },
		{ "pose_front", "Finding the body in the front video." },
		{ "pose_side", "Finding the body in the side video." }, { "analyze", "Measuring the walk." },
		{ "overlay_front", "Drawing the steps into the front video." },
		{ "overlay_side", "Drawing the steps into the side video." },
		{ "upload", "Saving the results." } };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strcmp(step, texts[i][0]) == 0)
			return texts[i][1];
	return step;
}

int attempt_run_progress(struct tx *tx, struct job *job, const struct attempt *a, const char *step,
	int percent, int64_t now_ms, struct err *e)
{
	const struct job_change last = { .to = JOB_PROCESSING, .phase = PHASE_FINALIZING };
	size_t len = strlen(step);

	if (len == 0 || len >= sizeof a->step || strspn(step, "abcdefghijklmnopqrstuvwxyz_") != len)
		return err_set(e, ERR_FIELD, "step must have 1 to 23 characters of a-z and _");
	if (percent < 0 || percent > 100)
		return err_set(e, ERR_FIELD, "percent must be from 0 to 100");
	if (store_attempt_progress(tx, a->id, step, percent, now_ms, e) < 0)
		return -1;
	if (strcmp(step, "upload") == 0 && job->phase == PHASE_RUNNING &&
		store_job_change(tx, job, &last, now_ms, e) < 0)
		return -1;
	if ((strcmp(a->step, step) != 0 || a->percent != percent) &&
		(store_job_touch(tx, job, now_ms, e) < 0 ||
			store_event_add(tx, job, "progress", step, percent, step_text(step), now_ms, e) < 0))
		return -1;
	return 0;
}
