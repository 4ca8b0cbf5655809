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

/**
 * rhythm_repeats() - does the movement come again as walking does?
 * Four correlations are averaged: each signal with itself a stride later, and each with the other half a
 * stride later; those with an overlap under half a stride are left out. Noise has none of them, and a single
 * movement (a turn, one step) not all.
 * @left, @right  the same quantity of either foot, @n samples, NaN where unknown
 * @stride        frames
 * Return         the mean is at least @least
 * Source         autocorrelation of steps and strides, Moe-Nilssen & Helbostad 2004
 */
bool rhythm_repeats(const double *left, const double *right, size_t n, double stride, double least);
