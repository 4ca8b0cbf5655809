#pragma once

#include "service/service.h"

/* Delivers the outbox. A message is rendered when it is sent, from the job as it is then; its Message-ID and
 * Date were fixed when it became due, so that a repetition after a crash is recognised as the same. */

enum { NOTIFY_SENT = 0, NOTIFY_IDLE = 1 };

/* The next due message. Return NOTIFY_SENT (delivered, bounced or put off), NOTIFY_IDLE, -1 */
int notify_once(struct service *s, struct err *e);
void *notify_main(void *service);
