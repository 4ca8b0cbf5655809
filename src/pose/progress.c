#include "pose/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fsx.h"

void progress_init(struct progress *p, int machine_fd)
{
	bool terminal = isatty(STDERR_FILENO) == 1 && machine_fd != STDERR_FILENO;

	*p = (struct progress){
		.machine_fd = machine_fd, .terminal_fd = terminal ? STDERR_FILENO : -1, .shown = -1
	};
}

void progress_show(struct progress *p, double share, double from, double to)
{
	char line[32];

	if (!p)
		return;
	share = share < 0 ? 0 : share > 1 ? 1 : share;
	int percent = (int)(100 * (from + share * (to - from)));
	if (percent <= p->shown)
		return;
	p->shown = percent;
	/* A reader that is gone is no reason to stop. */
	if (p->machine_fd >= 0) {
		int n = snprintf(line, sizeof line, "progress %d\n", percent);
		(void)fsx_write_all(p->machine_fd, line, (size_t)n, NULL);
	}
	if (p->terminal_fd >= 0) {
		int n = snprintf(line, sizeof line, "\rpose %3d %%", percent);
		(void)fsx_write_all(p->terminal_fd, line, (size_t)n, NULL);
	}
}

void progress_end(struct progress *p)
{
	if (p->terminal_fd >= 0 && p->shown >= 0)
		(void)fsx_write_all(p->terminal_fd, "\r\033[K", 4, NULL);
}
