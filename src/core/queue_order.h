#pragma once

#include <stdint.h>

/* In which order queued jobs will be taken, as store_claim() takes them one by one: the highest priority
 * first; among equals the owner of whom the fewest jobs are being processed, then the owner who was served
 * longest ago, then the oldest job. */

struct queue_owner {
	int64_t served; /* grows with each job that is taken; 0: never */
	int running;    /* of the owner's jobs, at present */
};

struct queue_job {
	unsigned owner; /* index into the owners */
	int64_t priority;
	unsigned position; /* out: 0 is next */
};

/**
 * queue_order() - the positions of all queued jobs
 * Jobs that run are taken to end in the order in which they began, one for each that is taken while
 * @max_in_flight run.
 * @jobs     oldest first
 * @owners   changed: scratch from here on
 * @running  the owners of the jobs that are being processed, oldest first; changed
 * Return    0; -1 where memory is short (positions are those of age then)
 * Time      jobs × owners, at most QUEUE_ORDER_STEPS: beyond, the rest keeps the order of age
 */
enum { QUEUE_ORDER_STEPS = 2000000 };
int queue_order(struct queue_job *jobs, unsigned n, struct queue_owner *owners, unsigned owner_n,
	const unsigned *running, unsigned running_n, unsigned max_in_flight);

/**
 * queue_wait_s() - how long until the job at @position is taken, on average
 * One place of @max_in_flight becomes free every @attempt_s / @max_in_flight seconds.
 * @attempt_s  how long an attempt takes, from its dispatch to its end; negative: unknown
 * Return      seconds; -1 unknown
 */
int64_t queue_wait_s(unsigned position, unsigned running, unsigned max_in_flight, int64_t attempt_s);
