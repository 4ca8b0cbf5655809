#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "core/pbs_parse.h"
#include "drivers/cluster_local_dir.h"
#include "drivers/cluster_outcome.h"
#include "drivers/cluster_pbs_parts.h"

/* What gait-cluster's folders and the scheduler say, put together. The outcome that the attempt itself wrote
 * comes first; then the scheduler's word, which only raises a suspicion; where neither knows, it is unknown.
 */

/* One attempt's lines. */
struct entry {
	struct strv attempt, id, outcome, run, step, percent;
};

struct answer {
	struct entry *list;
	size_t count, cap;
	struct pbs_jobs jobs;
	bool was_asked, has_word; /* the scheduler: asked, and understood at least once */
	bool ended;
	char why[96]; /* why it has no word */
};

static void answer_p(struct answer *a)
{
	free(a->list);
	pbs_jobs_deinit(&a->jobs);
}

static struct strv word(struct strv *rest)
{
	size_t n = 0;

	while (n < rest->n && rest->p[n] != ' ')
		n++;
	struct strv w = { rest->p, n };
	n += n < rest->n;
	*rest = (struct strv){ rest->p + n, rest->n - n };
	return w;
}

static bool equal(struct strv a, struct strv b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

static int add_entry(struct answer *a, struct strv attempt, struct strv id, struct err *e)
{
	if (a->count == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 64;
		struct entry *list = realloc(a->list, cap * sizeof *list);
		if (!list)
			return err_set(e, ERR_NOMEM, "the cluster's attempts");
		a->list = list;
		a->cap = cap;
	}
	a->list[a->count++] = (struct entry){ .attempt = attempt, .id = strv_eq(id, "-") ? STRV("") : id };
	return 0;
}

/* Lines of one attempt follow each other. */
static struct entry *last(struct answer *a, struct strv attempt)
{
	struct entry *at = a->count ? &a->list[a->count - 1] : NULL;

	return at && equal(at->attempt, attempt) ? at : NULL;
}

/* Exit codes with which the scheduler's tool has told what it knows. */
static bool told(enum pbs_form form, int64_t code)
{
	switch (form) {
	case PBS_FORM_JSON:
	case PBS_FORM_TEXT:
		return code == 0 || code == 153 || code == 35; /* some unknown; some finished */
	case PBS_FORM_SLURM_QSTAT:
		return code == 0 || code == 153; /* 153: also an empty list */
	case PBS_FORM_SCONTROL:
		return code == 0;
	}
	return false;
}

/* "scheduler KIND EXIT_CODE BYTES" and the bytes; *@rest goes behind them. */
static int take_block(struct answer *a, struct strv line, struct strv *rest, struct err *e)
{
	static const struct {
		const char *kind;
		enum pbs_form form;
	} rows[] = { { "openpbs-json", PBS_FORM_JSON }, { "qstat-f", PBS_FORM_TEXT },
		{ "slurm-qstat", PBS_FORM_SLURM_QSTAT }, { "scontrol", PBS_FORM_SCONTROL } };
	struct strv kind = word(&line), code_text = word(&line), bytes_text = word(&line);
	int64_t code, bytes;

	if (!strv_to_i64(code_text, 0, 255, &code) || !strv_to_i64(bytes_text, 0, (int64_t)rest->n, &bytes))
		return err_set(e, ERR_UNAVAILABLE, "the cluster's status was cut off");
	const char *text = rest->p;
	*rest = (struct strv){ rest->p + bytes, rest->n - (size_t)bytes };
	a->was_asked = true;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!strv_eq(kind, rows[i].kind))
			continue;
		int r = pbs_parse(rows[i].form, text, (size_t)bytes, &a->jobs, e);
		if (r < 0)
			return -1;
		if (r == 0 && told(rows[i].form, code))
			a->has_word = true;
		else
			snprintf(a->why, sizeof a->why,
				"the scheduler did not tell (%s, exit code %" PRId64 "%s)", rows[i].kind,
				code, r ? ", not understood" : "");
		return 0;
	}
	return 0; /* a kind of a later version */
}

static int take_line(struct answer *a, struct strv line, struct strv *rest, struct err *e)
{
	struct strv what = word(&line);
	struct entry *at;

	if (strv_eq(what, "scheduler"))
		return take_block(a, line, rest, e);
	if (strv_eq(what, "end")) {
		a->ended = true;
		return 0;
	}
	struct strv attempt = word(&line);
	if (strv_eq(what, "attempt"))
		return add_entry(a, attempt, word(&line), e);
	at = last(a, attempt);
	if (!at)
		return 0;
	if (strv_eq(what, "outcome"))
		at->outcome = line;
	else if (strv_eq(what, "run"))
		at->run = word(&line);
	else if (strv_eq(what, "progress")) {
		at->step = word(&line);
		at->percent = word(&line);
	}
	return 0;
}

static bool next_line(struct strv *rest, struct strv *ret)
{
	const char *lf = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;

	if (!lf)
		return false;
	*ret = (struct strv){ rest->p, (size_t)(lf - rest->p) };
	*rest = (struct strv){ lf + 1, rest->n - ret->n - 1 };
	return true;
}

