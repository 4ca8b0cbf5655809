#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/gaitctl_commands.h"
#include "app/gaitctl_table.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "service/jobs.h"
#include "service/queue_view.h"
#include "service/wake.h"
#include "store/events.h"

/* gaitctl jobs … */

enum { LIST_MOST = 200, LIST_DEFAULT = 20, EVENT_BATCH = 32, LOOK_MS = 200 };

static int get(struct house *h, const char *id, struct job *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0)
		return -1;
	return jobs_get(&h->svc, tx, NULL, id, ret, e) < 0 ? err_wrap(e, "%s", id) : 0;
}

struct listed {
	struct service *svc;
	struct job_filter filter;
	unsigned limit;
};

static int write_list(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	const struct listed *l = arg;
	CLEANUP(free_p) struct job *jobs = calloc(LIST_MOST, sizeof *jobs);
	struct jobs_view view = { .svc = l->svc, .staff = true };
	unsigned n;

	if (!jobs)
		return err_set(e, ERR_NOMEM, "list");
	if (store_jobs_list(tx, &l->filter, jobs, l->limit, &n, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_arr(w, "jobs");
	for (unsigned i = 0; i < n; i++)
		if (jobs_write(&view, tx, &jobs[i], w, e) < 0)
			return -1;
	json_w_arr_end(w);
	json_w_obj_end(w);
	return 0;
}

static void score_text(const struct job *j, char out[32])
{
	if (j->result_attempt == 0)
		snprintf(out, 32, "-");
	else if (isnan(j->score))
		snprintf(out, 32, "none");
	else
		snprintf(out, 32, "%.2f%s", j->score, j->score_demonstration ? " (demo)" : "");
}

/* "3, in about 12 min"; "" where it is not queued. */
static int place_text(struct house *h, const struct job *j, char *out, size_t size, struct err *e)
{
	struct queue_place p;

	out[0] = '\0';
	if (j->state != JOB_QUEUED)
		return 0;
	if (queue_view_place(&h->svc, j->id, &p, NULL, e) < 0)
		return -1;
	if (p.estimated_wait_s < 0)
		snprintf(out, size, "%u", p.position + 1);
	else
		snprintf(out, size, "%u, in about %lld min", p.position + 1,
			(long long)((p.estimated_wait_s + 59) / 60));
	return 0;
}

static int print_table(struct ctl *c, struct house *h, const struct listed *l, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) struct job *jobs = calloc(LIST_MOST, sizeof *jobs);
	unsigned n;

	if (!jobs)
		return err_set(e, ERR_NOMEM, "list");
	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0 ||
		store_jobs_list(tx, &l->filter, jobs, l->limit, &n, e) < 0)
		return -1;
	struct ctl_table *t = CTL_TABLE("ID", "STATUS", "PHASE", "PLACE", "TRIES", "SCORE", "RELEASE", "MADE",
		"CHANGED", "WHAT WENT WRONG");
	for (unsigned i = 0; i < n; i++) {
		char made[CTL_AGO_BYTES], changed[CTL_AGO_BYTES], tries[16], score[32], place[64];
		if (place_text(h, &jobs[i], place, sizeof place, e) < 0)
			return -1;
		ctl_ago(jobs[i].created_ms, made);
		ctl_ago(jobs[i].updated_ms, changed);
		snprintf(tries, sizeof tries, "%d", jobs[i].attempt);
		score_text(&jobs[i], score);
		CTL_ROW(t, jobs[i].id, jobs[i].erased ? "erased" : job_state_name(jobs[i].state),
			jobs[i].phase != PHASE_NONE ? job_phase_name(jobs[i].phase) : NULL,
			*place ? place : NULL, tries, score,
			jobs[i].release != RELEASE_NONE ? release_name(jobs[i].release) : NULL, made, changed,
			*jobs[i].error_kind ? jobs[i].error_kind
			: *jobs[i].note     ? jobs[i].note
					    : NULL);
	}
	return ctl_table_end(t, c->out, e);
}

