#include "service/reaper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strv.h"
#include "service/attempt_end.h"
#include "service/attempt_run.h"
#include "service/checkin.h"
#include "service/fetcher.h"
#include "service/jobs.h"
#include "service/replace.h"
#include "service/resumable.h"
#include "service/settle.h"
#include "store/handovers.h"

enum {
	PAGE = 256,           /* attempts read at once */
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

/* Begin a change of an attempt that still counts; STORE_NONE where it does not. */
static int open_current(struct service *s, const char *attempt, struct tx **tx, struct attempt *a,
	struct job *job, struct err *e)
{
	if (store_begin(s->store, STORE_WRITE, tx, e) < 0 || store_attempt_get(*tx, attempt, a, e) != 0 ||
		store_job_get(*tx, a->job, job, e) != 0)
		return -1;
	return attempt_current(job, a, NULL) < 0 ? STORE_NONE : 0;
}

/* Once, when the scheduler first says so, the user and the operators learn of it. */
static int cannot_run(
	struct service *s, const struct attempt *seen, const struct cluster_status *st, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char said[sizeof st->detail], note[JOB_TEXT_BYTES];
	struct attempt a;
	struct job job;
	int64_t now = clock_wall_ms();
	int r = open_current(s, seen->id, &tx, &a, &job, e);

	if (r != 0)
		return r < 0 ? -1 : 0;
	settle_clean(st->detail, said, sizeof said);
	snprintf(note, sizeof note,
		"The computing centre cannot run the analysis in the way it is asked for%s%s%s. The "
		"operators "
		"have been told; it goes on waiting.",
		*said ? " (" : "", said, *said ? ")" : "");
	if (store_attempt_never_runs(tx, a.id, now, e) < 0 || store_job_note(tx, &job, note, now, e) < 0)
		return -1;
	log_event(LOG_WARN, "attempt.never_runs", LOG_S("attempt", a.id), LOG_S("cluster_id", a.cluster_id),
		LOG_S("said", said));
	return store_commit(&tx, e);
}

/* The site was mended. */
static int can_run_again(struct service *s, const struct attempt *seen, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct attempt a;
	struct job job;
	int r = open_current(s, seen->id, &tx, &a, &job, e);

	if (r != 0)
		return r < 0 ? -1 : 0;
	if (store_attempt_never_runs(tx, a.id, 0, e) < 0 ||
		store_job_note(tx, &job, "", clock_wall_ms(), e) < 0)
		return -1;
	return store_commit(&tx, e);
}

/* Nobody mended it: the request is taken back, and the job ends with the scheduler's words. */
static int end_never_runs(
	struct service *s, const struct attempt *seen, const struct cluster_status *st, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char said[sizeof st->detail], text[256];
	struct attempt a;
	struct job job;

	if (s->cluster->ops->cancel(s->cluster, seen->id, e) < 0)
		return err_wrap(e, "cancel what can never run");
	int r = open_current(s, seen->id, &tx, &a, &job, e);
	if (r != 0)
		return r < 0 ? -1 : 0;
	settle_clean(st->detail, said, sizeof said);
	snprintf(text, sizeof text,
		"The computing centre can never run this analysis as it is asked for%s%s.", *said ? ": " : "",
		said);
	const struct attempt_failure f = {
		.kind = "never_runs", .outcome = "error", .log = st->detail, .text = text
	};
	if (attempt_failed(s, tx, &job, &a, &f, clock_wall_ms(), e) < 0 || store_commit(&tx, e) < 0)
		return -1;
	wake_poke(&s->notifier);
	wake_poke(&s->worker);
	return 0;
}

/* What a relayed attempt cannot say itself: its files do. */
static int relayed_news(
	struct service *s, const struct attempt *seen, const struct cluster_status *st, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct attempt a;
	struct job job;
	int64_t now = clock_wall_ms();
	bool step = *st->step && (strcmp(seen->step, st->step) != 0 || seen->percent != st->percent);

	if (!*st->run_id || (*seen->run_id && !step) || attempt_run_id_check(st->run_id, NULL) < 0)
		return 0;
	int r = open_current(s, seen->id, &tx, &a, &job, e);
	if (r == 0)
		r = attempt_run_bind(tx, &job, &a, st->run_id, now, e);
	if (r != 0)
		return r < 0 ? -1 : 0; /* over, or another run was first */
	struct err wrong = { 0 };
	if (step && attempt_run_progress(tx, &job, &a, st->step, st->percent, now, &wrong) < 0 &&
		wrong.kind != ERR_FIELD)
		return err_set(e, wrong.kind, "%s", wrong.msg);
	return store_commit(&tx, e);
}

static int judge_alive(
	struct service *s, const struct attempt *a, const struct cluster_status *st, struct err *e)
{
	/* A cancelled one that still runs: the cancel did not reach it, or it ignores it. */
	if (a->ended_ms && (strcmp(a->outcome, "cancelled") == 0 || strcmp(a->error_kind, "never_runs") == 0))
		return s->cluster->ops->cancel(s->cluster, a->id, e);
	if (strike(s, a, 0, e) < 0)
		return -1;
	if (a->ended_ms)
		return 0;
	if (st->state == CLUSTER_QUEUED && st->never_runs && a->never_runs_ms == 0)
		return cannot_run(s, a, st, e);
	if (st->state == CLUSTER_QUEUED && st->never_runs)
		return clock_wall_ms() - a->never_runs_ms >= s->opt.never_runs_ms
			       ? end_never_runs(s, a, st, e)
			       : 0;
	if (a->never_runs_ms && can_run_again(s, a, e) < 0)
		return -1;
	return a->relay ? relayed_news(s, a, st, e) : 0;
}

static int judge_finished(
	struct service *s, const struct attempt *a, struct cluster_status *st, struct err *e)
{
	if (a->ended_ms)
		return fetcher_has(s, a->id) ? 0 : forget(s, a, e);
	if (a->relay && relayed_news(s, a, st, e) < 0)
		return -1;
	/* A relayed one whose last word is another run's: that word does not count. */
	if (a->relay && *a->run_id && strcmp(a->run_id, st->run_id) != 0)
		st->has_outcome = false;
	if (a->relay && st->has_outcome && st->exit_code == 0)
		return fetcher_want(s, a, st, e);
	/* No callback is to be waited for. */
	if (a->relay && st->has_outcome)
		return attempt_settle(s, a, st, e);
	/* Where neither the attempt nor the scheduler says how it ended, a file may still be on its way. */
	if (a->strikes + 1 < STRIKES_FINISHED + (st->has_outcome || *st->end ? 0 : 1))
		return strike(s, a, a->strikes + 1, e);
	return attempt_settle(s, a, st, e);
}

static int judge(struct service *s, const struct attempt *a, struct cluster_status *st, struct err *e)
{
	switch (st->state) {
	case CLUSTER_QUEUED:
	case CLUSTER_RUNNING:
		return judge_alive(s, a, st, e);
	case CLUSTER_FINISHED:
		return judge_finished(s, a, st, e);
	case CLUSTER_UNKNOWN:
		if (st->untold)
			return 0;
		if (a->ended_ms && a->strikes + 1 >= STRIKES_LOST)
			return forget(s, a, e);
		if (a->strikes + 1 < STRIKES_LOST)
			return strike(s, a, a->strikes + 1, e);
		return a->ended_ms ? 0 : attempt_settle(s, a, st, e);
	}
	return 0;
}

/* All of them, page by page: one status call is for all. */
static int open_attempts(struct service *s, struct attempt **ret, unsigned *ret_n, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) struct attempt *all = NULL;
	unsigned n = 0, got = PAGE;

