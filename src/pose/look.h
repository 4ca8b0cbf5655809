#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "pose/landmarks.h"
#include "pose/nn.h"

/* What is to be seen in single frames while somebody still films: no tracks, no look ahead. The body is
 * followed from frame to frame as follow.h does it; the detector finds it, and counts who else is there. */
struct look {
	struct nn *detector, *model; /* borrowed */
	bool has_roi;
	struct roi roi;
	int others; /* beside the one who is followed, when everywhere was looked at last */
};

struct look_result {
	int people; /* the one who is followed included */
	struct body25 body;
};

void look_init(struct look *l, struct nn *detector, struct nn *model);

/**
 * look_frame() - the people of the next frame
 * @everywhere  run the detector even though the body is still followed
 * @ret         ret->body.found is false where nobody is
 * Errors       those of landmarks_run() and detector_run()
 */
int look_frame(
	struct look *l, const struct image *im, bool everywhere, struct look_result *ret, struct err *e);
