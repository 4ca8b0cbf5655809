#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/scorer_frame.h"
#include "base/strv.h"

/* One gait-analyze --serve as a process and three pipes. Knows nothing of queues and retries: scorer.c does.
 * One thread at a time. */
struct scorer_child {
	pid_t pid;        /* leader of its own process group; -1: none */
	int in, out, err; /* our ends, non-blocking */
};

struct scorer_child_spec {
	const char *program;
	const char *model_dir; /* "": none */
	bool allow_demonstration;
	int64_t memory_bytes, deadline_ms; /* of one request */
};

enum { SCORER_CHILD_DIED = 1 };

void scorer_child_init(struct scorer_child *c);

/**
 * scorer_child_start() - start it and wait until its model is loaded
 * @until_ms  monotonic
 * Return     0; -1 with ERR_CONFIG (no program), ERR_CHILD or ERR_TIMEOUT and its own words; then nothing is
 * left of it
 */
int scorer_child_start(
	struct scorer_child *c, const struct scorer_child_spec *spec, int64_t until_ms, struct err *e);

/**
 * scorer_child_ask() - send one request, read its answer
 * @request   its head; @parts as long as it says
 * @ret_kind  SCORER_RESULT or SCORER_REFUSED
 * @body      empty; gets the answer's body
 * Return     0; SCORER_CHILD_DIED: it ended, or does not speak the protocol (only scorer_child_end() is
 * left); -1 with ERR_TIMEOUT (likewise), ERR_NOMEM
 */
int scorer_child_ask(struct scorer_child *c, const struct scorer_head *request,
	const struct strv parts[SCORER_PARTS], int64_t until_ms, enum scorer_kind *ret_kind, struct buf *body,
	struct err *e);

/* End the whole group and reap it. @words (may be NULL) gets how it ended and its last words. */
void scorer_child_end(struct scorer_child *c, char *words, size_t size);

/* Its input ends, so that it does; after @grace_ms as scorer_child_end(). */
void scorer_child_close(struct scorer_child *c, int64_t grace_ms);
