#include "base/fault.h"

#ifdef GAITD_FAULTS
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Does @setting ("name", "name:N" or "name:N+") ask for @name, this time being the N-th (or a later one)? */
static int due(const char *setting, const char *name, atomic_int *seen)
{
	size_t len = strlen(name);

	if (!setting || strncmp(setting, name, len) != 0 || (setting[len] != '\0' && setting[len] != ':'))
		return 0;
	char *rest = NULL;
	long nth = setting[len] == ':' ? strtol(setting + len + 1, &rest, 10) : 1;
	int now = atomic_fetch_add(seen, 1) + 1;
	return rest && *rest == '+' ? now >= nth : now == nth;
}

void fault_point(const char *name)
{
	static atomic_int seen;

	if (due(getenv("GAITD_FAULT"), name, &seen))
		kill(getpid(), SIGKILL);
}

int fault_fails(const char *name)
{
	static atomic_int seen;

	return due(getenv("GAITD_FAULT_FAIL"), name, &seen);
}
#else
/* An ISO C translation unit may not be empty. */
extern int fault_points_are_off;
#endif
