#include "store/jobs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "store/events.h"
#include "store/job_search.h"
#include "store/outbox.h"
#include "store/releases.h"
#include "store/store_tx.h"

/* The columns of read_job(), in its order. */
#define JOB_COLUMNS                                                                                          \
	"id, owner, subject, ordinal, state, phase, version, priority, created_ms, updated_ms, due_ms, "     \
	"attempt, "                                                                                          \
	"failures, cancel_requested, erased_ms, error_kind, error_text, result_attempt, score, "             \
	"score_demonstration, age_months, sex, ethnicity, height_cm, weight_kg, email, role, email_score, "  \
	"hint_front_x, hint_front_y, hint_side_x, hint_side_y, note, walking_aid, orthosis, footwear, "      \
	"release, "                                                                                          \
	"shown_attempt, shown_score, shown_demonstration"

static void read_submission(struct db_rows *r, struct submission *s)
{
	s->age_months = (int)db_int(r, 20);
	s->sex = db_text(r, 21)[0];
	db_copy(r, 22, s->ethnicity, sizeof s->ethnicity);
	s->height_cm = db_real(r, 23);
	s->weight_kg = db_real(r, 24);
	db_copy(r, 25, s->email, sizeof s->email);
	db_copy(r, 26, s->role, sizeof s->role);
	s->email_score = db_int(r, 27) != 0;
	db_copy(r, 33, s->walking_aid, sizeof s->walking_aid);
	db_copy(r, 34, s->orthosis, sizeof s->orthosis);
	db_copy(r, 35, s->footwear, sizeof s->footwear);
	for (int v = 0; v < 2; v++) {
		s->has_hint[v] = !db_is_null(r, 28 + 2 * v);
		s->hint_x[v] = s->has_hint[v] ? db_real(r, 28 + 2 * v) : 0;
		s->hint_y[v] = s->has_hint[v] ? db_real(r, 29 + 2 * v) : 0;
	}
}

static int read_job(struct db_rows *r, struct job *j, struct err *e)
{
	*j = (struct job){ 0 };
	db_copy(r, 0, j->id, sizeof j->id);
	db_copy(r, 1, j->owner, sizeof j->owner);
	db_copy(r, 2, j->subject, sizeof j->subject);
	j->ordinal = db_int(r, 3);
	if (!job_state_parse(db_text(r, 4), &j->state) || !job_phase_parse(db_text(r, 5), &j->phase))
		return err_set(e, ERR_CORRUPT, "job %s has the unknown state %s/%s", j->id, db_text(r, 4),
			db_text(r, 5));
	j->version = db_int(r, 6);
	j->priority = db_int(r, 7);
	j->created_ms = db_int(r, 8);
	j->updated_ms = db_int(r, 9);
	j->due_ms = db_int(r, 10);
	j->attempt = (int)db_int(r, 11);
	j->failures = (int)db_int(r, 12);
	j->cancel_requested = db_int(r, 13) != 0;
	j->erased = !db_is_null(r, 14);
	db_copy(r, 15, j->error_kind, sizeof j->error_kind);
	db_copy(r, 16, j->error_text, sizeof j->error_text);
	j->result_attempt = (int)db_int(r, 17);
	j->score = db_real(r, 18);
	j->score_demonstration = db_int(r, 19) != 0;
	if (!release_parse(db_text(r, 36), &j->release))
		return err_set(e, ERR_CORRUPT, "job %s has the unknown release %s", j->id, db_text(r, 36));
	j->shown_attempt = (int)db_int(r, 37);
	j->shown_score = db_real(r, 38);
	j->shown_demonstration = db_int(r, 39) != 0;
	read_submission(r, &j->submission);
	db_copy(r, 32, j->note, sizeof j->note);
	return 0;
}

static int one_job(struct tx *tx, const char *sql, const struct db_arg *args, struct job *ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db, sql, args, &rows, e);

	return r != 0 ? r : read_job(&rows, ret, e);
}

