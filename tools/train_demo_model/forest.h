#pragma once

#include "base/err.h"
#include "people.h"

/* XGBoost with settings that give the same bytes each time: one thread, exact splits. */

/* How a forest is grown, for the model card. */
extern const char forest_settings[];

/**
 * forest_grow() - train on the people of SET_TRAIN, save, and judge everybody
 * @path        where XGBoost's JSON goes
 * @ret_margin  one a person, in their order
 */
int forest_grow(const struct people *p, const char *path, double *ret_margin, struct err *e);
