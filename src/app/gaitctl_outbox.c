#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gaitctl_commands.h"
#include "app/gaitctl_table.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "service/admin_view.h"
#include "store/audit.h"
#include "store/outbox.h"

/* gaitctl outbox …, gaitctl audit list */

enum { LIST_MOST = 200 };

enum { WHEN_BYTES = 32 };

/* "now", "in 40 s", "in 3 h" into @out; NULL for what is not tried any more. */
static const char *next_try(const struct outbox_item *o, char out[WHEN_BYTES])
{
	int64_t s = (o->due_ms - clock_wall_ms() + 999) / 1000;

	if (strcmp(o->state, "pending") != 0)
		return NULL;
	if (s <= 0)
		snprintf(out, WHEN_BYTES, "now");
	else if (s < 120)
		snprintf(out, WHEN_BYTES, "in %lld s", (long long)s);
	else if (s < 7200)
		snprintf(out, WHEN_BYTES, "in %lld min", (long long)(s / 60));
	else
		snprintf(out, WHEN_BYTES, "in %lld h", (long long)(s / 3600));
	return out;
}

static int outbox_list(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) struct outbox_item *o = calloc(LIST_MOST, sizeof *o);
	const char *state = ctl_take_option(args, &n, "--state");
	unsigned count;

	if (n != 0)
		return err_set(e, ERR_USAGE, "gaitctl outbox list [--state pending|sent|bounced]");
	if (c->json)
		return ctl_print_json(c, h, admin_write_outbox, (void *)(uintptr_t)state, e);
	if (!o)
		return err_set(e, ERR_NOMEM, "list");
	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0 ||
		store_outbox_list(tx, state, o, LIST_MOST, &count, e) < 0)
		return -1;
	struct ctl_table *t =
		CTL_TABLE("KIND", "STATE", "TRIES", "NEXT TRY", "MADE", "TO", "ID", "LAST ERROR");
	for (unsigned i = 0; i < count; i++) {
		char made[CTL_AGO_BYTES], tries[16], next[WHEN_BYTES];
		ctl_ago(o[i].created_ms, made);
		snprintf(tries, sizeof tries, "%d", o[i].tries);
		CTL_ROW(t, o[i].kind, o[i].state, tries, next_try(&o[i], next), made,
			*o[i].recipient ? o[i].recipient : NULL, o[i].id,
			*o[i].last_error ? o[i].last_error : NULL);
	}
	return ctl_table_end(t, c->out, e);
}

static int outbox_retry_cmd(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	(void)c, (void)n;
	return outbox_retry(&h->svc, ctl_actor(), args[0], e);
}

int ctl_outbox(struct ctl *c, int argc, char **argv, struct err *e)
{
	static const struct ctl_verb verbs[] = { { "list", "list [--state STATE]", 0, 2, outbox_list },
		{ "retry", "retry ID", 1, 1, outbox_retry_cmd }, { 0 } };

	return ctl_run(c, "outbox", verbs, argc, argv, e);
}

static int audit_list(struct ctl *c, struct house *h, char **args, int n, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) struct audit_entry *a = calloc(LIST_MOST, sizeof *a);
	unsigned count;

	(void)args, (void)n;
	if (c->json)
		return ctl_print_json(c, h, admin_write_audit, NULL, e);
	if (!a)
		return err_set(e, ERR_NOMEM, "list");
	if (store_begin(h->svc.store, STORE_READ, &tx, e) < 0 ||
		store_audit_list(tx, 0, a, LIST_MOST, &count, e) < 0)
		return -1;
	struct ctl_table *t = CTL_TABLE("WHEN", "WHO", "DID", "TO", "DETAIL");
	for (unsigned i = 0; i < count; i++) {
		char when[CTL_AGO_BYTES];
		ctl_ago(a[i].at_ms, when);
		CTL_ROW(t, when, a[i].actor, a[i].action, a[i].object, *a[i].detail ? a[i].detail : NULL);
	}
	return ctl_table_end(t, c->out, e);
}

int ctl_audit(struct ctl *c, int argc, char **argv, struct err *e)
{
	static const struct ctl_verb verbs[] = { { "list", "list", 0, 0, audit_list }, { 0 } };

	return ctl_run(c, "audit", verbs, argc, argv, e);
}
