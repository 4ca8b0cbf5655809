#include "store/events.h"

#include "store/store_tx.h"

int store_event_add(struct tx *tx, const struct job *job, const char *kind, const char *step, int percent,
	const char *text, int64_t now_ms, struct err *e)
{
	return db_run(tx->db,
		"INSERT INTO events (job, at_ms, kind, state, phase, attempt, step, percent, text) VALUES "
		"(?, ?, ?, ?, ?, ?, ?, ?, ?)",
		DB_ARGS(DB_S(job->id), DB_I(now_ms), DB_S(kind), DB_S(job_state_name(job->state)),
			DB_S(job_phase_name(job->phase)), DB_I(job->attempt), DB_S(step), DB_I(percent),
			DB_S(text)),
		e);
}

static void read_event(struct db_rows *r, struct event *v)
{
	*v = (struct event){ .seq = db_int(r, 0),
		.at_ms = db_int(r, 2),
		.attempt = (int)db_int(r, 6),
		.percent = (int)db_int(r, 8) };
	db_copy(r, 1, v->job, sizeof v->job);
	db_copy(r, 3, v->kind, sizeof v->kind);
	db_copy(r, 4, v->state, sizeof v->state);
	db_copy(r, 5, v->phase, sizeof v->phase);
	db_copy(r, 7, v->step, sizeof v->step);
	db_copy(r, 9, v->text, sizeof v->text);
}

int store_events_after(struct tx *tx, const char *job, int64_t after, struct event *out, unsigned max,
	unsigned *ret_n, struct err *e)
{
	DB_ROWS rows = { 0 };
	int r = job ? db_first(tx->db,
			      "SELECT seq, job, at_ms, kind, state, phase, attempt, step, percent, text FROM "
			      "events "
			      "WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?",
			      DB_ARGS(DB_S(job), DB_I(after), DB_I(max)), &rows, e)
		    : db_first(tx->db,
			      "SELECT seq, job, at_ms, kind, state, phase, attempt, step, percent, text FROM "
			      "events "
			      "WHERE seq > ? ORDER BY seq LIMIT ?",
			      DB_ARGS(DB_I(after), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		read_event(&rows, &out[(*ret_n)++]);
	return r < 0 ? -1 : 0;
}

int store_events_last_seq(struct tx *tx, int64_t *ret, struct err *e)
{
	DB_ROWS rows;

	if (db_first(tx->db, "SELECT coalesce(max(seq), 0) FROM events", DB_NO_ARGS, &rows, e) < 0)
		return -1;
	*ret = db_int(&rows, 0);
	return 0;
}
