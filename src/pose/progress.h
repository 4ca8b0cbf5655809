#pragma once

#include <stdbool.h>

/* How far the work is: `progress 42` lines for programs, one line that rewrites itself on a terminal. */
struct progress {
	int machine_fd;  /* -1: none */
	int terminal_fd; /* -1: none */
	int shown;       /* last percentage, -1 at first */
};

/* @machine_fd: where lines go, or -1. A line on the terminal where stderr is one and no lines go there. */
void progress_init(struct progress *p, int machine_fd);

/* @share of the part from @from to @to of the whole (all 0–1). Shown only when the percentage grows; @p may
 * be NULL. */
void progress_show(struct progress *p, double share, double from, double to);

/* End the terminal's line. */
void progress_end(struct progress *p);
