#pragma once

#include "service/service.h"

/* Carries news to event streams. A commit of this process pokes it; every 100 ms it also looks whether
 * another process (gaitctl) committed. It wakes the subscribers of the jobs that changed; they read the
 * events themselves.
 *
 * No wake-up is lost: a subscriber is entered before it reads for the first time, and falling asleep and
 * being woken exclude each other in the transport. Lock order: the hub's, then the transport's. */

struct hub;
struct hub_subscriber {
	char job[ID_BYTES];
	void (*wake)(void *arg); /* called under the hub's lock; must not block */
	void *arg;
	bool again;
	struct hub_subscriber *next, **link; /* the hub's */
};

int hub_new(struct hub **ret, struct err *e);
void hub_free(struct hub *h);
void hub_subscribe(struct hub *h, struct hub_subscriber *s);
void hub_unsubscribe(struct hub *h, struct hub_subscriber *s);
/* The subscriber could not read just now (the database was busy): wake it again at the next look, within 100
 * ms. */
void hub_wake_again(struct hub *h, struct hub_subscriber *s);
unsigned hub_subscribers(struct hub *h);

void *hub_main(void *service);
