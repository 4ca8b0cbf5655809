#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "service/attempt_end.h"
#include "service/jobs.h"
#include "service/queue_view.h"
#include "service/releases.h"
#include "store/events.h"

/* Jobs as JSON: docs/api/openapi.yaml, schemas Job, Attempt, Event. */

void jobs_write_event(const struct event *v, struct json_w *w)
{
	json_w_obj(w, NULL);
	json_w_int(w, "seq", v->seq);
	json_w_time(w, "at", v->at_ms);
	json_w_str(w, "kind", v->kind);
	json_w_str(w, "status", v->state);
	json_w_str(w, "phase", v->phase);
	json_w_int(w, "attempt", v->attempt);
	if (*v->step) {
		json_w_str(w, "step", v->step);
		json_w_int(w, "percent", v->percent);
	}
	json_w_str(w, "text", v->text);
	json_w_obj_end(w);
}

static int write_attempts(struct tx *tx, const struct job *job, bool staff, struct json_w *w, struct err *e)
{
	struct attempt a[16];
	unsigned n;

	if (store_attempts_of_job(tx, job->id, a, ARRAY_LEN(a), &n, e) < 0)
		return -1;
	json_w_arr(w, "attempts");
	for (unsigned i = 0; i < n; i++) {
		json_w_obj(w, NULL);
		json_w_int(w, "n", a[i].n);
		json_w_time(w, "created", a[i].created_ms);
		json_w_time(w, "checked_in", a[i].checked_in_ms);
		json_w_time(w, "ended", a[i].ended_ms);
		json_w_str(w, "outcome", a[i].ended_ms ? a[i].outcome : NULL);
		json_w_str(w, "step", *a[i].step ? a[i].step : NULL);
		json_w_int(w, "percent", a[i].percent);
		json_w_str(w, "error", *a[i].error_text ? a[i].error_text : NULL);
		if (staff) {
			json_w_str(w, "error_kind", *a[i].error_kind ? a[i].error_kind : NULL);
			json_w_str(w, "cluster_id", *a[i].cluster_id ? a[i].cluster_id : NULL);
			json_w_int(w, "walltime_s", a[i].walltime_s);
			json_w_bool(w, "relay", a[i].relay);
			json_w_bool(w, "never_runs", a[i].never_runs_ms != 0);
		}
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
	return 0;
}

static int write_outputs(struct tx *tx, const struct job *job, int attempt, struct json_w *w, struct err *e)
{
	struct output o[ATTEMPT_OUTPUTS];
	unsigned n;

	if (store_outputs_list(tx, job->id, attempt, o, ARRAY_LEN(o), &n, e) < 0)
		return -1;
	json_w_arr(w, "files");
	for (unsigned i = 0; i < n; i++) {
		json_w_obj(w, NULL);
		json_w_str(w, "name", o[i].name);
		json_w_int(w, "bytes", o[i].bytes);
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
	return 0;
}

static int write_events(struct tx *tx, const struct job *job, struct json_w *w, struct err *e)
{
	enum { PAGE = 32 };
	CLEANUP(free_p) struct event *v = calloc(PAGE, sizeof *v);
	int64_t after = 0;
	unsigned n = PAGE;

	if (!v)
		return err_set(e, ERR_NOMEM, "events");
	json_w_arr(w, "events");
	while (n == PAGE) {
		if (store_events_after(tx, job->id, after, v, PAGE, &n, e) < 0)
			return -1;
		for (unsigned i = 0; i < n; i++) {
			/* Progress is of interest while it happens; the history keeps what changed. */
			if (strcmp(v[i].kind, "progress") != 0)
				jobs_write_event(&v[i], w);
			after = v[i].seq;
		}
	}
	json_w_arr_end(w);
	return 0;
}

static int write_place(struct jobs_view *view, const struct job *job, struct json_w *w, struct err *e)
{
	struct queue_place place;
	bool current = false;

	if (queue_view_place(view->svc, job->id, &place, &current, e) < 0)
		return -1;
	view->stale = view->stale || !current;
	json_w_obj(w, "queue");
	json_w_int(w, "position", place.position);
	if (place.estimated_wait_s < 0)
		json_w_null(w, "estimated_wait_s");
	else
		json_w_int(w, "estimated_wait_s", place.estimated_wait_s);
	json_w_obj_end(w);
	return 0;
}

static int write_progress(
	struct jobs_view *view, struct tx *tx, const struct job *job, struct json_w *w, struct err *e)
{
	struct attempt a;
	char id[ATTEMPT_ID_BYTES];

	if (job->state == JOB_QUEUED)
		return write_place(view, job, w, e);
	if (job->state != JOB_PROCESSING || job->phase != PHASE_RUNNING)
		return 0;
	attempt_id_make(job->id, job->attempt, id);
	int r = store_attempt_get(tx, id, &a, e);
	if (r < 0)
		return -1;
	if (r == 0 && *a.step) {
		json_w_obj(w, "progress");
		json_w_str(w, "step", a.step);
		json_w_int(w, "percent", a.percent);
		json_w_obj_end(w);
	}
	return 0;
}

static int write_owner(struct tx *tx, const struct job *job, struct json_w *w, struct err *e)
{
	struct user owner;
	int r = store_user_get(tx, job->owner, &owner, e);

	json_w_str(w, "owner", job->owner);
	json_w_str(w, "owner_email", r == 0 ? owner.email : NULL);
	return r < 0 ? -1 : 0;
}

static const char *message(const struct job *job)
{
	if (*job->note)
		return job->note;
	return job->phase != PHASE_NONE ? job_phase_text(job->phase) : job_state_text(job->state);
}

/* Staff read the result that stands, submitters the one that is shown to them. */
static void write_result(const struct jobs_view *view, const struct job *job, int attempt, struct json_w *w)
{
	if (attempt == 0 || job->erased)
		return;
	json_w_obj(w, "result");
	json_w_int(w, "attempt", attempt);
	json_w_num(w, "score", view->staff ? job->score : job->shown_score, 4);
	json_w_bool(
		w, "demonstration_model", view->staff ? job->score_demonstration : job->shown_demonstration);
	json_w_str(w, "note", "A score is not a diagnosis.");
	json_w_obj_end(w);
}

int jobs_write(struct jobs_view *view, struct tx *tx, const struct job *job, struct json_w *w, struct err *e)
{
	json_w_obj(w, NULL);
	json_w_str(w, "id", job->id);
	json_w_int(w, "ordinal", job->ordinal);
	json_w_str(w, "subject", *job->subject ? job->subject : NULL);
	json_w_obj(w, "status");
	json_w_str(w, "value", job_state_name(job->state));
	json_w_str(w, "code", job_legacy_code(job->state));
	json_w_str(w, "message", message(job));
	json_w_obj_end(w);
	json_w_str(w, "phase", *job_phase_name(job->phase) ? job_phase_name(job->phase) : NULL);
	json_w_int(w, "version", job->version);
	json_w_bool(w, "cancelling", job->cancel_requested);
	json_w_bool(w, "erased", job->erased);
	json_w_time(w, "created", job->created_ms);
	json_w_time(w, "updated", job->updated_ms);
	json_w_int(w, "attempt", job->attempt);
	if (*job->error_text) {
		json_w_obj(w, "error");
		json_w_str(w, "kind", job->error_kind);
		json_w_str(w, "text", job->error_text);
		json_w_obj_end(w);
	}
	if (view->staff && write_owner(tx, job, w, e) < 0)
		return -1;
	if (write_progress(view, tx, job, w, e) < 0)
		return -1;
	int readable = view->staff ? job->result_attempt : job->shown_attempt;
	write_result(view, job, readable, w);
	if (release_write(tx, job, view->staff, w, e) < 0)
		return -1;
	if (view->with_parts &&
		(write_attempts(tx, job, view->staff, w, e) < 0 ||
			write_outputs(tx, job, readable, w, e) < 0 || write_events(tx, job, w, e) < 0))
		return -1;
	json_w_obj_end(w);
	return 0;
}
