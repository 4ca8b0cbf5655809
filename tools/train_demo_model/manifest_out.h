#pragma once

#include "evaluate.h"

/* manifest.json of the demonstration model, with the calibration table of its held-out walks. */
int manifest_write(struct buf *out, const char *sha256, const struct people *p, const double *margin,
	const struct platt *c, struct err *e);
