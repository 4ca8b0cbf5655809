#pragma once

#include "core/job.h"
#include "store/store.h"

/* What became of each result: shown at once, waiting for a clinician, released, taken back
 * (core/release.def). */

struct release {
	int attempt, times; /* @times it was released */
	enum release_state state;
	int64_t at_ms;   /* of the latest change */
	char actor[300]; /* who made it; "" for gaitd. As in store/audit.h */
	char comment[RELEASE_COMMENT_BYTES], reason[RELEASE_REASON_BYTES];
};

/* A result stands from now on; @job->release says what it is for the submitter. store_job_change() does it.
 */
int store_release_begin(struct tx *tx, const struct job *job, int64_t now_ms, struct err *e);
/* Return 0, STORE_NONE, -1 */
int store_release_get(struct tx *tx, const char *job, int attempt, struct release *ret, struct err *e);
/* The state alone, without the long texts. RELEASE_NONE where nothing is known of that attempt's result. */
int store_release_state(struct tx *tx, const char *job, int attempt, enum release_state *ret, struct err *e);
/**
 * store_release_change() - write what @r has become, and what @job says of it
 * @job  its release and shown_… are written too; version and time move on
 */
int store_release_change(
	struct tx *tx, struct job *job, const struct release *r, int64_t now_ms, struct err *e);
/* How many results wait for a clinician. */
int store_releases_waiting(struct tx *tx, int64_t *ret, struct err *e);
