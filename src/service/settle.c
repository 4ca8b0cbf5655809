#include "service/settle.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strv.h"
#include "service/attempt_end.h"

/* An attempt of which the last sign of life came so close to its walltime was ended by it. */
static const int64_t walltime_near_ms = 90000;

void settle_clean(const char *text, char *out, size_t size)
{
	str_cut(out, size, str_is_clean_utf8(text, strlen(text)) ? text : "");
}

static bool walltime_reached(const struct attempt *a)
{
	return a->checked_in_ms && a->walltime_s &&
	       a->heartbeat_ms - a->checked_in_ms >= a->walltime_s * 1000 - walltime_near_ms &&
	       a->walltime_s * 1000 > 2 * walltime_near_ms;
}

/* What the scheduler ended itself. All of it counts as a try: a node that died under an attempt may have died
 * of it, and what somebody removed may be removed again. */
static const struct how {
	const char *end, *kind, *text, *log;
} hows[] = { { "walltime", "walltime", "The analysis took longer than it is allowed to and was stopped.",
		     "ended by the scheduler: longer than the walltime asked for" },
	{ "memory", "out_of_memory", "The analysis needed more memory than it was given and was stopped.",
		"ended by the scheduler: more memory than asked for (cluster.memory)" },
	{ "deleted", "deleted", "The computing centre took the analysis off its machines.",
		"deleted at the scheduler, or preempted; not by gaitd" },
	{ "node", "node_failed", "The computer that analysed the videos failed.",
		"the node failed, or could not start it" },
	{ "", "lost", "The computer that analysed the videos stopped unexpectedly.", "" } };

static const struct how *how_it_ended(const struct attempt *a, const struct cluster_status *st)
{
	const struct how *h = hows;

	while (*h->end && strcmp(h->end, st->end) != 0)
		h++;
	/* OpenPBS ends what is over its time with the signal that qdel sends, and does not always say why. */
	return (!*h->end || strcmp(h->end, "deleted") == 0) && walltime_reached(a) ? hows : h;
}

/* The words for an attempt that ended without a callback. @log is room for some of them. */
static void explain(const struct attempt *a, const struct cluster_status *st, char *log, size_t size,
	struct attempt_failure *f)
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
		const struct how *h = how_it_ended(a, st);
		f->kind = h->kind;
		f->text = h->text;
		snprintf(log, size, "%s%s%s", h->log, *h->log && *st->detail ? ": " : "", st->detail);
		f->log = log;
	}
}

int attempt_settle(
	struct service *s, const struct attempt *seen, const struct cluster_status *st, struct err *e)
{
	struct attempt_result result;
	struct attempt_failure f;
	struct attempt a;
	struct job job;
	char hex[SHA256_HEX_BYTES], log[256];
	int64_t now = clock_wall_ms();

	int found = attempt_collect(s, seen->job, seen->n, &result, e);
	if (found < 0 && e->kind != ERR_CORRUPT && e->kind != ERR_INVALID)
		return -1;
	if (found == 0)
		hex_encode(result.result_sha256, SHA256_BYTES, hex);
	/* A result counts only where the attempt says it is whole. */
	bool whole =
		found == 0 && st->has_outcome && st->exit_code == 0 && strcmp(st->result_sha256, hex) == 0;
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	if (store_begin(s->store, STORE_WRITE, &tx, e) < 0 || store_attempt_get(tx, seen->id, &a, e) != 0 ||
		store_job_get(tx, a.job, &job, e) != 0)
		return -1;
	if (a.ended_ms || job.attempt != a.n || job.state != JOB_PROCESSING || job.cancel_requested)
		return 0;
	explain(&a, st, log, sizeof log, &f);
	log_event(a.relay ? LOG_INFO : LOG_WARN, "reaper.ends", LOG_S("attempt", a.id),
		LOG_S("how", whole ? "result" : f.kind), LOG_S("detail", f.log));
	int r = whole ? attempt_complete(s, tx, &job, &a, &result, now, e)
		      : attempt_failed(s, tx, &job, &a, &f, now, e);
	if (r < 0 || store_commit(&tx, e) < 0)
		return -1;
	wake_poke(&s->worker);
	wake_poke(&s->notifier);
	wake_poke(&s->reaper);
	return 0;
}
