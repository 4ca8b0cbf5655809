#pragma once

#include <stdbool.h>

#include "ports/mailer.h"

/* Hands messages to a mail server (RFC 5321, 2008; submission: RFC 6409, 2011), libcurl underneath. One warm
 * connection is used again for half a minute.
 *
 * What an answer means, by how far the conversation came:
 *
 *   before MAIL FROM   no connection, no TLS, bad certificate, login refused: -1, the site's fault, whatever
 *                      the code; nobody's mail is given up for it
 *   MAIL               5xx but 552 -1: who sends is the same for all messages
 *   MAIL, RCPT, DATA   5xx MAILER_REFUSED; 4xx MAILER_DEFERRED; but 421 (the server closes) and 530, 534,
 *                      535, 538 (it wants a login or TLS, RFC 4954 and 3207) are -1
 *   connection lost or silent: MAILER_DEFERRED, for it may be this message alone
 *
 * A message may arrive twice where the connection breaks after the last dot; its Message-ID is the same. */

enum mail_smtp_security { MAIL_SMTP_STARTTLS, MAIL_SMTP_TLS, MAIL_SMTP_NONE };

/* "starttls", "tls", "none" */
bool mail_smtp_security_parse(const char *text, enum mail_smtp_security *ret);

struct mail_smtp_options {
	const char *host; /* name or address literal */
	int port;         /* 0: the usual one: 587, with TLS from the start 465, with none 25 */
	enum mail_smtp_security security;
	const char *user, *password; /* NULL or "": no login */
	const char *ca_file;         /* NULL or "": the system's store */
	const char *helo;            /* the name to greet with; NULL or "": this machine's */
	int64_t connect_timeout_ms, timeout_ms;
};

/**
 * mail_smtp_open() - a mailer over SMTP; connects when it first sends
 * @o      copied
 * @ret    set on 0; release with ops->close()
 * Errors  ERR_CONFIG (host, user, a login in clear to another machine), ERR_NOMEM, ERR_UNAVAILABLE
 * Threads any number may send at once: they take turns; a probe does not wait for them
 * probe() connects, agrees on TLS, logs in and leaves: no mail. Asked quietly (@p NULL) it trusts what worked
 *         in the last minute. Steps: "DNS", "TCP", "TLS", "login".
 */
int mail_smtp_open(const struct mail_smtp_options *o, struct mailer **ret, struct err *e);
