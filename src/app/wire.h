#pragma once

#include "app/config.h"
#include "base/buf.h"
#include "service/service.h"

/* The one place that knows settings, drivers and services: it makes the house and takes it down in order. */

struct house {
	const struct config *cfg;
	char public_url[512], callback_url[560];
	struct buf consent_text;
	struct service svc;
	bool svc_open;
};

/* What there is to open. gaitctl's commands open only what they need: a broken mailer must not keep anybody
 * from adding an account. */
enum house_part {
	HOUSE_DATA = 1, /* the data folder with its key and spool */
	HOUSE_DATABASE = 2,
	HOUSE_BLOB = 4,
	HOUSE_CLUSTER = 8,
	HOUSE_MAIL = 16,
	HOUSE_BASE = HOUSE_DATA | HOUSE_DATABASE,
	HOUSE_ALL = HOUSE_BASE | HOUSE_BLOB | HOUSE_CLUSTER | HOUSE_MAIL,
};

/**
 * house_open() - data folder, database, ports and services as the settings say
 * @port   where the server listens (for the URLs); gaitctl passes the configured one
 * @alone  gaitd: takes the data folder's lock, makes the database; gaitctl: works beside a running gaitd
 * @parts  of enum house_part, in that order; what is not among them stays NULL
 * Return  0; -1 with what is wrong, and nothing left open
 */
int house_open(
	const struct config *cfg, int port, bool alone, unsigned parts, struct house *ret, struct err *e);

/* The same in two steps, for who looks at each part by itself: a house with its URLs and nothing open, then
 * one part after the other. A part that cannot be opened leaves the others as they are; house_close() ends
 * both. */
int house_init(const struct config *cfg, int port, struct house *ret, struct err *e);
int house_open_part(struct house *h, enum house_part part, bool alone, struct err *e);
void house_close(struct house *h);

/* Parts of house_open(): the driver that the settings name, behind its port. Its keys, URLs and settings are
 * in @h already. */
int wire_blob(struct house *h, struct err *e);
int wire_cluster(struct house *h, struct err *e);
int wire_mailer(struct house *h, struct err *e);