int store_job_get(struct tx *tx, const char *id, struct job *ret, struct err *e)
{
	return one_job(tx, "SELECT " JOB_COLUMNS " FROM jobs WHERE id = ?", DB_ARGS(DB_S(id)), ret, e);
}

int store_job_by_ordinal(struct tx *tx, const char *owner, int64_t ordinal, struct job *ret, struct err *e)
{
	return one_job(tx, "SELECT " JOB_COLUMNS " FROM jobs WHERE owner = ? AND ordinal = ?",
		DB_ARGS(DB_S(owner), DB_I(ordinal)), ret, e);
}

int store_job_notes(struct tx *tx, const char *id, char **ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db, "SELECT notes FROM jobs WHERE id = ? AND notes IS NOT NULL",
		DB_ARGS(DB_S(id)), &rows, e);

	*ret = NULL;
	if (r < 0)
		return -1;
	if (r == 0 && !(*ret = strdup(db_text(&rows, 0))))
		return err_set(e, ERR_NOMEM, "notes");
	return 0;
}

static int insert_row(struct tx *tx, const struct job *j, struct err *e)
{
	const struct submission *s = &j->submission;
	char sex[2] = { s->sex, '\0' };
	const double none = NAN;

	return db_run(tx->db,
		"INSERT INTO jobs (id, owner, subject, ordinal, state, created_ms, updated_ms, due_ms, "
		"priority, age_months, sex, "
		"ethnicity, height_cm, weight_kg, email, role, email_score, hint_front_x, hint_front_y, "
		"hint_side_x, "
		"hint_side_y, notes, walking_aid, orthosis, footwear) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		"?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		DB_ARGS(DB_S(j->id), DB_S(j->owner), DB_S(*j->subject ? j->subject : NULL), DB_I(j->ordinal),
			DB_S(job_state_name(JOB_QUEUED)), DB_I(j->created_ms), DB_I(j->created_ms),
			DB_I(j->created_ms), DB_I(s->priority), DB_I(s->age_months), DB_S(sex),
			DB_S(s->ethnicity), DB_D(s->height_cm), DB_D(s->weight_kg), DB_S(s->email),
			DB_S(s->role), DB_I(s->email_score), DB_D(s->has_hint[0] ? s->hint_x[0] : none),
			DB_D(s->has_hint[0] ? s->hint_y[0] : none),
			DB_D(s->has_hint[1] ? s->hint_x[1] : none),
			DB_D(s->has_hint[1] ? s->hint_y[1] : none), DB_S(s->notes),
			DB_S(*s->walking_aid ? s->walking_aid : NULL),
			DB_S(*s->orthosis ? s->orthosis : NULL), DB_S(*s->footwear ? s->footwear : NULL)),
		e);
}

int store_job_insert(
	struct tx *tx, struct job *j, const struct video videos[VIEW_COUNT], int64_t now_ms, struct err *e)
{
	{
		DB_ROWS rows;
		int r = db_first(tx->db,
			"UPDATE users SET jobs_made = jobs_made + 1 WHERE id = ? RETURNING jobs_made",
			DB_ARGS(DB_S(j->owner)), &rows, e);
		if (r != 0)
			return r < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "no such account");
		j->ordinal = db_int(&rows, 0);
	}
	j->state = JOB_QUEUED;
	j->phase = PHASE_NONE;
	j->version = 1;
	j->priority = j->submission.priority;
	j->created_ms = j->updated_ms = j->due_ms = now_ms;
	if (insert_row(tx, j, e) < 0)
		return -1;
	for (int v = 0; v < VIEW_COUNT; v++)
		if (db_run(tx->db,
			    "INSERT INTO videos (job, view, container, bytes, sha256, spool_name) VALUES (?, "
			    "?, ?, ?, ?, ?)",
			    DB_ARGS(DB_S(j->id), DB_S(view_name(videos[v].view)), DB_S(videos[v].container),
				    DB_I(videos[v].bytes), DB_B(videos[v].sha256, SHA256_BYTES),
				    DB_S(videos[v].spool_name)),
			    e) < 0)
			return -1;
	if (*j->submission.consent_version &&
		db_run(tx->db,
			"INSERT INTO consents (job, user, version, authority, at_ms) VALUES (?, ?, ?, ?, ?)",
			DB_ARGS(DB_S(j->id), DB_S(j->owner), DB_S(j->submission.consent_version),
				DB_S(j->submission.authority), DB_I(now_ms)),
			e) < 0)
		return -1;
	if (store_event_add(tx, j, "state", "", 0,
		    "Received: both videos are stored safely. Waiting for its turn.", now_ms, e) < 0)
		return -1;
	return store_outbox_add(tx, j, MAIL_DUE_RECEIVED, now_ms, e);
}

