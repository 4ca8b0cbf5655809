#pragma once

#include "base/json.h"
#include "service/accounts.h"
#include "service/service.h"
#include "store/attempts.h"
#include "store/jobs.h"

/* What people do with jobs. @who NULL: an operator at the machine (gaitctl), who may do everything.
 * A job of another account is ERR_NOT_FOUND for submitters: its existence is not theirs to know. */

/* @id may also be the owner's ordinal where @who is given. */
int jobs_get(struct service *s, struct tx *tx, const struct user *who, const char *id, struct job *ret,
	struct err *e);

int jobs_cancel(struct service *s, const struct user *who, const char *actor, const char *id, struct job *ret,
	struct err *e);
int jobs_rerun(struct service *s, const struct user *who, const char *actor, const char *id, struct job *ret,
	struct err *e);
/* Videos, outputs and patient facts go; when this returns 0 they are gone from the store too. */
int jobs_erase(struct service *s, const struct user *who, const char *actor, const char *id, struct err *e);
/* Erasures that a crash or an unreachable store interrupted. */
int jobs_finish_erasures(struct service *s, struct err *e);

/* How jobs are shown: to whom, and how much of them. */
struct jobs_view {
	struct service *svc;
	bool staff;      /* results before their release too, and the attempts' operator details */
	bool with_parts; /* attempts, outputs and events */
	bool stale;      /* out: something in it may change without a change of the job: not to be kept */
};

/* The job as JSON (docs/api/openapi.yaml, schema "Job"), as the API and gaitctl show it. */
int jobs_write(struct jobs_view *view, struct tx *tx, const struct job *job, struct json_w *w, struct err *e);

/* One event as JSON. */
struct event;
void jobs_write_event(const struct event *v, struct json_w *w);
