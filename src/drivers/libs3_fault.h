#pragma once

#include "drivers/libs3_call.h"

/* What a refused or broken request means, in words that name the setting to mend. */

/* May the same request work in a moment? */
bool libs3_fault_passes(const struct libs3_call *c);
/* Return always -1 */
int libs3_fault_set(const struct libs3_call *c, struct err *e);
