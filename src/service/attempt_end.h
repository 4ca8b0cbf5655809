#pragma once

#include "base/strv.h"
#include "service/service.h"
#include "store/attempts.h"
#include "store/jobs.h"

/* The two ends of an attempt, the same whether the callback or the reaper brings the news. Both run in the
 * caller's write transaction, with job and attempt as read in it. */

struct attempt_failure {
	const char *kind, *text; /* as in the completion; the text is for users */
	const char *log;         /* the last lines, for the operator; NULL: none */
	const char *outcome;     /* "error" or "lost" */
};

/* Another attempt where the kind allows and the limit is not reached, else the job's error state and its
 * mail. */
int attempt_failed(struct service *s, struct tx *tx, struct job *job, const struct attempt *a,
	const struct attempt_failure *f, int64_t now_ms, struct err *e);

/* How many files an attempt may upload: outputs.def. */
enum {
	ATTEMPT_OUTPUTS = 0
#define OUTPUT(name, type) +1
#include "service/outputs.def"
#undef OUTPUT
};

/* What a finished attempt left in the blob store; found before the transaction begins. */
struct attempt_result {
	struct output outputs[ATTEMPT_OUTPUTS];
	unsigned output_n;
	uint8_t result_sha256[SHA256_BYTES];
	double score; /* NaN: null */
	bool demonstration;
};

/**
 * attempt_read_result() - check result.json and take from it what the house itself relies on
 * @ret   its score and demonstration are set on 0, nothing else
 * Return 0; -1 with ERR_INVALID (no JSON), ERR_CORRUPT (no result of this project)
 */
int attempt_read_result(struct strv text, struct attempt_result *ret, struct err *e);

/**
 * attempt_collect() - look at what the attempt uploaded
 * Reads and checks result.json and the other outputs. Return 0; STORE_NONE where result.json is not there; -1
 * (ERR_CORRUPT where it is no result of this project)
 */
int attempt_collect(struct service *s, const char *job, int n, struct attempt_result *ret, struct err *e);

/* The result is stored as what release.mode makes of it now; it stays that, whatever is set later. */
int attempt_complete(struct service *s, struct tx *tx, struct job *job, const struct attempt *a,
	const struct attempt_result *r, int64_t now_ms, struct err *e);

/* "jobs/<job>/<n>/<name>", "jobs/<job>/in/front.mp4"; of one that replaced another "…/front-2.mp4" */
void attempt_output_key(const char *job, int n, const char *name, char out[BLOB_KEY_BYTES]);
void job_input_key(const char *job, const struct video *v, char out[BLOB_KEY_BYTES]);

extern const char *const attempt_outputs[ATTEMPT_OUTPUTS];
/* The media type of an output; that of unknown bytes for a name that is none (any more). */
const char *attempt_output_type(const char *name);
