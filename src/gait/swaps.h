#pragma once

#include <stddef.h>

#include "base/err.h"
#include "gait/track.h"

/**
 * swaps_fix() - undo left/right exchanges of whole legs
 * Every frame is either as the engine labelled it or exchanged. The sequence of both that costs least is
 * found by dynamic programming; the cost of a frame is how far knees, ankles, heels and toes lie from where
 * constant velocity would put them (2·p(t-1) - p(t-2), scaled to the time between), each point's share
 * bounded so that one bad point cannot decide, plus a little for being exchanged at all: where motion says
 * nothing, the engine's labels stand, and of two complementary answers the one with fewer exchanges wins.
 * @t      filled but not yet low-passed; leg_px set
 * Return  0 and *@ret_swapped frames exchanged; -1 with ERR_NOMEM. Linear in frames.
 * Source  prediction as in facts of Stenum 2021's manual correction; Viterbi 1967 for the search
 */
int swaps_fix(struct track *t, size_t *ret_swapped, struct err *e);
