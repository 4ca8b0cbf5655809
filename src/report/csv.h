#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Comma-separated values: RFC 4180 (2005), UTF-8, '.' as the decimal point. The first failure stays. */
struct csv {
	struct buf *out;
	struct err err;
	bool inside; /* a row has begun */
};

/* A text that a spreadsheet would take for a formula (= + - @ or a tab in front) gets an apostrophe before
 * it. */
void csv_text(struct csv *c, const char *text);
/* Empty where NaN. */
void csv_number(struct csv *c, double v, int decimals);
void csv_count(struct csv *c, size_t n);
void csv_row_end(struct csv *c);
