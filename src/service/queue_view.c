#include "service/queue_view.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "service/status_cache.h"
#include "store/queue.h"

enum { FRESH_MS = 1000 };

struct queue_view {
	pthread_mutex_t lock;
	int64_t generation; /* of the database (status_cache.h), -1: unknown */
	int64_t made_ms;    /* monotonic; -1: not yet */
	struct queue_rows rows;
};

int queue_view_new(struct queue_view **ret, struct err *e)
{
	struct queue_view *v = calloc(1, sizeof *v);

	if (!v)
		return err_set(e, ERR_NOMEM, "queue");
	pthread_mutex_init(&v->lock, NULL);
	v->made_ms = v->generation = -1;
	*ret = v;
	return 0;
}

void queue_view_free(struct queue_view *v)
{
	if (!v)
		return;
	queue_rows_free(&v->rows);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

static int make(struct service *s, struct queue_view *v, int64_t now, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct queue_rows rows;
	/* Before the read: what is committed in between makes the order old, not wrong for ever. */
	int64_t generation = status_cache_generation(s->status_cache);

	if (store_begin(s->store, STORE_READ_FAST, &tx, e) < 0 || store_queue_read(tx, &rows, e) < 0)
		return -1;
	(void)queue_order(rows.jobs, rows.n, rows.owners, rows.owner_n, rows.running, rows.running_n,
		s->opt.max_in_flight);
	queue_rows_free(&v->rows);
	v->rows = rows;
	v->generation = generation;
	v->made_ms = now;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int64_t attempt_s(const struct queue_rows *q)
{
	return q->attempt_ms < 0 ? -1 : (q->attempt_ms + 999) / 1000;
}

static struct queue_place place_at(const struct service *s, const struct queue_rows *q, unsigned position)
{
	return (struct queue_place){ .position = position,
		.estimated_wait_s =
			queue_wait_s(position, q->running_n, s->opt.max_in_flight, attempt_s(q)) };
}

/* Under the lock. Where it is not in the order: behind all. */
static bool look(
	const struct service *s, const struct queue_view *v, const char *job, struct queue_place *ret)
{
	const struct queue_rows *q = &v->rows;
	char(*at)[ID_BYTES] = q->n ? bsearch(job, q->ids, q->n, ID_BYTES, by_id) : NULL;

	*ret = place_at(s, q, at ? q->jobs[at - q->ids].position : q->n);
	return at != NULL;
}

/* Is the order of before the latest change, and may it be made anew? */
static bool is_old(const struct queue_view *v, bool current, int64_t now)
{
	return v->made_ms < 0 || (!current && (now < v->made_ms || now - v->made_ms >= FRESH_MS));
}

int queue_view_place(
	struct service *s, const char *job, struct queue_place *ret, bool *ret_current, struct err *e)
{
	struct queue_view *v = s->queue_view;
	int64_t now = clock_mono_ms(), generation = status_cache_generation(s->status_cache);
	int r = 0;

	pthread_mutex_lock(&v->lock);
	bool current = generation >= 0 && v->generation == generation;
	/* A job that is missing came since: whoever uploaded it wants to see its place. */
	if (is_old(v, current, now) || (!look(s, v, job, ret) && !current))
		r = make(s, v, now, e);
	if (r == 0) {
		(void)look(s, v, job, ret);
		if (ret_current)
			*ret_current = generation >= 0 && v->generation == generation;
	}
	pthread_mutex_unlock(&v->lock);
	return r;
}

int queue_view_first(struct service *s, struct queue_line *out, unsigned max, unsigned *ret_n,
	struct queue_totals *ret, struct err *e)
{
	struct queue_view *v = s->queue_view;
	int64_t now = clock_mono_ms(), generation = status_cache_generation(s->status_cache);
	int r = 0;

	pthread_mutex_lock(&v->lock);
	if (is_old(v, generation >= 0 && v->generation == generation, now))
		r = make(s, v, now, e);
	const struct queue_rows *q = &v->rows;
	for (unsigned i = 0; r == 0 && i < q->n; i++)
		if (q->jobs[i].position < max) {
			struct queue_line *line = &out[q->jobs[i].position];
			memcpy(line->job, q->ids[i], ID_BYTES);
			line->place = place_at(s, q, q->jobs[i].position);
		}
	*ret_n = q->n < max ? q->n : max;
	*ret = (struct queue_totals){ .waiting = q->n, .running = q->running_n, .attempt_s = attempt_s(q) };
	pthread_mutex_unlock(&v->lock);
	return r;
}
