#pragma once

#include <stdbool.h>

#include "base/scorer_frame.h"
#include "score/model.h"

/**
 * analyze_request() - one request of the scorer child: its parts in, result.json or a refusal out
 * @parts    as scorer_frame.h says; each a whole part, empty where it is absent
 * @text     empty; gets result.json on true
 * @refusal  zeroed; says why on false
 */
bool analyze_request(const struct buf parts[SCORER_PARTS], struct model *model, bool allow_demonstration,
	struct buf *text, struct scorer_refusal *refusal);
