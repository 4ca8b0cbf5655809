#pragma once

#include <stddef.h>

#include "gait/events.h"

/**
 * strikes_refine() - move heel strikes from Zeni's maximum to where the heel comes to rest
 * At the maximum of dir · (heel - mid-hip) the heel is still as fast as the body; on the floor it is as slow
 * as the ground (minus the walking speed, seen from the body). The low-pass is symmetric in time, so a sudden
 * stop passes half of that drop at the moment of the stop, and a heel that still rolls a little more: the
 * heel strike is where the speed relative to mid-hip falls through -0.6 · walking speed, within 0.12 strides
 * after the maximum. Where noise hides that, or shows it at less than 0.5 or more than 1.8 of the foot's
 * median delay, the median delay is taken; where it is never seen, the maximum stands. Seen from the body, so
 * it holds on a treadmill and for a moving camera too.
 * @signal    dir · (heel - mid-hip) of the pass's frames, any unit
 * @first_s   time of signal[0]
 * @foot      whose heel it is: only that foot's events are moved
 * @scratch   room for twice @count doubles
 * Source     Zeni 2008 for the maximum; O'Connor 2007 and Bruening & Ridge 2014 for foot speed as the
 * criterion; docs/gait-methods.md, section 3 for what it does to the bias
 */
void strikes_refine(struct event *ev, size_t count, enum side foot, const double *signal, size_t n,
	double first_s, double fps, double stride_s, double *scratch);

/**
 * toe_offs_refine() - move toe-offs from Zeni's minimum to where the toe has left the ground's speed behind
 * At the minimum of dir · (toe - mid-hip) the toe is already as fast as the body; on the floor it is as slow
 * as the ground. The toe-off is where, before the minimum and within 0.12 strides of it, the toe's speed
 * relative to mid-hip rises through -0.1 · walking speed: at the moment that force plates give, toes move at
 * 0.7 to 0.9 of the body's speed.
 * @signal  dir · (toe - mid-hip); the others as for strikes_refine()
 * @strikes heel strikes of the same foot, for the walking speed
 * Source   Zeni 2008; O'Connor 2007; docs/validation.md
 */
void toe_offs_refine(struct event *ev, size_t count, enum side foot, const struct event *strikes,
	size_t strike_count, const double *signal, size_t n, double first_s, double fps, double stride_s,
	double *scratch);
