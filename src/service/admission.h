#pragma once

#include "service/service.h"

/* May a video come in now? What the form and the resumable uploads ask alike. */

/* ERR_UNAVAILABLE while the service starts. */
int admission_ready(struct service *s, struct err *e);
/* The same, and where too many jobs wait. */
int admission_queue(struct service *s, struct err *e);

/* Keep @bytes of the spool's room for one upload; ERR_NOSPACE. What is written has left the free space: it is
 * given back then, since to keep it reserved would count it twice. Nothing is asked for no bytes. */
int admission_reserve(struct service *s, int64_t bytes, struct err *e);
void admission_release(struct service *s, int64_t bytes);
