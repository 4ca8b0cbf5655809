#include "app/doctor_report.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"

static const struct {
	const char *part, *driver, *step, *settings, *todo;
} hints[] = {
#include "app/doctor_hints.def"
};

/* "forced command: not set up": the beginning of the step, and words that the step said. */
static bool matches(const char *pattern, const char *step, const char *text)
{
	const char *colon = strstr(pattern, ": ");

	if (!colon)
		return str_starts(step, pattern);
	return strncmp(step, pattern, (size_t)(colon - pattern)) == 0 && strstr(text, colon + 2);
}

bool doctor_hint(const char *part, const char *driver, const char *step, const char *text,
	const char **ret_settings, const char **ret_todo)
{
	for (size_t i = 0; i < ARRAY_LEN(hints); i++)
		if (strcmp(hints[i].part, part) == 0 &&
			(hints[i].driver[0] == '\0' || strcmp(hints[i].driver, driver) == 0) &&
			matches(hints[i].step, step, text)) {
			*ret_settings = hints[i].settings;
			*ret_todo = hints[i].todo;
			return true;
		}
	return false;
}
