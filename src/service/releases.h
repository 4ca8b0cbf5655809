#pragma once

#include "service/jobs.h"
#include "store/releases.h"

/* Results that their submitter sees after a clinician has read them (docs/adr/0027-release.md). Staff alone
 * come here: the routes and gaitctl see to it. */

/* The attempt whose result @who may read: staff (and NULL, an operator at the machine) the one that stands,
 * others the one that is shown to them. 0: none. */
int release_readable(const struct user *who, const struct job *job);

/* Why @who may not read what is there: ERR_FORBIDDEN with the reason, ERR_NOT_FOUND while there is nothing.
 */
int release_refuse(const struct job *job, struct err *e);

/**
 * release_result() - the submitter sees the result from now on, and gets the result mail
 * @attempt  whose result it is: what somebody has read must be what is released
 * @comment  for the submitter, may be ""
 * Return 0, also where it is released already: the same again changes nothing, another comment replaces the
 * first; -1 with ERR_CONFLICT (another attempt's result stands now, withheld or shown without a release),
 * ERR_FIELD (comment), ERR_NOT_FOUND
 */
int release_result(struct service *s, const struct user *who, const char *actor, const char *id, int attempt,
	const char *comment, struct job *ret, struct err *e);

/**
 * release_withdraw() - the submitter sees no result any more, until one is released (again)
 * @reason  for staff and the audit, not for the submitter; no facts about the person
 * Return 0, also where it was taken back before; -1 with ERR_CONFLICT (nothing is shown), ERR_FIELD,
 * ERR_NOT_FOUND
 */
int release_withdraw(struct service *s, const struct user *who, const char *actor, const char *id,
	const char *reason, struct job *ret, struct err *e);

/* The job's `release` as JSON; nothing where it has no result. @staff: also who, and why it was taken back.
 */
int release_write(struct tx *tx, const struct job *job, bool staff, struct json_w *w, struct err *e);
