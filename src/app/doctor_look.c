#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gaitctl_doctor.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strv.h"
#include "drivers/http_look.h"

enum { LOOK_MS = 15000, SKEW_MAX_S = 60, DAY_S = 86400, CERT_LEAST_DAYS = 14 };

static const char *const stages[] = {
	[HTTP_LOOK_DNS] = "name lookup",
	[HTTP_LOOK_TCP] = "connection",
	[HTTP_LOOK_TLS] = "certificate",
	[HTTP_LOOK_ANSWER] = "answer",
};

/* Both sides may round, and the answer took its time: a minute is far beyond that, and far below the 15
 * minutes at which stores refuse signed requests. */
static void look_at_clock(struct doctor *d, const struct http_look *look)
{
	char text[200];

	if (look->date_s == 0)
		return;
	int64_t skew_s = clock_wall_ms() / 1000 - look->date_s;
	bool bad = llabs(skew_s) > SKEW_MAX_S;
	if (bad)
		snprintf(text, sizeof text,
			"this machine is %lld s %s the server: signed addresses and tokens will fail",
			(long long)llabs(skew_s), skew_s > 0 ? "ahead of" : "behind");
	else
		snprintf(text, sizeof text, "within %d s of the server's", SKEW_MAX_S);
	doctor_say(&d->report, bad ? DOCTOR_BAD : DOCTOR_OK, "clock", text);
}

static void look_at_certificate(struct doctor *d, const struct http_look *look)
{
	char text[200], until[CLOCK_TEXT_BYTES];

	if (look->cert_until_s == 0)
		return;
	int64_t days = (look->cert_until_s - clock_wall_ms() / 1000) / DAY_S;
	clock_rfc3339(look->cert_until_s * 1000, until);
	snprintf(text, sizeof text, "valid until %.10s%s", until,
		days < CERT_LEAST_DAYS ? ": renew it now" : "");
	doctor_say(&d->report, days < CERT_LEAST_DAYS ? DOCTOR_NOTE : DOCTOR_OK, "certificate", text);
}

bool doctor_look(struct doctor *d, const char *url, const char *ca_file, int want)
{
	struct doctor_report *r = &d->report;
	struct http_look look;
	struct err e = { 0 };
	char text[700];

	snprintf(text, sizeof text, "GET %s", url);
	doctor_running(r, text);
	if (http_look(url, ca_file, LOOK_MS, &look, &e) < 0) {
		snprintf(text, sizeof text, "%s: %s", url, e.msg);
		doctor_say(r, DOCTOR_BAD, stages[look.stage], text);
		return false;
	}
	doctor_say(r, DOCTOR_OK, "connection", look.ip);
	look_at_certificate(d, &look);
	bool right = want == 0 || look.status == want;
	snprintf(text, sizeof text, "%s answers with %d%s", url, look.status,
		right ? "" : ": that is not this gaitd");
	doctor_say(r, right ? DOCTOR_OK : DOCTOR_BAD, "answer", text);
	look_at_clock(d, &look);
	return right;
}

void doctor_clock(struct doctor *d, const char *url, const char *ca_file)
{
	struct http_look look;

	doctor_running(&d->report, "its clock");
	if (http_look(url, ca_file, LOOK_MS, &look, NULL) == 0)
		look_at_clock(d, &look);
}