/* "gait-cluster 1 slurm", behind whatever a login script says. */
static int take_greeting(struct strv *rest, struct err *e)
{
	struct strv line;
	int64_t version;

	while (next_line(rest, &line)) {
		if (!strv_eq(word(&line), "gait-cluster"))
			continue;
		if (!strv_to_i64(word(&line), 0, INT32_MAX, &version) || version != CLUSTER_PBS_VERSION)
			return err_set(e, ERR_UNAVAILABLE,
				"gait-cluster on the login node speaks another version of the protocol than "
				"%d: install "
				"the pbs/ folder of this gaitd there",
				CLUSTER_PBS_VERSION);
		return 0;
	}
	return err_set(e, ERR_UNAVAILABLE,
		"what answers on the login node is not gait-cluster: see cluster.command and the key's "
		"forced command");
}

static int read_answer(struct answer *a, struct strv rest, struct err *e)
{
	struct strv line;

	if (take_greeting(&rest, e) < 0)
		return -1;
	while (!a->ended && next_line(&rest, &line))
		if (take_line(a, line, &rest, e) < 0)
			return -1;
	return a->ended ? 0 : err_set(e, ERR_UNAVAILABLE, "the cluster's status was cut off");
}

static int by_attempt(const void *x, const void *y)
{
	struct strv a = ((const struct entry *)x)->attempt, b = ((const struct entry *)y)->attempt;
	int r = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

static void copy(char *out, size_t size, struct strv t)
{
	if (t.n > 0 && t.n < size) {
		memcpy(out, t.p, t.n);
		out[t.n] = '\0';
	}
}

static void say(struct cluster_status *s, enum cluster_state state, const char *detail)
{
	s->state = state;
	str_cut(s->detail, sizeof s->detail, detail);
}

static void by_scheduler(const struct answer *a, const struct entry *at, struct cluster_status *s)
{
	static const char *const ends[] = { [PBS_END_OWN] = "",
		[PBS_END_WALLTIME] = "walltime",
		[PBS_END_MEMORY] = "memory",
		[PBS_END_DELETED] = "deleted",
		[PBS_END_NODE] = "node" };
	char id[CLUSTER_ID_BYTES] = "", name[PBS_NAME_BYTES], text[220];

	copy(id, sizeof id, at->id);
	pbs_job_name(s->attempt, name);
	const struct pbs_job *job = pbs_jobs_find(&a->jobs, id, name);
	if (!job) {
		s->untold = a->was_asked && !a->has_word;
		say(s, CLUSTER_UNKNOWN,
			s->untold ? a->why
			: id[0]   ? "the scheduler does not know it any more"
				  : "the scheduler has not taken it");
		return;
	}
	s->never_runs = job->never_runs;
	switch (job->state) {
	case PBS_ASK_AGAIN:
		s->untold = true;
		say(s, CLUSTER_UNKNOWN, job->comment);
		return;
	case PBS_QUEUED:
		say(s, CLUSTER_QUEUED, job->comment);
		return;
	case PBS_RUNNING:
		say(s, CLUSTER_RUNNING, job->comment);
		return;
	case PBS_FINISHED:
		snprintf(s->end, sizeof s->end, "%s", ends[job->end]);
		snprintf(text, sizeof text, "exit status %d%s%s", job->exit_status,
			job->comment[0] ? "; " : "", job->comment);
		say(s, CLUSTER_FINISHED, job->has_exit ? text : job->comment);
		return;
	}
}

static void fill(const struct answer *a, struct cluster_status *s)
{
	struct cluster_status fresh = { .state = CLUSTER_UNKNOWN };
	struct err cause = { 0 };
	int64_t percent;

	memcpy(fresh.attempt, s->attempt, sizeof fresh.attempt);
	*s = fresh;
	if (!memchr(s->attempt, '\0', sizeof s->attempt) || !cluster_dir_name_ok(s->attempt)) {
		say(s, CLUSTER_UNKNOWN, "not a name for an attempt");
		return;
	}
	const struct entry key = { .attempt = strv_of(s->attempt) };
	const struct entry *at =
		a->count ? bsearch(&key, a->list, a->count, sizeof *a->list, by_attempt) : NULL;
	if (!at) {
		say(s, CLUSTER_UNKNOWN, "no such attempt on the cluster");
		return;
	}
	copy(s->run_id, sizeof s->run_id, at->run);
	if (strv_to_i64(at->percent, 0, 100, &percent)) {
		copy(s->step, sizeof s->step, at->step);
		s->percent = (int)percent;
	}
	if (at->outcome.n > 0 && cluster_outcome_read(at->outcome.p, at->outcome.n, s, &cause) == 0) {
		say(s, CLUSTER_FINISHED, "");
		return;
	}
	by_scheduler(a, at, s);
	if (s->state == CLUSTER_FINISHED && cause.msg[0])
		say(s, CLUSTER_FINISHED, cause.msg);
}

int cluster_pbs_status_read(const char *text, size_t len, struct cluster_status *s, unsigned n, struct err *e)
{
	CLEANUP(answer_p) struct answer a = { .count = 0 };

	if (read_answer(&a, (struct strv){ text, len }, e) < 0)
		return -1;
	pbs_jobs_sort(&a.jobs);
	if (a.count)
		qsort(a.list, a.count, sizeof *a.list, by_attempt);
	for (unsigned i = 0; i < n; i++)
		fill(&a, &s[i]);
	return 0;
}
