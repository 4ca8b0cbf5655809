/* Drawings as PDF, by cairo. Text is set in the machine's sans-serif font, which fontconfig finds. */
#include <cairo-pdf.h>
#include <cairo.h>
#include <fontconfig/fontconfig.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/canvas.h"
#include "report/report.h"

enum { TEXT_BYTES = 2048 };

struct pdf {
	struct canvas c; /* first: the canvas is this */
	struct buf *out;
	cairo_surface_t *surface;
	cairo_t *cr;
	bool no_fonts;
};

static struct pdf *pdf_of(struct canvas *c)
{
	return (struct pdf *)(void *)c;
}

static cairo_status_t write_part(void *closure, const unsigned char *data, unsigned int len)
{
	struct pdf *p = closure;

	if (p->c.err.kind != ERR_NONE || buf_add(p->out, data, len, &p->c.err) < 0)
		return CAIRO_STATUS_WRITE_ERROR;
	return CAIRO_STATUS_SUCCESS;
}

static void source(struct pdf *p, const struct colour *c)
{
	cairo_set_source_rgba(p->cr, c->r, c->g, c->b, c->a);
}

static void pdf_path(struct canvas *c, const struct point *v, size_t n, bool closed,
	const struct colour *fill, const struct pen *pen)
{
	struct pdf *p = pdf_of(c);

	for (size_t i = 0; i < n; i++)
		cairo_line_to(p->cr, v[i].x, v[i].y);
	if (closed)
		cairo_close_path(p->cr);
	if (fill) {
		source(p, fill);
		cairo_fill_preserve(p->cr);
	}
	if (pen) {
		const double dashes[] = { pen->on, pen->off };
		source(p, &pen->colour);
		cairo_set_line_width(p->cr, pen->width);
		cairo_set_dash(p->cr, dashes, pen->on > 0 ? 2 : 0, 0);
		cairo_stroke_preserve(p->cr);
	}
	cairo_new_path(p->cr);
}

static void font(struct pdf *p, double size, bool bold)
{
	cairo_select_font_face(p->cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
		bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(p->cr, size);
}

/* cairo's built-in font knows ASCII only. */
static const char *plain(const struct pdf *p, const char *text, char out[TEXT_BYTES])
{
	static const struct {
		const char *from, *to;
	} pairs[] = { { "±", "+/-" }, { "–", "-" }, { "−", "-" }, { "…", "..." }, { "°", " deg" },
		{ "·", "*" }, { "≥", ">=" }, { "≤", "<=" }, { "’", "'" } };
	size_t n = 0;

	if (!p->no_fonts)
		return text;
	while (*text && n + 8 < TEXT_BYTES) {
		size_t i = 0, len = 1;
		while (i < ARRAY_LEN(pairs) && strncmp(text, pairs[i].from, strlen(pairs[i].from)) != 0)
			i++;
		if (i < ARRAY_LEN(pairs)) {
			len = strlen(pairs[i].from);
			memcpy(out + n, pairs[i].to, strlen(pairs[i].to));
			n += strlen(pairs[i].to);
		} else {
			while (((unsigned char)text[len] & 0xc0) == 0x80)
				len++;
			out[n++] = len == 1 ? *text : '?';
		}
		text += len;
	}
	out[n] = '\0';
	return out;
}

static double pdf_text_width(struct canvas *c, double size, bool bold, const char *text)
{
	struct pdf *p = pdf_of(c);
	char ascii[TEXT_BYTES];
	cairo_text_extents_t x;

	font(p, size, bold);
	cairo_text_extents(p->cr, plain(p, text, ascii), &x);
	return x.x_advance;
}

static void pdf_text(struct canvas *c, double x, double y, const struct text_style *s, const char *text)
{
	struct pdf *p = pdf_of(c);
	char ascii[TEXT_BYTES];
	double width = pdf_text_width(c, s->size, s->bold, text);

	cairo_save(p->cr);
	cairo_translate(p->cr, x, y);
	cairo_rotate(p->cr, -s->turn_deg * M_PI / 180);
	cairo_move_to(p->cr, s->align == ALIGN_LEFT ? 0 : s->align == ALIGN_RIGHT ? -width : -0.5 * width, 0);
	source(p, &s->colour);
	if (p->no_fonts) { /* as a font in a PDF the built-in one shows as black boxes in some readers */
		cairo_text_path(p->cr, plain(p, text, ascii));
		cairo_fill(p->cr);
	} else {
		cairo_show_text(p->cr, text);
	}
	cairo_restore(p->cr);
	cairo_new_path(p->cr);
}

static void pdf_group(struct canvas *c, const char *title)
{
	(void)c, (void)title; /* titles are for screens */
}

static void pdf_page(struct canvas *c)
{
	cairo_show_page(pdf_of(c)->cr);
}

static int pdf_end(struct canvas *c, struct err *e)
{
	CLEANUP(free_p) struct pdf *p = pdf_of(c);
	cairo_status_t drawn = cairo_status(p->cr);

	cairo_destroy(p->cr);
	cairo_surface_finish(p->surface);
	if (drawn == CAIRO_STATUS_SUCCESS)
		drawn = cairo_surface_status(p->surface);
	cairo_surface_destroy(p->surface);
	if (p->c.err.kind != ERR_NONE) {
		if (e)
			*e = p->c.err;
		return -1;
	}
	if (drawn == CAIRO_STATUS_SUCCESS)
		return 0;
	return err_set(e, drawn == CAIRO_STATUS_NO_MEMORY ? ERR_NOMEM : ERR_INTERNAL, "PDF: %s",
		cairo_status_to_string(drawn));
}

static const struct canvas_ops pdf_ops = { pdf_path, pdf_text, pdf_text_width, pdf_group, pdf_page, pdf_end };

int canvas_pdf(struct buf *out, double width, double height, const char *title, const char *creator,
	struct canvas **ret, struct err *e)
{
	struct pdf *p = calloc(1, sizeof *p);

	if (!p)
		return err_set(e, ERR_NOMEM, "no memory for a drawing");
	p->c = (struct canvas){ .ops = &pdf_ops, .width = width, .height = height };
	p->out = out;
	p->surface = cairo_pdf_surface_create_for_stream(write_part, p, width, height);
	p->cr = cairo_create(p->surface);
	cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_TITLE, title);
	cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_CREATOR, creator);
	/* The same inputs make the same bytes: no date. */
	cairo_pdf_surface_set_metadata(p->surface, CAIRO_PDF_METADATA_CREATE_DATE, "");
	cairo_set_line_join(p->cr, CAIRO_LINE_JOIN_ROUND);
	font(p, 10, false);
	p->no_fonts = cairo_scaled_font_get_type(cairo_get_scaled_font(p->cr)) == CAIRO_FONT_TYPE_USER;
	*ret = &p->c;
	return 0;
}

void report_release(void)
{
	cairo_debug_reset_static_data();
	FcFini();
}
