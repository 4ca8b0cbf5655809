#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "gait/body.h"

/* The events of one view out of result.json, by foot, in order of time. */
struct mark {
	double time_s; /* from the first frame */
	bool strike;   /* else a toe-off */
};

struct marks {
	struct mark *of[SIDES];
	size_t n[SIDES];
};

enum foot_phase { FOOT_UNKNOWN, FOOT_STANCE, FOOT_SWING };

/**
 * marks_read() - take the events of @view from a result
 * @ret    empty at first; free with marks_deinit()
 * Errors  ERR_NOT_FOUND, ERR_IO; ERR_INVALID: no result, or an event that is none; ERR_TOO_LARGE, ERR_NOMEM
 * Source  schema/result.schema.json, events
 */
int marks_read(const char *path, enum view view, struct marks *ret, struct err *e);
void marks_deinit(struct marks *m);
#define MARKS_CLEANUP __attribute__((cleanup(marks_deinit)))

/* From one event of a foot to its next: stance, swing, or not known where one is missing or they lie too far
 * apart (another pass). @i + 1 < n */
enum foot_phase marks_between(const struct marks *m, enum side foot, size_t i);
enum foot_phase marks_phase(const struct marks *m, enum side foot, double time_s);
