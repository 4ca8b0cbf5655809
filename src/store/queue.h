#pragma once

#include "core/ids.h"
#include "core/queue_order.h"
#include "store/store.h"

/* All that waits and what it waits for, as core/queue_order.h takes it. */
struct queue_rows {
	unsigned n, owner_n, running_n;
	char (*ids)[ID_BYTES]; /* of the queued jobs, ascending: oldest first */
	struct queue_job *jobs;
	struct queue_owner *owners;
	unsigned *running;  /* owners of the jobs in processing */
	int64_t attempt_ms; /* the median time from dispatch to success of late; -1: too few */
};

/* What ended in one stretch of time: jobs with a result, jobs that failed for good, and attempts that failed
 * but were made again. */
struct queue_ended {
	int64_t complete, failed, retried;
};

/* In @n stretches of @step_ms from @since_ms on. */
int store_queue_ended(
	struct tx *tx, int64_t since_ms, int64_t step_ms, struct queue_ended *out, unsigned n, struct err *e);

/* Read it in one snapshot. @ret: queue_rows_free() it when 0 was returned. */
int store_queue_read(struct tx *tx, struct queue_rows *ret, struct err *e);
void queue_rows_free(struct queue_rows *q);
