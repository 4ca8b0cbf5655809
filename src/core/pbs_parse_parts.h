#pragma once

#include "base/strv.h"
#include "core/pbs_parse.h"

/* Parts of pbs_parse(), one a form. Each calls pbs_put() for every job. */

/* The attributes that are looked at, as text; p == NULL where absent. */
struct pbs_attrs {
	struct strv id, name, state, substate, exit_status, comment;
};

/* Judge OpenPBS's (or Torque's, or the wrapper's) attributes and keep the job. */
int pbs_put_attrs(struct pbs_jobs *jobs, const struct pbs_attrs *a, bool is_slurm, struct err *e);

/* Keep a copy of @job. */
int pbs_put(struct pbs_jobs *jobs, const struct pbs_job *job, struct err *e);

/* Text of a foreign tool into @dst: cut, control characters and broken UTF-8 replaced. */
void pbs_text(char *dst, size_t size, struct strv text);

/* The next line of *@rest without its end; false at the end of the text. */
bool pbs_line(struct strv *rest, struct strv *ret);

/* 0, PBS_UNPARSABLE, -1: as pbs_parse() */
int pbs_parse_json(struct strv text, struct pbs_jobs *jobs, struct err *e);
int pbs_parse_text(struct strv text, bool is_slurm, struct pbs_jobs *jobs, struct err *e);
int pbs_parse_scontrol(struct strv text, struct pbs_jobs *jobs, struct err *e);
