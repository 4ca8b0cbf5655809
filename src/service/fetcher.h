#pragma once

#include "service/service.h"
#include "store/attempts.h"

/* Brings home what relayed attempts made: a thread of its own, so that big files hold up neither the reaper,
 * which finds the attempts, nor the stager. What waits is kept in memory only: after a restart the reaper
 * finds it again. */
struct fetcher;

int fetcher_new(struct fetcher **ret, struct err *e);
void fetcher_free(struct fetcher *f);

/* Fetch the outputs of this finished attempt, then settle it; nothing where it is waiting already.
 * Thread-safe. */
int fetcher_want(struct service *s, const struct attempt *a, const struct cluster_status *st, struct err *e);
/* Is the attempt waiting or under way? Its folder must not go then. */
bool fetcher_has(struct service *s, const char *attempt);

/* One attempt. Return WORKER_WORKED, WORKER_IDLE; -1 (it stays and is due again after a pause) */
int fetcher_once(struct service *s, struct err *e);
void *fetcher_main(void *service);
