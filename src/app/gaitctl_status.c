#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/gaitctl_commands.h"
#include "app/gaitctl_table.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "service/health.h"
#include "store/releases.h"
#include "store/jobs.h"

/* gaitctl status */

long ctl_running_gaitd(const struct house *h)
{
	char path[4096], text[32] = "";
	int64_t pid = 0;

	if (fsx_join(path, sizeof path, h->cfg->data_dir, "lock", NULL) < 0)
		return 0;
	CLEANUP(close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return 0;
	if (read(fd, text, sizeof text - 1) > 0)
		text[strcspn(text, "\n")] = '\0';
	return str_to_i64(text, 1, INT32_MAX, &pid) ? (long)pid : -1;
}

struct counts {
	int64_t jobs[JOB_STATE_COUNT], unreleased; /* results that wait for a clinician */
	struct health_debts debts;
};

static int count(struct house *h, struct counts *n, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;

	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0)
		return -1;
	for (int s = 0; s < JOB_STATE_COUNT; s++)
		if (store_jobs_count(tx, (enum job_state)s, NULL, &n->jobs[s], e) < 0)
			return -1;
	if (store_releases_waiting(tx, &n->unreleased, e) < 0)
		return -1;
	return health_debts(&h->svc, &n->debts, e);
}

static int status_json(
	struct ctl *c, struct house *h, const struct counts *n, const struct health *health, struct err *e)
{
	struct buf out BUF_CLEANUP;
	struct json_w w;

	buf_init(&out, 1 << 16);
	json_w_init(&w, &out);
	json_w_obj(&w, NULL);
	json_w_int(&w, "gaitd_pid", ctl_running_gaitd(h));
	json_w_str(&w, "url", h->public_url);
	json_w_obj(&w, "jobs");
	for (int s = 0; s < JOB_STATE_COUNT; s++)
		json_w_int(&w, job_state_name((enum job_state)s), n->jobs[s]);
	json_w_obj_end(&w);
	json_w_obj(&w, "release");
	json_w_int(&w, "waiting", n->unreleased);
	json_w_obj_end(&w);
	json_w_obj(&w, "outbox");
	json_w_int(&w, "pending", n->debts.mails_waiting);
	json_w_int(&w, "bounced", n->debts.mails_bounced);
	json_w_obj_end(&w);
	json_w_obj(&w, "cluster");
	json_w_int(&w, "never_run", n->debts.never_run);
	json_w_int(&w, "node_misconfigured_24h", n->debts.site_faults);
	json_w_int(&w, "out_of_memory_24h", n->debts.no_memory);
	json_w_obj_end(&w);
	json_w_obj(&w, "parts");
	for (unsigned i = 0; i < health->n; i++) {
		json_w_obj(&w, health->parts[i].name);
		json_w_bool(&w, "ok", health->parts[i].ok);
		json_w_str(&w, "detail", health->parts[i].detail);
		json_w_obj_end(&w);
	}
	json_w_obj_end(&w);
	json_w_obj_end(&w);
	if (json_w_end(&w, e) < 0)
		return -1;
	fprintf(c->out, "%s\n", buf_str(&out));
	return 0;
}

static void print_parts(struct ctl *c, const struct health *health)
{
	for (unsigned i = 0; i < health->n; i++)
		fprintf(c->out, "%-9s %-4s %s\n", health->parts[i].name, health->parts[i].ok ? "ok" : "BAD",
			health->parts[i].detail);
}

/* What only the site's operators can mend; nothing where nothing is wrong. */
static void print_faults(struct ctl *c, const struct health_debts *d)
{
	if (d->never_run)
		fprintf(c->out,
			"waiting   %lld attempts that the scheduler says can never run: see gaitctl jobs "
			"list\n",
			(long long)d->never_run);
	if (d->site_faults)
		fprintf(c->out,
			"nodes     %lld attempts in 24 h found their node not set up: see gaitctl jobs show "
			"ID\n",
			(long long)d->site_faults);
	if (d->no_memory)
		fprintf(c->out,
			"memory    %lld attempts in 24 h were ended for want of memory: raise "
			"cluster.memory\n",
			(long long)d->no_memory);
}

/* A part that cannot even be opened is a line like the others. */
static void check_parts(struct house *h, struct health *ret)
{
	static const struct {
		enum house_part part;
		const char *name;
	} ports[] = { { HOUSE_BLOB, "store" }, { HOUSE_CLUSTER, "cluster" }, { HOUSE_MAIL, "mail" } };
	struct err e[ARRAY_LEN(ports)] = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		(void)house_open_part(h, ports[i].part, false, &e[i]);
	health_check(&h->svc, true, ret);
	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		if (e[i].kind != ERR_NONE)
			health_add(ret, ports[i].name, false, e[i].msg);
}

static int status(struct ctl *c, struct house *h, char **args, int n_args, struct err *e)
{
	struct counts n = { 0 };
	struct health health;

	(void)args, (void)n_args;
	if (count(h, &n, e) < 0)
		return -1;
	check_parts(h, &health);
	if (c->json)
		return status_json(c, h, &n, &health, e);
	long pid = ctl_running_gaitd(h);
	if (pid)
		fprintf(c->out, "gaitd     runs as process %ld, %s\n", pid, h->public_url);
	else
		fprintf(c->out, "gaitd     is not running\n");
	fprintf(c->out, "queue     %lld waiting, %lld being analysed\n", (long long)n.jobs[JOB_QUEUED],
		(long long)n.jobs[JOB_PROCESSING]);
	fprintf(c->out, "jobs      %lld complete, %lld failed, %lld cancelled\n",
		(long long)n.jobs[JOB_COMPLETE],
		(long long)(n.jobs[JOB_SUBMISSION_ERROR] + n.jobs[JOB_INFERENCE_ERROR]),
		(long long)n.jobs[JOB_CANCELLED]);
	if (n.unreleased)
		fprintf(c->out,
			"release   %lld results wait for a clinician: see gaitctl jobs list --release "
			"waiting\n",
			(long long)n.unreleased);
	fprintf(c->out, "outbox    %lld waiting, %lld bounced%s\n", (long long)n.debts.mails_waiting,
		(long long)n.debts.mails_bounced,
		n.debts.mails_bounced ? ": see gaitctl outbox list --state bounced" : "");
	print_faults(c, &n.debts);
	print_parts(c, &health);
	return 0;
}

int ctl_status(struct ctl *c, int argc, char **argv, struct err *e)
{
	static const struct ctl_verb verbs[] = { { "", "", 0, 0, status }, { 0 } };
	char *no_words[] = { (char[]){ "" } };

	(void)argv;
	if (argc != 0)
		return err_set(e, ERR_USAGE, "gaitctl status takes no arguments");
	return ctl_run(c, "status", verbs, 1, no_words, e);
}
