#pragma once

#include "service/service.h"

/* What callbacks missed: asks the cluster about every attempt that may have left something there (one call
 * for all), ends those that are over, and cleans up. Also the house's chores: erasures, old keys and
 * sessions. */

/* One round. Return 0; -1 where something could not be done now (it is tried again next round). */
int reaper_once(struct service *s, struct err *e);
void *reaper_main(void *service);
