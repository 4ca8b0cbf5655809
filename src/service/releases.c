#include "service/releases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strv.h"
#include "store/audit.h"
#include "store/events.h"
#include "store/outbox.h"

int release_readable(const struct user *who, const struct job *job)
{
	return !who || account_is_staff(who) ? job->result_attempt : job->shown_attempt;
}

int release_refuse(const struct job *job, struct err *e)
{
	if (job->result_attempt == 0)
		return err_set(
			e, ERR_NOT_FOUND, "this job has no result yet (%s)", job_state_name(job->state));
	/* The one that was shown may have been taken back while a newer one waits. */
	return err_set(e, ERR_FORBIDDEN, "%s",
		release_text(release_is_shown(job->release) ? RELEASE_WITHDRAWN : job->release));
}

static int check_text(const char *name, const char *text, size_t most, struct err *e)
{
	size_t n = 0;

	if (!str_is_clean_utf8(text, strlen(text)))
		return err_set(e, ERR_FIELD, "%s has characters that cannot be shown", name);
	for (const char *p = text; *p; p++)
		n += ((unsigned char)*p & 0xc0) != 0x80;
	return n <= most ? 0
			 : err_set(e, ERR_FIELD, "%s has %zu characters, %zu are the limit", name, n, most);
}

/* Whose job it is stands in the audit: in a small clinic it may be the same person's
 * (docs/adr/0027-release.md).
 */
static int note(struct tx *tx, const struct job *job, const struct user *who, const char *actor,
	const char *action, int attempt, const char *why, int64_t now, struct err *e)
{
	char detail[256], cut[180];
	bool own = who && strcmp(who->id, job->owner) == 0;

	str_cut(cut, sizeof cut, why);
	snprintf(detail, sizeof detail, "attempt %d%s%s%s", attempt, own ? ", own job" : "", *cut ? ": " : "",
		cut);
	return store_audit(tx, actor, action, job->id, detail, now, e);
}

/* A job with a result, and what became of the result of @attempt. */
static int begin(struct service *s, const struct user *who, const char *id, struct tx **tx, struct job *job,
	struct err *e)
{
	if (store_begin(s->store, STORE_WRITE, tx, e) < 0 || jobs_get(s, *tx, who, id, job, e) < 0)
		return -1;
	if (job->erased)
		return err_set(e, ERR_CONFLICT, "the results of this job were erased");
	return job->result_attempt > 0 ? 0
				       : err_set(e, ERR_CONFLICT, "this job has no result yet (%s)",
						 job_state_name(job->state));
}

static int check_release(const struct job *job, const struct release *r, int attempt, struct err *e)
{
	if (attempt != job->result_attempt)
		return err_set(e, ERR_CONFLICT,
			"attempt %d has the result now, not attempt %d: read it before you release it",
			job->result_attempt, attempt);
	if (release_may_release(r->state))
		return 0;
	return err_set(e, ERR_CONFLICT, "%s",
		release_is_shown(r->state)
			? "the submitter sees this result already: no release was asked for when it was made"
			: "this result was made while individual results were withheld (release.mode = "
			  "research): it is not for the submitter");
}

static int read_release(struct tx *tx, const struct job *job, int attempt, struct release *r, struct err *e)
{
	int rc = store_release_get(tx, job->id, attempt, r, e);

	return rc <= 0 ? rc
		       : err_set(e, ERR_CORRUPT, "job %s lacks the release of attempt %d", job->id, attempt);
}

int release_result(struct service *s, const struct user *who, const char *actor, const char *id, int attempt,
	const char *comment, struct job *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) struct release *r = calloc(1, sizeof *r);
	int64_t now = clock_wall_ms();

	if (!r)
		return err_set(e, ERR_NOMEM, "release");
	if (check_text("comment", comment, RELEASE_COMMENT_CHARS, e) < 0 ||
		begin(s, who, id, &tx, ret, e) < 0 || read_release(tx, ret, ret->result_attempt, r, e) < 0 ||
		check_release(ret, r, attempt, e) < 0)
		return -1;
	bool again = r->state == RELEASE_RELEASED;
	if (again && strcmp(r->comment, comment) == 0)
		return 0;
	r->state = ret->release = RELEASE_RELEASED;
	r->times += !again;
	r->at_ms = now;
	r->reason[0] = '\0';
	snprintf(r->actor, sizeof r->actor, "%s", actor);
	snprintf(r->comment, sizeof r->comment, "%s", comment);
	job_show_result(ret);
	if (store_release_change(tx, ret, r, now, e) < 0 ||
		store_event_add(tx, ret, "note", "", 0,
			again ? "The clinician's comment was changed."
			      : "A clinician has released the result.",
			now, e) < 0 ||
		note(tx, ret, who, actor, again ? "result_comment" : "result_release", attempt, "", now, e) <
			0 ||
		(!again && store_outbox_add_released(tx, ret, attempt, r->times, now, e) < 0) ||
		store_commit(&tx, e) < 0)
		return -1;
	log_event(LOG_INFO, "result.released", LOG_S("job", ret->id), LOG_I("attempt", attempt));
	wake_poke(&s->notifier);
	return 0;
}