int store_job_videos(
	struct tx *tx, const char *id, struct video ret[VIEW_COUNT], unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT view, container, bytes, sha256, spool_name, blob_key, frames, n, upload FROM videos "
		"WHERE job = ? ORDER BY view",
		DB_ARGS(DB_S(id)), &rows, e);

	for (*ret_n = 0; r == 0 && *ret_n < VIEW_COUNT; r = db_next(&rows, e)) {
		struct video *v = &ret[(*ret_n)++];
		*v = (struct video){ .view = strcmp(db_text(&rows, 0), "front") == 0 ? VIEW_FRONT : VIEW_SIDE,
			.bytes = db_int(&rows, 2),
			.frames = db_int(&rows, 6),
			.n = (int)db_int(&rows, 7) };
		db_copy(&rows, 1, v->container, sizeof v->container);
		db_blob(&rows, 3, v->sha256, SHA256_BYTES);
		db_copy(&rows, 4, v->spool_name, sizeof v->spool_name);
		db_copy(&rows, 5, v->blob_key, sizeof v->blob_key);
		db_copy(&rows, 8, v->upload, sizeof v->upload);
	}
	return r < 0 ? -1 : 0;
}

int store_video_staged(struct tx *tx, const char *job, enum view view, const char *blob_key, struct err *e)
{
	return db_run(tx->db, "UPDATE videos SET blob_key = ?, spool_name = NULL WHERE job = ? AND view = ?",
		DB_ARGS(DB_S(blob_key), DB_S(job), DB_S(view_name(view))), e);
}

int store_video_frames(struct tx *tx, const char *job, enum view view, int64_t frames, struct err *e)
{
	return db_run(tx->db, "UPDATE videos SET frames = nullif(?, 0) WHERE job = ? AND view = ?",
		DB_ARGS(DB_I(frames), DB_S(job), DB_S(view_name(view))), e);
}

int store_spool_known(struct tx *tx, const char *spool_name, struct err *e)
{
	DB_ROWS rows;

	return db_first(tx->db,
		"SELECT 1 FROM videos WHERE spool_name = ?1 UNION ALL SELECT 1 FROM uploads WHERE spool_name "
		"= ?1 UNION ALL SELECT 1 FROM old_videos WHERE spool_name = ?1",
		DB_ARGS(DB_S(spool_name)), &rows, e);
}

static int check_change(const struct job *j, const struct job_change *c, struct err *e)
{
	if (!job_state_may_become(j->state, c->to))
		return err_set(e, ERR_CONFLICT, "a job that is %s cannot become %s", job_state_name(j->state),
			job_state_name(c->to));
	if ((c->to == JOB_PROCESSING) != (c->phase != PHASE_NONE))
		return err_set(e, ERR_INTERNAL, "state %s with phase '%s'", job_state_name(c->to),
			job_phase_name(c->phase));
	if (c->result != (c->release != RELEASE_NONE))
		return err_set(e, ERR_INTERNAL, "a result and what it is for the submitter go together");
	return 0;
}

