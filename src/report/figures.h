#pragma once

#include "report/canvas.h"
#include "report/report.h"

/* The parts that the SVG files and the PDF's pages share. Each draws inside its box. */
struct box {
	double x, y, w, h;
};

/* One joint over the cycle: left and right with ± SD, the reference band, toe-off; @size of the letters. */
void figure_curve(struct canvas *c, struct box b, double size, const struct analysis *a, enum joint j);
/* Bars of the Movement Analysis Profile and the Gait Profile Score. */
void figure_profile(struct canvas *c, struct box b, double size, const struct analysis *a);
/* What the lines of figure_curve() mean; one line high. */
void figure_curves_key(struct canvas *c, struct box b, double size, const struct analysis *a);
/* Heel strikes, toe-offs, stance and passes of both views over time. */
void figure_events(struct canvas *c, struct box b, double size, const struct analysis *a);
/* How high figure_events() would like to be. */
double figure_events_height(double size, const struct analysis *a);

/**
 * figure_table() - the spatiotemporal table: left, right, mean, reference, symmetry
 * @row     height of a row
 * @most_y  no row or footnote below it; what does not fit is counted in words
 * Return   the y below it
 */
double figure_table(
	struct canvas *c, double x, double y, double w, double row, double most_y, const struct analysis *a);
/* Its rows, the head counted, the footnotes (about five lines) not. */
int figure_table_rows(void);
