#pragma once

#include "store/jobs.h"

/* Which jobs somebody means who types a few letters; for store_jobs_list(). */

/* In SQL: a job that is not over. */
#define JOB_OPEN "state IN ('submitting', 'queued', 'processing')"

/* The ids of those that @f (with f->search) takes, newest first. */
int store_job_search(struct tx *tx, const struct job_filter *f, char (*out)[ID_BYTES], unsigned max,
	unsigned *ret_n, struct err *e);
