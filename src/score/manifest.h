#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "score/features.h"

/* What stands beside a model file: which features it takes, for whom it was made, how its margin becomes a
 * probability, and the checksum that ties the two together. */
struct manifest {
	char name[64], version[32], file[64], sha256[65], notice[512], population[256];
	bool demonstration;
	enum feature feature[FEATURES];
	size_t features, max_missing, min_cycles;
	double age_min_months, age_max_months;
	double slope, intercept; /* Platt 1999: p = 1 / (1 + exp(-(slope · margin + intercept))) */
	double threshold;
	char above[128], below[128]; /* the decision in words, at or above the threshold and below it */
};

/**
 * manifest_parse() - read manifest.json
 * Errors  ERR_CORRUPT with the member at fault: unknown feature, other unit, a feature twice, a file name
 * with a folder in it, no checksum, an empty population, a calibration that turns the score around Source
 * docs/gait-methods.md, section 9; models/demonstration/manifest.json is an example
 */
int manifest_parse(const char *text, size_t len, struct manifest *ret, struct err *e);
