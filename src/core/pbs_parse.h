#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What a batch system says about its jobs, from the text of its own tools. Pure and tolerant: a scheduler's
 * word only raises a suspicion, so whatever can be told is told, and what cannot is left as "ask again". */

enum pbs_state {
	PBS_ASK_AGAIN, /* in transit, or a word that is not known */
	PBS_QUEUED,
	PBS_RUNNING,
	PBS_FINISHED,
};

/* How a finished job ended, where the scheduler has a word beyond the exit status. */
enum pbs_end {
	PBS_END_OWN, /* by itself, or nothing is known */
	PBS_END_WALLTIME,
	PBS_END_MEMORY,
	PBS_END_DELETED, /* qdel, by whomever */
	PBS_END_NODE,    /* the node or its daemon failed, or the job could not be started there */
};

struct pbs_job {
	char id[96], name[64];
	enum pbs_state state;
	enum pbs_end end;
	bool has_exit; /* absent is not 0: such a job is never a success */
	int exit_status;
	bool never_runs;   /* waits for what this cluster does not have */
	char comment[160]; /* the scheduler's words, one line of clean UTF-8 */
	unsigned order;    /* in the text */
};

struct pbs_jobs {
	struct pbs_job *list;
	size_t count, cap;
};

enum pbs_form {
	PBS_FORM_JSON,        /* OpenPBS, PBS Professional: qstat -x -f -F json */
	PBS_FORM_TEXT,        /* the same, and Torque: qstat -f */
	PBS_FORM_SLURM_QSTAT, /* Slurm's wrapper: qstat -f */
	PBS_FORM_SCONTROL,    /* scontrol -o show job */
};

enum { PBS_UNPARSABLE = 1, PBS_JOBS_MAX = 100000 };

/**
 * pbs_parse() - add the jobs of one tool's output
 * The outputs of several tools can be read one after the other; pbs_jobs_sort() makes one of what they say
 * about a job.
 * @text    @len bytes, need not be NUL-terminated or UTF-8
 * @jobs    {0} before the first call; caller ends it with pbs_jobs_deinit()
 * Return   0; PBS_UNPARSABLE: no job could be told although the text has something, try another form;
 *          -1 with ERR_NOMEM, ERR_TOO_LARGE (more than PBS_JOBS_MAX)
 * Source   OpenPBS 23.06 pbs_ifl.h and job.h (states, JOB_EXEC_…); Slurm 22.05 job_reason_codes
 */
int pbs_parse(enum pbs_form form, const char *text, size_t len, struct pbs_jobs *jobs, struct err *e);
void pbs_jobs_deinit(struct pbs_jobs *jobs);

/* One entry a job, a later text's words before an earlier one's; then in the order that finding needs. */
void pbs_jobs_sort(struct pbs_jobs *jobs);

/**
 * pbs_jobs_find() - the job of an attempt
 * @jobs   sorted by pbs_jobs_sort()
 * @id     as qsub printed it; "" where it is not known
 * @name   unique for ever by our side; where it is there more than once, the id decides, else who lives
 * Return  NULL where there is none
 */
const struct pbs_job *pbs_jobs_find(const struct pbs_jobs *jobs, const char *id, const char *name);
