#pragma once

#include "gait/params.h"
#include "gait/patient.h"

/**
 * derive_params() - fill in what follows from other parameters: cadence, coefficients of variation, Hof's
 * normalised values, walk ratio, symmetry indices Intervals: cadence from its steps' (delta method),
 * coefficients of variation by their standard error; the others are left NaN and come from resampling
 * (uncertainty.h). Source  Hof 1996; Sekiya 1996 (walk ratio); Ahn & Fessler 2003 (SE of a CV); Robinson
 * 1987, Plotnik 2005, Zifchock 2008 (symmetry.h); docs/gait-methods.md, sections 4 and 6
 */
void derive_params(struct param_set *s, const struct patient *p);
