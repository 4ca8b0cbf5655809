#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "core/pbs_parse.h"
#include "fuzz.h"

/* The input: a byte that chooses the form ('j', 't', 's', 'c'), then what the tool printed. Whatever it is,
 * jobs are told whole or not at all, a second reading says the same, and what was found is found again. */

static enum pbs_form form_of(uint8_t c)
{
	return c == 'j'   ? PBS_FORM_JSON
	       : c == 't' ? PBS_FORM_TEXT
	       : c == 's' ? PBS_FORM_SLURM_QSTAT
			  : PBS_FORM_SCONTROL;
}

static void check(const struct pbs_job *job)
{
	if (!memchr(job->id, '\0', sizeof job->id) || !memchr(job->name, '\0', sizeof job->name) ||
		!memchr(job->comment, '\0', sizeof job->comment))
		abort();
	if (!str_is_clean_utf8(job->comment, strlen(job->comment)) ||
		!str_is_clean_utf8(job->name, strlen(job->name)) || strchr(job->comment, '\n'))
		abort();
	if (job->state != PBS_FINISHED && job->end != PBS_END_OWN)
		abort();
	if (job->never_runs && job->state != PBS_QUEUED && job->state != PBS_FINISHED)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pbs_jobs once = { 0 }, twice = { 0 };
	struct err e;

	if (size == 0)
		return 0;
	const char *text = (const char *)data + 1;
	int r = pbs_parse(form_of(data[0]), text, size - 1, &once, &e);
	if (r < 0 || (r == PBS_UNPARSABLE && once.count > 0))
		abort();
	for (size_t i = 0; i < once.count; i++)
		check(&once.list[i]);
	if (pbs_parse(form_of(data[0]), text, size - 1, &twice, &e) != r ||
		pbs_parse(form_of(data[0]), text, size - 1, &twice, &e) != r || twice.count != 2 * once.count)
		abort();
	pbs_jobs_sort(&once);
	pbs_jobs_sort(&twice);
	if (once.count != twice.count)
		abort();
	for (size_t i = 0; i < once.count; i++) {
		const struct pbs_job *found = pbs_jobs_find(&once, once.list[i].id, once.list[i].name);
		if (!found || strcmp(found->name, once.list[i].name) != 0)
			abort();
	}
	pbs_jobs_deinit(&once);
	pbs_jobs_deinit(&twice);
	return 0;
}
