#pragma once

#include "base/err.h"
#include "score/manifest.h"

/**
 * model_check() - is this text an XGBoost model that fits @m and cannot lead its reader outside its arrays?
 * Checked: that XGBoost will read it as JSON, no member twice, learner.objective.name, gradient_booster.name,
 * feature_names against the manifest in order, num_feature, one output, at most 5,000 trees of at most 4,095
 * nodes each, each at the place of its id, children and split indices inside their range, children after
 * their parent. Errors  ERR_CORRUPT with the reason, ERR_INVALID where it is no JSON Source  XGBoost 1.7,
 * doc/model.schema
 */
int model_check(const char *text, size_t len, const struct manifest *m, struct err *e);