/* The job as it will be. */
static void apply(struct job *j, const struct job_change *c, int64_t now_ms)
{
	j->state = c->to;
	j->phase = c->phase;
	j->version++;
	j->updated_ms = now_ms;
	j->due_ms = c->due_ms ? c->due_ms : now_ms;
	j->attempt += c->new_attempt;
	j->failures = c->fresh_start ? 0 : j->failures + c->failed_attempt;
	j->note[0] = '\0';
	j->cancel_requested = j->cancel_requested && !c->fresh_start && !job_state_terminal(c->to);
	snprintf(j->error_kind, sizeof j->error_kind, "%s", c->error_kind ? c->error_kind : "");
	snprintf(j->error_text, sizeof j->error_text, "%s", c->error_text ? c->error_text : "");
	if (c->result) {
		j->result_attempt = j->attempt;
		j->score = c->score;
		j->score_demonstration = c->score_demonstration;
		j->release = c->release;
		if (release_is_shown(j->release))
			job_show_result(j);
	}
}

int store_job_change(
	struct tx *tx, struct job *job, const struct job_change *c, int64_t now_ms, struct err *e)
{
	struct job j = *job;
	int changed = 0;

	if (check_change(job, c, e) < 0)
		return -1;
	apply(&j, c, now_ms);
	if (db_run_n(tx->db,
		    "UPDATE jobs SET state = ?2, phase = ?3, version = ?4, updated_ms = ?5, due_ms = ?6, "
		    "attempt = ?7, failures = ?8, "
		    "cancel_requested = ?9, error_kind = ?10, error_text = ?11, result_attempt = ?12, score "
		    "= ?13, "
		    "score_demonstration = ?14, note = '', lease = iif(?15, lease, NULL), release = ?18, "
		    "shown_attempt = ?19, shown_score = ?20, shown_demonstration = ?21 "
		    "WHERE id = ?1 AND version = ?16 AND (?17 IS NULL OR lease = ?17)",
		    DB_ARGS(DB_S(j.id), DB_S(job_state_name(j.state)), DB_S(job_phase_name(j.phase)),
			    DB_I(j.version), DB_I(j.updated_ms), DB_I(j.due_ms), DB_I(j.attempt),
			    DB_I(j.failures), DB_I(j.cancel_requested), DB_S(j.error_kind),
			    DB_S(j.error_text), DB_I(j.result_attempt), DB_D(j.score),
			    DB_I(j.score_demonstration), DB_I(c->keep_lease), DB_I(job->version),
			    DB_S(c->lease), DB_S(release_name(j.release)), DB_I(j.shown_attempt),
			    DB_D(j.shown_score), DB_I(j.shown_demonstration)),
		    &changed, e) < 0)
		return -1;
	if (changed == 0)
		return STORE_NONE;
	const char *text = c->text                  ? c->text
			   : c->phase != PHASE_NONE ? job_phase_text(c->phase)
						    : job_state_text(c->to);
	if (store_event_add(tx, &j, "state", "", 0, text, now_ms, e) < 0)
		return -1;
	if (c->result && store_release_begin(tx, &j, now_ms, e) < 0)
		return -1;
	/* What is told of a result depends on who may see it. */
	enum mail_due mail = c->result ? release_mail(j.release) : job_state_mail(j.state);
	if (job->state != j.state && job_state_terminal(j.state) &&
		store_outbox_add(tx, &j, mail, now_ms, e) < 0)
		return -1;
	*job = j;
	return 0;
}

int store_job_touch(struct tx *tx, struct job *job, int64_t now_ms, struct err *e)
{
	job->version++;
	job->updated_ms = now_ms;
	return db_run(tx->db, "UPDATE jobs SET version = version + 1, updated_ms = ? WHERE id = ?",
		DB_ARGS(DB_I(now_ms), DB_S(job->id)), e);
}

int store_job_note(struct tx *tx, struct job *job, const char *text, int64_t now_ms, struct err *e)
{
	if (strcmp(job->note, text) == 0)
		return 0;
	snprintf(job->note, sizeof job->note, "%s", text);
	job->version++;
	if (db_run(tx->db, "UPDATE jobs SET note = ?, version = version + 1 WHERE id = ?",
		    DB_ARGS(DB_S(job->note), DB_S(job->id)), e) < 0)
		return -1;
	return *text ? store_event_add(tx, job, "note", "", 0, job->note, now_ms, e) : 0;
}

