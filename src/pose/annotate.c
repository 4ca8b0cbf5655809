#include "pose/annotate.h"

#include <math.h>
#include <stdio.h>

#define MIN_CONFIDENCE 0.3F

static enum part part_of(enum side s)
{
	return s == SIDE_LEFT ? PART_LEFT : PART_RIGHT;
}

/* --- on the body ---------------------------------------------------------------------------------- */

static bool seen(const struct body25 *b, int point)
{
	return b->confidence[point] >= MIN_CONFIDENCE;
}

/* In proportion to the leg, so that the ring fits a child far away too; within what can be seen and what
 * hides nothing. */
static float ring_radius(const struct canvas *c, const struct body25 *b, const struct body_leg *leg)
{
	float size = (float)(c->width + c->height), r = size / 90;

	if (seen(b, (int)leg->knee) && seen(b, (int)leg->ankle))
		r = 0.3F * hypotf(b->x[leg->knee] - b->x[leg->ankle], b->y[leg->knee] - b->y[leg->ankle]);
	return fminf(fmaxf(r, size / 150), size / 60);
}

static void draw_strike(struct canvas *c, float x, float y, float radius, enum side s, float age)
{
	struct ink ink = paint_ink_of(c, part_of(s)), white = paint_ink(c, 1, 1, 1),
		   black = paint_ink(c, 0, 0, 0);
	float r = radius * (0.85F + 0.4F * age), pen = radius * 0.12F, alpha = 1 - 0.55F * age;

	paint_ring(c, x, y, r, pen + 1.5F, black, 0.6F * alpha);
	paint_ring(c, x, y, r, pen, ink, alpha);
	paint_line(c, x, y, x, y, radius * 0.22F, white, alpha);
}

static void draw_toe_off(struct canvas *c, float x, float y, float radius, enum side s, float age)
{
	struct ink ink = paint_ink_of(c, part_of(s)), black = paint_ink(c, 0, 0, 0);
	const float corner[5][2] = { { 0, -1 }, { 1, 0 }, { 0, 1 }, { -1, 0 }, { 0, -1 } };
	float r = radius * 0.6F, pen = radius * 0.11F, alpha = 1 - 0.5F * age;

	for (int layer = 0; layer < 2; layer++)
		for (int i = 0; i < 4; i++)
			paint_line(c, x + r * corner[i][0], y + r * corner[i][1], x + r * corner[i + 1][0],
				y + r * corner[i + 1][1], layer ? pen : pen + 1.5F, layer ? ink : black,
				layer ? alpha : 0.6F * alpha);
}

void annotate_body(
	struct canvas *picture, const struct body25 *b, const struct marks *m, double now_s, double frame_s)
{
	for (enum side s = SIDE_LEFT; s < SIDES && b->found; s++) {
		const struct body_leg *leg = &body_legs[s];
		int heel = seen(b, (int)leg->heel) ? (int)leg->heel : (int)leg->ankle;
		float radius = ring_radius(picture, b, leg);
		for (size_t i = 0; i < m->n[s]; i++) {
			const struct mark *k = &m->of[s][i];
			double age_s = fmax(0, now_s - k->time_s);
			double stays_s = k->strike ? ANNOTATE_STRIKE_S : ANNOTATE_TOE_OFF_S;
			int at = k->strike ? heel : (int)leg->toe;
			if (now_s < k->time_s - frame_s / 2 || age_s >= stays_s || !seen(b, at))
				continue;
			float age = (float)(age_s / stays_s);
			if (k->strike)
				draw_strike(picture, b->x[at], b->y[at], radius, s, age);
			else
				draw_toe_off(picture, b->x[at], b->y[at], radius, s, age);
		}
	}
}

/* --- the band ------------------------------------------------------------------------------------- */

/* The height of a capital; all else is measured in it. */
#define BAND_CAPS 6.2F
#define SPAN_MAX  10.0 /* seconds shown at once: more would be too narrow to tell steps apart */

struct band {
	struct canvas *c;
	const struct marks *m;
	float cap, x0, x1;
	double from_s, span_s, now_s;
	struct ink white, grey, dark;
};

int annotate_band_height(int width, int height)
{
	float cap = fminf(fmaxf((float)(width + height) / 112, 10), 24);

	return ((int)(BAND_CAPS * cap) + 1) & ~1;
}

static float at(const struct band *b, double t)
{
	return b->x0 + (float)((t - b->from_s) / b->span_s) * (b->x1 - b->x0);
}

static bool inside(const struct band *b, double t)
{
	return t >= b->from_s && t <= b->from_s + b->span_s;
}

