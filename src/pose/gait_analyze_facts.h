#pragma once

#include "base/scorer_frame.h"
#include "base/strv.h"
#include "gait/analyze.h"

/* What a request says about the person and the recording. */
struct analyze_facts {
	struct patient patient;
	double fps;             /* for a document that does not say it; 0: not given */
	char sha256[VIEWS][65]; /* of the videos, hex; "" unknown */
};

/* Nothing known. */
void analyze_facts_init(struct analyze_facts *f);

/**
 * analyze_facts_read() - take facts from a JSON object, naming every one that cannot be used
 * height ("172cm", 5'7"), height_cm, age (years), age_months, sex (F, M, O), walking_aid, orthosis, footwear,
 * fps; numbers may be text. null and
 * "" are as if they were absent.
 * @prefix    put in front of the names in @refusal: "patient." or ""
 * @internal  gaitd's own request: video_sha256_front, video_sha256_side are known, too
 */
void analyze_facts_read(struct analyze_facts *f, struct strv text, const char *prefix, bool internal,
	struct scorer_refusal *refusal);
