#pragma once

#include "base/crypto.h"
#include "core/job.h"
#include "store/store.h"

/* Jobs and their videos. Every change of a state goes through store_job_change(). */

enum { SPOOL_NAME_BYTES = 64, BLOB_KEY_TEXT_BYTES = 201, LEASE_BYTES = 48, IDEMPOTENCY_KEY_BYTES = 129 };

struct video {
	enum view view;
	char container[8]; /* mp4, mkv, avi */
	int64_t bytes;
	uint8_t sha256[SHA256_BYTES];
	char spool_name[SPOOL_NAME_BYTES];  /* "" once the blob store has it */
	char blob_key[BLOB_KEY_TEXT_BYTES]; /* "" until the blob store has it */
	int64_t frames;                     /* 0: unknown */
	int n;                              /* which one of its view it is, from 1 */
	char upload[ID_BYTES];              /* the upload that replaced an earlier one; "" for the first */
};

/* A new job in state queued, with its event and `received` mail. @job->id, owner, subject and submission are
 * given; ordinal, times and version are filled in. */
int store_job_insert(
	struct tx *tx, struct job *job, const struct video videos[VIEW_COUNT], int64_t now_ms, struct err *e);

/* Return 0, STORE_NONE, -1 */
int store_job_get(struct tx *tx, const char *id, struct job *ret, struct err *e);
int store_job_by_ordinal(struct tx *tx, const char *owner, int64_t ordinal, struct job *ret, struct err *e);
/* The notes as malloc'd text, NULL where there are none. */
int store_job_notes(struct tx *tx, const char *id, char **ret, struct err *e);
int store_job_videos(
	struct tx *tx, const char *id, struct video ret[VIEW_COUNT], unsigned *ret_n, struct err *e);
int store_video_staged(struct tx *tx, const char *job, enum view view, const char *blob_key, struct err *e);
int store_video_frames(struct tx *tx, const char *job, enum view view, int64_t frames, struct err *e);
/* Is any row still waiting for this spool file? Return 0 yes, STORE_NONE, -1 */
int store_spool_known(struct tx *tx, const char *spool_name, struct err *e);

/* What store_job_change() writes; members left zero stay as they are, but for the state and the phase. */
struct job_change {
	enum job_state to;
	enum job_phase phase;
	const char *lease; /* not NULL: the change happens only if the job is still leased so */
	bool keep_lease;
	int64_t due_ms;                      /* 0: now */
	bool new_attempt;                    /* count one attempt more */
	bool failed_attempt;                 /* count one failure more */
	bool fresh_start;                    /* a rerun: failures and the wish to cancel are forgotten */
	const char *error_kind, *error_text; /* NULL: cleared */
	bool result;                         /* the present attempt's result stands from now on: */
	double score;                        /* NaN for none */
	bool score_demonstration;
	enum release_state release; /* what it is for the submitter */
	const char *text;           /* for the event; NULL: the state's or phase's own words */
};

/**
 * store_job_change() - the one way a job changes its state
 * Checks job_states.def, bumps the version, writes the event and the mail that is due, all in @tx.
 * @job   as read in this transaction; updated in place
 * Return 0; STORE_NONE where the lease was lost (nothing is written); -1 (ERR_CONFLICT: not an allowed
 * change)
 */
int store_job_change(
	struct tx *tx, struct job *job, const struct job_change *c, int64_t now_ms, struct err *e);

/* Something that readers see changed, but not the state (progress). */
int store_job_touch(struct tx *tx, struct job *job, int64_t now_ms, struct err *e);

/* Tell the user why it waits: kept until the next change of state, and an event where it is news. "" takes it
 * back. updated_ms stays. */
int store_job_note(struct tx *tx, struct job *job, const char *text, int64_t now_ms, struct err *e);

/* Note the wish to cancel; the worker acts on it, without waiting for the time of a retry. */
int store_job_want_cancel(struct tx *tx, struct job *job, int64_t now_ms, struct err *e);

/* Leases: who works on a job. At start all leases of earlier boots are void. */
int store_leases_void(struct tx *tx, int *ret_n, struct err *e);
int store_job_release(struct tx *tx, const char *id, const char *lease, int64_t due_ms, struct err *e);

enum claim { CLAIM_CANCEL, CLAIM_DISPATCH, CLAIM_STAGE, CLAIM_SUBMIT };
/**
 * store_claim() - lease the next due job for one kind of work
 * CANCEL    not terminal and a cancel is wanted
 * DISPATCH  queued, due, and fewer than @max_in_flight are being processed; the highest priority, then fair
 *           between owners (whoever has fewest in processing, then whoever was served longest ago), then the
 *           oldest (core/queue_order.h)
 * STAGE     staging, with a video that the blob store lacks, or files that are to be relayed
 * SUBMIT    staging, with nothing left to stage
 * Return    0, STORE_NONE, -1
 */
int store_claim(struct tx *tx, enum claim what, unsigned max_in_flight, const char *lease, int64_t now_ms,
	struct job *ret, struct err *e);

/* When the next queued or staging job falls due; INT64_MAX where none waits. */
int store_next_due(struct tx *tx, int64_t *ret_ms, struct err *e);

struct job_filter {
	const char *owner;   /* NULL: everybody's */
	const char *subject; /* NULL: any */
	const char *before;  /* id; NULL: from the newest */
	bool by_state;
	enum job_state state;
	enum release_state release; /* RELEASE_NONE: any */
	bool open;                  /* only those that are not over */
	const char *search; /* NULL, or a job's number or id, the beginning of a subject's code, part of the
			       owner's address */
};
int store_jobs_list(struct tx *tx, const struct job_filter *f, struct job *out, unsigned max, unsigned *ret_n,
	struct err *e);
int store_jobs_count(struct tx *tx, enum job_state state, const char *owner, int64_t *ret, struct err *e);
/* Patient facts, outputs and notes go; id, states and audit stay. Blobs are the caller's business. */
int store_job_erase(struct tx *tx, struct job *job, int64_t now_ms, struct err *e);
/* Jobs that are erased but whose blobs may remain: ids into @out. */
int store_erased_pending(struct tx *tx, char out[][ID_BYTES], unsigned max, unsigned *ret_n, struct err *e);
/* The blobs were removed. While an attempt of the job may still write others, it stays pending. */
int store_erase_done(struct tx *tx, const char *job, struct err *e);

/* Idempotency: 0 and the job where the key is known; STORE_NONE; ERR_FIELD where it came with another body.
 */
int store_idempotency_find(struct tx *tx, const char *user, const char *key,
	const uint8_t sha256[SHA256_BYTES], char ret_job[ID_BYTES], struct err *e);
int store_idempotency_add(struct tx *tx, const char *user, const char *key,
	const uint8_t sha256[SHA256_BYTES], const char *job, int64_t now_ms, struct err *e);
int store_idempotency_expire(struct tx *tx, int64_t before_ms, struct err *e);

/* Files of a finished attempt. */
struct output {
	char name[48], blob_key[BLOB_KEY_TEXT_BYTES];
	int64_t bytes;
	uint8_t sha256[SHA256_BYTES];
};
int store_output_add(struct tx *tx, const char *job, int attempt, const struct output *o, struct err *e);
int store_output_get(
	struct tx *tx, const char *job, int attempt, const char *name, struct output *ret, struct err *e);
int store_outputs_list(struct tx *tx, const char *job, int attempt, struct output *out, unsigned max,
	unsigned *ret_n, struct err *e);
