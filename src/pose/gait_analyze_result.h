#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "gait/analyze.h"
#include "score/score.h"

/* What one result is made from; all borrowed. */
struct analyze_input {
	const struct keypoints *keys[VIEWS]; /* NULL: that view was not given */
	const char *sha256[VIEWS];           /* of the input videos, hex; NULL: unknown */
	struct patient patient;
	bool allow_demonstration;
};

/* What came out, and how long each stage took. */
struct analyze_output {
	struct analysis analysis;
	struct score score;
	double analyse_ms, score_ms, write_ms;
};

void analyze_output_deinit(struct analyze_output *o);
#define ANALYZE_OUTPUT_CLEANUP __attribute__((cleanup(analyze_output_deinit)))

enum { ANALYZE_RESULT_MAX = 64 << 20 };

/**
 * analyze_result() - key points in, the text of result.json out
 * The one place of the command and of the scorer child (gait-analyze --serve).
 * @model  may be NULL: then the score is null, with that reason
 * @ret    zeroed before; analyze_output_deinit() also after -1
 * @text   empty; gets schema/result.schema.json and a line feed
 * Errors  ERR_INVALID (no view), ERR_TOO_LARGE, ERR_NOMEM, ERR_CORRUPT (the model failed)
 */
int analyze_result(const struct analyze_input *in, struct model *model, struct analyze_output *ret,
	struct buf *text, struct err *e);

/* Milliseconds of the monotonic clock, for the figures above. */
double analyze_now_ms(void);
