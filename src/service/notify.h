#pragma once

#include "service/service.h"

/* Delivers the outbox. A message is rendered when it is sent, from the job as it is then; its Message-ID and
 * Date were fixed when it became due, so that a repetition after a crash is recognised as the same.
 *
 * A message that is put off waits by its own back-off and holds no other up. Where the mailer cannot be used
 * at all, the round ends after this one try: 30 s pause, then longer up to 5 min, in which only an operator's
 * wish and back-offs that end are tried. The first success sends all that waited.
 */

enum { NOTIFY_SENT = 0, NOTIFY_IDLE = 1 };

/* The next due message. Return NOTIFY_SENT (delivered, bounced or put off), NOTIFY_IDLE, -1 */
int notify_once(struct service *s, struct err *e);
void *notify_main(void *service);
