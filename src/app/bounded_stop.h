#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "service/wake.h"

/* An end to a stop. Whatever gaitd does may be cut off at any moment and is made whole by the next start
 * (tests/crash kills it at each step), so a mail server, a bucket or a login node that does not answer has no
 * claim to more time. */
struct bounded_stop {
	struct wake over;
	pthread_t thread;
	_Atomic(const char *) waiting_for; /* for the log: what is ended in this very moment */
	int64_t after_ms;
	int exit_code;
	bool runs;
};

/* From now on the process ends itself after @after_ms, with @exit_code and a line in the log. */
void bounded_stop_begin(struct bounded_stop *b, int64_t after_ms, int exit_code, const char *waiting_for);
void bounded_stop_note(struct bounded_stop *b, const char *waiting_for);
/* It ended by itself. */
void bounded_stop_end(struct bounded_stop *b);
