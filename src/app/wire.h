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

/**
 * house_open() - store, ports and services as the settings say
 * @port   where the server listens (for the URLs); gaitctl passes the configured one
 * @alone  gaitd: takes the data folder's lock, makes the database; gaitctl: works beside a running gaitd
 * Return  0; -1 with what is wrong, and nothing left open
 */
int house_open(const struct config *cfg, int port, bool alone, struct house *ret, struct err *e);
void house_close(struct house *h);

/* Parts of house_open(): the driver that the settings name, behind its port. Its keys, URLs and settings are
 * in
 * @h already. */
int wire_blob(struct house *h, struct err *e);
int wire_cluster(struct house *h, struct err *e);
int wire_mailer(struct house *h, struct err *e);
