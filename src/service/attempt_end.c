#include "service/attempt_end.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "core/retry.h"

const char *const attempt_outputs[ATTEMPT_OUTPUTS] = {
#define OUTPUT(name, type) name,
#include "service/outputs.def"
#undef OUTPUT
};

static const char *const types[ATTEMPT_OUTPUTS] = {
#define OUTPUT(name, type) type,
#include "service/outputs.def"
#undef OUTPUT
};

/* FREE_ATTEMPTS: of one kind in a row, more than half an hour with the pauses between them: time for an
 * operator to mend the site, and an end to a user's wait. */
enum {
	RESULT_MAX_BYTES = 32 << 20,
	RESULT_MAX_DEPTH = 16,
	FREE_ATTEMPTS = 10,
	PAUSE_MS = 2000,
	PAUSE_MOST_MS = 300000,
	FREE_PAUSE_MS = 5000,
	FREE_PAUSE_MOST_MS = 900000,
};

void attempt_output_key(const char *job, int n, const char *name, char out[BLOB_KEY_BYTES])
{
	snprintf(out, BLOB_KEY_BYTES, "jobs/%s/%d/%s", job, n, name);
}

const char *attempt_output_type(const char *name)
{
	for (unsigned i = 0; i < ATTEMPT_OUTPUTS; i++)
		if (strcmp(attempt_outputs[i], name) == 0)
			return types[i];
	return "application/octet-stream";
}

void job_input_key(const char *job, const struct video *v, char out[BLOB_KEY_BYTES])
{
	char which[16] = "";

	/* What replaces a video has a key of its own: blobs never change under their key. */
	if (v->n > 1)
		snprintf(which, sizeof which, "-%d", v->n);
	snprintf(out, BLOB_KEY_BYTES, "jobs/%s/in/%s%s.%s", job, view_name(v->view), which, v->container);
}

/* "12 hours", "90 minutes" */
static void say_duration(int64_t s, char *out, size_t size)
{
	bool hours = s >= 7200 && s % 3600 == 0, minutes = s >= 120;

	snprintf(out, size, "%lld %s",
		(long long)(hours     ? s / 3600
			    : minutes ? (s + 59) / 60
				      : s),
		hours     ? "hours"
		: minutes ? "minutes"
			  : "seconds");
}

/* Was it the longest walltime there is? The same one is never tried twice. @out gets words for it. */
static int walltime_spent(struct service *s, struct tx *tx, const char *job, const char *kind, char *out,
	size_t size, struct err *e)
{
	char most[32];
	int64_t too_short = 0;

	if (strcmp(kind, "walltime") != 0)
		return 0;
	if (store_walltime_too_short(tx, job, &too_short, e) < 0)
		return -1;
	if (too_short == 0 || too_short < s->opt.walltime_max_s)
		return 0;
	say_duration(s->opt.walltime_max_s, most, sizeof most);
	snprintf(out, size,
		"The analysis did not end within %s, the longest time that one may take here. Shorter videos "
		"may help, or ask the operators to allow more time.",
		most);
	return 1;
}

/* A site's own fault costs no attempt, but must not be asked about every two seconds either. */
static int64_t pause_ms(enum retry_verdict verdict, int failures, int in_a_row)
{
	return verdict == RETRY_FREE
		       ? retry_delay_ms(in_a_row, FREE_PAUSE_MS, FREE_PAUSE_MOST_MS, service_random())
		       : retry_delay_ms(failures, PAUSE_MS, PAUSE_MOST_MS, service_random());
}

