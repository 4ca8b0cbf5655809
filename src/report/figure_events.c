#include "report/figures.h"

#include <math.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "report/look.h"

/* Everything below is measured in @size, the height of letters. */
#define ROW   2.2 /* one foot's line */
#define HEAD  1.9 /* a view's title */
#define AXIS  2.0
#define GAP   0.8
#define NAMES 4.5 /* "Right" and room */
/* The least that a second takes, so that marks can be told apart; what lies beyond the width is not drawn. */
#define SECOND 1.6

struct strip {
	struct canvas *c;
	double x, w, size, seconds;
};

static double at(const struct strip *t, double time_s)
{
	return t->x + t->w * time_s / t->seconds;
}

double figure_events_height(double size, const struct analysis *a)
{
	int views = (a->view[VIEW_FRONT].present ? 1 : 0) + (a->view[VIEW_SIDE].present ? 1 : 0);

	return size * (views * (HEAD + 2 * ROW + AXIS + GAP) + 1.8);
}

static void axis(const struct strip *t, double y, double seconds)
{
	static const double steps[] = { 0.5, 1, 2, 5, 10, 20, 60, 120, 300 };
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(steps) && seconds / steps[i] > 13)
		i++;
	long last = (long)floor(seconds / steps[i] + 1e-6);
	for (long k = 0; k <= last; k++) {
		double s = steps[i] * (double)k;
		canvas_line(t->c, at(t, s), y, at(t, s), y + 0.3 * t->size, look_pen(LOOK_GREY, 0.6));
		canvas_textf(t->c, at(t, s), y + 1.25 * t->size,
			look_align(look_text(0.9 * t->size, LOOK_GREY), ALIGN_CENTRE), "%g%s", s,
			k == last ? " s" : "");
	}
}

static void passes(const struct strip *t, const struct view_result *v, double y, double h)
{
	struct colour paper = LOOK(236, 236, 236, 1);

	for (size_t i = 0; i < v->passes.count && v->used; i++) {
		double from_s = (double)v->passes.pass[i].from / v->fps,
		       to_s = (double)v->passes.pass[i].to / v->fps;
		if (from_s < t->seconds)
			canvas_rect(t->c, at(t, from_s), y, at(t, fmin(to_s, t->seconds)) - at(t, from_s), h,
				&paper, NULL);
	}
}

static double y_of(const struct strip *t, double y, enum side s)
{
	return y + t->size * ROW * (s == SIDE_LEFT ? 0.5 : 1.5);
}

static void stance_bars(const struct strip *t, const struct view_result *v, double y)
{
	for (size_t i = 0; i < v->cycles.count; i++) {
		const struct cycle *c = &v->cycles.list[i];
		struct colour fill = look_side(c->foot);
		double h = 0.7 * t->size;
		fill.a = 0.35;
		if (isnan(c->toe_off_s) || c->toe_off_s > t->seconds)
			continue;
		canvas_rect(t->c, at(t, c->start_s), y_of(t, y, c->foot) - 0.5 * h,
			at(t, c->toe_off_s) - at(t, c->start_s), h, &fill, NULL);
	}
}

static enum mark mark_of(const struct event *ev)
{
	switch (ev->contact) {
	case CONTACT_HEEL:
		return MARK_DOWN;
	case CONTACT_FLAT:
		return MARK_SQUARE;
	case CONTACT_TOE:
		return MARK_UP;
	case CONTACT_UNKNOWN:
		break;
	}
	return MARK_CIRCLE;
}

/* Smaller where they would touch: a foot has two a stride, which lasts about a second. */
static double mark_size(const struct strip *t)
{
	return fmax(0.5 * t->size, fmin(0.85 * t->size, 0.4 * t->w / t->seconds));
}

static void marks(const struct strip *t, const struct view_result *v, double y)
{
	double size = mark_size(t);

	for (size_t i = 0; i < v->events.count; i++) {
		const struct event *ev = &v->events.list[i];
		struct colour colour = look_side(ev->foot), white = LOOK_WHITE;
		struct pen edge = look_pen(colour, 0.9);
		if (ev->time_s > t->seconds)
			break; /* they stand by time */
		double x = at(t, ev->time_s), line = y_of(t, y, ev->foot);
		if (ev->kind == EVENT_HEEL_STRIKE)
			canvas_mark(t->c, mark_of(ev), x, line, size, &colour, &edge);
		else
			canvas_mark(t->c, MARK_DIAMOND, x, line, size, &white, &edge);
	}
}

static void view_title(const struct strip *t, const struct view_result *v, enum view i, double y)
{
	char text[200], shown[64] = "";

	if ((double)v->frames / v->fps > t->seconds + 0.05)
		snprintf(shown, sizeof shown, "; shown: the first %.0f s", t->seconds);
	snprintf(text, sizeof text, "%.1f s at %g frames/s; strides: left %zu, right %zu%s%s",
		(double)v->frames / v->fps, floor(v->fps * 100 + 0.5) / 100, v->cycles.of_foot[SIDE_LEFT],
		v->cycles.of_foot[SIDE_RIGHT], v->used ? "" : "; not used", shown);
	canvas_text(t->c, t->x - NAMES * t->size, y, look_bold(1.05 * t->size, LOOK_INK),
		i == VIEW_FRONT ? "Front view" : "Side view");
	canvas_text(t->c, t->x + 4 * t->size, y, look_text(t->size, LOOK_GREY), text);
}

