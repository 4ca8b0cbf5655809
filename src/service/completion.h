#pragma once

#include "base/strv.h"
#include "service/service.h"

/* The callback at the end of an attempt. Posting it twice is harmless. */
struct completion {
	const char *job, *attempt, *run_id, *status; /* status: complete or error; NULL where absent */
	const char *score;                           /* decimal, or NULL */
	const char *error;                           /* JSON {"kind","text","log"}, or NULL */
	struct strv result;                          /* result.json; n 0 where absent */
};

/* Before the body is read: may this bearer complete anything? -1 with ERR_NOT_FOUND where not. */
int completion_known(struct service *s, const char *token, struct err *e);

/**
 * completion_apply() - check everything, write the terminal state and its mail in one transaction
 * Return 0, also when repeated with the same content; -1 with ERR_NOT_FOUND (token), ERR_CONFLICT (another
 * run or none checked in, the attempt is over with other content), ERR_FIELD (the result too)
 */
int completion_apply(struct service *s, const char *token, const struct completion *c, struct err *e);