static int jobs_list(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	const char *status = ctl_take_option(args, &n, "--status"),
		   *limit = ctl_take_option(args, &n, "--limit"),
		   *release = ctl_take_option(args, &n, "--release");
	struct listed l = { .svc = &h->svc, .limit = LIST_DEFAULT };
	int64_t most;

	if (n != 0 || (limit && !str_to_i64(limit, 1, LIST_MOST, &most)))
		return err_set(e, ERR_USAGE,
			"gaitctl jobs list [--status STATUS] [--release STATE] [--limit 1-%d]", LIST_MOST);
	if (limit)
		l.limit = (unsigned)most;
	l.filter.by_state = status != NULL;
	if (status && !job_state_parse(status, &l.filter.state))
		return err_set(e, ERR_USAGE,
			"there is no status %s: queued, processing, complete, submission_error, "
			"inference_error, cancelled",
			status);
	if (release && (!*release || !release_parse(release, &l.filter.release)))
		return err_set(e, ERR_USAGE,
			"there is no release %s: direct, waiting, released, withheld, withdrawn", release);
	return c->json ? ctl_print_json(c, h, write_list, &l, e) : print_table(c, h, &l, e);
}

struct shown {
	struct jobs_view view;
	struct job job;
};

static int write_job(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	struct shown *s = arg;

	return jobs_write(&s->view, tx, &s->job, w, e);
}

static int print_events(
	struct ctl *c, struct house *h, const char *job, int64_t *after, bool progress, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) struct event *v = calloc(EVENT_BATCH, sizeof *v);
	bool tty = isatty(fileno(c->out));
	unsigned n = EVENT_BATCH;

	if (!v)
		return err_set(e, ERR_NOMEM, "events");
	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0)
		return -1;
	while (n == EVENT_BATCH) {
		if (store_events_after(tx, job, *after, v, EVENT_BATCH, &n, e) < 0)
			return -1;
		for (unsigned i = 0; i < n; i++) {
			char at[CLOCK_TEXT_BYTES];
			*after = v[i].seq;
			bool is_progress = strcmp(v[i].kind, "progress") == 0;
			if (is_progress && !progress)
				continue;
			clock_rfc3339(v[i].at_ms, at);
			if (is_progress && tty)
				fprintf(c->out, "\r\033[K  %3d %%  %s", v[i].percent, v[i].text);
			else if (is_progress)
				fprintf(c->out, "%.8s  %3d %%  %s\n", at + 11, v[i].percent, v[i].text);
			else
				fprintf(c->out, "%s%.8s  %-16s %s\n", tty ? "\r\033[K" : "", at + 11,
					*v[i].phase ? v[i].phase : v[i].state, v[i].text);
		}
	}
	fflush(c->out);
	return 0;
}

static int print_attempts(struct ctl *c, struct house *h, const struct job *j, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct attempt a[16];
	unsigned n;

	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0 ||
		store_attempts_of_job(tx, j->id, a, ARRAY_LEN(a), &n, e) < 0)
		return -1;
	for (unsigned i = 0; i < n; i++) {
		CLEANUP(free_p) char *log = NULL;
		fprintf(c->out, "\nattempt %d  %s  cluster id %s%s%s\n", a[i].n,
			a[i].ended_ms ? a[i].outcome : "under way", *a[i].cluster_id ? a[i].cluster_id : "-",
			*a[i].error_text ? "\n  " : "", a[i].error_text);
		if (store_attempt_log(tx, a[i].id, &log, e) < 0)
			return -1;
		if (log && strcmp(a[i].outcome, "complete") != 0)
			fprintf(c->out, "  last lines of its log:\n%s\n", log);
	}
	return 0;
}

