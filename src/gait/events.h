#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "gait/passes.h"
#include "gait/track.h"

enum event_kind { EVENT_HEEL_STRIKE, EVENT_TOE_OFF };

/* Which part of the foot met the floor first (contact.h); "heel strike" is the event's usual name all the
 * same. */
enum contact { CONTACT_UNKNOWN, CONTACT_HEEL, CONTACT_FLAT, CONTACT_TOE };

struct event {
	enum view view;
	enum side foot;
	enum event_kind kind;
	double time_s;     /* sub-frame, from the first frame */
	double prominence; /* leg lengths (side) or of the leg height (front) */
	size_t pass;
	enum contact contact; /* of a heel strike seen from the side */
	double contact_deg;   /* foot's angle then against the flat foot, toe up positive; NaN unknown */
};

enum { EVENTS_MAX = 16384 };

struct events {
	struct event *list; /* by time; free() it */
	size_t count, cap;
};

/**
 * events_side() - heel strikes and toe-offs of one pass seen from the side
 * Heel strike: the largest dir · (heel - mid-hip), then strikes_refine(); toe-off: the smallest dir · (toe -
 * mid-hip), then toe_offs_refine(); each with a prominence of at least 0.3 of the signal's peak-to-peak and
 * 0.1 leg lengths, sub-frame by a parabola. Left and right heel strikes must alternate: of two in a row
 * closer than 0.7 strides the lesser one goes. Nothing is reported where the steps are irregular beyond
 * walking (rhythm.h).
 * Errors  ERR_NOMEM, ERR_TOO_LARGE
 * Source  Zeni 2008; what is left of its bias in docs/gait-methods.md, section 3
 */
int events_side(
	const struct track *t, const struct passes *p, size_t pass, struct events *ret, struct err *e);

/**
 * events_front() - heel strikes of one pass towards or away from the camera
 * q = (height of left ankle - height of right ankle) / (height of mid-hip over the ankles): the foot ahead
 * (towards the camera) stands lower in the image. Right heel strike at the largest q, left at the smallest
 * (exchanged when walking away), minus 0.19 (towards) or 0.24 (away) of the step time.
 * Source  docs/gait-methods.md, section 3
 */
int events_front(
	const struct track *t, const struct passes *p, size_t pass, struct events *ret, struct err *e);

/* Median time between neighbouring heel strikes of the same foot in @pass; NaN where there are none. */
double events_stride_s(const struct events *ev, size_t pass);

void events_deinit(struct events *ev);
#define EVENTS_CLEANUP __attribute__((cleanup(events_deinit)))

/* Append in any order; events_sort() puts them by time. */
int events_add(struct events *ev, const struct event *event, struct err *e);
void events_sort(struct events *ev);
