#pragma once

#include "base/buf.h"
#include "service/service.h"
#include "store/attempts.h"
#include "store/jobs.h"

/* What an attempt says to gaitd while it runs. Each call bears the attempt's token and the run id that the
 * job script made at its start: a script that the scheduler ran twice is fenced by it. */

/**
 * attempt_authenticate() - the attempt behind a token
 * Return 0 and *@ret; -1 with ERR_NOT_FOUND (no such attempt or a wrong token: the same answer)
 */
int attempt_authenticate(
	struct tx *tx, const char *attempt, const char *token, struct attempt *ret, struct err *e);

/* Is @a still the one that counts for @job? -1 with ERR_CONFLICT where not: the script then exits quietly. */
int attempt_current(const struct job *job, const struct attempt *a, struct err *e);

/* May a signed PUT still write this key? An output only while its attempt is current: what comes later would
 * lie there for nobody, and after an erasure for ever. -1 with ERR_CONFLICT where not. */
int attempt_key_open(struct service *s, const char *key, struct err *e);

/**
 * checkin() - bind the run id, hand out the work order
 * @order  gets the JSON: fresh URLs for the videos and the outputs, the patient's and the engine's parameters
 * Errors  ERR_NOT_FOUND, ERR_CONFLICT (another run id, cancelled, ended), ERR_FIELD (run id), store's
 */
int checkin(struct service *s, const char *attempt, const char *token, const char *run_id, struct buf *order,
	struct err *e);

/* Progress, shown to the user. @step [a-z_]{1,23}, @percent 0–100. Errors as checkin(). */
int heartbeat(struct service *s, const char *attempt, const char *token, const char *run_id, const char *step,
	int percent, struct err *e);
