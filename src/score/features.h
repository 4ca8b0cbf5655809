#pragma once

#include <stddef.h>

#include "gait/params.h"

/* Quantities that models take, by features.def. */
enum feature {
#define FEATURE(name, unit, parameter, how) FEATURE_##name,
#include "score/features.def"
#undef FEATURE
	FEATURES
};

struct feature_value {
	double value; /* NaN unknown */
	double se;    /* standard error of the mean; NaN unknown */
};

const char *feature_name(enum feature f);
const char *feature_unit(enum feature f);

/* The feature named @name, or FEATURES. */
enum feature feature_find(const char *name);

/* A side that is missing makes its mean unknown: a model must not see one leg for both. */
struct feature_value feature_of(const struct param_set *p, enum feature f);
