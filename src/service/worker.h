#pragma once

#include "service/service.h"

/* One thread that moves jobs: cancels, dispatches queued ones, hands staged ones to the cluster.
 * The stager is a second one, so that a large upload to the store never holds up the others. */

enum { WORKER_WORKED = 0, WORKER_IDLE = 1 };

/* One step. Return WORKER_WORKED, WORKER_IDLE, or -1 (logged by the loop; the step is due again). */
int worker_once(struct service *s, struct err *e);
int stager_once(struct service *s, struct err *e);

/* Loops until wake_stop(). */
void *worker_main(void *service);
void *stager_main(void *service);
