#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/gaitctl_commands.h"
#include "app/gaitctl_table.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fsx.h"
#include "service/rescore.h"
#include "store/audit.h"

/* gaitctl jobs rescore: what another model says of jobs that are complete. */

enum { PAGE = 100, BAR = 30, RESULT_MODE = 0600, DIR_MODE = 0700 };

struct outcome {
	char job[ID_BYTES];
	struct rescore scores;
	bool failed;
	struct err why; /* where it failed */
};

struct run {
	struct ctl *c;
	struct house *h;
	struct scorer *scorer;
	const char *out; /* NULL: results are not written */
	struct outcome *done;
	size_t n, room, failed;
};

static void run_deinit(struct run *r)
{
	scorer_free(r->scorer);
	free(r->done);
}

static int add(struct run *r, const char *job, struct err *e)
{
	if (r->n == r->room) {
		size_t room = r->room ? 2 * r->room : PAGE;
		struct outcome *done = realloc(r->done, room * sizeof *done);
		if (!done)
			return err_set(e, ERR_NOMEM, "no memory for %zu jobs", room);
		r->done = done;
		r->room = room;
	}
	r->done[r->n] = (struct outcome){ .failed = false };
	str_cut(r->done[r->n++].job, ID_BYTES, job);
	return 0;
}

/* Every complete job, newest first. */
static int add_all(struct run *r, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) struct job *jobs = calloc(PAGE, sizeof *jobs);
	struct job_filter filter = { .by_state = true, .state = JOB_COMPLETE };
	char before[ID_BYTES];
	unsigned n = PAGE;

	if (!jobs)
		return err_set(e, ERR_NOMEM, "list");
	if (store_begin(r->h->svc.store, STORE_READ, &tx, e) < 0)
		return -1;
	while (n == PAGE) {
		if (store_jobs_list(tx, &filter, jobs, PAGE, &n, e) < 0)
			return -1;
		for (unsigned i = 0; i < n; i++)
			if (!jobs[i].erased && add(r, jobs[i].id, e) < 0)
				return -1;
		if (n > 0)
			str_cut(before, sizeof before, jobs[n - 1].id);
		filter.before = before;
	}
	return 0;
}

/* Who looked at whose walk again, and with what. */
static int note(struct run *r, const struct outcome *o, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	char detail[128];

	snprintf(detail, sizeof detail, "%s %s", o->scores.new.model, o->scores.new.version);
	return store_begin(r->h->svc.store, STORE_WRITE, &tx, e) < 0 ||
			       store_audit(tx, ctl_actor(), "job_rescore", o->job, detail, clock_wall_ms(),
				       e) < 0 ||
			       store_commit(&tx, e) < 0
		       ? -1
		       : 0;
}

static int write_result(const struct run *r, const char *job, const struct buf *text, struct err *e)
{
	char name[ID_BYTES + 8], path[4096];

	if (!r->out)
		return 0;
	snprintf(name, sizeof name, "%s.json", job);
	return fsx_join(path, sizeof path, r->out, name, e) < 0 ||
			       fsx_replace(path, buf_str(text), text->len, RESULT_MODE, e) < 0
		       ? err_wrap(e, "--out")
		       : 0;
}

static int rescore(struct run *r, struct outcome *o, struct err *e)
{
	struct service *s = &r->h->svc;
	struct buf text BUF_CLEANUP;
	struct job job;

	buf_init(&text, SCORER_RESULT_MAX);
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(s->store, STORE_READ, &tx, e) < 0 ||
			jobs_get(s, tx, NULL, o->job, &job, e) < 0)
			return -1;
	}
	return rescore_job(s, r->scorer, &job, &o->scores, &text, e) < 0 || note(r, o, e) < 0
		       ? -1
		       : write_result(r, o->job, &text, e);
}

static void show_bar(size_t done, size_t all)
{
	static const char full[] = "##############################",
			  empty[] = "..............................";
	int filled = (int)(BAR * done / all);

	if (all > 1 && isatty(STDERR_FILENO))
		fprintf(stderr, "\r[%.*s%.*s] %zu of %zu%s", filled, full, BAR - filled, empty, done, all,
			done == all ? "\r\033[K" : "");
}

static void rescore_each(struct run *r)
{
	show_bar(0, r->n);
	for (size_t i = 0; i < r->n; i++) {
		r->done[i].failed = rescore(r, &r->done[i], &r->done[i].why) < 0;
		r->failed += r->done[i].failed;
		show_bar(i + 1, r->n);
	}
}

static void score_text(double score, bool demonstration, char out[24])
{
	snprintf(out, 24, isnan(score) ? "none" : "%.3f%s", score, demonstration ? " (demo)" : "");
}

