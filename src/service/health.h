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

/* One more part; @detail is cut to what fits. For who opened the ports and knows why one is not there. */
void health_add(struct health *h, const char *name, bool ok, const char *detail);

/* Ports that are NULL are passed over.
 * @deep  also write, read and delete in the store, and so on: may take seconds; not for the event loop */
void health_check(struct service *s, bool deep, struct health *ret);

/* The deep check, at most 10 s old: monitors may ask as often as they like. Thread-safe; may take seconds. */
void health_recent(struct service *s, struct health *ret);

/* What lies there undone. */
struct health_debts {
	int64_t mails_waiting, mails_bounced;
	char mail_error[256]; /* of the newest that was tried and still waits; "" where none was */
	int64_t site_faults;  /* attempts of the last day that ended because a node is not set up */
	int64_t no_memory;    /* … because they needed more memory than they asked for */
	int64_t never_run;    /* attempts that wait though the scheduler says that they can never run */
	int64_t orphans, orphans_bytes; /* in the spool, of no job, and older than any upload under way */
};

/**
 * health_debts() - count them
 * Orphans are removed by gaitd's next start. Return 0; -1 with ERR_IO, ERR_BUSY
 */
int health_debts(struct service *s, struct health_debts *ret, struct err *e);
