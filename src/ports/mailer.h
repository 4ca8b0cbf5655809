#pragma once

#include <stdint.h>

#include "base/err.h"
#include "ports/probe.h"

/* How a finished message leaves the house. Drivers: drivers/mail_maildir, mail_smtp, mail_http. */

struct mailer;

struct mailer_message {
	const char *message_id; /* without <>; the same for every try of one message */
	const char *from, *to;  /* bare addresses, already validated */
	const char *rfc5322;    /* the whole message, CRLF lines, 7-bit */
	int64_t date_ms;
	/* The same in parts, UTF-8, for relays that build messages themselves; NULL: not known. */
	const char *subject, *text, *html;
};

enum { MAILER_REFUSED = 1, MAILER_DEFERRED = 2 };

struct mailer_ops {
	const char *name;
	/**
	 * send() - deliver one message; the same Message-ID twice must not harm
	 * Return 0 the next hop has it durably; MAILER_REFUSED it never will take this message;
	 *        MAILER_DEFERRED not now, which says nothing about other messages; -1 the next hop cannot be
	 *        used at present, so that no message is worth trying. @e says why.
	 * Errors never hold a secret or a mail address in full: they are logged
	 */
	int (*send)(struct mailer *m, const struct mailer_message *msg, struct err *e);
	/* Can mail leave, without sending any? @p may be NULL. */
	int (*probe)(struct mailer *m, const struct probe *p, struct err *e);
	void (*close)(struct mailer *m);
};

struct mailer {
	const struct mailer_ops *ops;
};
