#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "gait/analyze.h"
#include "score/model.h"
#include "score/reason.h"

struct score_share {
	enum feature feature;
	double value;        /* NaN where not measured */
	double contribution; /* to the margin */
};

/* A model's opinion of one analysis, or why it has none. Not a diagnosis. */
struct score {
	double value;        /* 0…1 after calibration; NaN: none, see reasons */
	double low, high;    /* 95 % interval over draws of strides; NaN unknown */
	double margin, bias; /* margin = bias + sum of contributions */
	struct score_share share[FEATURES];
	size_t shares;
	bool at_threshold; /* at or above the decision threshold */
	uint32_t reasons;  /* bits of enum score_reason */
	uint32_t
		flags; /* bits of enum flag: of the timing view, those that spoil a score; and refused ones */
	bool has_model, has_group;
	struct manifest model;
	struct calibration_group
		group; /* of the model's table, for this patient: what such numbers meant there */
};

/**
 * score_make() - let @m judge an analysis
 * @m        may be NULL: no model
 * @allow    may a demonstration model speak?
 * Interval  the model judges every draw of strides (gait/uncertainty.h); 2.5 and 97.5 % of these scores. What
 * is measured in one stride stays together; what no stride tells (the camera, the engine) is not in it.
 * Return    0 also without a score; -1 where the model itself fails
 * Source    Efron & Tibshirani 1993 (percentile bootstrap); Lundberg 2020 (TreeSHAP)
 */
int score_make(struct model *m, bool allow, const struct analysis *a, struct score *ret, struct err *e);

/* The member "score" of result.json. */
void score_write(struct json_w *w, const struct score *s);

const char *score_reason_code(enum score_reason r);
const char *score_reason_text(enum score_reason r);
