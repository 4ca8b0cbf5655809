#pragma once

#include <stddef.h>

#include "base/err.h"
#include "score/manifest.h"

/* An XGBoost model and its manifest. The only code that knows XGBoost. */
struct model;

/**
 * model_open() - load DIR/manifest.json and the model file that it names
 * The file's checksum is compared before anything parses it; then it must be XGBoost's JSON with a gbtree
 * booster, objective binary:logistic, the manifest's features in their order, and trees whose indices stay
 * inside them.
 * @ret    caller frees with model_free()
 * Errors  ERR_NOT_FOUND, ERR_CORRUPT with the reason, ERR_TOO_LARGE, ERR_NOMEM
 * Source  XGBoost 1.7, doc/model.schema
 */
int model_open(const char *dir, struct model **ret, struct err *e);
void model_free(struct model *m);

static inline void model_free_p(struct model **m)
{
	model_free(*m);
}

const struct manifest *model_manifest(const struct model *m);

/**
 * model_margins() - the sum of the trees' leaves (log-odds) for @rows rows
 * @x      rows × manifest.features, NaN where unknown
 * @out    @rows
 */
int model_margins(struct model *m, const float *x, size_t rows, float *out, struct err *e);

/**
 * model_contributions() - how much each feature moves one row's margin (SHAP)
 * @out    manifest.features + 1: the last one is the bias; their sum is the margin
 * Source  Lundberg 2020, TreeSHAP
 */
int model_contributions(struct model *m, const float *x, float *out, struct err *e);
