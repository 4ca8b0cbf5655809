#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gaitctl_commands.h"
#include "app/gaitctl_doctor.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fsx.h"
#include "service/health.h"

/* gaitctl doctor: the whole chain, each part by itself, so that one that is broken hides no other. */

/* A fatal finding about a setting of @section: what fails there fails because of it. */
static const char *broken_setting(const struct doctor *d, const char *section)
{
	for (unsigned i = 0; i < d->n_findings; i++)
		if (d->findings[i].fatal &&
			strcmp(config_options[d->findings[i].option].section, section) == 0)
			return config_options[d->findings[i].option].name;
	return NULL;
}

/* Open @part; a line only where that fails. @folder: of a driver that makes one, else NULL; doctor founds
 * nothing, least of all as another user. */
static bool open_part(struct doctor *d, enum house_part part, const char *section, const char *folder)
{
	const char *broken = broken_setting(d, section);
	struct err e = { 0 };
	char text[160];

	bool not_yet = folder && !fsx_exists(folder);
	if (!not_yet && house_open_part(&d->house, part, false, &e) == 0)
		return true;
	if (not_yet && !broken) {
		doctor_say(&d->report, DOCTOR_SKIPPED, "open",
			"not there yet: gaitd makes it at its first start");
	} else if (broken) {
		snprintf(text, sizeof text, "cannot be examined before %s is mended, see above", broken);
		doctor_say(&d->report, DOCTOR_SKIPPED, "open", text);
	} else {
		doctor_say(&d->report, DOCTOR_BAD, "open", e.msg);
	}
	return false;
}

static void probe_ended(struct doctor *d, unsigned before, int r, const struct err *e)
{
	if (r == 0)
		return;
	for (unsigned i = before; i < d->report.n; i++)
		if (d->report.lines[i].outcome != DOCTOR_OK)
			return;
	/* A driver that failed between two steps. */
	doctor_say(&d->report, DOCTOR_BAD, "other", e->msg);
}

/* Where a node fetches videos: the address of any key, without its signature. */
static bool store_url(struct doctor *d, char out[BLOB_URL_BYTES])
{
	struct blob *b = d->house.svc.blob;

	if (!b || b->ops->url_get(b, "probe/reach", clock_wall_ms() / 1000 + 60, out, NULL) != 0)
		return false;
	out[strcspn(out, "?")] = '\0';
	return true;
}

void doctor_store(struct doctor *d)
{
	const struct config *c = d->cfg;
	const struct probe p = doctor_probe(&d->report, d->thorough);
	char url[BLOB_URL_BYTES];
	struct err e = { 0 };

	doctor_part(&d->report, "store", c->blob_driver);
	if (!open_part(d, HOUSE_BLOB, "blob", strcmp(c->blob_driver, "dir") == 0 ? c->blob_dir : NULL))
		return;
	struct blob *b = d->house.svc.blob;
	unsigned before = d->report.n;
	int r = b->ops->probe(b, &p, &e);
	probe_ended(d, before, r, &e);
	/* A store of its own has a clock of its own; addresses of the others lead to gaitd. */
	if (r == 0 && !b->ops->relay && store_url(d, url))
		doctor_clock(d, url, c->blob_s3_ca_file);
}

/* What attempts of late say about the site. */
static void look_at_attempts(struct doctor *d)
{
	struct health_debts debts;
	struct err e = { 0 };
	char text[200];

	if (health_debts(&d->house.svc, &debts, &e) < 0)
		return; /* the outbox's lines say why */
	if (debts.never_run) {
		snprintf(text, sizeof text,
			"%lld wait, but the scheduler says that they can never run: gaitctl jobs list",
			(long long)debts.never_run);
		doctor_say(&d->report, DOCTOR_BAD, "attempts", text);
	}
	if (debts.site_faults) {
		snprintf(text, sizeof text,
			"%lld found their node not set up in the last 24 hours: gaitctl jobs show ID says "
			"which",
			(long long)debts.site_faults);
		doctor_say(&d->report, DOCTOR_NOTE, "nodes", text);
	}
}

