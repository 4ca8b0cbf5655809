#include "core/pbs_parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pbs_parse_parts.h"

void pbs_text(char *dst, size_t size, struct strv t)
{
	size_t used = 0;

	for (size_t i = 0; i < t.n && used + 1 < size;) {
		unsigned char c = (unsigned char)t.p[i];
		size_t n = c < 0x80 ? 1 : str_utf8_len(t.p + i, t.n - i);
		if (n > size - 1 - used)
			break;
		if (n == 0 || c < 0x20 || c == 0x7f) {
			dst[used++] = c < 0x20 ? ' ' : '?';
			i++;
			continue;
		}
		memcpy(dst + used, t.p + i, n);
		used += n;
		i += n;
	}
	dst[used] = '\0';
}

bool pbs_line(struct strv *rest, struct strv *ret)
{
	if (rest->n == 0)
		return false;
	const char *lf = memchr(rest->p, '\n', rest->n);
	size_t len = lf ? (size_t)(lf - rest->p) : rest->n, taken = len + (lf != NULL);

	*ret = (struct strv){ rest->p, len };
	if (ret->n > 0 && ret->p[ret->n - 1] == '\r')
		ret->n--;
	rest->p += taken;
	rest->n -= taken;
	return true;
}

static void merge(struct pbs_job *into, const struct pbs_job *more)
{
	if (more->name[0])
		memcpy(into->name, more->name, sizeof into->name);
	if (more->state != PBS_ASK_AGAIN) {
		into->state = more->state;
		into->never_runs = more->never_runs;
	}
	if (more->end != PBS_END_OWN)
		into->end = more->end;
	if (more->has_exit) {
		into->has_exit = true;
		into->exit_status = more->exit_status;
	}
	if (more->comment[0])
		memcpy(into->comment, more->comment, sizeof into->comment);
}

int pbs_put(struct pbs_jobs *jobs, const struct pbs_job *job, struct err *e)
{
	if (jobs->count == PBS_JOBS_MAX)
		return err_set(e, ERR_TOO_LARGE, "the scheduler named more than %d jobs", PBS_JOBS_MAX);
	if (jobs->count == jobs->cap) {
		size_t cap = jobs->cap ? jobs->cap * 2 : 64;
		struct pbs_job *list = realloc(jobs->list, cap * sizeof *list);
		if (!list)
			return err_set(e, ERR_NOMEM, "the scheduler's jobs");
		jobs->list = list;
		jobs->cap = cap;
	}
	jobs->list[jobs->count] = *job;
	jobs->list[jobs->count].order = (unsigned)jobs->count;
	jobs->count++;
	return 0;
}

void pbs_jobs_deinit(struct pbs_jobs *jobs)
{
	free(jobs->list);
	*jobs = (struct pbs_jobs){ 0 };
}

static int to_int(struct strv t, bool *ret_there)
{
	int64_t value;

	*ret_there = strv_to_i64(strv_trim(t), INT32_MIN, INT32_MAX, &value);
	return *ret_there ? (int)value : 0;
}

