#pragma once

#include <stddef.h>

#include "gait/analyze.h"

/* Quantities that models take, by features.def. */
enum feature {
#define FEATURE(name, unit, parameter, how) FEATURE_##name,
#define PATIENT_FACT(name, unit, member)    FEATURE_##name,
#include "score/features.def"
	FEATURES
};

const char *feature_name(enum feature f);
const char *feature_unit(enum feature f);

/* The feature named @name, or FEATURES. */
enum feature feature_find(const char *name);

/* A side that is missing makes its mean unknown (NaN): a model must not see one leg for both. */
double feature_of(const struct analysis *a, enum feature f);

/* The same of one draw of strides (gait/uncertainty.h); NaN where that draw does not have it. What is known
 * of the patient is the same in each. */
double feature_of_draw(const struct analysis *a, size_t draw, enum feature f);
