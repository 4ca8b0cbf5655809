#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* One drawing, two papers: SVG, where text stays text, and PDF. x to the right, y DOWN, in points (1/72 inch)
 * in a PDF and in pixels in an SVG. The first failure stays; canvas_end() tells it. */
struct canvas;

struct colour {
	double r, g, b, a; /* 0…1 */
};

struct pen {
	struct colour colour;
	double width;
	double on, off; /* dashes; 0: solid */
};

struct point {
	double x, y;
};

enum align { ALIGN_LEFT, ALIGN_CENTRE, ALIGN_RIGHT };

struct text_style {
	double size;
	bool bold;
	enum align align;
	struct colour colour;
	double turn_deg; /* counter-clockwise about the text's anchor */
};

enum mark { MARK_CIRCLE, MARK_SQUARE, MARK_UP, MARK_DOWN, MARK_DIAMOND };

/* What a paper can do. Texts that arrive here are well-formed UTF-8 without control characters. */
struct canvas_ops {
	void (*path)(struct canvas *c, const struct point *p, size_t n, bool closed,
		const struct colour *fill, const struct pen *pen);
	void (*text)(struct canvas *c, double x, double y, const struct text_style *s, const char *text);
	double (*text_width)(struct canvas *c, double size, bool bold, const char *text);
	void (*group)(struct canvas *c, const char *title); /* NULL ends it */
	void (*page)(struct canvas *c);                     /* the present one is full */
	int (*end)(struct canvas *c, struct err *e);
};

struct canvas {
	const struct canvas_ops *ops;
	double width, height;
	struct err err; /* the first failure */
};

/**
 * canvas_svg() - an SVG 1.1 document in @out; its fonts are the reader's
 * canvas_pdf() - a PDF without a date in @out; its fonts are embedded. Where the machine has none, cairo's
 * own stands in, drawn instead of set (so it cannot be searched), and characters beyond ASCII are written
 * with letters.
 * @ret    end it with canvas_end(), which frees it too
 * Errors  ERR_NOMEM, ERR_TOO_LARGE at @out's cap (perhaps only from canvas_end())
 */
int canvas_svg(struct buf *out, double width, double height, const char *title, const char *description,
	struct canvas **ret, struct err *e);
int canvas_pdf(struct buf *out, double width, double height, const char *title, const char *creator,
	struct canvas **ret, struct err *e);
int canvas_end(struct canvas *c, struct err *e);

void canvas_line(struct canvas *c, double x1, double y1, double x2, double y2, struct pen pen);
void canvas_rect(struct canvas *c, double x, double y, double w, double h, const struct colour *fill,
	const struct pen *pen);
/* A line through @n points; a NaN interrupts it. */
void canvas_polyline(struct canvas *c, const struct point *p, size_t n, struct pen pen);
void canvas_polygon(
	struct canvas *c, const struct point *p, size_t n, const struct colour *fill, const struct pen *pen);
void canvas_mark(struct canvas *c, enum mark m, double x, double y, double size, const struct colour *fill,
	const struct pen *pen);

/* @y is the base line. Bytes that are no UTF-8, and control characters, become '?'. */
void canvas_text(struct canvas *c, double x, double y, struct text_style s, const char *text);
void canvas_textf(struct canvas *c, double x, double y, struct text_style s, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
double canvas_text_width(struct canvas *c, const struct text_style *s, const char *text);
/* In at most @width: smaller by up to a fifth, then cut with "…". */
void canvas_text_fit(
	struct canvas *c, double x, double y, double width, struct text_style s, const char *text);

/**
 * canvas_wrap() - break text at blanks into lines of at most @width
 * @most    lines; the last one ends in "…" where more would follow
 * Return   lines drawn; the first one's base line is @y, each further one @leading below
 */
int canvas_wrap(struct canvas *c, double x, double y, double width, double leading, int most,
	struct text_style s, const char *text);
/* The lines that canvas_wrap() would draw, without drawing. */
int canvas_wrap_lines(struct canvas *c, double width, struct text_style s, const char *text);

/* What belongs together; @title is read aloud by a reader of SVG. */
void canvas_group(struct canvas *c, const char *title);
void canvas_group_end(struct canvas *c);
void canvas_page(struct canvas *c);