static bool has_word(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

static enum pbs_state state_of(struct strv word, bool is_slurm)
{
	if (word.n != 1 || word.p[0] == '\0')
		return PBS_ASK_AGAIN;
	if (is_slurm && word.p[0] == 'U') /* the wrapper's word for what it has no letter for */
		return PBS_ASK_AGAIN;
	if (strchr("QHWT", word.p[0]))
		return PBS_QUEUED;
	if (strchr("RBESU", word.p[0]))
		return PBS_RUNNING;
	/* C is Torque's word, and Slurm's for each end, whatever it was. */
	return strchr("FXC", word.p[0]) ? PBS_FINISHED : PBS_ASK_AGAIN;
}

/* job.h: JOB_EXEC_KILL_WALLTIME -29, _CPUT -28, _MEM -27, _VMEM -26; others below 0: it could not be run
 * there or the node's daemon was restarted. 256 and more: 256 + the signal that qdel sent. */
static enum pbs_end end_of(const struct pbs_job *job, int substate, bool has_substate)
{
	enum {
		SUBSTATE_TERMINATED = 91,
		KILL_WALLTIME = -29,
		KILL_MEM = -27,
		KILL_VMEM = -26,
		KILL_FIRST = -24
	};

	if (job->has_exit && job->exit_status == KILL_WALLTIME)
		return PBS_END_WALLTIME;
	if (job->has_exit && (job->exit_status == KILL_MEM || job->exit_status == KILL_VMEM))
		return PBS_END_MEMORY;
	if (job->has_exit && job->exit_status < 0 && job->exit_status > KILL_FIRST)
		return PBS_END_NODE;
	if (has_substate && substate == SUBSTATE_TERMINATED)
		return PBS_END_DELETED;
	/* Older servers and Torque tell no substate. */
	if (job->has_exit && job->exit_status == 271)
		return has_word(job->comment, "exceeded") ? PBS_END_WALLTIME : PBS_END_DELETED;
	return PBS_END_OWN;
}

int pbs_put_attrs(struct pbs_jobs *jobs, const struct pbs_attrs *a, bool is_slurm, struct err *e)
{
	struct pbs_job job = { .state = state_of(strv_trim(a->state), is_slurm) };
	bool has_substate;
	int substate = to_int(a->substate, &has_substate);

	if (a->id.n == 0)
		return 0;
	pbs_text(job.id, sizeof job.id, strv_trim(a->id));
	pbs_text(job.name, sizeof job.name, strv_trim(a->name));
	pbs_text(job.comment, sizeof job.comment, strv_trim(a->comment));
	job.exit_status = to_int(a->exit_status, &job.has_exit);
	if (job.state == PBS_FINISHED)
		job.end = end_of(&job, substate, has_substate);
	/* "Can Never Run: …"; after 20 failures to start OpenPBS holds a job until somebody looks at it. */
	job.never_runs =
		job.state == PBS_QUEUED &&
		(has_word(job.comment, "can never run") || has_word(job.comment, "too many failed attempts"));
	return pbs_put(jobs, &job, e);
}

int pbs_parse(enum pbs_form form, const char *text, size_t len, struct pbs_jobs *jobs, struct err *e)
{
	struct strv t = { text, len };

	switch (form) {
	case PBS_FORM_JSON:
		return pbs_parse_json(t, jobs, e);
	case PBS_FORM_TEXT:
		return pbs_parse_text(t, false, jobs, e);
	case PBS_FORM_SLURM_QSTAT:
		return pbs_parse_text(t, true, jobs, e);
	case PBS_FORM_SCONTROL:
		return pbs_parse_scontrol(t, jobs, e);
	}
	return err_set(e, ERR_INTERNAL, "no such form of a scheduler's output");
}

/* Up to the server's name: "12.vm" and "12.vm.example.org" are one job, "12[3]" is none of "12". */
static size_t id_len(const char *id)
{
	return strcspn(id, ".");
}

static int compare_ids(const char *a, const char *b)
{
	size_t n = id_len(a), m = id_len(b);
	int r = memcmp(a, b, n < m ? n : m);

	return r ? r : n < m ? -1 : n > m;
}

static int by_id(const void *a, const void *b)
{
	const struct pbs_job *x = a, *y = b;
	int r = compare_ids(x->id, y->id);

	return r ? r : x->order < y->order ? -1 : 1;
}

static int by_name(const void *a, const void *b)
{
	const struct pbs_job *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : by_id(a, b);
}

void pbs_jobs_sort(struct pbs_jobs *jobs)
{
	size_t kept = 0;

	if (jobs->count == 0)
		return;
	qsort(jobs->list, jobs->count, sizeof *jobs->list, by_id);
	for (size_t i = 1; i < jobs->count; i++) {
		if (compare_ids(jobs->list[kept].id, jobs->list[i].id) == 0)
			merge(&jobs->list[kept], &jobs->list[i]);
		else if (++kept != i)
			jobs->list[kept] = jobs->list[i];
	}
	jobs->count = kept + 1;
	qsort(jobs->list, jobs->count, sizeof *jobs->list, by_name);
}

/* Who lives comes first. */
static int rank(const struct pbs_job *job)
{
	static const int ranks[] = {
		[PBS_RUNNING] = 3, [PBS_QUEUED] = 2, [PBS_ASK_AGAIN] = 1, [PBS_FINISHED] = 0
	};

	return ranks[job->state];
}

const struct pbs_job *pbs_jobs_find(const struct pbs_jobs *jobs, const char *id, const char *name)
{
	const struct pbs_job *best = NULL;
	size_t low = 0, high = jobs->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (strcmp(jobs->list[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < jobs->count && strcmp(jobs->list[low].name, name) == 0; low++) {
		const struct pbs_job *job = &jobs->list[low];
		if (id[0] && compare_ids(job->id, id) == 0)
			return job;
		if (!best || rank(job) > rank(best))
			best = job;
	}
	/* A scheduler that cuts names: then only the id tells. */
	for (size_t i = 0; !best && id[0] && i < jobs->count; i++)
		if (compare_ids(jobs->list[i].id, id) == 0)
			best = &jobs->list[i];
	return best;
}
