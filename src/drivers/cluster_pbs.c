#include "drivers/cluster_pbs.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/strv.h"
#include "drivers/cluster_local_dir.h"
#include "drivers/cluster_pbs_parts.h"

enum {
	REQUEST_MAX_BYTES = 16 * 1024,
	ANSWER_MAX_BYTES = 64 * 1024,
	STATUS_MAX_BYTES = 64 * 1024 * 1024,
	LOG_MAX_BYTES = 9999999,
	WALLTIME_MAX_S = 7 * 24 * 3600,
	DEFAULT_TIMEOUT_MS = 60000,
};

static struct cluster_pbs *mine(struct cluster *c)
{
	return (struct cluster_pbs *)c;
}

static int check_attempt(const char *attempt, struct err *e)
{
	return cluster_dir_name_ok(attempt) ? 0 : err_set(e, ERR_INVALID, "not a name for an attempt");
}

void cluster_pbs_qsub_json(struct json_w *w, const struct pbs_words *words)
{
	json_w_arr(w, "qsub");
	for (size_t i = 0; i < words->count; i++)
		json_w_str(w, NULL, words->word[i]);
	json_w_arr_end(w);
}

static int request_of(
	const struct cluster_pbs *c, const struct cluster_job *job, struct buf *out, struct err *e)
{
	struct pbs_words words;
	struct json_w w;

	if (pbs_qsub(&c->site, job->attempt, job->walltime_s, job->want_gpu, &words, e) < 0)
		return -1;
	json_w_init(&w, out);
	json_w_obj(&w, NULL);
	json_w_int(&w, "version", CLUSTER_PBS_VERSION);
	json_w_str(&w, "attempt", job->attempt);
	json_w_str(&w, "token", job->token);
	json_w_str(&w, "callback_url", job->callback_url);
	json_w_int(&w, "walltime_s", job->walltime_s);
	json_w_bool(&w, "want_gpu", job->want_gpu);
	json_w_bool(&w, "relay", job->relay);
	cluster_pbs_qsub_json(&w, &words);
	json_w_obj_end(&w);
	return json_w_end(&w, e) < 0 ? -1 : buf_addc(out, '\n', e);
}

/* The last line: a login script may have said something before. An id begins with a number; where a run was
 * there before its id was known, gait-cluster says the job's name. Whatever else answers there took no job.
 */
static int id_of(const struct buf *answer, const char *attempt, char ret_id[CLUSTER_ID_BYTES], struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:[]-";
	const char *text = buf_str(answer);
	char id[CLUSTER_ID_BYTES], name[PBS_NAME_BYTES];
	size_t end = answer->len, from;

	while (end > 0 && isspace((unsigned char)text[end - 1]))
		end--;
	for (from = end; from > 0 && text[from - 1] != '\n';)
		from--;
	snprintf(id, sizeof id, "%.*s", (int)(end - from < sizeof id ? end - from : 0), text + from);
	pbs_job_name(attempt, name);
	if ((!isdigit((unsigned char)id[0]) || strspn(id, allowed) != strlen(id)) && strcmp(id, name) != 0)
		return err_set(e, ERR_UNAVAILABLE,
			"submit %s: what answers on the login node is not gait-cluster: see cluster.command "
			"and the key's "
			"forced command",
			attempt);
	memcpy(ret_id, id, sizeof id);
	return 0;
}

static int submit(
	struct cluster *base, const struct cluster_job *job, char ret_id[CLUSTER_ID_BYTES], struct err *e)
{
	struct cluster_pbs *c = mine(base);
	BUF_CLEANUP struct buf request, answer;
	const char *const words[] = { "submit", job->attempt, NULL };

	buf_init(&request, REQUEST_MAX_BYTES);
	buf_init(&answer, ANSWER_MAX_BYTES);
	if (check_attempt(job->attempt, e) < 0)
		return -1;
	if (!job->token || !job->token[0] || !job->callback_url || !job->callback_url[0])
		return err_set(e, ERR_INVALID, "an attempt needs a token and a callback URL");
	if (job->walltime_s < 1 || job->walltime_s > WALLTIME_MAX_S)
		return err_set(e, ERR_INVALID, "a wall-time limit is 1 to %d s", WALLTIME_MAX_S);
	if (request_of(c, job, &request, e) < 0)
		return -1;
	struct ssh_run run = { .in = request.data, .in_len = request.len, .out = &answer };
	int r = cluster_pbs_call(c, c->commands, words, &run, e);
	secret_wipe(request.data, request.len);
	if (r > 0)
		return err_set(e, ERR_UNAVAILABLE, "submit %s: exit code 2", job->attempt);
	return r < 0 ? err_wrap(e, "submit %s", job->attempt) : id_of(&answer, job->attempt, ret_id, e);
}