static void draw_phase(const struct band *b)
{
	enum foot_phase left = marks_phase(b->m, SIDE_LEFT, b->now_s),
			right = marks_phase(b->m, SIDE_RIGHT, b->now_s);
	const char *text = NULL;
	enum part part = PART_MIDDLE;

	if (b->m->n[SIDE_LEFT] + b->m->n[SIDE_RIGHT] == 0) {
		text = "NO STEPS FOUND";
	} else if (left == FOOT_STANCE && right == FOOT_STANCE) {
		text = "DOUBLE SUPPORT";
	} else if (left == FOOT_STANCE) {
		text = "LEFT STANCE";
		part = PART_LEFT;
	} else if (right == FOOT_STANCE) {
		text = "RIGHT STANCE";
		part = PART_RIGHT;
	}
	if (text)
		paint_text(b->c, b->x1 - paint_text_width(text, b->cap), 0.75F * b->cap, b->cap, text,
			paint_ink_of(b->c, part));
}

static void draw_lane(const struct band *b, enum side s, float top)
{
	float bottom = top + 0.8F * b->cap, middle = top + 0.4F * b->cap;
	struct ink ink = paint_ink_of(b->c, part_of(s));
	const struct mark *k = b->m->of[s];

	paint_text(b->c, b->cap, top, 0.8F * b->cap, s == SIDE_LEFT ? "L" : "R", ink);
	paint_rect(b->c, b->x0, top, b->x1, bottom, b->dark, 1);
	for (size_t i = 0; i + 1 < b->m->n[s]; i++) {
		double from = fmax(k[i].time_s, b->from_s), to = fmin(k[i + 1].time_s, b->from_s + b->span_s);
		if (to > from && marks_between(b->m, s, i) == FOOT_STANCE)
			paint_rect(b->c, at(b, from), top, at(b, to), bottom, ink, 0.75F);
	}
	for (size_t i = 0; i < b->m->n[s]; i++) {
		float x = at(b, k[i].time_s);
		if (!inside(b, k[i].time_s))
			continue;
		if (k[i].strike)
			paint_line(b->c, x, middle, x, middle, 0.42F * b->cap, b->white, 1);
		if (k[i].strike)
			paint_line(b->c, x, middle, x, middle, 0.3F * b->cap, ink, 1);
		else
			paint_line(b->c, x, top + 0.1F * b->cap, x, bottom - 0.1F * b->cap, 0.08F * b->cap,
				b->white, 1);
	}
}

static void draw_seconds(const struct band *b, float top)
{
	double step = 1;
	char text[16];

	while (at(b, b->from_s + step) - at(b, b->from_s) < 3 * b->cap)
		step *= 2;
	for (double t = ceil(b->from_s / step) * step; inside(b, t); t += step) {
		float x = at(b, t);
		(void)snprintf(text, sizeof text, "%.0f", t);
		paint_line(b->c, x, top, x, top + 0.25F * b->cap, 0.05F * b->cap, b->grey, 1);
		paint_text(b->c, x - paint_text_width(text, 0.6F * b->cap) / 2, top + 0.55F * b->cap,
			0.6F * b->cap, text, b->grey);
	}
}

void annotate_band(struct canvas *band, const struct marks *m, double now_s, double duration_s)
{
	float cap = (float)band->height / BAND_CAPS, left = 2.4F * cap, lanes = 2.35F * cap,
	      second = 3.4F * cap, bottom = 4.2F * cap;
	double span = fmin(fmax(duration_s, 0.1), SPAN_MAX);
	struct band b = { .c = band,
		.m = m,
		.cap = cap,
		.x0 = left,
		.x1 = (float)band->width - 1.2F * cap,
		.from_s = fmax(0, fmin(now_s - span / 2, duration_s - span)),
		.span_s = span,
		.now_s = now_s,
		.white = paint_ink(band, 0.95F, 0.95F, 0.95F),
		.grey = paint_ink(band, 0.62F, 0.65F, 0.69F),
		.dark = paint_ink(band, 0.2F, 0.22F, 0.26F) };
	char text[32];

	paint_fill(band, paint_ink(band, 0.08F, 0.09F, 0.11F));
	(void)snprintf(text, sizeof text, "%.2f s", fmin(fmax(now_s, 0), 99999));
	paint_text(band, cap, 0.75F * cap, cap, text, b.white);
	draw_phase(&b);
	draw_lane(&b, SIDE_LEFT, lanes);
	draw_lane(&b, SIDE_RIGHT, second);
	draw_seconds(&b, bottom + 0.2F * cap);
	float x = at(&b, now_s);
	paint_line(band, x, lanes - 0.2F * cap, x, bottom + 0.2F * cap, 0.16F * cap, paint_ink(band, 0, 0, 0),
		0.6F);
	paint_line(band, x, lanes - 0.2F * cap, x, bottom + 0.2F * cap, 0.08F * cap, b.white, 1);
	paint_line(band, x, lanes - 0.25F * cap, x, lanes - 0.25F * cap, 0.2F * cap, b.white, 1);
}
