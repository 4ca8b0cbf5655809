#pragma once

#include <stdbool.h>

#include "base/err.h"

/* How a driver is examined: step by step, from the nearest thing that could be wrong to the farthest, so that
 * the first failure is the one to mend. /readyz asks quietly, `gaitctl doctor` wants to see every step. */

enum probe_outcome {
	PROBE_OK,
	PROBE_FAILED,  /* `text` says what is wrong and what to do */
	PROBE_SKIPPED, /* not asked for, or an earlier step failed */
};

struct probe {
	/* Also what takes minutes or costs something: a test job on a compute node. */
	bool thorough;
	/* What that node must reach; NULL or "": not tried. */
	const char *callback_url, *store_url;
	/* Told every step as it ends; @what is a short name such as "host key", @text never NULL. */
	void (*step)(void *arg, const char *what, enum probe_outcome outcome, const char *text);
	/* Told what begins, where a step may take long; NULL: nobody listens. */
	void (*begin)(void *arg, const char *what);
	void *arg;
};

/**
 * probe_step() - report one step; what a driver's probe() is made of
 * @p       NULL: nobody listens
 * @what    "host key"
 * @r       0: it went well, @text may say with what; else @e is the finding and @text is not used
 * Return   @r
 */
int probe_step(const struct probe *p, const char *what, int r, const char *text, const struct err *e);

/* What is being done from here on: for steps that let people wait. */
void probe_begin(const struct probe *p, const char *what);

/* A step that is not taken, and why. */
void probe_skip(const struct probe *p, const char *what, const char *why);
