#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "gait/analyze.h"

/* An analysis in the forms that people and other programs read: docs/outputs.md. Pure: everything goes into a
 * buffer, and the same analysis makes the same bytes (a PDF also depends on the machine's font). */

enum { REPORT_REASONS = 32, REPORT_SHARES = 48 };

/* What a report says of a model's opinion. Texts are borrowed. */
struct report_share {
	const char *name, *unit;
	double value;        /* NaN: not measured */
	double contribution; /* to the margin */
};

struct report_score {
	double value, low, high;                           /* NaN: none, see the reasons */
	const char *model, *version, *notice, *population; /* model NULL: there is none */
	const char *decision;                              /* NULL: none */
	bool demonstration;
	const char *reasons[REPORT_REASONS]; /* why there is no score, in words */
	size_t reason_count;
	struct report_share shares[REPORT_SHARES];
	size_t share_count;
};

struct report {
	const struct analysis *analysis;
	struct report_score score;
	const char *sha256[VIEWS]; /* of the videos, hex; NULL: not known */
	const char *program;       /* name and version */
};

/* All writers: 0; REPORT_NOTHING and an empty @out where there is nothing that the form could hold; -1 with
 * ERR_NOMEM, ERR_TOO_LARGE at @out's cap or ERR_INTERNAL. */
enum { REPORT_NOTHING = 1 };

int report_csv(const struct report *r, struct buf *out, struct err *e);
int report_csv_curves(const struct report *r, struct buf *out, struct err *e);

/**
 * report_trc() - marker trajectories of the longest side pass in metres, for OpenSim
 * x ahead, y up from the floor, z to the right (assumed: a side view shows no depth)
 * Return  REPORT_NOTHING where no side pass has a scale
 * Source  OpenSim 4.5, TRCFileAdapter
 */
int report_trc(const struct report *r, struct buf *out, struct err *e);

/**
 * report_mot() - joint angles of the longest side pass over time, for OpenSim
 * Degrees, names and signs of Rajagopal 2016: flexion and dorsiflexion positive, lumbar_extension backward
 * positive Return  REPORT_NOTHING where there is no side pass
 */
int report_mot(const struct report *r, struct buf *out, struct err *e);

int report_svg_curves(const struct report *r, struct buf *out, struct err *e);
int report_svg_events(const struct report *r, struct buf *out, struct err *e);
int report_svg_table(const struct report *r, struct buf *out, struct err *e);

/* Two A4 pages for print. */
int report_pdf(const struct report *r, struct buf *out, struct err *e);

/* Give back what the font libraries keep for the next PDF. Optional; no PDF may be under way. */
void report_release(void);
