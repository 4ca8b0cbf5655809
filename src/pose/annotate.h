#pragma once

#include "pose/landmarks.h"
#include "pose/marks.h"
#include "pose/paint.h"

/* What a walk's events look like: on the body, and as a band below the picture. Left is blue, right is red.
 */

/* How long an event stays in the picture. */
#define ANNOTATE_STRIKE_S  0.25
#define ANNOTATE_TOE_OFF_S 0.15

/* A ring round the heel that has just struck, a small diamond at the toe that has just left. @frame_s: an
 * event of this frame may come up to half of it later. */
void annotate_body(
	struct canvas *picture, const struct body25 *b, const struct marks *m, double now_s, double frame_s);

/* Even rows for the band below a picture of this size. */
int annotate_band_height(int width, int height);

/* Time, phase, and the events of both feet along a line of at most ten seconds round the cursor. @band: a
 * canvas of its own. */
void annotate_band(struct canvas *band, const struct marks *m, double now_s, double duration_s);
