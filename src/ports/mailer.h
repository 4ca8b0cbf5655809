#pragma once

#include <stdint.h>

#include "base/err.h"
#include "ports/probe.h"

/* How a finished message leaves the house. Drivers: drivers/mail_maildir. */

struct mailer;

struct mailer_message {
	const char *message_id; /* without <>; the same for every try of one message */
	const char *from, *to;  /* bare addresses, already validated */
	const char *rfc5322;    /* the whole message, CRLF lines, 7-bit */
	int64_t date_ms;
};

enum { MAILER_REFUSED = 1 };

struct mailer_ops {
	const char *name;
	/**
	 * send() - deliver one message; the same Message-ID twice must not harm
	 * Return 0 the next hop has it durably; MAILER_REFUSED it never will (@e says why); -1 try again
	 * later
	 */
	int (*send)(struct mailer *m, const struct mailer_message *msg, struct err *e);
	/* Can mail leave, without sending any? @p may be NULL. */
	int (*probe)(struct mailer *m, const struct probe *p, struct err *e);
	void (*close)(struct mailer *m);
};

struct mailer {
	const struct mailer_ops *ops;
};
