#pragma once

#include "report/canvas.h"
#include "report/report.h"

/* The parts of the printed report. Each draws from @y down, in the page's column, and returns the y below it.
 */
enum { PAGE_LEFT = 40, PAGE_TOP = 34 };
#define PAGE_WIDTH  595.276 /* A4 in points */
#define PAGE_HEIGHT 841.890
#define PAGE_COLUMN (PAGE_WIDTH - 2 * PAGE_LEFT)

double page_head(struct canvas *c, double y, const struct report *r, int page);
void page_foot(struct canvas *c, const struct report *r, int page);
double page_person(struct canvas *c, double y, const struct report *r);
double page_quality(struct canvas *c, double y, const struct report *r);
double page_score(struct canvas *c, double y, const struct report *r);
double page_section(struct canvas *c, double y, const char *title);
/* Methods, sources and checksums; ends at @most_y. */
double page_methods(struct canvas *c, double y, double most_y, const struct report *r);
