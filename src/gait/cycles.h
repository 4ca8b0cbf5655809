#pragma once

#include <stddef.h>

#include "base/err.h"
#include "gait/events.h"

/* One stride of one foot: heel strike to the next heel strike of the same foot. Times in seconds, NaN where
 * the event was not seen. */
struct cycle {
	enum side foot;
	size_t pass;
	size_t strike; /* index of the heel strike that starts it, in the view's events */
	double start_s, end_s;
	double other_toe_off_s;     /* ends the first double support */
	double other_heel_strike_s; /* begins the second one */
	double toe_off_s;           /* ends stance */
};

struct cycles {
	struct cycle *list; /* by start; free with cycles_deinit() */
	size_t count;
	size_t of_foot[SIDES];
};

/**
 * cycles_make() - strides between neighbouring heel strikes of the same foot and pass
 * Kept: the other foot strikes once in between, at 25…75 % of the time, and the duration is within 0.6…1.5
 * of the pass's median stride.
 * @ev     one view's events, sorted
 * Errors  ERR_NOMEM
 */
int cycles_make(const struct events *ev, struct cycles *ret, struct err *e);
void cycles_deinit(struct cycles *c);

/* One step: from a heel strike to the next one of the other foot; named by the foot that lands. */
struct step {
	enum side foot;
	size_t pass;
	size_t strike; /* index of the heel strike that ends it */
	double start_s, end_s;
};

/* Steps between alternating neighbours, 0.5…1.6 of the median step; at most @max. Return the count. */
size_t steps_make(const struct events *ev, struct step *out, size_t max);
