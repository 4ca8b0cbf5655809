#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "ports/probe.h"

/* What `gaitctl doctor` says: a line a step as it ends, on a terminal also what is going on, at the end what
 * to mend first. With @json the same as one document and nothing before it. */

enum doctor_outcome { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_BAD, DOCTOR_SKIPPED };

struct doctor_line {
	char part[12], step[48]; /* "cluster", "host key" */
	enum doctor_outcome outcome;
	char text[512];
	char settings[160]; /* the options that decide this step, ", " between; "" where none does */
	char todo[512];     /* "" where @text says it */
	int64_t took_ms;
};

struct doctor_report {
	FILE *out;
	bool json, live, colour;
	struct doctor_line *lines;
	unsigned n, room, bad;
	bool no_memory;

	char part[12], running[48];
	const char *driver; /* of the part examined, or "" */
	int64_t since_ms;   /* the step's begin */
	/* The terminal's line about what is going on is renewed by a thread of its own. */
	pthread_t ticker;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool ticking, stop, shown;
};

/* Returns -1 and @e where the ticker cannot be started. Ended by doctor_report_end() in any case. */
int doctor_report_begin(struct doctor_report *r, FILE *out, bool json, struct err *e);

/* From here on lines are about @part; @driver ("" where it has none) chooses among hints. Both are literals.
 */
void doctor_part(struct doctor_report *r, const char *part, const char *driver);
/* What goes on from here; shown on a terminal once it takes longer, until the part changes. */
void doctor_running(struct doctor_report *r, const char *what);

/**
 * doctor_say() - one step has ended
 * Of what is BAD or a note, settings and what to do are added from doctor_hint(). What is BAD because of a
 * setting that was found wrong by itself is skipped instead.
 */
void doctor_say(struct doctor_report *r, enum doctor_outcome outcome, const char *step, const char *text);
/* The same with own words. */
void doctor_say_more(struct doctor_report *r, enum doctor_outcome outcome, const char *step, const char *text,
	const char *settings, const char *todo);

/* doctor_say(): BAD with @e where @r is not 0, else ok with @text. Returns @r. */
int doctor_judge(
	struct doctor_report *report, const char *step, int r, const char *text, const struct err *e);

/* A probe whose steps become lines. */
struct probe doctor_probe(struct doctor_report *r, bool thorough);

/* Is there anything BAD about @part? */
bool doctor_is_bad(const struct doctor_report *r, const char *part);

/* Stop the ticker, print the summary or the document, free. Returns how many lines were BAD; -1 and @e. */
int doctor_report_end(struct doctor_report *r, struct err *e);

/**
 * doctor_hint() - which settings decide a step, and what to do where it fails
 * Drivers know no settings: this table does.
 * @text  what the step said
 * Return false where nothing is known
 */
bool doctor_hint(const char *part, const char *driver, const char *step, const char *text,
	const char **ret_settings, const char **ret_todo);