void doctor_cluster(struct doctor *d)
{
	const struct config *c = d->cfg;
	struct probe p = doctor_probe(&d->report, d->thorough);
	char url[BLOB_URL_BYTES];
	struct err e = { 0 };

	doctor_part(&d->report, "cluster", c->cluster_driver);
	if (!open_part(d, HOUSE_CLUSTER, "cluster",
		    strcmp(c->cluster_driver, "local") == 0 ? c->cluster_dir : NULL))
		return;
	/* Nodes of a relay need to reach neither. */
	if (strcmp(c->cluster_transfer, "relay") != 0) {
		p.callback_url = d->answers ? d->house.callback_url : NULL;
		p.store_url = store_url(d, url) ? url : NULL;
	}
	struct cluster *cl = d->house.svc.cluster;
	unsigned before = d->report.n;
	probe_ended(d, before, cl->ops->probe(cl, &p, &e), &e);
	if (d->house.svc.store)
		look_at_attempts(d);
}

static void look_at_outbox(struct doctor *d)
{
	struct health_debts debts;
	struct err e = { 0 };
	char text[400];

	if (health_debts(&d->house.svc, &debts, &e) < 0) {
		doctor_say(&d->report, DOCTOR_BAD, "waiting", e.msg);
		return;
	}
	snprintf(text, sizeof text, "%lld mail%s%s%s", (long long)debts.mails_waiting,
		debts.mails_waiting == 1 ? "" : "s", *debts.mail_error ? "; the last try said: " : "",
		debts.mail_error);
	doctor_say(&d->report, *debts.mail_error ? DOCTOR_NOTE : DOCTOR_OK, "waiting", text);
	snprintf(text, sizeof text, "%lld mails will not be tried again: gaitctl outbox list --state bounced",
		(long long)debts.mails_bounced);
	doctor_say(&d->report, debts.mails_bounced ? DOCTOR_BAD : DOCTOR_OK, "bounced",
		debts.mails_bounced ? text : "none");
}

void doctor_mail(struct doctor *d)
{
	const struct config *c = d->cfg;
	const struct probe p = doctor_probe(&d->report, d->thorough);
	struct err e = { 0 };

	doctor_part(&d->report, "mail", c->mail_driver);
	if (open_part(
		    d, HOUSE_MAIL, "mail", strcmp(c->mail_driver, "maildir") == 0 ? c->mail_maildir : NULL)) {
		struct mailer *m = d->house.svc.mailer;
		unsigned before = d->report.n;
		probe_ended(d, before, m->ops->probe(m, &p, &e), &e);
	}
	if (d->house.svc.store)
		look_at_outbox(d);
}

int ctl_doctor(struct ctl *c, int argc, char **argv, struct err *e)
{
	static void (*const stations[])(
		struct doctor *) = { doctor_data, doctor_gaitd, doctor_store, doctor_cluster, doctor_mail };
	CLEANUP(free_p) struct doctor *d = calloc(1, sizeof *d);
	char host[256];
	int port = 0;

	bool quick = ctl_take_flag(argv, &argc, "--quick");
	if (argc != 0)
		return err_set(e, ERR_USAGE, "gaitctl doctor [--quick]");
	if (!d)
		return err_set(e, ERR_NOMEM, "doctor");
	d->cfg = c->cfg;
	d->thorough = !quick;
	(void)config_split_listen(c->cfg->http_listen, host, sizeof host, &port);
	if (doctor_report_begin(&d->report, c->out, c->json, e) < 0)
		return -1;
	doctor_settings(d);
	/* Without addresses and the consent text there is no house to walk through. */
	bool has_house = house_init(c->cfg, port, &d->house, e) == 0;
	if (!has_house)
		doctor_say(&d->report, DOCTOR_BAD, "together", e->msg);
	for (size_t i = 0; has_house && i < ARRAY_LEN(stations); i++)
		stations[i](d);
	bool wrong_settings = doctor_is_bad(&d->report, "settings");
	int bad = doctor_report_end(&d->report, e);
	if (has_house)
		house_close(&d->house);
	if (bad < 0)
		return -1;
	if (wrong_settings)
		return err_set(e, ERR_CONFIG, "settings need attention, see above");
	return bad ? err_set(e, ERR_UNAVAILABLE, "something needs attention, see above") : 0;
}
