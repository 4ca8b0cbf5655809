#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "people.h"

/* How good the demonstration model is at telling its two made-up groups apart. */

struct platt {
	double slope, intercept; /* rounded to 4 decimals, as the manifest has them */
};

/**
 * platt_fit() - p = 1 / (1 + exp(-(slope · margin + intercept))) from the walks of SET_CALIBRATE
 * Source  Platt 1999 (targets drawn in from 0 and 1); Newton's method after Lin, Lin & Weng 2007
 */
struct platt platt_fit(const struct people *p, const double *margin);

double platt_score(const struct platt *c, double margin);

/* Who is counted together. */
struct group {
	const char *name;
	enum source source;
	double age_min_months, age_max_months; /* NaN: any */
	char sex;                              /* 0: any */
};

/* Held-out people of the groups that the tables have. */
extern const struct group groups[];
extern const size_t group_count;

struct figures {
	size_t n, positive;
	double predicted, observed, brier, auc; /* NaN where nobody is in it; auc also where all are alike */
};

struct figures figures_of(
	const struct people *p, const double *margin, const struct platt *c, const struct group *g);

/* The tables of the model card, in Markdown. */
int evaluate_tables(
	struct buf *out, const struct people *p, const double *margin, const struct platt *c, struct err *e);
