#include "core/field_errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"

bool field_errors_has(const struct field_errors *f, const char *field)
{
	for (unsigned i = 0; i < f->n; i++)
		if (strcmp(f->items[i].field, field) == 0)
			return true;
	return false;
}

void field_errors_add(struct field_errors *f, const char *field, const char *fmt, ...)
{
	va_list ap;
	char name[sizeof f->items[0].field];

	/* A client chooses the names of fields that do not exist: any length, so compared as they are kept.
	 */
	str_cut(name, sizeof name, field);
	if (field_errors_has(f, name))
		return;
	if (f->n == ARRAY_LEN(f->items)) {
		f->more++;
		return;
	}
	memcpy(f->items[f->n].field, name, sizeof name);
	va_start(ap, fmt);
	vsnprintf(f->items[f->n].reason, sizeof f->items[0].reason, fmt, ap);
	va_end(ap);
	f->n++;
}
