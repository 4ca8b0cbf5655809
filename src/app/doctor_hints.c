#include "app/doctor_report.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"

/* A step is matched by its beginning, the driver by its whole name; "" matches all. First match counts. */
static const struct {
	const char *part, *driver, *step, *settings, *todo;
} hints[] = {
#include "app/doctor_hints.def"
};

bool doctor_hint(const char *part, const char *driver, const char *step, const char **ret_settings,
	const char **ret_todo)
{
	for (size_t i = 0; i < ARRAY_LEN(hints); i++)
		if (strcmp(hints[i].part, part) == 0 &&
			(hints[i].driver[0] == '\0' || strcmp(hints[i].driver, driver) == 0) &&
			str_starts(step, hints[i].step)) {
			*ret_settings = hints[i].settings;
			*ret_todo = hints[i].todo;
			return true;
		}
	return false;
}
