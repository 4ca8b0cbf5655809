#pragma once

#include "pose/image.h"
#include "pose/landmarks.h"
#include "pose/paint.h"

/* Copy the frame, turned upright, as much of it as the canvas holds. */
void overlay_frame(struct canvas *c, const struct image *im);

/* The skeleton over it: right limbs red, left ones blue, the middle yellow; points under 0.3 are left out. */
void overlay_skeleton(struct canvas *c, const struct body25 *b);
