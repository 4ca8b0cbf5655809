#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "ports/mailer.h"

/* What every driver of ports/mailer.h must do; see blob_contract.h for how a driver uses it. */
struct mailer_factory {
	const char *name;
	int (*open)(void *ctx, struct mailer **ret, struct err *e);
	void (*begin)(void *ctx);
	void (*end)(void *ctx);
	/* How many copies of the message have arrived; the text of one, with LF line ends, into @out. */
	unsigned (*arrived)(void *ctx, const char *message_id, struct buf *out);
	void *ctx;
	/* A sender that dies and asks again delivers one copy, not two. */
	bool exactly_once;
	const char *const *send_faults; /* fault points that a delivery passes; NULL-terminated */
};

/* Return the number of failed tests. */
int mailer_contract_run(const struct mailer_factory *f);
