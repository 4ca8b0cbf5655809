#include "service/reaper.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strv.h"
#include "service/attempt_end.h"
#include "service/jobs.h"

enum {
	ROUND = 256,          /* attempts a round */
	STRIKES_FINISHED = 2, /* rounds that a finished attempt's own callback may still take */
	STRIKES_LOST = 4,     /* rounds without a sign of life before it is believed lost */
};

static int strike(struct service *s, const struct attempt *a, int strikes, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	if (a->strikes == strikes)
		return 0;
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_attempt_strikes(tx, a->id, strikes, e) < 0)
		return -1;
	return store_commit(&tx, e);
}

/* The words for an attempt that ended without a callback. */
static void explain(const struct cluster_status *st, struct attempt_failure *f)
{
	f->outcome = st->has_outcome ? "error" : "lost";
	f->log = st->detail;
	if (st->has_outcome && *st->error_kind) {
		f->kind = st->error_kind;
		f->text = *st->error_text ? st->error_text : "The analysis failed.";
	} else if (st->has_outcome) {
		f->kind = "result_missing";
		f->text = "The analysis ended without a result.";
	} else {
		f->kind = "lost";
		f->text = "The computer that analysed the videos stopped unexpectedly.";
	}
}

/* Over, and the callback did not come: from its result where that lies in the store, else as a failure. */
static int end_attempt(
	struct service *s, const struct attempt *seen, const struct cluster_status *st, struct err *e)
{
	struct attempt_result result;
	struct attempt_failure f;
	struct attempt a;
	struct job job;
	char hex[SHA256_HEX_BYTES];
	int64_t now = clock_wall_ms();

	int found = attempt_collect(s, seen->job, seen->n, &result, e);
	if (found < 0 && e->kind != ERR_CORRUPT && e->kind != ERR_INVALID)
		return -1;
	if (found == 0)
		hex_encode(result.result_sha256, SHA256_BYTES, hex);
	/* A result counts only where the attempt says it is whole. */
	bool whole =
		found == 0 && st->has_outcome && st->exit_code == 0 && strcmp(st->result_sha256, hex) == 0;
	explain(st, &f);
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || store_attempt_get(tx, seen->id, &a, e) != 0 ||
		store_job_get(tx, a.job, &job, e) != 0)
		return -1;
	if (a.ended_ms || job.attempt != a.n || job.state != JOB_PROCESSING || job.cancel_requested)
		return 0;
	log_event(LOG_WARN, "reaper.ends", LOG_S("attempt", a.id), LOG_S("how", whole ? "result" : f.kind),
		LOG_S("detail", st->detail));
	int r = whole ? attempt_complete(tx, &job, &a, &result, now, e)
		      : attempt_failed(s, tx, &job, &a, &f, now, e);
	if (r < 0 || store_commit(&tx, e) < 0)
		return -1;
	wake_poke(&s->worker);
	wake_poke(&s->notifier);
	return 0;
}

/* An attempt that has ended for us and on the cluster: keep its last lines, remove what it left. */
static int forget(struct service *s, const struct attempt *a, struct err *e)
{
	struct buf log BUF_CLEANUP;

	buf_init(&log, ATTEMPT_LOG_BYTES - 1);
	if (s->cluster->ops->log(s->cluster, a->id, &log, e) < 0 ||
		s->cluster->ops->forget(s->cluster, a->id, e) < 0)
		return -1;
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	const char *text =
		str_is_clean_utf8(buf_str(&log), log.len) ? buf_str(&log) : "(the log is not text)";
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_attempt_forgotten(tx, a->id, text, clock_wall_ms(), e) < 0)
		return -1;
	return store_commit(&tx, e);
}

static int judge(struct service *s, const struct attempt *a, const struct cluster_status *st, struct err *e)
{
	switch (st->state) {
	case CLUSTER_QUEUED:
	case CLUSTER_RUNNING:
		/* A cancelled one that still runs: the cancel did not reach it, or it ignores it. */
		if (a->ended_ms && strcmp(a->outcome, "cancelled") == 0)
			return s->cluster->ops->cancel(s->cluster, a->id, e);
		return strike(s, a, 0, e);
	case CLUSTER_FINISHED:
		if (a->ended_ms)
			return forget(s, a, e);
		if (a->strikes + 1 < STRIKES_FINISHED + (st->has_outcome ? 0 : 1))
			return strike(s, a, a->strikes + 1, e);
		return end_attempt(s, a, st, e);
	case CLUSTER_UNKNOWN:
		if (st->untold)
			return 0;
		if (a->ended_ms && a->strikes + 1 >= STRIKES_LOST)
			return forget(s, a, e);
		if (a->strikes + 1 < STRIKES_LOST)
			return strike(s, a, a->strikes + 1, e);
		return a->ended_ms ? 0 : end_attempt(s, a, st, e);
	}
	return 0;
}

static int look_at_attempts(struct service *s, struct err *e)
{
	CLEANUP(free_p) struct attempt *open = calloc(ROUND, sizeof *open);
	CLEANUP(free_p) struct cluster_status *st = calloc(ROUND, sizeof *st);
	unsigned n = 0;
	int failed = 0;

	if (!open || !st)
		return err_set(e, ERR_NOMEM, "reaper");
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(s->store, STORE_READ, &tx, e) < 0 ||
			store_attempts_open(tx, open, ROUND, &n, e) < 0)
			return -1;
	}
	if (n == 0)
		return 0;
	for (unsigned i = 0; i < n; i++)
		snprintf(st[i].attempt, sizeof st[i].attempt, "%s", open[i].id);
	/* A cluster that cannot be asked says nothing about its attempts. */
	if (s->cluster->ops->status(s->cluster, st, n, e) < 0)
		return err_wrap(e, "cluster status");
	for (unsigned i = 0; i < n; i++) {
		struct err one = { 0 };
		if (judge(s, &open[i], &st[i], &one) < 0) {
			service_log_failure("reaper.attempt_failed", open[i].job, &one);
			failed = 1;
		}
	}
	return failed ? err_set(e, ERR_UNAVAILABLE, "some attempts could not be looked after") : 0;
}

static int chores(struct service *s, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t now = clock_wall_ms();

	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 ||
		store_idempotency_expire(tx, now - 24 * 3600 * INT64_C(1000), e) < 0 ||
		store_sessions_expire(tx, now, e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int reaper_once(struct service *s, struct err *e)
{
	struct err other = { 0 };
	int r = look_at_attempts(s, e);

	if (jobs_finish_erasures(s, &other) < 0 || chores(s, &other) < 0) {
		if (r == 0)
			*e = other;
		r = -1;
	}
	return r;
}

void *reaper_main(void *service)
{
	struct service *s = service;

	do {
		struct err e = { 0 };
		if (reaper_once(s, &e) < 0)
			service_log_failure("reaper.failed", "", &e);
		/* Jitter: many gaitds beside one scheduler must not ask in step. */
	} while (wake_wait(&s->reaper, s->opt.status_interval_ms + service_random() % 500));
	return NULL;
}
