#pragma once

#include "ports/mailer.h"

/* Hands messages to an HTTP relay, such as a mail worker: one POST of JSON a message, as docs/mail-http.md
 * says, libcurl underneath.
 *
 * What an answer means:
 *
 *   2xx                              the relay has it
 *   401, 403, 404, 405, 3xx          -1: a setting is wrong here or there; nobody's mail is given up for it
 *   429, 502, 503, 504, no answer    -1: the relay cannot be used now
 *   408, 425, other 5xx, a break     MAILER_DEFERRED: it may be this message alone
 *     after the request was sent
 *   other 4xx                        MAILER_REFUSED
 *
 * A message may be posted twice; the relay tells by its Idempotency-Key, which is the Message-ID. */

struct mail_http_options {
	const char *url;     /* https; http only to this machine */
	const char *token;   /* sent as "Authorization: Bearer"; NULL or "": none */
	const char *ca_file; /* NULL or "": the system's store */
	int64_t connect_timeout_ms, timeout_ms;
};

/**
 * mail_http_open() - a mailer over HTTP; connects when it first sends
 * @o      copied
 * @ret    set on 0; release with ops->close()
 * Errors  ERR_CONFIG (URL, token), ERR_NOMEM, ERR_UNAVAILABLE
 * Threads any number may send at once: they take turns; a probe does not wait for them
 * probe() asks OPTIONS of the URL: any answer but 401 and 403 shows that a relay is there. Asked quietly (@p
 *         NULL) it trusts what worked in the last minute. Steps: "DNS", "TCP", "TLS", "answer".
 */
int mail_http_open(const struct mail_http_options *o, struct mailer **ret, struct err *e);
