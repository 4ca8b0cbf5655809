#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "kinematics.h"
#include "options.h"
#include "scene.h"

/* Everything about a film that is needed to render it, and to know what is in it. */
struct film {
	const struct options *o;
	struct kin kin;
	struct scene scene;
	double start_s; /* kin's time at the first frame */
	int frames;
};

/* Solve the gait and lay out the scene for checked options. @o is borrowed. */
void film_init(struct film *f, const struct options *o);

/* kin's time of a frame. */
double film_time(const struct film *f, int frame);

/**
 * truth_write() - the film's truth as JSON; docs/walker.md describes the members
 * @out   appended to
 * Return 0; -1 with ERR_NOMEM or ERR_TOO_LARGE
 */
int truth_write(const struct film *f, struct buf *out, struct err *e);
