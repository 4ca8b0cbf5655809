#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/gaitctl_commands.h"
#include "base/cleanup.h"
#include "base/log.h"

static const char help[] =
	"gaitctl " GAITD_VERSION " - look after a gaitd\n"
	"\n"
	"usage: gaitctl [--config FILE] [--set NAME=VALUE]… [--json] COMMAND …\n"
	"\n"
	"  status                          queue, cluster, store, mail, disk at a glance\n"
	"  doctor [--quick]                try each part and the whole chain; says what is wrong and what to "
	"do\n"
	"                                  (--quick: no test job on a compute node)\n"
	"  jobs list [--status S] [--release R] [--limit N]\n"
	"  jobs show|watch|cancel|rerun|erase ID\n"
	"  jobs release ID [--attempt N] [--comment-stdin];  jobs withdraw ID --reason TEXT\n"
	"                                  let the submitter see a result, or take it back\n"
	"  jobs rescore ID…|--all --model DIR [--allow-demonstration] [--out DIR]\n"
	"                                  kept key points with another model: compares, changes no job\n"
	"  users list\n"
	"  users add EMAIL [--role submitter|staff|admin] [--password-stdin]\n"
	"  users role EMAIL ROLE;  users password|disable|enable EMAIL\n"
	"  tokens list [EMAIL];  tokens add EMAIL --name NAME [--days N];  tokens revoke ID\n"
	"  outbox list [--state pending|sent|bounced];  outbox retry ID\n"
	"  audit list\n"
	"  config check|show|explain [NAME]\n"
	"  db check;  db backup FILE\n"
	"\n"
	"It works on the data folder beside a running gaitd and needs none. Tables for people, --json for "
	"programs.\n"
	"Exit codes: 0 done, 64 usage, 65 bad value, 66 no such thing, 69 a part does not work (doctor), 74 "
	"disk,\n"
	"75 not possible now, 76 newer database, 77 not allowed, 78 wrong settings.\n";

const char *ctl_actor(void)
{
	static char actor[300];
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(getuid());

	/* Behind sudo the person who typed is what the audit wants to know. */
	snprintf(actor, sizeof actor, "os:%s",
		getuid() == 0 && sudo && *sudo ? sudo
		: pw                           ? pw->pw_name
					       : "unknown");
	return actor;
}

static void drop(char **args, int *n, int at, int count)
{
	memmove(args + at, args + at + count, sizeof *args * (size_t)(*n - at - count));
	*n -= count;
}

const char *ctl_take_option(char **args, int *n, const char *name)
{
	for (int i = 0; i + 1 < *n; i++)
		if (strcmp(args[i], name) == 0) {
			const char *value = args[i + 1];
			drop(args, n, i, 2);
			return value;
		}
	return NULL;
}

bool ctl_take_flag(char **args, int *n, const char *name)
{
	for (int i = 0; i < *n; i++)
		if (strcmp(args[i], name) == 0) {
			drop(args, n, i, 1);
			return true;
		}
	return false;
}

static int usage(const char *command, const struct ctl_verb *verbs, struct err *e)
{
	struct buf text BUF_CLEANUP;

	buf_init(&text, 480);
	for (const struct ctl_verb *v = verbs; v->name; v++)
		(void)buf_addf(&text, NULL, "%sgaitctl %s %s", v == verbs ? "" : "; ", command, v->usage);
	return err_set(e, ERR_USAGE, "%s", buf_str(&text));
}

int ctl_run(struct ctl *c, const char *command, const struct ctl_verb *verbs, int argc, char **argv,
	struct err *e)
{
	struct house h;

	for (const struct ctl_verb *v = verbs; argc > 0 && v->name; v++) {
		if (strcmp(argv[0], v->name) != 0)
			continue;
		if (argc - 1 < v->least_args || argc - 1 > v->most_args)
			return err_set(e, ERR_USAGE, "gaitctl %s %s", command, v->usage);
		char host[256];
		int port = 0;
		(void)config_split_listen(c->cfg->http_listen, host, sizeof host, &port);
		if (house_open(c->cfg, port, false, HOUSE_BASE, &h, e) < 0)
			return -1;
		int r = v->run(c, &h, argv + 1, argc - 1, e);
		house_close(&h);
		return r;
	}
	return usage(command, verbs, e);
}

int ctl_print_json(struct ctl *c, struct house *h,
	int (*write)(struct tx *tx, struct json_w *w, void *arg, struct err *e), void *arg, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct buf out BUF_CLEANUP;
	struct json_w w;

	buf_init(&out, 64 << 20);
	json_w_init(&w, &out);
	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0 || write(tx, &w, arg, e) < 0 ||
		json_w_end(&w, e) < 0)
		return -1;
	fprintf(c->out, "%s\n", buf_str(&out));
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct ctl *c, int argc, char **argv, struct err *e);
	bool needs_settings;
} commands[] = { { "status", ctl_status, true }, { "doctor", ctl_doctor, true }, { "jobs", ctl_jobs, true },
	{ "users", ctl_users, true }, { "tokens", ctl_tokens, true }, { "outbox", ctl_outbox, true },
	{ "audit", ctl_audit, true }, { "db", ctl_db, true }, { "config", ctl_config, false } };

static int run(struct ctl *c, const struct err *settings, int argc, char **argv, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		if (!c->cfg && commands[i].needs_settings) {
			*e = *settings;
			return -1;
		}
		return commands[i].run(c, argc - 1, argv + 1, e);
	}
	return err_set(e, ERR_USAGE, "there is no command %s: see gaitctl --help", argv[0]);
}

int main(int argc, char **argv)
{
	CLEANUP(config_free_p) struct config *cfg = NULL;
	struct buf problems BUF_CLEANUP;
	struct config_input in = { 0 };
	struct err e = { 0 }, settings = { 0 };
	struct ctl c = { .out = stdout };

	buf_init(&problems, 1 << 20);
	if (config_input_args(&in, &argc, argv, &e) < 0)
		goto fail;
	argc--, argv++;
	c.json = ctl_take_flag(argv, &argc, "--json");
	if (ctl_take_flag(argv, &argc, "--help")) {
		fputs(help, stdout);
		return 0;
	}
	if (argc == 0) {
		fputs(help, stderr);
		return err_exit_code(ERR_USAGE);
	}
	if (ctl_take_flag(argv, &argc, "--version")) {
		puts("gaitctl " GAITD_VERSION);
		return 0;
	}
	log_init(STDERR_FILENO, LOG_AUTO, LOG_WARN);
	if (config_load(&in, &cfg, &problems, &settings) == 0 && *cfg->warnings)
		fputs(cfg->warnings, stderr);
	c.cfg = cfg;
	c.config_problems = problems.len ? buf_str(&problems) : NULL;
	if (run(&c, &settings, argc, argv, &e) == 0)
		return fflush(stdout) == 0 ? 0 : err_exit_code(ERR_IO);
fail:
	fflush(stdout);
	fprintf(stderr, "gaitctl: %s\n", e.msg);
	return err_exit_code(e.kind);
}
