#include "report/canvas.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"

enum { TEXT_BYTES = 1024, CIRCLE_POINTS = 24, LINES_ENOUGH = 1000 };

int canvas_end(struct canvas *c, struct err *e)
{
	if (!c)
		return 0;
	return c->ops->end(c, e);
}

void canvas_line(struct canvas *c, double x1, double y1, double x2, double y2, struct pen pen)
{
	const struct point p[] = { { x1, y1 }, { x2, y2 } };

	c->ops->path(c, p, ARRAY_LEN(p), false, NULL, &pen);
}

void canvas_polygon(
	struct canvas *c, const struct point *p, size_t n, const struct colour *fill, const struct pen *pen)
{
	c->ops->path(c, p, n, true, fill, pen);
}

void canvas_rect(struct canvas *c, double x, double y, double w, double h, const struct colour *fill,
	const struct pen *pen)
{
	const struct point p[] = { { x, y }, { x + w, y }, { x + w, y + h }, { x, y + h } };

	canvas_polygon(c, p, ARRAY_LEN(p), fill, pen);
}

void canvas_polyline(struct canvas *c, const struct point *p, size_t n, struct pen pen)
{
	for (size_t from = 0; from < n;) {
		size_t to = from;
		while (to < n && !isnan(p[to].x) && !isnan(p[to].y))
			to++;
		if (to > from + 1)
			c->ops->path(c, p + from, to - from, false, NULL, &pen);
		from = to + 1;
	}
}

void canvas_mark(struct canvas *c, enum mark m, double x, double y, double size, const struct colour *fill,
	const struct pen *pen)
{
	struct point p[CIRCLE_POINTS];
	static const struct {
		size_t n;
		struct point p[4];
	} shapes[] = {
		[MARK_SQUARE] = { 4, { { -0.9, -0.9 }, { 0.9, -0.9 }, { 0.9, 0.9 }, { -0.9, 0.9 } } },
		[MARK_UP] = { 3, { { 0, -1.1 }, { 1.1, 0.9 }, { -1.1, 0.9 } } },
		[MARK_DOWN] = { 3, { { 0, 1.1 }, { 1.1, -0.9 }, { -1.1, -0.9 } } },
		[MARK_DIAMOND] = { 4, { { 0, -1.2 }, { 1.2, 0 }, { 0, 1.2 }, { -1.2, 0 } } },
	};
	size_t n = m == MARK_CIRCLE ? CIRCLE_POINTS : shapes[m].n;

	for (size_t i = 0; i < n; i++) {
		double turn = 2 * M_PI * (double)i / CIRCLE_POINTS;
		struct point unit =
			m == MARK_CIRCLE ? (struct point){ cos(turn), sin(turn) } : shapes[m].p[i];
		p[i] = (struct point){ x + 0.5 * size * unit.x, y + 0.5 * size * unit.y };
	}
	canvas_polygon(c, p, n, fill, pen);
}

/* Key points' origin and models' texts come from outside: what reaches a paper is always well-formed. */
static void clean(char out[TEXT_BYTES], const char *text)
{
	size_t left = strlen(text), n = 0;

	while (left > 0) {
		size_t len = str_utf8_len(text, left);
		bool printable =
			len > 0 && (unsigned char)text[0] >= 0x20 && text[0] != 0x7f &&
			/* C1 controls; U+FFFE and U+FFFF are no characters of XML */
			!(len == 2 && (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0) &&
			!(len == 3 && memcmp(text, "\xef\xbf", 2) == 0 && (unsigned char)text[2] >= 0xbe);
		if (len == 0)
			len = 1;
		if (n + len + 1 > TEXT_BYTES)
			break;
		if (printable)
			memcpy(out + n, text, len);
		else
			out[n] = '?';
		n += printable ? len : 1;
		text += len;
		left -= len;
	}
	out[n] = '\0';
}

void canvas_text(struct canvas *c, double x, double y, struct text_style s, const char *text)
{
	char safe[TEXT_BYTES];

	clean(safe, text);
	if (safe[0])
		c->ops->text(c, x, y, &s, safe);
}

void canvas_textf(struct canvas *c, double x, double y, struct text_style s, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	canvas_text(c, x, y, s, text);
}

double canvas_text_width(struct canvas *c, const struct text_style *s, const char *text)
{
	char safe[TEXT_BYTES];

	clean(safe, text);
	return c->ops->text_width(c, s->size, s->bold, safe);
}

/* Drop whole characters until "text…" fits. */
static void cut_to(struct canvas *c, double width, const struct text_style *s, char text[TEXT_BYTES])
{
	static const char dots[] = "…";
	size_t n = strlen(text);

	n = n > TEXT_BYTES - sizeof dots ? TEXT_BYTES - sizeof dots : n;
	for (;; n--) {
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
		memcpy(text + n, dots, sizeof dots);
		if (n == 0 || canvas_text_width(c, s, text) <= width)
			return;
	}
}

void canvas_text_fit(
	struct canvas *c, double x, double y, double width, struct text_style s, const char *text)
{
	char safe[TEXT_BYTES];
	double full = s.size;

	clean(safe, text);
	while (s.size > 0.8 * full && canvas_text_width(c, &s, safe) > width)
		s.size -= 0.05 * full;
	if (canvas_text_width(c, &s, safe) > width)
		cut_to(c, width, &s, safe);
	canvas_text(c, x, y, s, safe);
}

/* How much of @text goes on a line, in bytes: at least one word. */
static size_t line_bytes(struct canvas *c, double width, const struct text_style *s, const char *text)
{
	char part[TEXT_BYTES];
	size_t fits = 0;

	for (size_t n = 0; text[n] && n + 1 < sizeof part;) {
		n += strspn(text + n, " ");
		n += strcspn(text + n, " ");
		n = n < sizeof part ? n : sizeof part - 1;
		memcpy(part, text, n);
		part[n] = '\0';
		if (fits > 0 && canvas_text_width(c, s, part) > width)
			break;
		fits = n;
	}
	return fits;
}

static int wrap(struct canvas *c, double x, double y, double width, double leading, int most,
	struct text_style s, const char *text, bool draw)
{
	char safe[TEXT_BYTES], part[TEXT_BYTES];
	int lines = 0;

	clean(safe, text);
	for (const char *at = safe + strspn(safe, " "); *at && lines < most; lines++) {
		size_t n = line_bytes(c, width, &s, at);
		memcpy(part, at, n);
		part[n] = '\0';
		at += n;
		at += strspn(at, " ");
		if (*at && lines + 1 == most)
			cut_to(c, width, &s, part);
		if (draw)
			canvas_text_fit(c, x, y + lines * leading, width, s, part);
	}
	return lines;
}

int canvas_wrap(struct canvas *c, double x, double y, double width, double leading, int most,
	struct text_style s, const char *text)
{
	return wrap(c, x, y, width, leading, most, s, text, true);
}

int canvas_wrap_lines(struct canvas *c, double width, struct text_style s, const char *text)
{
	return wrap(c, 0, 0, width, 0, LINES_ENOUGH, s, text, false);
}

void canvas_group(struct canvas *c, const char *title)
{
	char safe[TEXT_BYTES];

	clean(safe, title);
	c->ops->group(c, safe);
}

void canvas_group_end(struct canvas *c)
{
	c->ops->group(c, NULL);
}

void canvas_page(struct canvas *c)
{
	c->ops->page(c);
}
