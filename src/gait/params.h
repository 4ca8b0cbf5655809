#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gait/body.h"

/* What is measured, by params.def; why a value is missing, by reasons.def; what to beware of in a view, by
 * flags.def, and in one value, by doubts.def. */
enum param {
#define PARAM(name, unit, shape, decimals, low, high) PARAM_##name,
#include "gait/params.def"
#undef PARAM
	PARAMS
};

enum reason {
	REASON_NONE,
#define REASON(code, text) REASON_##code,
#include "gait/reasons.def"
#undef REASON
	REASONS
};

enum flag {
#define FLAG(code, spoils, text) FLAG_##code,
#include "gait/flags.def"
#undef FLAG
	FLAGS
};

enum doubt {
#define DOUBT(code, text) DOUBT_##code,
#include "gait/doubts.def"
#undef DOUBT
	DOUBTS
};

enum param_shape { WHOLE, SIDED };

struct param_info {
	const char *name, *unit;
	enum param_shape shape;
	int decimals;
	double low, high;
};

/* One value with its uncertainty: mean, count, SD between strides, 95 % interval of the mean (Student's t;
 * for what follows from other values, by resampling strides: uncertainty.h). Where value is NaN, reason says
 * why; sd and the interval are NaN below two. */
struct value {
	double value, sd, ci_low, ci_high;
	size_t n;
	enum reason reason;
	enum view view;
	uint32_t doubts; /* bits of enum doubt */
};

/* A whole-body parameter stands in both sides' places, alike. */
struct param_set {
	struct value of[PARAMS][SIDES];
};

const struct param_info *param_info(enum param p);
/* Known, and outside the table's bounds. */
bool param_is_implausible(const struct param_info *i, const struct value *v);
/* The mean of both sides; NaN where one is missing. */
double param_both(const struct param_set *s, enum param p);
/* 100 · sd / value for quantities with a true zero (s, m, m/s, % of the cycle); NaN for angles and indices.
 */
double param_cv(enum param p, const struct value *v);
const char *reason_code(enum reason r);
const char *reason_text(enum reason r);
const char *flag_code(enum flag f);
const char *flag_text(enum flag f);
bool flag_spoils_score(enum flag f);
const char *doubt_code(enum doubt d);
const char *doubt_text(enum doubt d);

static inline void value_doubt(struct value *v, enum doubt d)
{
	v->doubts |= UINT32_C(1) << d;
}

/* Mean, SD, interval of @n samples (NaN skipped); reason @why where fewer than @least are known. */
struct value value_of(const double *v, size_t n, size_t least, enum reason why, enum view view);
struct value value_missing(enum reason why, enum view view);
