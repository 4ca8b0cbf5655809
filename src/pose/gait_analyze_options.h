#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "gait/analyze.h"
#include "pose/gait_analyze_reports.h"

/* The command line of gait-analyze. */
struct options {
	const char *dir[VIEWS];    /* NULL: not given; a folder or a document */
	const char *archive;       /* both views; NULL: not given */
	const char *sha256[VIEWS]; /* of the input videos, hex; NULL: not given */
	const char *out, *model_dir;
	const char *report[REPORT_KINDS]; /* where each further output goes; NULL: not wanted */
	struct patient patient;
	enum layout layout;                  /* LAYOUT_BY_COUNT: not given */
	double fps;                          /* where a folder has no meta.json; 0: not given */
	int64_t max_memory_bytes, max_cpu_s; /* of one request to --serve; 0: not given */
	bool allow_demonstration, summary, no_summary, timing, serve, help;
};

/* Text of --help. */
extern const char options_help[];

/**
 * options_parse() - read argv
 * Errors  ERR_USAGE, ERR_FIELD with the option's name
 */
int options_parse(int argc, char **argv, struct options *ret, struct err *e);

/**
 * options_height() - "172cm", "1.72m", 5'7", 5'7, "5ft 7in" to metres, 0.4 to 2.5
 * A number without a unit is refused: 172 may be anything. Return false on anything else
 */
bool options_height(const char *text, double *ret_m);
