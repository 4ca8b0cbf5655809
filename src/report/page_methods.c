#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/look.h"
#include "report/page_parts.h"

#define SIZE    7.4
#define LEADING 9.6

static const char *const methods[] = {
	"Points of the body (BODY_25) were cleaned (left/right exchanges, outliers, gaps up to 0.12 s, 6 Hz "
	"low-pass; Winter "
	"2009). Heel strikes and toe-offs from the side: Zeni 2008, refined where the heel stops; from the "
	"front: the height "
	"of the ankles. Lengths from the person's height at the walking depth. Angles lie in the plane of "
	"the side video, "
	"flexion positive; trunk lean stands for the pelvis, which a side video does not show. They are not "
	"those of a "
	"three-dimensional gait laboratory.",
	"A value's interval and count are in result.json. Unknown values are left out and never estimated. "
	"Gait Profile Score "
	"and profile after Baker 2009, over the three sagittal curves only, so smaller than the original's "
	"nine would give. "
	"Foot contact: Altman & Davis 2012. Symmetry: Robinson 1987. All methods with their sources and "
	"known errors: "
	"docs/gait-methods.md.",
};

static double input(struct canvas *c, double y, const struct report *r, enum view view)
{
	const struct view_result *v = &r->analysis->view[view];
	struct text_style s = look_text(SIZE, LOOK_INK);
	const char *name = view == VIEW_FRONT ? "Front" : "Side";

	if (!v->present) {
		canvas_textf(c, PAGE_LEFT, y, s, "%s: none", name);
		return y + LEADING;
	}
	char text[256];
	snprintf(text, sizeof text, "%s: %zu frames, person in %zu; pose engine: %s", name, v->frames,
		v->frames_with_person, v->engine[0] ? v->engine : "not known");
	canvas_text_fit(c, PAGE_LEFT, y, PAGE_COLUMN, s, text);
	y += LEADING;
	snprintf(text, sizeof text, "SHA-256 of the video: %s",
		r->sha256[view] ? r->sha256[view] : "not known");
	canvas_text_fit(c, PAGE_LEFT + 12, y, PAGE_COLUMN - 12, look_text(SIZE, LOOK_GREY), text);
	return y + LEADING;
}

double page_methods(struct canvas *c, double y, double most_y, const struct report *r)
{
	y = page_section(c, y, "Inputs and methods");
	y += SIZE;
	for (enum view v = VIEW_FRONT; v < VIEWS; v++)
		y = input(c, y, r, v);
	y += 2;
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		int most = (int)((most_y - y) / LEADING) + 1;
		if (most > 0)
			y += LEADING * canvas_wrap(c, PAGE_LEFT, y, PAGE_COLUMN, LEADING, most,
					       look_text(SIZE, LOOK_GREY), methods[i]) +
			     2;
	}
	return y;
}
