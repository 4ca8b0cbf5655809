#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* How threads rouse each other: a poke is remembered until the next wait, so that none is lost. */
struct wake {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool poked, stopping;
};

void wake_init(struct wake *w);
void wake_deinit(struct wake *w);
void wake_poke(struct wake *w);
/* From here on every wait answers false. */
void wake_stop(struct wake *w);
/* Sleep until a poke, @timeout_ms (negative: for ever) or the stop. Return false when stopping. */
bool wake_wait(struct wake *w, int64_t timeout_ms);
bool wake_stopping(struct wake *w);
