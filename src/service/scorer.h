#pragma once

#include "core/field_errors.h"
#include "service/scorer_child.h"

/* Analyses through child processes: persistent gait-analyze --serve of one model, the first started with the
 * first request, further ones where requests meet, each started again after its death. Thread-safe; one
 * request at a time a child, others wait for their turn. */
struct scorer;

struct scorer_options {
	struct scorer_child_spec child; /* strings borrowed */
	unsigned children;              /* at most, 1 to SCORER_CHILDREN_MAX */
	int64_t wait_ms;                /* for the others before it */
};

enum { SCORER_FIELDS = 1, SCORER_CHILDREN_MAX = 16 };

int scorer_new(const struct scorer_options *o, struct scorer **ret, struct err *e);
/* Ends the child. No request may be under way. */
void scorer_free(struct scorer *s);

static inline void scorer_free_p(struct scorer **s)
{
	scorer_free(*s);
}

/**
 * scorer_start() - start a child now, for who wants to know whether it does
 * Errors  ERR_CHILD, ERR_TIMEOUT with the child's own words
 */
int scorer_start(struct scorer *s, struct err *e);

/**
 * scorer_analyze() - key points in, result.json out
 * @parts   as base/scorer_frame.h says; borrowed; empty ones are absent
 * @text    empty; gets result.json on 0
 * @errors  gets every field that cannot be used on SCORER_FIELDS
 * Return   0; SCORER_FIELDS; -1: ERR_INVALID or ERR_TOO_LARGE (the request), ERR_BUSY (its turn did not
 * come), ERR_TIMEOUT (it took longer than it may), ERR_CHILD (the child died of it, twice), ERR_UNAVAILABLE
 * (the child does not start; the reason is in the log), ERR_NOMEM Crash    a child that died is replaced and
 * asked once more; one that dies at its start is left alone for 0.1 to 30 s
 */
int scorer_analyze(struct scorer *s, const struct strv parts[SCORER_PARTS], struct buf *text,
	struct field_errors *errors, struct err *e);
