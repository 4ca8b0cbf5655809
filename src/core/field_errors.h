#pragma once

#include <stdbool.h>

/* The wrong fields of one request, all of them, so that a person mends them in one go.
 * Beyond the last slot only `more` counts. Fixed size, no allocation. */
struct field_errors {
	struct {
		char field[48];
		char reason[208];
	} items[32];
	unsigned n, more;
};

/* Add one; the first complaint about a field stands. */
void field_errors_add(struct field_errors *f, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool field_errors_has(const struct field_errors *f, const char *field);