int store_job_want_cancel(struct tx *tx, struct job *job, int64_t now_ms, struct err *e)
{
	if (job->cancel_requested)
		return 0;
	if (db_run(tx->db,
		    "UPDATE jobs SET cancel_requested = 1, version = version + 1, updated_ms = ?1, due_ms = "
		    "min(due_ms, ?1) WHERE id = ?2",
		    DB_ARGS(DB_I(now_ms), DB_S(job->id)), e) < 0)
		return -1;
	job->cancel_requested = true;
	job->due_ms = job->due_ms < now_ms ? job->due_ms : now_ms;
	job->version++;
	return store_event_add(tx, job, "note", "", 0, "Cancelling.", now_ms, e);
}

int store_leases_void(struct tx *tx, int *ret_n, struct err *e)
{
	return db_run_n(tx->db, "UPDATE jobs SET lease = NULL WHERE lease IS NOT NULL", DB_NO_ARGS, ret_n, e);
}

int store_job_release(struct tx *tx, const char *id, const char *lease, int64_t due_ms, struct err *e)
{
	return db_run(tx->db, "UPDATE jobs SET lease = NULL, due_ms = ? WHERE id = ? AND lease = ?",
		DB_ARGS(DB_I(due_ms), DB_S(id), DB_S(lease)), e);
}

static int claimed(struct tx *tx, const struct job *j, const char *lease, struct err *e)
{
	return db_run(tx->db, "UPDATE jobs SET lease = ? WHERE id = ?", DB_ARGS(DB_S(lease), DB_S(j->id)), e);
}

/* The owner's turn has been. */
static int served(struct tx *tx, const char *owner, struct err *e)
{
	return db_run(tx->db, "UPDATE users SET served = (SELECT max(served) + 1 FROM users) WHERE id = ?",
		DB_ARGS(DB_S(owner)), e);
}

#define NEEDS_STAGING                                                                                        \
	"EXISTS (SELECT 1 FROM videos WHERE job = j.id AND blob_key IS NULL) OR EXISTS (SELECT 1 FROM "      \
	"attempts WHERE job = j.id AND n = j.attempt AND relay = 1 AND relayed_ms IS NULL)"

int store_claim(struct tx *tx, enum claim what, unsigned max_in_flight, const char *lease, int64_t now_ms,
	struct job *ret, struct err *e)
{
	int r = -1;

	switch (what) {
	case CLAIM_CANCEL:
		r = one_job(tx,
			"SELECT " JOB_COLUMNS
			" FROM jobs WHERE cancel_requested = 1 AND state IN ('queued', 'processing') "
			"AND lease IS NULL AND due_ms <= ? LIMIT 1",
			DB_ARGS(DB_I(now_ms)), ret, e);
		break;
	case CLAIM_DISPATCH:
		r = one_job(tx,
			"SELECT " JOB_COLUMNS
			" FROM jobs j WHERE state = 'queued' AND lease IS NULL AND due_ms <= ?1 "
			"AND cancel_requested = 0 AND (SELECT count(*) FROM jobs WHERE state = 'processing') "
			"< ?2 "
			"ORDER BY priority DESC, (SELECT count(*) FROM jobs o WHERE o.state = 'processing' "
			"AND o.owner = j.owner), (SELECT served FROM users WHERE users.id = j.owner), "
			"id LIMIT 1",
			DB_ARGS(DB_I(now_ms), DB_I(max_in_flight)), ret, e);
		if (r == 0 && served(tx, ret->owner, e) < 0)
			return -1;
		break;
	case CLAIM_STAGE:
		r = one_job(tx,
			"SELECT " JOB_COLUMNS
			" FROM jobs j WHERE state = 'processing' AND phase = 'staging' AND lease IS NULL "
			"AND due_ms <= ? AND cancel_requested = 0 "
			"AND (" NEEDS_STAGING ") ORDER BY id LIMIT 1",
			DB_ARGS(DB_I(now_ms)), ret, e);
		break;
	case CLAIM_SUBMIT:
		r = one_job(tx,
			"SELECT " JOB_COLUMNS
			" FROM jobs j WHERE state = 'processing' AND phase = 'staging' AND lease IS NULL "
			"AND due_ms <= ? AND cancel_requested = 0 "
			"AND NOT (" NEEDS_STAGING ") ORDER BY id LIMIT 1",
			DB_ARGS(DB_I(now_ms)), ret, e);
		break;
	}
	return r == 0 ? claimed(tx, ret, lease, e) : r;
}