int release_withdraw(struct service *s, const struct user *who, const char *actor, const char *id,
	const char *reason, struct job *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) struct release *r = calloc(1, sizeof *r);
	int64_t now = clock_wall_ms();

	if (!r)
		return err_set(e, ERR_NOMEM, "release");
	if (!reason[strspn(reason, " \t\r\n")])
		return err_set(e, ERR_FIELD, "reason is missing: why the result is taken back");
	if (check_text("reason", reason, RELEASE_REASON_CHARS, e) < 0 || begin(s, who, id, &tx, ret, e) < 0)
		return -1;
	int attempt = ret->shown_attempt;
	if (attempt == 0)
		return ret->release == RELEASE_WITHDRAWN
			       ? 0
			       : err_set(e, ERR_CONFLICT, "the submitter sees no result of this job");
	if (read_release(tx, ret, attempt, r, e) < 0)
		return -1;
	r->state = RELEASE_WITHDRAWN;
	r->at_ms = now;
	snprintf(r->actor, sizeof r->actor, "%s", actor);
	snprintf(r->reason, sizeof r->reason, "%s", reason);
	if (attempt == ret->result_attempt)
		ret->release = RELEASE_WITHDRAWN;
	ret->shown_attempt = 0;
	ret->shown_score = NAN;
	ret->shown_demonstration = false;
	if (store_release_change(tx, ret, r, now, e) < 0 ||
		store_event_add(tx, ret, "note", "", 0, "The result was taken back.", now, e) < 0 ||
		note(tx, ret, who, actor, "result_withdraw", attempt, reason, now, e) < 0 ||
		store_outbox_unrelease(tx, ret->id, attempt, e) < 0 || store_commit(&tx, e) < 0)
		return -1;
	log_event(LOG_INFO, "result.withdrawn", LOG_S("job", ret->id), LOG_I("attempt", attempt));
	return 0;
}

/* A colleague's address says more than an id; who is gone stays an id. */
static int write_actor(struct tx *tx, const char *actor, struct json_w *w, struct err *e)
{
	struct user u;
	int r = str_starts(actor, "user:") ? store_user_get(tx, actor + 5, &u, e) : STORE_NONE;

	if (r < 0)
		return -1;
	json_w_str(w, "by", r == 0 ? u.email : *actor ? actor : NULL);
	return 0;
}

int release_write(struct tx *tx, const struct job *job, bool staff, struct json_w *w, struct err *e)
{
	CLEANUP(free_p) struct release *r = calloc(1, sizeof *r);
	/* What the submitter sees; where that is nothing, what became of the newest. */
	int about = job->shown_attempt ? job->shown_attempt : job->result_attempt;

	if (!r)
		return err_set(e, ERR_NOMEM, "release");
	if (job->result_attempt == 0 || job->erased)
		return 0;
	if (store_release_get(tx, job->id, about, r, e) < 0)
		return -1;
	json_w_obj(w, "release");
	json_w_str(w, "state", release_name(job->release));
	json_w_int(w, "attempt", job->result_attempt);
	if (job->shown_attempt)
		json_w_int(w, "shown", job->shown_attempt);
	else
		json_w_null(w, "shown");
	bool told = release_is_shown(r->state);
	json_w_str(w, "comment", told && *r->comment ? r->comment : NULL);
	json_w_time(w, "at", told || r->state == RELEASE_WITHDRAWN ? r->at_ms : 0);
	if (staff) {
		if (write_actor(tx, r->actor, w, e) < 0)
			return -1;
		json_w_str(w, "reason", r->state == RELEASE_WITHDRAWN ? r->reason : NULL);
	}
	json_w_obj_end(w);
	return 0;
}
