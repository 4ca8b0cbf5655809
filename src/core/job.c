#include "core/job.h"

#include <string.h>

#include "base/cleanup.h"

struct state_row {
	const char *name;
	enum job_step step;
	bool terminal;
	enum mail_due mail;
	const char *text;
};

static const struct state_row states[JOB_STATE_COUNT] = {
#define STATE(name, lower, step, terminal, mail, text)                                                       \
	[JOB_##name] = { lower, STEP_##step, terminal, MAIL_DUE_##mail, text },
#include "core/job_states.def"
};

static const struct {
	const char *name, *text;
} phases[PHASE_COUNT] = {
#define PHASE(name, lower, text) [PHASE_##name] = { lower, text },
#include "core/job_states.def"
};

static const struct {
	enum job_state from, to;
} changes[] = {
#define NEXT(from, to) { JOB_##from, JOB_##to },
#include "core/job_states.def"
};

const char *job_state_name(enum job_state s)
{
	return states[s].name;
}

const char *job_state_text(enum job_state s)
{
	return states[s].text;
}

enum job_step job_state_step(enum job_state s)
{
	return states[s].step;
}

bool job_state_terminal(enum job_state s)
{
	return states[s].terminal;
}

enum mail_due job_state_mail(enum job_state s)
{
	return states[s].mail;
}

enum mail_due release_mail(enum release_state s)
{
	static const enum mail_due mails[RELEASE_STATE_COUNT] = {
#define RELEASE(name, word, shown, releasable, mail, text) [RELEASE_##name] = MAIL_DUE_##mail,
#include "core/release.def"
	};

	return mails[s];
}

bool job_state_may_become(enum job_state from, enum job_state to)
{
	for (size_t i = 0; i < ARRAY_LEN(changes); i++)
		if (changes[i].from == from && changes[i].to == to)
			return true;
	return false;
}

bool job_state_parse(const char *name, enum job_state *ret)
{
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		if (strcmp(name, states[i].name) == 0) {
			*ret = (enum job_state)i;
			return true;
		}
	return false;
}

const char *job_phase_name(enum job_phase p)
{
	return phases[p].name;
}

const char *job_phase_text(enum job_phase p)
{
	return phases[p].text;
}

bool job_phase_parse(const char *name, enum job_phase *ret)
{
	for (int i = 0; i < PHASE_COUNT; i++)
		if (strcmp(name, phases[i].name) == 0) {
			*ret = (enum job_phase)i;
			return true;
		}
	return false;
}

const char *job_legacy_code(enum job_state s)
{
	switch (s) {
	case JOB_SUBMITTING:
		return "Submitting";
	case JOB_QUEUED:
		return "Queue";
	case JOB_PROCESSING:
		return "Processing";
	case JOB_COMPLETE:
		return "Complete";
	case JOB_SUBMISSION_ERROR:
		return "SubmissionErr";
	case JOB_INFERENCE_ERROR:
	case JOB_CANCELLED:
		return "InferenceErr";
	case JOB_STATE_COUNT:
		break;
	}
	return "Submitting";
}

const char *view_name(enum view v)
{
	return v == VIEW_FRONT ? "front" : "side";
}

void job_show_result(struct job *j)
{
	j->shown_attempt = j->result_attempt;
	j->shown_score = j->score;
	j->shown_demonstration = j->score_demonstration;
}
