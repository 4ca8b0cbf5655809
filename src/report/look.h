#pragma once

#include "report/canvas.h"

/* Colours and pens that all drawings share. Left and right differ in hue (blue and vermilion of Okabe & Ito
 * 2008, which colour-blind readers tell apart) and in their line, so that a black-and-white print shows them
 * too. */
#define LOOK(rr, gg, bb, aa) ((struct colour){ (rr) / 255.0, (gg) / 255.0, (bb) / 255.0, (aa) })
#define LOOK_INK             LOOK(26, 26, 26, 1)
#define LOOK_GREY            LOOK(96, 96, 96, 1)
#define LOOK_LINE            LOOK(190, 190, 190, 1)
#define LOOK_FAINT           LOOK(226, 226, 226, 1)
#define LOOK_PAPER           LOOK(245, 245, 245, 1)
#define LOOK_WHITE           LOOK(255, 255, 255, 1)
#define LOOK_LEFT            LOOK(0, 92, 155, 1)
#define LOOK_RIGHT           LOOK(213, 94, 0, 1)

static inline struct colour look_side(int side)
{
	return side == 0 ? LOOK_LEFT : LOOK_RIGHT;
}

static inline struct pen look_side_pen(int side, double width)
{
	return (struct pen){ .colour = look_side(side),
		.width = width,
		.on = side == 0 ? 0 : 3.2 * width,
		.off = side == 0 ? 0 : 1.6 * width };
}

static inline struct pen look_pen(struct colour c, double width)
{
	return (struct pen){ .colour = c, .width = width };
}

static inline struct text_style look_text(double size, struct colour c)
{
	return (struct text_style){ .size = size, .colour = c };
}

static inline struct text_style look_bold(double size, struct colour c)
{
	return (struct text_style){ .size = size, .colour = c, .bold = true };
}

static inline struct text_style look_align(struct text_style s, enum align a)
{
	s.align = a;
	return s;
}
