#include "service/health.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "store/attempts.h"
#include "store/jobs.h"
#include "store/outbox.h"

const char *const health_ports[HEALTH_PORTS] = { "store", "cluster", "mail" };

static bool is_port(const char *name)
{
	for (unsigned i = 0; i < HEALTH_PORTS; i++)
		if (strcmp(health_ports[i], name) == 0)
			return true;
	return false;
}

void health_add(struct health *h, const char *name, bool ok, const char *detail)
{
	if (h->n == HEALTH_PARTS)
		return;
	struct health_part *p = &h->parts[h->n++];

	p->name = name;
	p->ok = ok;
	p->needed = !is_port(name);
	snprintf(p->detail, sizeof p->detail, "%s", detail);
	h->ok = h->ok && ok;
	h->ready = h->ready && (ok || !p->needed);
}

static void check_database(struct service *s, bool deep, struct health *h)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct err e = { 0 };
	int64_t due_ms; /* any row: that it can be read */
	int version = 0;
	char text[64];

	int r = deep ? store_check(s->store, &e) : store_begin(s->store, STORE_READ_FAST, &tx, &e);
	if (r == 0)
		r = deep ? store_schema_version(s->store, &version, &e) : store_next_due(tx, &due_ms, &e);
	snprintf(text, sizeof text, "schema %d", store_newest_schema());
	health_add(h, "database", r == 0, r == 0 ? text : e.msg);
}

static void check_spool(struct service *s, struct health *h)
{
	struct err e = { 0 };
	int64_t free_bytes = 0;
	char text[200];

	if (fsx_free_bytes(s->spool, &free_bytes, &e) < 0) {
		health_add(h, "spool", false, e.msg);
		return;
	}
	bool ok = free_bytes >= s->opt.min_free_bytes;
	snprintf(text, sizeof text, "%.1f GB free%s", (double)free_bytes / 1e9,
		ok ? "" : ", less than upload.min_free_bytes: uploads are refused until there is more room");
	health_add(h, "spool", ok, text);
}

bool health_try_port(struct service *s, unsigned i, struct health_part *ret)
{
	const char *driver = NULL;
	struct err e = { 0 };
	int r = 0;

	if (i == 0 && s->blob) {
		driver = s->blob->ops->name;
		r = s->blob->ops->probe(s->blob, NULL, &e);
	} else if (i == 1 && s->cluster) {
		driver = s->cluster->ops->name;
		r = s->cluster->ops->probe(s->cluster, NULL, &e);
	} else if (i == 2 && s->mailer) {
		driver = s->mailer->ops->name;
		r = s->mailer->ops->probe(s->mailer, NULL, &e);
	}
	if (!driver)
		return false;
	ret->ok = r == 0;
	snprintf(ret->detail, sizeof ret->detail, "%s", r == 0 ? driver : e.msg);
	return true;
}

void health_check(struct service *s, bool deep, struct health *h)
{
	struct health_part port;

	*h = (struct health){ .ok = true, .ready = true };
	bool ready = s->lock_fd < 0 || atomic_load(&s->ready);
	health_add(h, "start-up", ready, ready ? "done" : "checking what an earlier run left behind");
	check_database(s, deep, h);
	check_spool(s, h);
	for (unsigned i = 0; deep && i < HEALTH_PORTS; i++)
		if (health_try_port(s, i, &port))
			health_add(h, health_ports[i], port.ok, port.detail);
}

/* An upload's file has its row a moment after its name, so only what is old is nobody's. */
static int count_orphans(struct service *s, struct tx *tx, struct health_debts *d, struct err *e)
{
	static const int64_t old_s = 3600;
	CLEANUP(closedir_p) DIR *dir = opendir(s->spool);
	struct dirent *entry;
	struct stat st;

	if (!dir)
		return err_errno(e, ERR_IO, "open %s", s->spool);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISREG(st.st_mode) || st.st_mtime > clock_wall_ms() / 1000 - old_s)
			continue;
		int known = store_spool_known(tx, entry->d_name, e);
		if (known < 0)
			return -1;
		d->orphans += known == STORE_NONE;
		d->orphans_bytes += known == STORE_NONE ? (int64_t)st.st_size : 0;
	}
	return 0;
}

static int newest_mail_error(struct tx *tx, struct health_debts *d, struct err *e)
{
	enum { LOOK_AT = 50 };
	CLEANUP(free_p) struct outbox_item *o = calloc(LOOK_AT, sizeof *o);
	unsigned n = 0;

	if (!o)
		return err_set(e, ERR_NOMEM, "list of mail");
	if (store_outbox_list(tx, "pending", o, LOOK_AT, &n, e) < 0)
		return -1;
	for (unsigned i = 0; i < n && !d->mail_error[0]; i++)
		str_cut(d->mail_error, sizeof d->mail_error, o[i].last_error);
	return 0;
}

int health_debts(struct service *s, struct health_debts *ret, struct err *e)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	static const int64_t day_ms = 86400000;
	struct health_debts d = { 0 };

	if (store_begin(s->store, STORE_READ, &tx, e) < 0 ||
		store_outbox_count(tx, "pending", &d.mails_waiting, e) < 0 ||
		store_outbox_count(tx, "bounced", &d.mails_bounced, e) < 0 ||
		store_attempts_failed(tx, "node_misconfigured", clock_wall_ms() - day_ms, &d.site_faults, e) <
			0 ||
		store_attempts_failed(tx, "out_of_memory", clock_wall_ms() - day_ms, &d.no_memory, e) < 0 ||
		store_attempts_never_run(tx, &d.never_run, e) < 0 || newest_mail_error(tx, &d, e) < 0 ||
		count_orphans(s, tx, &d, e) < 0)
		return -1;
	*ret = d;
	return 0;
}
