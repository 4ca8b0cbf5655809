#include "store/outbox.h"

#include <stdio.h>

#include "base/crypto.h"
#include "store/store_tx.h"

#define OUTBOX_COLUMNS                                                                                       \
	"id, job, kind, message_id, recipient, state, last_error, attempt, tries, created_ms, due_ms"

static const char *const kinds[] = {
	[MAIL_DUE_RECEIVED] = "received",
	[MAIL_DUE_RESULT] = "result",
	[MAIL_DUE_FAILURE] = "failure",
	[MAIL_DUE_ANALYSED] = "analysed",
};

static int add(struct tx *tx, const struct job *job, const char *kind, int attempt, const char *message_id,
	int64_t now_ms, struct err *e)
{
	char id[ID_BYTES];
	uint8_t random[ID_RANDOM_BYTES];

	random_bytes(random, sizeof random);
	id_make(now_ms, random, id);
	/* The account's own address counts where the submission names none and the address is confirmed. */
	return db_run(tx->db,
		"INSERT INTO outbox (id, job, attempt, kind, message_id, recipient, created_ms, due_ms) "
		"SELECT ?1, ?2, ?3, ?4, ?5, iif(?6 <> '', ?6, u.email), ?7, ?7 FROM users u WHERE u.id = ?8 "
		"AND (?6 <> '' OR u.email_confirmed_ms IS NOT NULL) ON CONFLICT (message_id) DO NOTHING",
		DB_ARGS(DB_S(id), DB_S(job->id), DB_I(attempt), DB_S(kind), DB_S(message_id),
			DB_S(job->submission.email), DB_I(now_ms), DB_S(job->owner)),
		e);
}

int store_outbox_add(struct tx *tx, const struct job *job, enum mail_due mail, int64_t now_ms, struct err *e)
{
	char message_id[96];

	if (mail == MAIL_DUE_NONE || job->erased)
		return 0;
	snprintf(message_id, sizeof message_id, "%s.%s.%d", kinds[mail], job->id,
		mail == MAIL_DUE_RECEIVED ? 0 : job->attempt);
	return add(tx, job, kinds[mail], job->attempt, message_id, now_ms, e);
}

int store_outbox_add_released(
	struct tx *tx, const struct job *job, int attempt, int times, int64_t now_ms, struct err *e)
{
	const char *kind = kinds[MAIL_DUE_RESULT];
	char message_id[96], again[16] = "";

	if (times > 1)
		snprintf(again, sizeof again, ".%d", times);
	snprintf(message_id, sizeof message_id, "%s.%s.%d%s", kind, job->id, attempt, again);
	return add(tx, job, kind, attempt, message_id, now_ms, e);
}

int store_outbox_unrelease(struct tx *tx, const char *job, int attempt, struct err *e)
{
	return db_run(tx->db,
		"UPDATE outbox SET state = 'dropped' WHERE job = ? AND attempt = ? AND kind = 'result' AND "
		"state IN ('pending', 'bounced')",
		DB_ARGS(DB_S(job), DB_I(attempt)), e);
}

int store_outbox_dropped(struct tx *tx, const char *id, struct err *e)
{
	return db_run(tx->db, "UPDATE outbox SET state = 'dropped' WHERE id = ? AND state = 'pending'",
		DB_ARGS(DB_S(id)), e);
}

static void read_item(struct db_rows *r, struct outbox_item *o)
{
	*o = (struct outbox_item){ .attempt = (int)db_int(r, 7),
		.tries = (int)db_int(r, 8),
		.created_ms = db_int(r, 9),
		.due_ms = db_int(r, 10) };
	db_copy(r, 0, o->id, sizeof o->id);
	db_copy(r, 1, o->job, sizeof o->job);
	db_copy(r, 2, o->kind, sizeof o->kind);
	db_copy(r, 3, o->message_id, sizeof o->message_id);
	db_copy(r, 4, o->recipient, sizeof o->recipient);
	db_copy(r, 5, o->state, sizeof o->state);
	snprintf(o->last_error, sizeof o->last_error, "%s", db_text(r, 6));
}

