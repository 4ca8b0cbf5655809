#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gait/keypoints.h"

struct person_choice {
	int32_t *of_frame;  /* k->frames indices into k->person, -1 where the person is not seen; free() it */
	size_t seen;        /* frames with the chosen person */
	size_t most_people; /* the largest number of people in one frame */
	bool ambiguous;     /* someone else weighs at least half as much */
};

/**
 * person_choose() - follow everyone from frame to frame, then take the largest size × length walked
 * A person is linked to whoever stood nearest in the frames before (at most half a second, at most 0.6 body
 * heights away); size is the person's diagonal in pixels, and time in which somebody only stands counts a
 * fiftieth (gait/motion.h): a bystander who is nearer and stays longer does not win over the one who walks.
 * A track that ends is continued by a later one of similar size that overlaps it nowhere.
 * Return 0 (also when nobody is there: seen = 0); -1 with ERR_NOMEM
 */
int person_choose(const struct keypoints *k, struct person_choice *ret, struct err *e);
