#pragma once

#include "service/jobs.h"
#include "service/scorer.h"

/* What another model says of a complete job: its kept key points, analysed and scored again through the
 * scorer's child, beside the score that the job has. Nothing of the job changes. */

/* The member "score" of a result.json, as far as it is compared. */
struct rescore_side {
	double score; /* NaN: none */
	bool demonstration;
	char model[64], version[32]; /* "": no model */
	char decision[128];          /* "": none */
	char reasons[160];           /* codes with a comma and a blank between; "" where there is a score */
};

struct rescore {
	struct rescore_side old, new;
};

/**
 * rescore_job() - score one job again
 * @text   empty; gets the new result.json
 * Return  0; -1: ERR_CONFLICT (it has no result, or was erased), ERR_NOT_FOUND (its key points were not
 * kept), ERR_TOO_LARGE, else as scorer_analyze()
 */
int rescore_job(struct service *s, struct scorer *scorer, const struct job *job, struct rescore *ret,
	struct buf *text, struct err *e);