	if (store_begin(s->store, STORE_READ, &tx, e) < 0)
		return -1;
	while (got == PAGE) {
		struct attempt *more = realloc(all, (n + PAGE) * sizeof *more);
		if (!more)
			return err_set(e, ERR_NOMEM, "reaper");
		all = more;
		if (store_attempts_open(tx, n ? all[n - 1].id : "", &all[n], PAGE, &got, e) < 0)
			return -1;
		n += got;
	}
	*ret = TAKE(all);
	*ret_n = n;
	return 0;
}

static int look_at_attempts(struct service *s, struct err *e)
{
	CLEANUP(free_p) struct attempt *open = NULL;
	unsigned n = 0;
	int failed = 0;

	if (open_attempts(s, &open, &n, e) < 0)
		return -1;
	if (n == 0)
		return 0;
	CLEANUP(free_p) struct cluster_status *st = calloc(n, sizeof *st);
	if (!st)
		return err_set(e, ERR_NOMEM, "reaper");
	for (unsigned i = 0; i < n; i++)
		snprintf(st[i].attempt, sizeof st[i].attempt, "%s", open[i].id);
	/* A cluster that cannot be asked says nothing about its attempts. */
	if (s->cluster->ops->status(s->cluster, st, n, e) < 0)
		return err_wrap(e, "cluster status");
	for (unsigned i = 0; i < n && !wake_stopping(&s->reaper); i++) {
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
		store_sessions_expire(tx, now, e) < 0 ||
		store_handovers_expire(tx, now - 24 * 3600 * INT64_C(1000), e) < 0)
		return -1;
	return store_commit(&tx, e);
}

int reaper_once(struct service *s, struct err *e)
{
	struct err other = { 0 };
	int r = look_at_attempts(s, e);

	if (jobs_finish_erasures(s, &other) < 0 || resumable_expire(s, &other) < 0 ||
		replace_finish(s, &other) < 0 || chores(s, &other) < 0) {
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
