#pragma once

#include "service/service.h"

/* How each part of the house is doing, in words that say what to do. */
enum { HEALTH_PARTS = 6 };
struct health {
	struct health_part {
		const char *name; /* database, spool, store, cluster, mail, start-up */
		bool ok;
		char detail[400];
	} parts[HEALTH_PARTS];
	unsigned n;
	bool ok;
};

/* @deep  also write, read and delete in the store, and so on: may take seconds; not for the event loop */
void health_check(struct service *s, bool deep, struct health *ret);

/* The deep check, at most 10 s old: monitors may ask as often as they like. Thread-safe; may take seconds. */
void health_recent(struct service *s, struct health *ret);