int store_next_due(struct tx *tx, int64_t *ret_ms, struct err *e)
{
	DB_ROWS rows;

	if (db_first(tx->db,
		    "SELECT min(due_ms) FROM jobs WHERE lease IS NULL AND (state = 'queued' OR (state = "
		    "'processing' AND "
		    "(phase = 'staging' OR cancel_requested = 1)))",
		    DB_NO_ARGS, &rows, e) < 0)
		return -1;
	*ret_ms = db_is_null(&rows, 0) ? INT64_MAX : db_int(&rows, 0);
	return 0;
}

/* The few that store_job_search() found, one by one. */
static int search(struct tx *tx, const struct job_filter *f, struct job *out, unsigned max, unsigned *ret_n,
	struct err *e)
{
	CLEANUP(free_p) char(*ids)[ID_BYTES] = calloc(max + 1, ID_BYTES);
	unsigned n;

	if (!ids)
		return err_set(e, ERR_NOMEM, "list");
	if (store_job_search(tx, f, ids, max, &n, e) < 0)
		return -1;
	for (unsigned i = 0; i < n; i++)
		if (store_job_get(tx, ids[i], &out[i], e) != 0)
			return -1;
	*ret_n = n;
	return 0;
}

/* Three statements, so that each walks the index that has its order: everybody's by id, one owner's by
 * (owner, id), those of one release by (release, id). No id is above '~'. */
int store_jobs_list(struct tx *tx, const struct job_filter *f, struct job *out, unsigned max, unsigned *ret_n,
	struct err *e)
{
	const char *before = f->before ? f->before : "~";
	const char *state = f->by_state ? job_state_name(f->state) : NULL;
	const char *release = f->release != RELEASE_NONE ? release_name(f->release) : NULL;
	const struct db_arg *args = DB_ARGS(DB_S(before), DB_S(state), DB_S(f->subject), DB_I(max),
		DB_S(f->owner), DB_S(release), DB_I(f->open));
	DB_ROWS rows = { 0 };
	int r;

	if (f->search)
		return search(tx, f, out, max, ret_n, e);
#define LISTED                                                                                               \
	"SELECT " JOB_COLUMNS " FROM jobs WHERE id < ?1 AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR "  \
	"subject = ?3) AND (?7 = 0 OR " JOB_OPEN ") AND "
	if (f->owner)
		r = db_first(tx->db,
			LISTED "owner = ?5 AND (?6 IS NULL OR release = ?6) ORDER BY id DESC LIMIT ?4", args,
			&rows, e);
	else if (release)
		r = db_first(tx->db, LISTED "release = ?6 AND ?5 IS NULL ORDER BY id DESC LIMIT ?4", args,
			&rows, e);
	else
		r = db_first(
			tx->db, LISTED "?5 IS NULL AND ?6 IS NULL ORDER BY id DESC LIMIT ?4", args, &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		if (read_job(&rows, &out[(*ret_n)++], e) < 0)
			return -1;
	return r < 0 ? -1 : 0;
}

int store_jobs_count(struct tx *tx, enum job_state state, const char *owner, int64_t *ret, struct err *e)
{
	DB_ROWS rows;

	if (db_first(tx->db, "SELECT count(*) FROM jobs WHERE state = ?1 AND (?2 IS NULL OR owner = ?2)",
		    DB_ARGS(DB_S(job_state_name(state)), DB_S(owner)), &rows, e) < 0)
		return -1;
	*ret = db_int(&rows, 0);
	return 0;
}