int store_outbox_due(struct tx *tx, int64_t now_ms, struct outbox_item *ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT " OUTBOX_COLUMNS
		" FROM outbox WHERE state = 'pending' AND due_ms <= ? ORDER BY due_ms, id LIMIT 1",
		DB_ARGS(DB_I(now_ms)), &rows, e);

	if (r == 0)
		read_item(&rows, ret);
	return r;
}

int store_outbox_due_since(
	struct tx *tx, int64_t since_ms, int64_t now_ms, struct outbox_item *ret, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT " OUTBOX_COLUMNS
		" FROM outbox WHERE state = 'pending' AND due_ms BETWEEN ? AND ? AND "
		"due_ms <> created_ms ORDER BY due_ms, id LIMIT 1",
		DB_ARGS(DB_I(since_ms), DB_I(now_ms)), &rows, e);

	if (r == 0)
		read_item(&rows, ret);
	return r;
}

int store_outbox_next_due(struct tx *tx, int64_t *ret_ms, struct err *e)
{
	DB_ROWS rows;

	if (db_first(tx->db, "SELECT min(due_ms) FROM outbox WHERE state = 'pending'", DB_NO_ARGS, &rows, e) <
		0)
		return -1;
	*ret_ms = db_is_null(&rows, 0) ? INT64_MAX : db_int(&rows, 0);
	return 0;
}

int store_outbox_sent(struct tx *tx, const char *id, int64_t now_ms, struct err *e)
{
	return db_run(tx->db,
		"UPDATE outbox SET state = 'sent', sent_ms = ?, tries = tries + 1, last_error = '' WHERE id "
		"= ? AND state = 'pending'",
		DB_ARGS(DB_I(now_ms), DB_S(id)), e);
}

int store_outbox_retry(struct tx *tx, const char *id, int64_t due_ms, const char *why, struct err *e)
{
	return db_run(tx->db,
		"UPDATE outbox SET due_ms = ?, tries = tries + 1, last_error = ? WHERE id = ? AND state = "
		"'pending'",
		DB_ARGS(DB_I(due_ms), DB_S(why), DB_S(id)), e);
}

int store_outbox_bounced(struct tx *tx, const char *id, const char *why, struct err *e)
{
	return db_run(tx->db,
		"UPDATE outbox SET state = 'bounced', tries = tries + 1, last_error = ? WHERE id = ? AND "
		"state = 'pending'",
		DB_ARGS(DB_S(why), DB_S(id)), e);
}

int store_outbox_kick(struct tx *tx, const char *id, int64_t now_ms, struct err *e)
{
	int changed;

	if (db_run_n(tx->db,
		    "UPDATE outbox SET state = 'pending', due_ms = ? WHERE id = ? AND state IN ('pending', "
		    "'bounced') AND recipient <> ''",
		    DB_ARGS(DB_I(now_ms), DB_S(id)), &changed, e) < 0)
		return -1;
	return changed ? 0 : STORE_NONE;
}

int store_outbox_drop(struct tx *tx, const char *job, struct err *e)
{
	return db_run(tx->db,
		"UPDATE outbox SET recipient = '', state = iif(state = 'pending', 'dropped', state) WHERE "
		"job = ?",
		DB_ARGS(DB_S(job)), e);
}

int store_outbox_list(struct tx *tx, const char *state, struct outbox_item *out, unsigned max,
	unsigned *ret_n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT " OUTBOX_COLUMNS
		" FROM outbox WHERE ?1 IS NULL OR state = ?1 ORDER BY id DESC LIMIT ?2",
		DB_ARGS(DB_S(state), DB_I(max)), &rows, e);

	for (*ret_n = 0; r == 0; r = db_next(&rows, e))
		read_item(&rows, &out[(*ret_n)++]);
	return r < 0 ? -1 : 0;
}

int store_outbox_count(struct tx *tx, const char *state, int64_t *ret, struct err *e)
{
	DB_ROWS rows;

	if (db_first(tx->db, "SELECT count(*) FROM outbox WHERE state = ?", DB_ARGS(DB_S(state)), &rows, e) <
		0)
		return -1;
	*ret = db_int(&rows, 0);
	return 0;
}
