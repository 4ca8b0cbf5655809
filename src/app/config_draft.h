#pragma once

#include "app/config.h"

/* What was given where, before it is checked. For the config_….c files only. */
struct config_draft {
	struct config_given {
		char *text; /* NULL: not given */
		struct config_origin origin;
	} given[CONFIG_COUNT];
	const char *file; /* NULL: none */
	struct buf *problems;
	unsigned problem_count;
	char first[400]; /* the first problem, for struct err */
};

/* Note one mistake, a line without its end. */
void config_problem(struct config_draft *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* An option was given; a later source replaces an earlier one. */
void config_give(
	struct config_draft *d, enum config_index i, const char *text, enum config_source source, int line);

/* "unknown option http.listn (…); did you mean http.listen?" */
void config_unknown(struct config_draft *d, const char *name, const char *origin);

/* Read the file into the draft; mistakes go into it. -1 and @e only where it cannot be read at all. */
int config_file_read(const char *path, struct config_draft *d, struct err *e);
