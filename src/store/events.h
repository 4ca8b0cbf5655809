#pragma once

#include "core/job.h"
#include "store/store.h"

/* What happened to a job, in order; append-only. `seq` is the event stream's id. */
struct event {
	int64_t seq, at_ms;
	char job[ID_BYTES], kind[12], state[20], phase[16], step[24], text[JOB_TEXT_BYTES];
	int attempt, percent;
};

/* @kind state, progress or note; the job's present state is recorded with it. */
int store_event_add(struct tx *tx, const struct job *job, const char *kind, const char *step, int percent,
	const char *text, int64_t now_ms, struct err *e);

/* Events with seq > @after, oldest first; @job NULL: of all jobs. */
int store_events_after(struct tx *tx, const char *job, int64_t after, struct event *out, unsigned max,
	unsigned *ret_n, struct err *e);
int store_events_last_seq(struct tx *tx, int64_t *ret, struct err *e);
