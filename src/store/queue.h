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

/* Read it in one snapshot. @ret: queue_rows_free() it when 0 was returned. */
int store_queue_read(struct tx *tx, struct queue_rows *ret, struct err *e);
void queue_rows_free(struct queue_rows *q);
