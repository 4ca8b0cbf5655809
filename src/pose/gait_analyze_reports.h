#pragma once

#include "base/err.h"
#include "gait/analyze.h"
#include "score/score.h"

/* The outputs beside result.json that people and other programs read; each is an option with a file's name.
 */
enum report_kind {
#define REPORT(name, option, max_mb, text) REPORT_##name,
#include "pose/gait_analyze_reports.def"
#undef REPORT
	REPORT_KINDS
};

/* The option's name, without "--". */
const char *report_option(enum report_kind k);

/**
 * report_write() - every output that has a path
 * @paths   NULL: not wanted
 * @sha256  of the videos, hex; NULL: not known
 * A file that could hold nothing (a trajectory without a walk) is not made, one of that name is removed, and
 * stderr says so.
 */
int report_write(const char *const paths[REPORT_KINDS], const char *const sha256[VIEWS],
	const struct analysis *a, const struct score *s, struct err *e);
