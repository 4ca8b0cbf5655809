#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "gait/angles.h"
#include "gait/params.h"
#include "gait/patient.h"

/* Published reference values by age: norms.c holds them with their sources. Where none fits, there is none:
 * nothing is stretched from one age to another. */

struct norm_curve {
	const char *source;                          /* author, year, population: for people to read */
	double mean[CURVE_POINTS], sd[CURVE_POINTS]; /* degrees; this project's definitions of the angles */
};

/**
 * norm_curve() - reference curve of a joint for a person of this age
 * Return false where there is none: the age is unknown, under 4 years, or the joint is trunk or foot
 */
bool norm_curve(enum joint j, const struct patient *p, struct norm_curve *ret);

struct norm_range {
	const char *source;
	double low, high; /* mean ± 2 SD, or the range that the source gives */
};

/* Reference range of a parameter (each side alike); false where there is none. */
bool norm_range(enum param p, const struct patient *patient, struct norm_range *ret);
