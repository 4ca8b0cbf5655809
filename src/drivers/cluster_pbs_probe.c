#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/strv.h"
#include "drivers/cluster_pbs_parts.h"

/* From the nearest thing that could be wrong to the farthest: the way to the login node, what answers there,
 * and what that finds when it looks around and lets a job look around on a compute node. */

enum { ANSWER_MAX_BYTES = 64 * 1024, JOB_WAIT_S = 120, JOB_WALLTIME_S = 60, MARGIN_MS = 90000 };

static const char *const scheduler_names[] = { [PBS_OPENPBS] = "openpbs", [PBS_SLURM] = "slurm" };

/* "gait-cluster 1 slurm" */
static int ask_version(struct cluster_pbs *c, char scheduler[32], struct err *e)
{
	static const char *const words[] = { "version", NULL };
	BUF_CLEANUP struct buf answer;
	struct ssh_run run = { .out = &answer };
	char version[10], ours[10];

	buf_init(&answer, ANSWER_MAX_BYTES);
	if (cluster_pbs_call(c, c->commands, words, &run, e) < 0)
		return -1;
	const char *at = strstr(buf_str(&answer), "gait-cluster ");
	if (!at || sscanf(at, "gait-cluster %9[0-9] %31[a-z]", version, scheduler) != 2)
		return err_set(e, ERR_UNAVAILABLE,
			"what answers on the login node is not gait-cluster: let the key run it "
			"(restrict,command=\"…\" in "
			"authorized_keys) or set cluster.command");
	snprintf(ours, sizeof ours, "%d", CLUSTER_PBS_VERSION);
	if (strcmp(version, ours) != 0)
		return err_set(e, ERR_UNAVAILABLE,
			"gait-cluster there speaks version %s, this gaitd %s: install its pbs/ folder on the "
			"login node",
			version, ours);
	return 0;
}

static int check_scheduler(const struct cluster_pbs *c, const char *there, struct err *e)
{
	const char *wanted = scheduler_names[c->site.scheduler];

	if (strcmp(there, wanted) == 0)
		return 0;
	return err_set(
		e, ERR_UNAVAILABLE, "cluster.scheduler is %s, but the login node has %s", wanted, there);
}

static int request_of(const struct cluster_pbs *c, const struct probe *p, struct buf *out, struct err *e)
{
	struct pbs_words words;
	struct json_w w;
	char attempt[32];
	uint8_t dice[6];
	char hex[2 * sizeof dice + 1];

	random_bytes(dice, sizeof dice);
	hex_encode(dice, sizeof dice, hex);
	snprintf(attempt, sizeof attempt, "probe-%s", hex);
	if (pbs_qsub(&c->site, attempt, JOB_WALLTIME_S, true, &words, e) < 0)
		return -1;
	json_w_init(&w, out);
	json_w_obj(&w, NULL);
	json_w_int(&w, "version", CLUSTER_PBS_VERSION);
	if (p->thorough) {
		cluster_pbs_qsub_json(&w, &words);
		json_w_str(&w, "callback_url", p->callback_url ? p->callback_url : "");
		json_w_str(&w, "store_url", p->store_url ? p->store_url : "");
		json_w_int(&w, "wait_s", JOB_WAIT_S);
	}
	json_w_obj_end(&w);
	return json_w_end(&w, e) < 0 ? -1 : buf_addc(out, '\n', e);
}

/* "ok STEP TEXT", "failed …", "skipped …"; the first failure is the probe's. */
static int report(const struct probe *p, char *line, int before, struct err *e)
{
	char *step = strchr(line, ' '), *text = step ? strchr(step + 1, ' ') : NULL;

	if (!step)
		return before;
	*step++ = '\0';
	if (text)
		*text++ = '\0';
	else
		text = step + strlen(step);
	for (char *c = step; *c; c++)
		*c = *c == '-' || *c == '_' ? ' ' : *c;
	if (strcmp(line, "ok") == 0)
		(void)probe_step(p, step, 0, text, NULL);
	else if (strcmp(line, "skipped") == 0)
		probe_skip(p, step, text);
	else if (strcmp(line, "failed") == 0) {
		struct err found = { 0 };
		(void)err_set(&found, ERR_UNAVAILABLE, "%s", text);
		(void)probe_step(p, step, -1, NULL, &found);
		if (before == 0)
			(void)err_set(e, ERR_UNAVAILABLE, "%s: %s", step, text);
		return -1;
	}
	return before;
}

/* Its lines are told as they come: the job among them takes a minute or two. */
struct listener {
	const struct probe *p;
	struct buf line;
	struct err found; /* the first failure */
	int r;
};

static int on_output(void *arg, const void *data, size_t len, struct err *e)
{
	struct listener *l = arg;

	for (const char *at = data; len > 0; at++, len--) {
		if (*at != '\n') {
			if (buf_addc(&l->line, *at, e) < 0)
				return -1;
			continue;
		}
		if (l->line.len > 0)
			l->r = report(l->p, l->line.data, l->r, &l->found);
		buf_reset(&l->line);
	}
	return 0;
}

static int look_around(struct cluster_pbs *c, const struct probe *p, struct err *e)
{
	static const char *const words[] = { "probe", NULL };
	BUF_CLEANUP struct buf request;
	struct listener l = { .p = p };

	buf_init(&request, ANSWER_MAX_BYTES);
	if (request_of(c, p, &request, e) < 0)
		return -1;
	buf_init(&l.line, ANSWER_MAX_BYTES);
	struct ssh_run run = { .in = request.data,
		.in_len = request.len,
		.write = on_output,
		.arg = &l,
		.timeout_ms = c->timeout_ms + (p->thorough ? JOB_WAIT_S * 1000 + MARGIN_MS : 0) };
	probe_begin(p, p->thorough ? "a job on a compute node" : "gait-cluster");
	int r = cluster_pbs_call(c, c->commands, words, &run, e);
	buf_deinit(&l.line);
	if (r < 0)
		return probe_step(p, "gait-cluster", -1, NULL, e);
	return l.r < 0 ? err_set(e, l.found.kind, "%s", l.found.msg) : 0;
}

int cluster_pbs_probe(struct cluster *base, const struct probe *p, struct err *e)
{
	struct cluster_pbs *c = (struct cluster_pbs *)base;
	char scheduler[32] = "";

	/* Nobody watches: over the session that is there. */
	if (p && ssh_probe(c->commands, p, e) < 0)
		return -1;
	if (probe_step(p, "forced command", ask_version(c, scheduler, e), "gait-cluster answers", e) < 0 ||
		probe_step(p, "scheduler", check_scheduler(c, scheduler, e), scheduler, e) < 0)
		return -1;
	return p ? look_around(c, p, e) : 0;
}
