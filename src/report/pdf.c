#include <math.h>
#include <stdio.h>

#include "gait/norms.h"
#include "report/figures.h"
#include "report/look.h"
#include "report/page_parts.h"

#define FOOT_Y (PAGE_HEIGHT - 38) /* nothing but the footer below */
#define NOTES  46                 /* below the table */

static void first_page(struct canvas *c, const struct report *r)
{
	double y = page_head(c, PAGE_TOP, r, 1);

	y = page_person(c, y, r);
	y = page_quality(c, y, r);
	y = page_score(c, y, r);
	y = page_section(c, y, "Gait parameters");
	/* Rows as high as the rest of the page allows. */
	double row = fmax(10.4, fmin(13, (FOOT_Y - y - NOTES) / figure_table_rows()));
	(void)figure_table(c, PAGE_LEFT, y, PAGE_COLUMN, row, FOOT_Y, r->analysis);
	page_foot(c, r, 1);
}

static double caption(struct canvas *c, double y, const struct analysis *a)
{
	struct norm_curve norm = { 0 };
	char text[400];

	bool known = norm_curve(JOINT_KNEE, &a->patient, &norm);
	snprintf(text, sizeof text,
		"Degrees over per cent of the gait cycle, from heel strike to heel strike; n: strides left, "
		"right. %s%s%s",
		known ? "Reference: " : "", known ? norm.source : "", known ? "." : "");
	return y + 8 +
	       9.6 * canvas_wrap(c, PAGE_LEFT, y, PAGE_COLUMN, 9.6, 2, look_text(7.2, LOOK_GREY), text);
}

static void second_page(struct canvas *c, const struct report *r)
{
	enum { COLUMNS = 3, ROWS = 2 };
	const double high = 168, step = (PAGE_COLUMN + 12) / COLUMNS;
	double y = page_head(c, PAGE_TOP, r, 2);

	figure_curves_key(c, (struct box){ PAGE_LEFT, y + 2, PAGE_COLUMN, 8 }, 7.4, r->analysis);
	y += 14;
	for (int i = 0; i <= JOINTS; i++) {
		struct box b = { PAGE_LEFT - 8 + step * (i % COLUMNS), y + high * (double)(i / COLUMNS),
			step - 4, high - 6 };
		if (i < JOINTS)
			figure_curve(c, b, 7, r->analysis, (enum joint)i);
		else
			figure_profile(c, b, 7, r->analysis);
	}
	y += ROWS * high + 2;
	y = caption(c, y, r->analysis);
	y = page_section(c, y, "Events");
	figure_events(c, (struct box){ PAGE_LEFT, y, PAGE_COLUMN, 0 }, 8, r->analysis);
	y += figure_events_height(8, r->analysis) + 6;
	(void)page_methods(c, y, FOOT_Y, r);
	page_foot(c, r, 2);
}

int report_pdf(const struct report *r, struct buf *out, struct err *e)
{
	struct canvas *c;

	if (canvas_pdf(out, PAGE_WIDTH, PAGE_HEIGHT, "Gait report", r->program, &c, e) < 0)
		return -1;
	first_page(c, r);
	canvas_page(c);
	second_page(c, r);
	canvas_page(c);
	return canvas_end(c, e);
}