static int status(struct cluster *base, struct cluster_status *s, unsigned n, struct err *e)
{
	static const char *const words[] = { "status", NULL };
	struct cluster_pbs *c = mine(base);
	BUF_CLEANUP struct buf answer;
	struct ssh_run run = { .out = &answer };

	buf_init(&answer, STATUS_MAX_BYTES);
	if (n == 0)
		return 0;
	int r = cluster_pbs_call(c, c->commands, words, &run, e);
	if (r > 0)
		return err_set(e, ERR_UNAVAILABLE, "status: exit code 2");
	return r < 0 ? -1 : cluster_pbs_status_read(buf_str(&answer), answer.len, s, n, e);
}

/* A verb about one attempt whose answer is nothing, or text for @out. */
static int about(struct cluster *base, const char *verb, const char *attempt, const char *more,
	struct buf *out, struct err *e)
{
	struct cluster_pbs *c = mine(base);
	const char *const words[] = { verb, attempt, more, NULL };
	BUF_CLEANUP struct buf unused;

	buf_init(&unused, ANSWER_MAX_BYTES);
	if (check_attempt(attempt, e) < 0)
		return -1;
	struct ssh_run run = { .out = out ? out : &unused };
	return cluster_pbs_call(c, c->commands, words, &run, e) < 0 ? err_wrap(e, "%s %s", verb, attempt) : 0;
}

static int cancel(struct cluster *c, const char *attempt, struct err *e)
{
	return about(c, "cancel", attempt, NULL, NULL, e);
}

static int forget(struct cluster *c, const char *attempt, struct err *e)
{
	return about(c, "forget", attempt, NULL, NULL, e);
}

static int read_log(struct cluster *c, const char *attempt, struct buf *out, struct err *e)
{
	size_t room = out->max - out->len;
	char bytes[16];

	if (room == 0)
		return check_attempt(attempt, e);
	snprintf(bytes, sizeof bytes, "%zu", room < LOG_MAX_BYTES ? room : (size_t)LOG_MAX_BYTES);
	return about(c, "log", attempt, bytes, out, e);
}

static void close_cluster(struct cluster *base)
{
	struct cluster_pbs *c = mine(base);

	if (!c)
		return;
	ssh_close(c->commands);
	ssh_close(c->files);
	free((char *)c->site.queue);
	free((char *)c->site.account);
	free((char *)c->site.project);
	free((char *)c->site.place);
	free((char *)c->site.resources);
	free(c->command);
	free(c);
}

static const struct cluster_ops ops = {
	.name = "pbs",
	.submit = submit,
	.status = status,
	.cancel = cancel,
	.log = read_log,
	.forget = forget,
	.put = cluster_pbs_put,
	.get = cluster_pbs_get,
	.probe = cluster_pbs_probe,
	.close = close_cluster,
};

static void close_p_cluster(struct cluster_pbs **c)
{
	close_cluster(*c ? &(*c)->base : NULL);
}

static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

static int open_sessions(struct cluster_pbs *c, const struct cluster_pbs_options *o, struct err *e)
{
	const struct ssh_options ssh = { .host = o->host,
		.port = o->port,
		.user = o->user,
		.key_file = o->key_file,
		.known_hosts_file = o->known_hosts_file,
		.connect_timeout_ms = o->connect_timeout_ms };

	return ssh_open(&ssh, &c->commands, e) < 0 ? -1 : ssh_open(&ssh, &c->files, e);
}

int cluster_pbs_open(const struct cluster_pbs_options *o, struct cluster **ret, struct err *e)
{
	CLEANUP(close_p_cluster) struct cluster_pbs *c = NULL;
	const char *what;

	if (pbs_site_check(&o->site, &what, e) < 0)
		return -1;
	c = calloc(1, sizeof *c);
	if (!c)
		return err_set(e, ERR_NOMEM, "cluster_pbs");
	c->base.ops = &ops;
	c->timeout_ms = o->command_timeout_ms > 0 ? o->command_timeout_ms : DEFAULT_TIMEOUT_MS;
	c->site = o->site;
	c->site.queue = copy(o->site.queue);
	c->site.account = copy(o->site.account);
	c->site.project = copy(o->site.project);
	c->site.place = copy(o->site.place);
	c->site.resources = copy(o->site.resources);
	c->command = copy(o->command);
	if (!c->site.queue || !c->site.account || !c->site.project || !c->site.place || !c->site.resources ||
		!c->command)
		return err_set(e, ERR_NOMEM, "cluster_pbs");
	if (open_sessions(c, o, e) < 0)
		return -1;
	*ret = &TAKE(c)->base;
	return 0;
}
