#pragma once

#include <stdio.h>

#include "gait/analyze.h"

/* The parameters as a table for people. */
void summary_print(FILE *out, const struct analysis *a);
