#pragma once

#include "app/doctor_report.h"
#include "app/wire.h"

/* The stations of `gaitctl doctor`'s walk, in its order; each says its lines. */
struct doctor {
	const struct config *cfg;
	struct house house;
	struct doctor_report report;
	bool thorough;
	bool answers; /* gaitd, at its public address */
	/* Fatal findings about the settings, by section: what they name is not opened as well. */
	struct config_finding findings[64];
	unsigned n_findings;
};

void doctor_settings(struct doctor *d);
/* Data folder, database, disk, spool. */
void doctor_data(struct doctor *d);
/* Does gaitd run, and does its public address lead to it? */
void doctor_gaitd(struct doctor *d);
void doctor_store(struct doctor *d);
void doctor_cluster(struct doctor *d);
void doctor_mail(struct doctor *d);

/* What a look at @url found, as lines: name lookup, connection, certificate, answer, clock.
 * @want  the status that tells that it is the right server; 0: any
 * Returns whether the right answer came. */
bool doctor_look(struct doctor *d, const char *url, const char *ca_file, int want);
/* Only the clock of the server at @url; no line where it does not answer or says no time. */
void doctor_clock(struct doctor *d, const char *url, const char *ca_file);