static double one_view(const struct strip *t, const struct view_result *v, enum view i, double y)
{
	double h = 2 * ROW * t->size;

	canvas_group(t->c, i == VIEW_FRONT ? "Events of the front view" : "Events of the side view");
	view_title(t, v, i, y + 1.2 * t->size);
	y += HEAD * t->size;
	passes(t, v, y, h);
	for (enum side s = SIDE_LEFT; s < SIDES; s++) {
		canvas_text(t->c, t->x - NAMES * t->size, y_of(t, y, s) + 0.36 * t->size,
			look_bold(t->size, look_side(s)), s == SIDE_LEFT ? "Left" : "Right");
		canvas_line(t->c, t->x, y_of(t, y, s), t->x + t->w, y_of(t, y, s), look_pen(LOOK_LINE, 0.5));
	}
	if (v->used) {
		stance_bars(t, v, y);
		marks(t, v, y);
	}
	axis(t, y + h, fmin((double)v->frames / v->fps, t->seconds));
	canvas_group_end(t->c);
	return y + h + (AXIS + GAP) * t->size;
}

static void key(const struct strip *t, double y, double right)
{
	static const struct {
		enum mark mark;
		bool open;
		const char *text;
	} rows[] = { { MARK_DOWN, false, "heel lands first" }, { MARK_SQUARE, false, "flat" },
		{ MARK_UP, false, "toes first" }, { MARK_CIRCLE, false, "contact, part unknown" },
		{ MARK_DIAMOND, true, "toe-off" } };
	struct text_style s = look_text(0.95 * t->size, LOOK_GREY);
	struct colour grey = LOOK_GREY, white = LOOK_WHITE, bar = LOOK(96, 96, 96, 0.35),
		      pass = LOOK(236, 236, 236, 1);
	struct pen edge = look_pen(grey, 0.9);
	double x = t->x - NAMES * t->size + 0.5 * t->size, line = y - 0.35 * t->size;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		canvas_mark(t->c, rows[i].mark, x, line, 0.8 * t->size, rows[i].open ? &white : &grey, &edge);
		canvas_text(t->c, x + 0.9 * t->size, y, s, rows[i].text);
		x += 2.4 * t->size + canvas_text_width(t->c, &s, rows[i].text);
	}
	canvas_rect(t->c, x, line - 0.35 * t->size, 2 * t->size, 0.7 * t->size, &bar, NULL);
	canvas_text(t->c, x + 2.5 * t->size, y, s, "stance");
	x += 3.7 * t->size + canvas_text_width(t->c, &s, "stance");
	canvas_rect(t->c, x, line - 0.5 * t->size, 2 * t->size, t->size, &pass, NULL);
	canvas_text_fit(
		t->c, x + 2.5 * t->size, y, right - x - 2.5 * t->size, s, "walking that was measured");
}

void figure_events(struct canvas *c, struct box b, double size, const struct analysis *a)
{
	struct strip t = { c, b.x + NAMES * size, b.w - (NAMES + 1.5) * size, size, 0.1 };
	double y = b.y;

	for (enum view i = VIEW_FRONT; i < VIEWS; i++)
		if (a->view[i].present && a->view[i].fps > 0)
			t.seconds = fmax(t.seconds, (double)a->view[i].frames / a->view[i].fps);
	t.seconds = fmin(t.seconds, floor(t.w / (SECOND * size)));
	for (enum view i = VIEW_FRONT; i < VIEWS; i++)
		if (a->view[i].present && a->view[i].fps > 0)
			y = one_view(&t, &a->view[i], i, y);
	key(&t, y + 1.1 * size, b.x + b.w);
}

int report_svg_events(const struct report *r, struct buf *out, struct err *e)
{
	enum { SIZE = 11 };
	const double gap = 14, head = 38;
	const struct analysis *a = r->analysis;
	double seconds = 0;

	for (enum view v = VIEW_FRONT; v < VIEWS; v++)
		if (a->view[v].present && a->view[v].fps > 0)
			seconds = fmax(seconds, (double)a->view[v].frames / a->view[v].fps);
	/* Wider for a long video, up to what programs still open. */
	double w =
		ceil(fmin(16000, fmax(980, (seconds + 1) * SECOND * SIZE + 2 * gap + (NAMES + 1.5) * SIZE)));
	double h = head + figure_events_height(SIZE, a) + gap;
	struct canvas *c;

	if (canvas_svg(out, w, h, "Gait events over time",
		    "Heel strikes and toe-offs of the left and right foot in each video, stance times and "
		    "the stretches of "
		    "walking that were measured.",
		    &c, e) < 0)
		return -1;
	canvas_text(c, gap, 26, look_bold(16, LOOK_INK), "Gait events over time");
	figure_events(c, (struct box){ gap, head, w - 2 * gap, h - head - gap }, SIZE, a);
	return canvas_end(c, e);
}
