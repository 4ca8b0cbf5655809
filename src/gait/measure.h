#pragma once

#include "base/err.h"
#include "gait/analyze.h"

/* From events, strides and cleaned points to samples, and from these to parameters and curves. For analyze()
 * only. Each measure_…() adds the samples of its parameters; what cannot be known gets its reason. */

/**
 * measure() - everything
 * Errors  ERR_NOMEM
 */
int measure(struct analysis *a, struct err *e);

int measure_times(struct analysis *a, struct err *e);
int measure_lengths(struct analysis *a, struct err *e);
int measure_posture(struct analysis *a, cycle_curves *side_curves, struct err *e);

/* Why a parameter that needs @view has no value where that view was not used. */
enum reason measure_why_unused(const struct analysis *a, enum view view);

/* The samples of @p (of one side: SIDE_LEFT for a whole-body one), told their view and what to say without
 * any. */
struct samples *measure_into(
	struct analysis *a, enum param p, enum side s, enum view view, size_t least, enum reason why);

/* Only a reason, for both sides. */
void measure_nothing(struct analysis *a, enum param p, enum reason why, enum view view);

/* The side view times better (docs/gait-methods.md); the front stands in where it has seen much more. */
enum view measure_timing_view(const struct analysis *a);
