#pragma once

#include <math.h>

#include "pose/image.h"

#define PI_F 3.14159265F

static inline float sigmoid(float x)
{
	return 1.0F / (1.0F + expf(-x));
}

/* The landmark model's square: round the hips, 1.25 times the circle through @top, turned so that the body
 * stands upright in it (MediaPipe AlignmentPointsRectsCalculator, 2023). */
static inline struct roi roi_of_body(float hip_x, float hip_y, float top_x, float top_y)
{
	float dx = top_x - hip_x, dy = top_y - hip_y, turn = PI_F / 2 - atan2f(-dy, dx);

	turn -= 2 * PI_F * floorf((turn + PI_F) / (2 * PI_F));
	return (struct roi){ hip_x, hip_y, 2 * 1.25F * hypotf(dx, dy), turn };
}