int attempt_failed(struct service *s, struct tx *tx, struct job *job, const struct attempt *a,
	const struct attempt_failure *f, int64_t now_ms, struct err *e)
{
	const struct attempt_end end = { .outcome = f->outcome,
		.error_kind = f->kind,
		.error_text = f->text,
		.log = f->log,
		.score = NAN };
	enum retry_verdict verdict = retry_verdict_for(f->kind);
	int failures = job->failures + (verdict == RETRY_COUNTS), in_a_row = 0;
	char text[JOB_TEXT_BYTES], words[JOB_TEXT_BYTES];

	snprintf(words, sizeof words, "%.400s", f->text);
	if (store_attempt_end(tx, a->id, &end, now_ms, e) < 0 ||
		store_attempts_in_a_row(tx, job->id, f->kind, &in_a_row, e) < 0)
		return -1;
	int spent = walltime_spent(s, tx, job->id, f->kind, words, sizeof words, e);
	if (spent < 0)
		return -1;
	bool again = (verdict == RETRY_FREE && in_a_row < FREE_ATTEMPTS) ||
		     (verdict == RETRY_COUNTS && failures < s->opt.max_attempts && !spent);
	snprintf(text, sizeof text, again ? "%.400s Trying again." : "%.400s", words);
	struct job_change c = { .error_kind = f->kind,
		.error_text = words,
		.text = text,
		.failed_attempt = verdict == RETRY_COUNTS };
	if (again) {
		c.to = JOB_QUEUED;
		c.due_ms = now_ms + pause_ms(verdict, failures, in_a_row);
	} else {
		c.to = a->checked_in_ms ? JOB_INFERENCE_ERROR : JOB_SUBMISSION_ERROR;
	}
	/* Only operators can mend their site: it is an error for them also while the job goes on. */
	if (verdict == RETRY_FREE)
		log_event(LOG_ERROR, "site.at_fault", LOG_S("attempt", a->id), LOG_S("kind", f->kind),
			LOG_I("in_a_row", in_a_row), LOG_S("said", f->log));
	log_event(again ? LOG_WARN : LOG_ERROR, "attempt.failed", LOG_S("attempt", a->id),
		LOG_S("kind", f->kind), LOG_S("outcome", f->outcome),
		LOG_S("next", again ? "retry" : "give up"));
	return store_job_change(tx, job, &c, now_ms, e) < 0 ? -1 : 0;
}

/* The parts of result.json that the house itself relies on; schema/result.schema.json has all of it. */
int attempt_read_result(struct strv text, struct attempt_result *ret, struct err *e)
{
	CLEANUP(json_free_p) struct json *root = NULL;

	if (json_parse(text.p, text.n, RESULT_MAX_DEPTH, &root, e) < 0)
		return err_wrap(e, "result.json");
	const struct json *score = json_get(root, "score"), *value = json_get(score, "value");
	if (!json_is_object(score) || !json_is_object(json_get(root, "parameters")) ||
		!json_is_object(json_get(root, "quality")))
		return err_set(e, ERR_CORRUPT, "result.json lacks score, parameters or quality");
	ret->score = json_num(value, NAN);
	if (!json_is_null(value) && !(ret->score >= 0 && ret->score <= 1))
		return err_set(
			e, ERR_CORRUPT, "result.json has a score that is neither null nor from 0 to 1");
	ret->demonstration = json_bool(json_get(json_get(score, "model"), "demonstration"), false);
	return 0;
}

int attempt_collect(struct service *s, const char *job, int n, struct attempt_result *ret, struct err *e)
{
	char key[BLOB_KEY_BYTES];
	struct buf text BUF_CLEANUP;

	*ret = (struct attempt_result){ .score = NAN };
	buf_init(&text, RESULT_MAX_BYTES);
	attempt_output_key(job, n, "result.json", key);
	int r = blob_read_all(s->blob, key, &text, e);
	if (r != 0)
		return r == BLOB_NONE ? STORE_NONE : -1;
	if (attempt_read_result((struct strv){ text.data, text.len }, ret, e) < 0 ||
		sha256_of(text.data, text.len, ret->result_sha256, e) < 0)
		return -1;
	for (unsigned i = 0; i < ATTEMPT_OUTPUTS; i++) {
		struct output *o = &ret->outputs[ret->output_n];
		struct blob_stat st;
		attempt_output_key(job, n, attempt_outputs[i], o->blob_key);
		r = s->blob->ops->stat(s->blob, o->blob_key, &st, e);
		if (r < 0)
			return -1;
		if (r == BLOB_NONE)
			continue;
		snprintf(o->name, sizeof o->name, "%s", attempt_outputs[i]);
		o->bytes = st.bytes;
		memcpy(o->sha256, st.sha256, SHA256_BYTES);
		ret->output_n++;
	}
	return 0;
}

int attempt_complete(struct service *s, struct tx *tx, struct job *job, const struct attempt *a,
	const struct attempt_result *r, int64_t now_ms, struct err *e)
{
	const struct attempt_end end = {
		.outcome = "complete", .result_sha256 = r->result_sha256, .score = r->score
	};
	const struct job_change c = { .to = JOB_COMPLETE,
		.result = true,
		.score = r->score,
		.score_demonstration = r->demonstration,
		.release = release_on_completion(s->opt.release_mode) };

	if (store_attempt_end(tx, a->id, &end, now_ms, e) < 0)
		return -1;
	for (unsigned i = 0; i < r->output_n; i++)
		if (store_output_add(tx, job->id, a->n, &r->outputs[i], e) < 0)
			return -1;
	log_event(LOG_INFO, "attempt.complete", LOG_S("attempt", a->id), LOG_I("outputs", r->output_n));
	return store_job_change(tx, job, &c, now_ms, e) < 0 ? -1 : 0;
}
