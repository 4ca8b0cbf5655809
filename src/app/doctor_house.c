#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/gaitctl_commands.h"
#include "app/gaitctl_doctor.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/strv.h"
#include "service/health.h"

/* doctor's first stations: settings, data folder, gaitd itself. */

void doctor_settings(struct doctor *d)
{
	unsigned n = config_check(d->cfg, d->findings, ARRAY_LEN(d->findings));
	char text[64];

	d->n_findings = n;
	doctor_part(&d->report, "settings", "");
	for (unsigned i = 0; i < n; i++) {
		const struct config_finding *f = &d->findings[i];
		const char *name = config_options[f->option].name;
		doctor_say_more(
			&d->report, f->fatal ? DOCTOR_BAD : DOCTOR_NOTE, name, f->text, name, f->todo);
	}
	if (doctor_is_bad(&d->report, "settings"))
		return;
	snprintf(text, sizeof text, "%d read, their files and folders looked at", CONFIG_COUNT);
	doctor_say(&d->report, DOCTOR_OK, "all", text);
}

/* What gaitctl makes or touches as another user may be out of gaitd's reach afterwards. */
static void look_at_user(struct doctor *d)
{
	char text[128];
	struct stat st;

	if (stat(d->cfg->data_dir, &st) < 0 || st.st_uid == geteuid())
		return;
	snprintf(text, sizeof text, "the folder belongs to user %u, and this is user %u", (unsigned)st.st_uid,
		(unsigned)geteuid());
	doctor_say_more(&d->report, DOCTOR_NOTE, "user", text, "data.dir",
		"run doctor as the user that runs gaitd: what that user may do is what counts");
}

static void look_at_database(struct doctor *d)
{
	struct house *h = &d->house;
	struct err e = { 0 };
	char text[64] = "";
	int version = 0;

	doctor_running(&d->report, "reading the whole database");
	int r = house_open_part(h, HOUSE_DATABASE, false, &e);
	if (r == 0 && ((r = store_check(h->svc.store, &e)) == 0))
		r = store_schema_version(h->svc.store, &version, &e);
	snprintf(text, sizeof text, "sound, schema %d", version);
	(void)doctor_judge(&d->report, "database", r, text, &e);
}

static void look_at_disk(struct doctor *d)
{
	struct health health;

	health_check(&d->house.svc, false, &health);
	for (unsigned i = 0; i < health.n; i++)
		if (strcmp(health.parts[i].name, "spool") == 0)
			doctor_say(&d->report, health.parts[i].ok ? DOCTOR_OK : DOCTOR_BAD, "disk",
				health.parts[i].detail);
}

static void look_at_spool(struct doctor *d)
{
	struct health_debts debts;
	struct err e = { 0 };
	char text[160];

	if (health_debts(&d->house.svc, &debts, &e) < 0) {
		doctor_say(&d->report, DOCTOR_BAD, "spool", e.msg);
	} else if (debts.orphans == 0) {
		doctor_say(&d->report, DOCTOR_OK, "spool", "every file belongs to a job");
	} else {
		snprintf(text, sizeof text, "%lld files (%lld MB) of no job", (long long)debts.orphans,
			(long long)(debts.orphans_bytes / 1000000));
		doctor_say(&d->report, DOCTOR_NOTE, "spool", text);
	}
}

void doctor_data(struct doctor *d)
{
	struct err e = { 0 };

	doctor_part(&d->report, "data", "");
	if (!fsx_exists(d->cfg->data_dir)) {
		doctor_say(&d->report, DOCTOR_SKIPPED, "folder",
			"not there yet: gaitd makes it at its first start");
		return;
	}
	look_at_user(d);
	if (doctor_judge(&d->report, "folder", house_open_part(&d->house, HOUSE_DATA, false, &e),
		    d->cfg->data_dir, &e) < 0)
		return;
	look_at_database(d);
	if (!d->house.svc.store)
		return;
	look_at_disk(d);
	look_at_spool(d);
}

void doctor_gaitd(struct doctor *d)
{
	const bool apart = *d->cfg->http_admin_listen != '\0';
	char text[700];

	doctor_part(&d->report, "gaitd", "");
	long pid = ctl_running_gaitd(&d->house);
	if (pid == 0) {
		doctor_say_more(&d->report, DOCTOR_NOTE, "process", "is not running", NULL,
			"start it and run doctor again: its address can only be tried then");
		doctor_say(&d->report, DOCTOR_SKIPPED, "answer", "gaitd is not running");
		return;
	}
	snprintf(text, sizeof text, "runs as process %ld", pid);
	doctor_say(&d->report, DOCTOR_OK, "process", text);
	if (!*d->cfg->http_public_url && str_ends(d->cfg->http_listen, ":0")) {
		doctor_say(&d->report, DOCTOR_SKIPPED, "answer",
			"http.listen leaves the port to chance, so only gaitd knows its address");
		return;
	}
	/* With a listener for operators the public one knows no /healthz: an answer that asks for sign-in is
	 * as good. */
	snprintf(text, sizeof text, "%s%s", d->house.public_url, apart ? "/api/v1/jobs" : "/healthz");
	d->answers = doctor_look(d, text, NULL, apart ? 401 : 200);
}
