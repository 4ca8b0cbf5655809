#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Places to run in. ROOT/.slot-N is locked by whoever runs; ROOT/.turn by whoever is next, and the kernel
 * hands that lock on in the order of asking. Nobody keeps a list, so nothing is left to mend after a crash.
 */
struct cluster_slots {
	char root[4096];
	unsigned count;
	int turn_fd;  /* ours once @helper has got the lock: they share the open file description */
	pid_t helper; /* a child that stands in the queue; -1: none */
	int have_turn;
};

enum { CLUSTER_SLOTS_WAIT = -2, CLUSTER_SLOTS_ERROR = -1 };

/**
 * cluster_slots_begin() - stand in the queue
 * @dir  the attempt's folder; the places are beside it
 * A helper process waits for the turn; its end wakes the caller by SIGCHLD and is reaped here. Always end
 * with cluster_slots_end(), after a failure too.
 */
int cluster_slots_begin(struct cluster_slots *s, const char *dir, unsigned count, struct err *e);

/* A descriptor that holds a place until it is closed, CLUSTER_SLOTS_WAIT, or CLUSTER_SLOTS_ERROR and @e. */
int cluster_slots_try(struct cluster_slots *s, struct err *e);

/* How long to wait for an event (the helper's end is one) before trying again. */
int64_t cluster_slots_wait_ms(const struct cluster_slots *s);
void cluster_slots_end(struct cluster_slots *s);
