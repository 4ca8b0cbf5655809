#pragma once

#include <stdbool.h>

#include "gait/events.h"

/**
 * rhythm_is_walking() - do these heel strikes of one pass follow each other as steps do?
 * Wanted: at least three alternating ones, a median step time of 0.27…1.5 s (cadence 40…220), and a median
 * deviation from it of at most 25 % (the asymmetry of a limp included, noise is beyond it).
 * Source  cadence limits of docs/gait-methods.md, section 8
 */
bool rhythm_is_walking(const struct events *ev);
