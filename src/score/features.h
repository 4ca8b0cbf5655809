#pragma once

#include <stddef.h>

#include "gait/uncertainty.h"

/* Quantities that models take, by features.def. */
enum feature {
#define FEATURE(name, unit, parameter, how) FEATURE_##name,
#include "score/features.def"
#undef FEATURE
	FEATURES
};

const char *feature_name(enum feature f);
const char *feature_unit(enum feature f);

/* The feature named @name, or FEATURES. */
enum feature feature_find(const char *name);

/* A side that is missing makes its mean unknown (NaN): a model must not see one leg for both. */
double feature_of(const struct param_set *p, enum feature f);

/* The same of one draw of strides (gait/uncertainty.h); NaN where that draw does not have it. */
double feature_of_draw(const struct draws *d, size_t draw, enum feature f);
