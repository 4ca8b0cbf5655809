#pragma once

#include <stdio.h>

#include "gait/analyze.h"
#include "score/score.h"

/* The parameters and the score, or why there is none, as a table for people. */
void summary_print(FILE *out, const struct analysis *a, const struct score *s);
