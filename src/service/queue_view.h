#pragma once

#include "service/service.h"

/* Each queued job's place, in the order in which dispatch will take them, and how long that may last. The
 * order is worked out for all at once, when something has changed and at most once a second: a status answer
 * costs a look into it. Thread-safe. */
struct queue_view;

struct queue_place {
	unsigned position;        /* 0: it is next */
	int64_t estimated_wait_s; /* -1: nothing is known yet */
};

int queue_view_new(struct queue_view **ret, struct err *e);
void queue_view_free(struct queue_view *v);

struct queue_line {
	char job[ID_BYTES];
	struct queue_place place;
};
struct queue_totals {
	unsigned waiting, running;
	int64_t attempt_s; /* how long an attempt takes of late, from its dispatch to its end; -1: unknown */
};

/* The first @max that wait, in their order. Return 0; -1 where the database cannot be read */
int queue_view_first(struct service *s, struct queue_line *out, unsigned max, unsigned *ret_n,
	struct queue_totals *ret, struct err *e);

/**
 * queue_view_place() - the place of a queued job
 * @ret_current  may be NULL; false where the order is of before the latest change: an answer made of it must
 *               not be kept
 * Return        0; -1 where the database cannot be read
 */
int queue_view_place(
	struct service *s, const char *job, struct queue_place *ret, bool *ret_current, struct err *e);
