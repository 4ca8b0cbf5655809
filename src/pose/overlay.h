#pragma once

#include <stdint.h>

#include "pose/image.h"
#include "pose/landmarks.h"

/* A picture that can be drawn on: upright planar 4:2:0, even sides. */
struct canvas {
	uint8_t *plane[3];
	int stride[3], width, height;
	bool full_range, is_bt709;
};

/* Copy the frame, turned upright, as much of it as the canvas holds. */
void overlay_frame(struct canvas *c, const struct image *im);

/* The skeleton over it: right limbs red, left ones blue, the middle yellow; points under 0.3 are left out. */
void overlay_skeleton(struct canvas *c, const struct body25 *b);
