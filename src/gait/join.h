#pragma once

#include <stdbool.h>

#include "gait/cycles.h"
#include "gait/events.h"

/* Front and side view of the same rhythm, laid over each other by the phase of the steps. Two videos have two
 * clocks; that they show the same walk at the same time is never taken for granted. */
struct joined_views {
	bool joined;
	double offset_s;     /* front time + offset = side time, within half a stride: whole strides cannot be
				told */
	double spread_s;     /* SD of the front's strikes about the side's rhythm */
	double correction_s; /* left front strikes were moved by it, right ones by its negative */
};

/**
 * join_views() - synchronise by cadence phase, and let the side's rhythm correct the front's strikes
 * Joined: at least four steps in each view, mean stride times within 5 %, and front strikes that spread by
 * less than 0.1 strides about the side's phase. From the front a strike is seen by which ankle stands lower,
 * which is late or early by foot and camera; the side sees the instant. So the front's left and right strikes
 * are moved until their alternation is the side's; their mean time stays.
 * @front  its events, sorted; heel strikes are moved
 * Source  circular statistics: Fisher 1993; docs/gait-methods.md, section 3
 */
void join_views(struct events *front, const struct events *side, struct joined_views *ret);
