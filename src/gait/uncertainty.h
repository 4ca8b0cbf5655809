#pragma once

#include "base/err.h"
#include "gait/analyze.h"

/* How sure a number is, by drawing strides again. */
enum { DRAWS = 200 };

/* analysis.draws: value[draw][parameter][side]; NaN where a draw has no such strides. */

void draws_deinit(struct draws *d);

/**
 * uncertainty_make() - draw each foot's heel strikes DRAWS times with replacement and measure again
 * All that was measured in a stride goes with it, so that parameters that belong together move together.
 * Derived parameters get the 2.5 and 97.5 % points of their draws as interval, where at least six strikes are
 * behind them; the draws themselves are kept for the score's interval. A fixed generator: the same input
 * gives the same numbers. Errors  ERR_NOMEM Source  Efron & Tibshirani 1993 (percentile bootstrap)
 */
int uncertainty_make(struct analysis *a, struct err *e);
