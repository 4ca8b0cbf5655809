#include <stdio.h>
#include <unistd.h>

#include "app/gaitctl_commands.h"

/* gaitctl db check, gaitctl db backup FILE */

static int db_check(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	int version;

	(void)args, (void)n;
	if (store_check(h->svc.store, e) < 0 || store_schema_version(h->svc.store, &version, e) < 0)
		return -1;
	fprintf(c->out, c->json ? "{\"ok\":true,\"schema\":%d}\n" : "the database is sound (schema %d)\n",
		version);
	return 0;
}

static void show(int percent, void *arg)
{
	(void)arg;
	fprintf(stderr, "\rbackup %3d %%%s", percent, percent == 100 ? "\n" : "");
}

static int db_backup(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	(void)n;
	if (store_backup(h->svc.store, args[0], isatty(STDERR_FILENO) ? show : NULL, NULL, e) < 0)
		return -1;
	fprintf(c->out, c->json ? "{\"ok\":true}\n"
				: "written: a database that gaitd can start from. Videos and results are "
				  "in the blob store and are not part of it.\n");
	return 0;
}

int ctl_db(struct ctl *c, int argc, char **argv, struct err *e)
{
	static const struct ctl_verb verbs[] = { { "check", "check", 0, 0, db_check },
		{ "backup", "backup FILE", 1, 1, db_backup }, { 0 } };

	return ctl_run(c, "db", verbs, argc, argv, e);
}
