#pragma once

#include "base/err.h"
#include "options.h"

/**
 * film_make() - render and encode the wanted views and write truth.json
 * @o       checked options
 * @report  called on the caller's thread after each picture; may be NULL
 * Return   0; -1 and @e, with no unfinished file left
 */
int film_make(const struct options *o, void (*report)(int done, int all), struct err *e);
