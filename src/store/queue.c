#include "store/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/store_tx.h"

enum { LATE_ATTEMPTS = 50, LATE_ATTEMPTS_MIN = 3 };

void queue_rows_free(struct queue_rows *q)
{
	free(q->ids);
	free(q->jobs);
	free(q->owners);
	free(q->running);
	*q = (struct queue_rows){ 0 };
}

static int count(struct tx *tx, const char *sql, unsigned *ret, struct err *e)
{
	DB_ROWS rows;

	if (db_first(tx->db, sql, DB_NO_ARGS, &rows, e) < 0)
		return -1;
	*ret = (unsigned)db_int(&rows, 0);
	return 0;
}

/* Owners' ids, ascending; their index is what the other rows say. */
static int read_owners(struct tx *tx, struct queue_rows *q, char (*ids)[ID_BYTES], struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT id, served FROM users WHERE id IN (SELECT owner FROM jobs WHERE state IN ('queued', "
		"'processing')) ORDER BY id",
		DB_NO_ARGS, &rows, e);

	for (unsigned i = 0; r == 0 && i < q->owner_n; i++, r = db_next(&rows, e)) {
		db_copy(&rows, 0, ids[i], ID_BYTES);
		q->owners[i].served = db_int(&rows, 1);
	}
	return r < 0 ? -1 : 0;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(a, b);
}

static unsigned owner_index(const struct queue_rows *q, char (*ids)[ID_BYTES], const char *owner)
{
	char(*found)[ID_BYTES] = bsearch(owner, ids, q->owner_n, ID_BYTES, by_id);

	return found ? (unsigned)(found - ids) : 0;
}

static int read_jobs(struct tx *tx, struct queue_rows *q, char (*owners)[ID_BYTES], struct err *e)
{
	DB_ROWS queued;
	int r = db_first(tx->db, "SELECT id, owner, priority FROM jobs WHERE state = 'queued' ORDER BY id",
		DB_NO_ARGS, &queued, e);

	for (unsigned i = 0; r == 0 && i < q->n; i++, r = db_next(&queued, e)) {
		db_copy(&queued, 0, q->ids[i], ID_BYTES);
		q->jobs[i] = (struct queue_job){ .owner = owner_index(q, owners, db_text(&queued, 1)),
			.priority = db_int(&queued, 2) };
	}
	if (r < 0)
		return -1;
	DB_ROWS running;
	r = db_first(tx->db, "SELECT owner FROM jobs WHERE state = 'processing' ORDER BY id", DB_NO_ARGS,
		&running, e);
	for (unsigned i = 0; r == 0 && i < q->running_n; i++, r = db_next(&running, e)) {
		q->running[i] = owner_index(q, owners, db_text(&running, 0));
		q->owners[q->running[i]].running++;
	}
	return r < 0 ? -1 : 0;
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int read_pace(struct tx *tx, struct queue_rows *q, struct err *e)
{
	int64_t ms[LATE_ATTEMPTS];
	unsigned n = 0;
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT ended_ms - created_ms FROM attempts WHERE outcome = 'complete' ORDER BY ended_ms "
		"DESC LIMIT ?",
		DB_ARGS(DB_I(LATE_ATTEMPTS)), &rows, e);

	for (; r == 0; r = db_next(&rows, e))
		ms[n++] = db_int(&rows, 0);
	qsort(ms, n, sizeof *ms, by_size);
	q->attempt_ms = n < LATE_ATTEMPTS_MIN ? -1 : ms[n / 2] < 0 ? 0 : ms[n / 2];
	return r < 0 ? -1 : 0;
}

int store_queue_ended(
	struct tx *tx, int64_t since_ms, int64_t step_ms, struct queue_ended *out, unsigned n, struct err *e)
{
	DB_ROWS rows;
	int r = db_first(tx->db,
		"SELECT (a.ended_ms - ?1) / ?2 AS stretch, a.outcome = 'complete', a.n = j.attempt AND "
		"j.state IN "
		"('submission_error', 'inference_error'), count(*) FROM attempts a JOIN jobs j ON j.id = "
		"a.job "
		"WHERE a.ended_ms >= ?1 AND a.ended_ms < ?1 + ?2 * ?3 AND a.outcome IN ('complete', 'error', "
		"'lost') GROUP BY 1, 2, 3",
		DB_ARGS(DB_I(since_ms), DB_I(step_ms), DB_I(n)), &rows, e);

	memset(out, 0, n * sizeof *out);
	for (; r == 0; r = db_next(&rows, e)) {
		struct queue_ended *at = &out[db_int(&rows, 0)];
		*(db_int(&rows, 1)         ? &at->complete
			: db_int(&rows, 2) ? &at->failed
					   : &at->retried) += db_int(&rows, 3);
	}
	return r < 0 ? -1 : 0;
}

int store_queue_read(struct tx *tx, struct queue_rows *ret, struct err *e)
{
	struct queue_rows q = { 0 };

	if (count(tx, "SELECT count(*) FROM jobs WHERE state = 'queued'", &q.n, e) < 0 ||
		count(tx, "SELECT count(*) FROM jobs WHERE state = 'processing'", &q.running_n, e) < 0 ||
		count(tx, "SELECT count(DISTINCT owner) FROM jobs WHERE state IN ('queued', 'processing')",
			&q.owner_n, e) < 0)
		return -1;
	CLEANUP(free_p) char(*owners)[ID_BYTES] = calloc(q.owner_n + 1, ID_BYTES);
	q.ids = calloc(q.n + 1, ID_BYTES);
	q.jobs = calloc(q.n + 1, sizeof *q.jobs);
	q.owners = calloc(q.owner_n + 1, sizeof *q.owners);
	q.running = calloc(q.running_n + 1, sizeof *q.running);
	int r = 0;
	if (!owners || !q.ids || !q.jobs || !q.owners || !q.running)
		r = err_set(e, ERR_NOMEM, "queue");
	if (r < 0 || read_owners(tx, &q, owners, e) < 0 || read_jobs(tx, &q, owners, e) < 0 ||
		read_pace(tx, &q, e) < 0) {
		queue_rows_free(&q);
		return -1;
	}
	*ret = q;
	return 0;
}
