#pragma once

#include "base/buf.h"
#include "report/report.h"
#include "synth.h"

/* An analysis of synthetic walks and the report over it. */
struct kit {
	struct keypoints k[VIEWS];
	struct analysis a;
	struct report r;
	struct buf out; /* what the last writer wrote */
};

/* What goes wrong in a walk, or who walks: each row is a case that every output must hold. */
enum kit_case {
	KIT_ADULT,     /* both views, everything known */
	KIT_CHILD,     /* seven years old */
	KIT_LEFTWARDS, /* both views, walking to the image's left */
	KIT_SIDE_ONLY,
	KIT_FRONT_ONLY,
	KIT_NO_HEIGHT, /* so no lengths */
	KIT_UNKNOWN,   /* neither age nor height */
	KIT_STANDING,  /* nothing can be measured */
	KIT_NOBODY,    /* frames without a person */
	KIT_EXCHANGED, /* front and side exchanged */
	KIT_TREADMILL,
	KIT_HOLES,   /* a tenth of the points is missing */
	KIT_NO_FEET, /* a layout without heels and toes */
	KIT_LONG,    /* a hundred seconds on a treadmill */
	KIT_CASES
};

const char *kit_name(enum kit_case c);
void kit_open(struct kit *k, enum kit_case c);
void kit_close(struct kit *k);

/* Run a writer into k->out; fails the test where it fails. Return what it returned. */
int kit_write(struct kit *k, int (*writer)(const struct report *, struct buf *, struct err *));