static int jobs_show(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	struct shown shown = { .view = { .svc = &h->svc, .staff = true, .with_parts = true } };
	char made[CTL_AGO_BYTES], score[32], place[64] = "";
	int64_t after = 0;

	(void)n;
	if (get(h, args[0], &shown.job, e) < 0)
		return -1;
	if (c->json)
		return ctl_print_json(c, h, write_job, &shown, e);
	const struct job j = shown.job;
	if (place_text(h, &j, place, sizeof place, e) < 0)
		return -1;
	ctl_ago(j.created_ms, made);
	score_text(&j, score);
	fprintf(c->out, "job %s (number %lld of its owner), made %s\n%s%s%s\n", j.id, (long long)j.ordinal,
		made, job_state_text(j.state), *j.error_text ? " " : "", j.error_text);
	if (*place)
		fprintf(c->out, "place in the queue: %s\n", place);
	if (*j.note)
		fprintf(c->out, "%s\n", j.note);
	if (j.result_attempt)
		fprintf(c->out, "score %s - not a diagnosis\nresult: %s/jobs/%s\n", score, h->public_url,
			j.id);
	if (ctl_print_release(c, h, &j, e) < 0)
		return -1;
	fputc('\n', c->out);
	return print_events(c, h, j.id, &after, false, e) < 0 || print_attempts(c, h, &j, e) < 0 ? -1 : 0;
}

static int jobs_watch(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	int64_t after = 0, seen = -1, now;
	CLEANUP(store_watch_close_p) struct store_watch *watch = NULL;
	struct job j;

	(void)n;
	if (store_watch_open(h->svc.store, &watch, e) < 0)
		return -1;
	for (;;) {
		if (store_watch_version(watch, &now, e) < 0)
			return -1;
		if (now != seen) {
			seen = now;
			if (get(h, args[0], &j, e) < 0 || print_events(c, h, j.id, &after, true, e) < 0)
				return -1;
			if (job_state_terminal(j.state))
				break;
		}
		(void)wake_wait(&h->svc.hub_news, LOOK_MS);
	}
	if (j.state == JOB_COMPLETE)
		return 0;
	return err_set(e, ERR_CHILD, "the job ended as %s%s%s", job_state_name(j.state),
		*j.error_text ? ": " : "", j.error_text);
}

static int jobs_cancel_cmd(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	struct job j;

	(void)n;
	if (jobs_cancel(&h->svc, NULL, ctl_actor(), args[0], &j, e) < 0)
		return -1;
	if (!c->json)
		fputs(j.state == JOB_CANCELLED ? "cancelled\n" : "cancelling: gaitd tells the cluster\n",
			c->out);
	return 0;
}

static int jobs_rerun_cmd(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	struct job j;

	(void)n;
	if (jobs_rerun(&h->svc, NULL, ctl_actor(), args[0], &j, e) < 0)
		return -1;
	if (!c->json)
		fputs("queued again; an older result stays until the new one succeeds\n", c->out);
	return 0;
}

static int jobs_erase_cmd(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	(void)n;
	if (house_open_part(h, HOUSE_BLOB, false, e) < 0 ||
		jobs_erase(&h->svc, NULL, ctl_actor(), args[0], e) < 0)
		return -1;
	if (!c->json)
		fputs("erased: videos, results and patient facts are gone\n", c->out);
	return 0;
}

int ctl_jobs(struct ctl *c, int argc, char **argv, struct err *e)
{
	static const struct ctl_verb verbs[] = {
		{ "list", "list [--status STATUS] [--release STATE] [--limit N]", 0, 6, jobs_list },
		{ "show", "show ID", 1, 1, jobs_show }, { "watch", "watch ID", 1, 1, jobs_watch },
		{ "cancel", "cancel ID", 1, 1, jobs_cancel_cmd },
		{ "rerun", "rerun ID", 1, 1, jobs_rerun_cmd }, { "erase", "erase ID", 1, 1, jobs_erase_cmd },
		{ "release", CTL_RELEASE_USAGE, 1, 4, ctl_release },
		{ "withdraw", CTL_WITHDRAW_USAGE, 3, 3, ctl_withdraw },
		{ "rescore", CTL_RESCORE_USAGE, 3, 10000, ctl_rescore }, { 0 }
	};

	return ctl_run(c, "jobs", verbs, argc, argv, e);
}
