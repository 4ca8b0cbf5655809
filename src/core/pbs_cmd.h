#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Commands for a batch system, as argument vectors. Pure: nothing is run here. Every value that could reach a
 * shell somewhere is of known harmless characters, whatever quoting follows: Slurm's qsub hands its arguments
 * to a shell of its own. */

enum pbs_scheduler { PBS_OPENPBS, PBS_SLURM };

/* What a site's cluster wants to be asked for. Text is borrowed; "" or NULL: leave it out. */
struct pbs_site {
	enum pbs_scheduler scheduler;
	const char *queue; /* a partition under Slurm */
	const char *account, *project;
	const char *place; /* OpenPBS: "free", "pack:excl" … */
	/* In place of the chunk that is made from the numbers: words for `-l` with blanks between,
	 * {cpus}, {gpus} and {memory_mb} replaced, as "select=1:ncpus={cpus}:ngpus={gpus}:host=big". */
	const char *resources;
	int cpus;          /* at least 1 */
	int gpus;          /* asked for where the attempt wants one; 0: none here */
	int64_t memory_mb; /* 0: the queue's default */
};

enum { PBS_WORDS_MAX = 48, PBS_WORD_BYTES = 256, PBS_NAME_BYTES = 64 };

struct pbs_words {
	const char *word[PBS_WORDS_MAX + 1]; /* ended by NULL; points into text */
	size_t count, used;
	char text[PBS_WORDS_MAX * 64];
};

/* "g-ATTEMPT", the job's name at the scheduler, into @out. */
void pbs_job_name(const char *attempt, char out[PBS_NAME_BYTES]);

/**
 * pbs_qsub() - the argument list of qsub for one attempt, without the program and the script
 * @walltime_s  1 s to 99 days; Slurm's wrapper rounds it up to minutes
 * @ret         written on 0 only; must stay where it is, because its words point into it
 * Return       0; -1 with ERR_CONFIG (a setting has a character that is not allowed, or the template is
 *              wrong) or ERR_INVALID (attempt, walltime)
 * Source       qsub(1B) of OpenPBS 23.06; Slurm 22.05 contribs/torque/qsub.pl: only its last -l counts
 */
int pbs_qsub(const struct pbs_site *site, const char *attempt, int64_t walltime_s, bool want_gpu,
	struct pbs_words *ret, struct err *e);

/**
 * pbs_site_check() - would pbs_qsub() take these settings?
 * @ret_what  set on -1: which one is wrong: "queue", "resources" …
 */
int pbs_site_check(const struct pbs_site *site, const char **ret_what, struct err *e);

/**
 * pbs_quote() - one command line for a POSIX shell that gives exactly these words back
 * Words of harmless characters stay as they are; others are put in single quotes.
 * @argv    ended by NULL
 * Return   0, appended to @out; -1 with ERR_INVALID (a newline: some servers end a command there),
 *          ERR_TOO_LARGE, ERR_NOMEM
 * Source   POSIX.1-2017, Shell Command Language, 2.2.2
 */
int pbs_quote(const char *const *argv, struct buf *out, struct err *e);
