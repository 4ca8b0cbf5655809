#pragma once

/* Why there is no score, by reasons.def. */
enum score_reason {
#define REASON(code, text) SCORE_##code,
#include "score/reasons.def"
#undef REASON
	SCORE_REASONS
};
