#pragma once

#include "service/service.h"
#include "store/attempts.h"
#include "store/jobs.h"

/* Attempts whose node reaches neither gaitd nor the store (cluster.transfer = relay): what goes there. What
 * comes back is the fetcher's. Every step may be repeated. */

struct relay {
	struct service *svc;
	const struct job *job;
	const struct attempt *attempt;
	int (*poll)(void *arg); /* negative: stop */
	void *poll_arg;
	bool sent[VIEW_COUNT]; /* in this round */
};

/* A video of which the spool has a copy at @path. Errors: may-retry kinds, ERR_CONFLICT (stopped) */
int relay_video(struct relay *r, const struct video *v, const char *path, struct err *e);

/* All that was not sent yet, the work order last; then it may be submitted. The attempt has its walltime. */
int relay_rest(struct relay *r, const struct video *videos, unsigned n, struct err *e);
