#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "score/features.h"

enum { GROUPS_MAX = 64 };

/* One row of the calibration table: what the model said, and what was so, of held-out people of one group. */
struct calibration_group {
	char group[64];
	double age_min_months, age_max_months; /* both NaN: any age */
	char sex;                              /* 0: any */
	size_t n;
	double predicted, observed, brier; /* mean score; share of the positive; NaN: not given */
};

/* What stands beside a model file: which features it takes, for whom it was made, how its margin becomes a
 * probability, and the checksum that ties the two together. docs/model-manifest.md has every member. */
struct manifest {
	char name[64], version[32], file[64], sha256[65], notice[512];
	bool demonstration;
	enum feature feature[FEATURES];
	size_t features, max_missing, min_cycles;
	double min_confidence, min_fps; /* of each view that was used */
	uint32_t refuses;               /* bits of enum flag, beside those that spoil every score */
	char population[256];
	double age_min_months, age_max_months;
	char sexes[4];                    /* of F, M, O; empty: any, told or not */
	uint32_t excludes[PATIENT_FACTS]; /* bits of the fact's enum; bit 0: not told */
	char training[512], trained[11];  /* its data in words; YYYY-MM-DD */
	double slope, intercept;          /* Platt 1999: p = 1 / (1 + exp(-(slope · margin + intercept))) */
	char calibration_method[256];
	struct calibration_group group[GROUPS_MAX];
	size_t groups;
	double threshold;
	char above[128], below[128]; /* the decision in words, at or above the threshold and below it */
};

/**
 * manifest_parse() - read manifest.json
 * Errors  ERR_CORRUPT with the member at fault: unknown, twice, or not what it must be (a feature that is not
 * measured or comes in another unit, a file name with a folder in it, an empty population, a calibration that
 * turns the score around …); ERR_INVALID where it is no JSON. @ret is written on success only.
 * Source  docs/model-manifest.md; models/demonstration/manifest.json is an example
 */
int manifest_parse(const char *text, size_t len, struct manifest *ret, struct err *e);

/* The row of the calibration table that fits this patient best: the most that it tells of age and sex. NULL:
 * none. */
const struct calibration_group *manifest_group(const struct manifest *m, const struct patient *p);
