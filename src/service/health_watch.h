#pragma once

#include "service/health.h"

/* How the parts behind the ports were when they were last tried. Tried only while somebody asks, by a thread
 * of its own: neither many monitors nor a part that does not answer hold up anything else. */
struct health_watch;

int health_watch_new(struct health_watch **ret, struct err *e);
void health_watch_free(struct health_watch *w);

/**
 * health_recent() - every part: the cheap ones now, those behind a port as of late
 * What worked is not tried again for 10 s, what failed not for 5 s. Waits for a fresh answer at most 2 s;
 * then the last one stands, and one that has been awaited for 10 s is a failure. Thread-safe.
 */
void health_recent(struct service *s, struct health *ret);

/* Try what was asked for and is not fresh. */
void health_watch_once(struct service *s);
void *health_watch_main(void *service);
