#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A picture that can be drawn on: upright planar 4:2:0, even sides. */
struct canvas {
	uint8_t *plane[3];
	int stride[3], width, height;
	bool full_range, is_bt709;
};

/* A colour in a canvas's own code. */
struct ink {
	uint8_t y, u, v;
};

/* Whose limb, bar or event it is: the same colours wherever a foot is shown. */
enum part { PART_RIGHT, PART_LEFT, PART_MIDDLE, PARTS };

/* Red, green, blue, 0–1. */
struct ink paint_ink(const struct canvas *c, float r, float g, float b);
struct ink paint_ink_of(const struct canvas *c, enum part part);

/* Shapes in pixels, edges smoothed, cut at the canvas's sides. @alpha: 0 nothing, 1 opaque. What is no number
 * or far too large draws nothing. */
void paint_fill(struct canvas *c, struct ink ink);
void paint_rect(struct canvas *c, float x0, float y0, float x1, float y1, struct ink ink, float alpha);
/* With round ends; a disc where both ends are one point. */
void paint_line(
	struct canvas *c, float x0, float y0, float x1, float y1, float radius, struct ink ink, float alpha);
void paint_ring(
	struct canvas *c, float x, float y, float radius, float half_width, struct ink ink, float alpha);

/* Capital letters that captions here need, digits, blank and ".:-s"; others leave a gap. @size: the height of
 * a capital. */
void paint_text(struct canvas *c, float x, float y, float size, const char *text, struct ink ink);
float paint_text_width(const char *text, float size);
