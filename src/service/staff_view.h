#pragma once

#include "base/json.h"
#include "core/job.h"
#include "service/service.h"

/* What only staff see of jobs, as JSON: docs/api/openapi.yaml, schemas AttemptList, Queue, Throughput. */

enum { THROUGHPUT_HOURS_DEFAULT = 24, THROUGHPUT_HOURS_MOST = 168 };

/* Each attempt whole, newest first, with the last lines of its log. */
int staff_write_attempts(struct tx *tx, const struct job *job, struct json_w *w, struct err *e);

/* What waits, in the order in which it will be taken, and what is being processed. */
int staff_write_queue(struct service *s, struct tx *tx, struct json_w *w, struct err *e);

/* What ended in each of the last @hours (int64_t), the present one last. */
int staff_write_throughput(struct tx *tx, struct json_w *w, void *hours, struct err *e);