static void add_row(struct ctl_table *t, const struct outcome *o)
{
	const struct rescore_side *a = &o->scores.old, *b = &o->scores.new;
	char models[2][100], scores[2][24], difference[24] = "", why[360];

	if (o->failed) {
		CTL_ROW(t, o->job, NULL, NULL, NULL, NULL, NULL, NULL, NULL, o->why.msg);
		return;
	}
	snprintf(models[0], sizeof models[0], "%s %s", *a->model ? a->model : "none", a->version);
	snprintf(models[1], sizeof models[1], "%s %s", *b->model ? b->model : "none", b->version);
	score_text(a->score, a->demonstration, scores[0]);
	score_text(b->score, b->demonstration, scores[1]);
	if (!isnan(b->score - a->score))
		snprintf(difference, sizeof difference, "%+.3f", b->score - a->score);
	snprintf(why, sizeof why, "%s%s%s%s%s", *a->reasons ? "old: " : "", a->reasons,
		*a->reasons && *b->reasons ? "; " : "", *b->reasons ? "new: " : "", b->reasons);
	CTL_ROW(t, o->job, models[0], scores[0], models[1], scores[1], *difference ? difference : NULL,
		*a->decision ? a->decision : NULL, *b->decision ? b->decision : NULL, *why ? why : NULL);
}

static int print_table(const struct run *r, struct err *e)
{
	struct ctl_table *t = CTL_TABLE("JOB", "OLD MODEL", "OLD SCORE", "NEW MODEL", "NEW SCORE",
		"DIFFERENCE", "OLD DECISION", "NEW DECISION", "WHY NOT");

	for (size_t i = 0; i < r->n; i++)
		add_row(t, &r->done[i]);
	if (ctl_table_end(t, r->c->out, e) < 0)
		return -1;
	if (r->n > 0)
		fputs("\nCompared only: no job was changed. A score is not a diagnosis.\n", r->c->out);
	return 0;
}

static void write_side(struct json_w *w, const char *name, const struct rescore_side *s)
{
	json_w_obj(w, name);
	json_w_num(w, "score", s->score, 6);
	if (*s->model) {
		json_w_obj(w, "model");
		json_w_str(w, "name", s->model);
		json_w_str(w, "version", s->version);
		json_w_bool(w, "demonstration", s->demonstration);
		json_w_obj_end(w);
	} else {
		json_w_null(w, "model");
	}
	json_w_str(w, "decision", *s->decision ? s->decision : NULL);
	json_w_str(w, "reasons", *s->reasons ? s->reasons : NULL);
	json_w_obj_end(w);
}

static int write_json(struct tx *tx, struct json_w *w, void *arg, struct err *e)
{
	const struct run *r = arg;

	(void)tx, (void)e;
	json_w_obj(w, NULL);
	json_w_arr(w, "jobs");
	for (size_t i = 0; i < r->n; i++) {
		const struct outcome *o = &r->done[i];
		json_w_obj(w, NULL);
		json_w_str(w, "id", o->job);
		json_w_str(w, "error", o->failed ? o->why.msg : NULL);
		if (!o->failed) {
			write_side(w, "old", &o->scores.old);
			write_side(w, "new", &o->scores.new);
			json_w_num(w, "difference", o->scores.new.score - o->scores.old.score, 6);
		}
		json_w_obj_end(w);
	}
	json_w_arr_end(w);
	json_w_obj_end(w);
	return 0;
}

/* The first failure's kind decides the exit code. */
static int tell_failures(const struct run *r, struct err *e)
{
	for (size_t i = 0; r->failed > 0 && i < r->n; i++)
		if (r->done[i].failed)
			return err_set(e, r->done[i].why.kind,
				"%zu of %zu jobs could not be scored again: %s: %s", r->failed, r->n,
				r->done[i].job, r->done[i].why.msg);
	return 0;
}

static int open_scorer(struct run *r, const char *model, bool allow_demonstration, struct err *e)
{
	const struct config *cfg = r->c->cfg;
	const struct scorer_options o = { .child = { .program = cfg->analysis_path,
						  .model_dir = model,
						  .allow_demonstration = allow_demonstration,
						  .memory_bytes = cfg->analysis_memory,
						  .deadline_ms = cfg->analysis_deadline_ms },
		.children = 1,
		.wait_ms = cfg->analysis_deadline_ms };

	signal(SIGPIPE, SIG_IGN); /* a child that died is told by its pipe */
	if (scorer_new(&o, &r->scorer, e) < 0)
		return -1;
	return scorer_start(r->scorer, e) < 0 ? err_wrap(e, "--model %s", model) : 0;
}

int ctl_rescore(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	struct run r __attribute__((cleanup(run_deinit))) = { .c = c, .h = h };
	bool all = ctl_take_flag(args, &n, "--all"), demo = ctl_take_flag(args, &n, "--allow-demonstration");
	const char *model = ctl_take_option(args, &n, "--model");

	r.out = ctl_take_option(args, &n, "--out");
	for (int i = 0; i < n; i++)
		if (args[i][0] == '-')
			all = true; /* and with it a job: refused below */
	if (!model || !*model || all == (n > 0))
		return err_set(e, ERR_USAGE, "gaitctl jobs " CTL_RESCORE_USAGE);
	for (int i = 0; i < n; i++)
		if (add(&r, args[i], e) < 0)
			return -1;
	if (house_open_part(h, HOUSE_BLOB, false, e) < 0 || (all && add_all(&r, e) < 0) ||
		(r.out && fsx_mkdirs(r.out, DIR_MODE, e) < 0) || open_scorer(&r, model, demo, e) < 0)
		return -1;
	rescore_each(&r);
	if ((c->json ? ctl_print_json(c, h, write_json, &r, e) : print_table(&r, e)) < 0)
		return -1;
	return tell_failures(&r, e);
}
