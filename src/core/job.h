#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/ids.h"
#include "core/release.h"
#include "core/submission.h"

/* A job: two videos of one walk on their way to a result. States and texts come from job_states.def. */

enum job_state {
#define STATE(name, lower, step, terminal, mail, text) JOB_##name,
#include "core/job_states.def"
	JOB_STATE_COUNT
};

enum job_phase {
#define PHASE(name, lower, text) PHASE_##name,
#include "core/job_states.def"
	PHASE_COUNT
};

/* What the worker does with a job in a state. */
enum job_step { STEP_NONE, STEP_STAGE, STEP_DRIVE };

enum mail_due { MAIL_DUE_NONE, MAIL_DUE_RECEIVED, MAIL_DUE_RESULT, MAIL_DUE_FAILURE, MAIL_DUE_ANALYSED };

const char *job_state_name(enum job_state s); /* "queued" */
const char *job_state_text(enum job_state s); /* for users */
enum job_step job_state_step(enum job_state s);
bool job_state_terminal(enum job_state s);
enum mail_due job_state_mail(enum job_state s);
/* Of a result, when its attempt completes. */
enum mail_due release_mail(enum release_state s);
bool job_state_may_become(enum job_state from, enum job_state to);
bool job_state_parse(const char *name, enum job_state *ret);

const char *job_phase_name(enum job_phase p); /* "staging"; "" for PHASE_NONE */
const char *job_phase_text(enum job_phase p);
bool job_phase_parse(const char *name, enum job_phase *ret);

/* The six codes of the first published system, for its clients. */
const char *job_legacy_code(enum job_state s);

enum view { VIEW_FRONT, VIEW_SIDE, VIEW_COUNT };
const char *view_name(enum view v); /* "front", "side" */

enum { JOB_TEXT_BYTES = 512 };

/* One row of jobs, as the store reads it. */
struct job {
	char id[ID_BYTES], owner[ID_BYTES], subject[ID_BYTES]; /* subject: "" where none */
	int64_t ordinal;                                       /* counts this owner's jobs from 1 */
	enum job_state state;
	enum job_phase phase;
	int64_t version, priority, created_ms, updated_ms, due_ms;
	int attempt;  /* number of the latest attempt, 0 before the first */
	int failures; /* attempts that count against the limit */
	bool cancel_requested, erased;
	char error_kind[32], error_text[JOB_TEXT_BYTES];
	char note[JOB_TEXT_BYTES]; /* why it waits, where there is more to say than its state does; or "" */
	int result_attempt;        /* the attempt whose result stands, 0 while none */
	double score;              /* of that result; NaN where it has none */
	bool score_demonstration;
	enum release_state release; /* of that result */
	/* What the submitter sees: the attempt of it (0: none), and what lists tell of its result. */
	int shown_attempt;
	double shown_score;
	bool shown_demonstration;
	struct submission submission;
};

/* The result that stands is what the submitter sees from now on. */
void job_show_result(struct job *j);
