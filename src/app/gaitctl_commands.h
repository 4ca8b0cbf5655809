#pragma once

#include "app/gaitctl.h"
#include "app/wire.h"
#include "base/json.h"

/* gaitctl's commands over the house, each in a file gaitctl_NAME.c. @argv from the word behind the command
 * on. */
int ctl_status(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_doctor(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_jobs(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_users(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_tokens(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_outbox(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_audit(struct ctl *c, int argc, char **argv, struct err *e);
int ctl_db(struct ctl *c, int argc, char **argv, struct err *e);

/* The verbs of a command: `gaitctl jobs list`. */
struct ctl_verb {
	const char *name, *usage;  /* "cancel ID" */
	int least_args, most_args; /* behind the verb */
	int (*run)(struct ctl *c, struct house *h, char **args, int n, struct err *e);
};

/* `gaitctl jobs rescore`, in a file of its own. */
int ctl_rescore(struct ctl *c, struct house *h, char **args, int n, struct err *e);
#define CTL_RESCORE_USAGE "rescore ID…|--all --model DIR [--allow-demonstration] [--out DIR]"

/* `gaitctl jobs release` and `withdraw`, and what `jobs show` tells of them. */
int ctl_release(struct ctl *c, struct house *h, char **args, int n, struct err *e);
int ctl_withdraw(struct ctl *c, struct house *h, char **args, int n, struct err *e);
struct job;
int ctl_print_release(struct ctl *c, struct house *h, const struct job *j, struct err *e);
#define CTL_RELEASE_USAGE  "release ID [--attempt N] [--comment-stdin]"
#define CTL_WITHDRAW_USAGE "withdraw ID --reason TEXT"

/* Find the verb, open data folder and database, run it, close the house. A verb that needs more opens it
 * (house_open_part()). @verbs ends with an empty row. */
int ctl_run(struct ctl *c, const char *command, const struct ctl_verb *verbs, int argc, char **argv,
	struct err *e);

/* The value of `--name VALUE` among @args, which it takes out; NULL where it is absent. */
const char *ctl_take_option(char **args, int *n, const char *name);
bool ctl_take_flag(char **args, int *n, const char *name);

/* The process that holds the data folder's lock, -1 where its file does not say which, 0 where none does. */
long ctl_running_gaitd(const struct house *h);

/* "os:NAME", for the audit. */
const char *ctl_actor(void);

/* Print what @write writes as one JSON document. */
int ctl_print_json(struct ctl *c, struct house *h,
	int (*write)(struct tx *tx, struct json_w *w, void *arg, struct err *e), void *arg, struct err *e);
