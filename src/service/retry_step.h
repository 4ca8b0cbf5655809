#pragma once

#include "core/job.h"
#include "service/service.h"

/* A step that could not be done now: give the lease back and make it due later. The longer the job has been
 * waiting in its present state, the longer the pause (1 s to 5 min), so that no counter is needed.
 * Return 0 (the failure is logged by the caller), -1 where even that cannot be written */
int retry_step_later(struct service *s, const struct job *job, const char *lease, struct err *e);

/* The same where the cluster was in the way because of @why; after some minutes the user is told. */
int retry_step_cluster(
	struct service *s, const struct job *job, const char *lease, const struct err *why, struct err *e);

/* Call @step until it is idle, sleep until a poke or until the next job falls due, again; until the stop. */
void *retry_step_loop(
	struct service *s, struct wake *w, const char *event, int (*step)(struct service *, struct err *));
