#include "service/staff_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "service/attempt_end.h"
#include "service/queue_view.h"
#include "store/accounts.h"
#include "store/attempts.h"
#include "store/jobs.h"
#include "store/queue.h"

enum { ATTEMPTS_MOST = 50, WAITING_MOST = 100, RUNNING_MOST = 200, HOUR_MS = 3600000 };

static void write_text(struct json_w *w, const char *name, const char *text)
{
	json_w_str(w, name, *text ? text : NULL);
}

static int write_attempt(struct tx *tx, const struct attempt *a, struct json_w *w, struct err *e)
{
	CLEANUP(free_p) char *log = NULL;

	if (store_attempt_log(tx, a->id, &log, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_str(w, "id", a->id);
	json_w_int(w, "n", a->n);
	write_text(w, "engine", a->engine);
	write_text(w, "cluster_id", a->cluster_id);
	json_w_bool(w, "relay", a->relay);
	json_w_time(w, "created", a->created_ms);
	json_w_time(w, "submitted", a->submitted_ms);
	json_w_time(w, "checked_in", a->checked_in_ms);
	json_w_time(w, "heartbeat", a->heartbeat_ms);
	json_w_time(w, "ended", a->ended_ms);
	json_w_time(w, "never_runs_since", a->never_runs_ms);
	json_w_str(w, "outcome", a->ended_ms ? a->outcome : NULL);
	write_text(w, "step", a->step);
	json_w_int(w, "percent", a->percent);
	json_w_int(w, "walltime_s", a->walltime_s);
	json_w_int(w, "frames", a->frames);
	write_text(w, "error_kind", a->error_kind);
	write_text(w, "error", a->error_text);
	json_w_str(w, "log", log);
	json_w_obj_end(w);
	return 0;
}

int staff_write_attempts(struct tx *tx, const struct job *job, struct json_w *w, struct err *e)
{
	CLEANUP(free_p) struct attempt *a = calloc(ATTEMPTS_MOST, sizeof *a);
	unsigned n;

	if (!a)
		return err_set(e, ERR_NOMEM, "list");
	if (store_attempts_of_job(tx, job->id, a, ATTEMPTS_MOST, &n, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_arr(w, "attempts");
	for (unsigned i = 0; i < n; i++)
		if (write_attempt(tx, &a[i], w, e) < 0)
			return -1;
	json_w_arr_end(w);
	json_w_obj_end(w);
	return 0;
}

/* What rows of both lists begin with. */
static int write_job(struct tx *tx, const struct job *job, struct json_w *w, struct err *e)
{
	struct user owner;
	int r = store_user_get(tx, job->owner, &owner, e);

	if (r < 0)
		return -1;
	json_w_str(w, "id", job->id);
	json_w_int(w, "ordinal", job->ordinal);
	json_w_str(w, "owner", job->owner);
	json_w_str(w, "owner_email", r == 0 ? owner.email : NULL);
	json_w_int(w, "priority", job->priority);
	json_w_time(w, "created", job->created_ms);
	json_w_int(w, "attempt", job->attempt);
	json_w_bool(w, "cancelling", job->cancel_requested);
	write_text(w, "note", job->note);
	write_text(w, "error_kind", job->error_kind);
	return 0;
}

static void write_seconds(struct json_w *w, const char *name, int64_t s)
{
	if (s < 0)
		json_w_null(w, name);
	else
		json_w_int(w, name, s);
}

static int write_waiting(
	struct tx *tx, const struct queue_line *lines, unsigned n, struct json_w *w, struct err *e)
{
	int64_t now = clock_wall_ms();
	struct job job;

	json_w_arr(w, "waiting");
	for (unsigned i = 0; i < n; i++) {
		int r = store_job_get(tx, lines[i].job, &job, e);
		if (r < 0)
			return -1;
		if (r != 0 || job.state != JOB_QUEUED) /* taken or cancelled since the order was made */
			continue;
		json_w_obj(w, NULL);
		if (write_job(tx, &job, w, e) < 0)
			return -1;
		json_w_int(w, "position", lines[i].place.position);
		write_seconds(w, "estimated_wait_s", lines[i].place.estimated_wait_s);
		json_w_time(w, "not_before", job.due_ms > now ? job.due_ms : 0);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
	return 0;
}

static int write_running_one(struct tx *tx, const struct job *job, struct json_w *w, struct err *e)
{
	struct attempt a = { 0 };
	char id[ATTEMPT_ID_BYTES];

	attempt_id_make(job->id, job->attempt, id);
	if (store_attempt_get(tx, id, &a, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	if (write_job(tx, job, w, e) < 0)
		return -1;
	json_w_str(w, "phase", job_phase_name(job->phase));
	json_w_time(
		w, "since", job->phase == PHASE_RUNNING && a.checked_in_ms ? a.checked_in_ms : a.created_ms);
	json_w_time(w, "heartbeat", a.heartbeat_ms);
	write_text(w, "step", a.step);
	json_w_int(w, "percent", a.percent);
	write_text(w, "engine", a.engine);
	write_text(w, "cluster_id", a.cluster_id);
	json_w_int(w, "walltime_s", a.walltime_s);
	json_w_bool(w, "never_runs", a.never_runs_ms != 0);
	json_w_obj_end(w);
	return 0;
}

static int write_running(struct tx *tx, struct json_w *w, struct err *e)
{
	const struct job_filter processing = { .by_state = true, .state = JOB_PROCESSING };
	CLEANUP(free_p) struct job *jobs = calloc(RUNNING_MOST, sizeof *jobs);
	unsigned n;

	if (!jobs)
		return err_set(e, ERR_NOMEM, "list");
	if (store_jobs_list(tx, &processing, jobs, RUNNING_MOST, &n, e) < 0)
		return -1;
	json_w_arr(w, "running");
	while (n > 0) /* oldest first */
		if (write_running_one(tx, &jobs[--n], w, e) < 0)
			return -1;
	json_w_arr_end(w);
	return 0;
}

int staff_write_queue(struct service *s, struct tx *tx, struct json_w *w, struct err *e)
{
	struct queue_line lines[WAITING_MOST];
	struct queue_totals total;
	unsigned n;

	if (queue_view_first(s, lines, WAITING_MOST, &n, &total, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_int(w, "waiting_total", total.waiting);
	json_w_int(w, "running_total", total.running);
	json_w_int(w, "max_in_flight", s->opt.max_in_flight);
	write_seconds(w, "attempt_s", total.attempt_s);
	if (write_waiting(tx, lines, n, w, e) < 0 || write_running(tx, w, e) < 0)
		return -1;
	json_w_obj_end(w);
	return 0;
}

int staff_write_throughput(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	struct queue_ended ended[THROUGHPUT_HOURS_MOST];
	int64_t hours = *(const int64_t *)arg;
	int64_t since = (clock_wall_ms() / HOUR_MS + 1 - hours) * HOUR_MS;

	if (store_queue_ended(tx, since, HOUR_MS, ended, (unsigned)hours, e) < 0)
		return -1;
	json_w_obj(w, NULL);
	json_w_time(w, "since", since);
	json_w_arr(w, "hours");
	for (int64_t i = 0; i < hours; i++) {
		json_w_obj(w, NULL);
		json_w_int(w, "complete", ended[i].complete);
		json_w_int(w, "failed", ended[i].failed);
		json_w_int(w, "retried", ended[i].retried);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
	json_w_obj_end(w);
	return 0;
}
