#pragma once

#include "service/service.h"

/* How each part of the house is doing, in words that say what to do. */
enum { HEALTH_PARTS = 6, HEALTH_PORTS = 3 };
struct health {
	struct health_part {
		const char *name; /* start-up, database, spool, then those of health_ports */
		bool ok;
		bool needed; /* by uploads: without it gaitd is not ready */
		char detail[400];
		int64_t since_ms; /* how long it has been seen so, wall clock; 0: not watched */
	} parts[HEALTH_PARTS];
	unsigned n;
	bool ok;    /* all of them */
	bool ready; /* all that are needed: what is uploaded waits for the others, and nothing is lost */
};

extern const char *const health_ports[HEALTH_PORTS]; /* store, cluster, mail */

/* One more part; @detail is cut to what fits. For who opened the ports and knows why one is not there. */
void health_add(struct health *h, const char *name, bool ok, const char *detail);

/* Ports that are NULL are passed over.
 * @deep  also read the whole database, and write, read and delete in the store, and so on: may take minutes
 * where one does not answer. Without it: no ports, and quick enough to be asked often; see also
 * health_watch.h */
void health_check(struct service *s, bool deep, struct health *ret);

/* Try the part health_ports[@i]: ok and detail of @ret. Return false where there is none. May take minutes.
 */
bool health_try_port(struct service *s, unsigned i, struct health_part *ret);

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
