#include "service/health.h"

#include <pthread.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fsx.h"

static void add(struct health *h, const char *name, bool ok, const char *detail)
{
	struct health_part *p = &h->parts[h->n++];

	p->name = name;
	p->ok = ok;
	snprintf(p->detail, sizeof p->detail, "%s", detail);
	h->ok = h->ok && ok;
}

static void check_database(struct service *s, bool deep, struct health *h)
{
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct err e = { 0 };
	int version = 0;
	char text[64];

	int r = deep ? store_check(s->store, &e) : store_begin(s->store, STORE_READ_FAST, &tx, &e);
	if (r == 0 && deep)
		r = store_schema_version(s->store, &version, &e);
	snprintf(text, sizeof text, "schema %d", store_newest_schema());
	add(h, "database", r == 0, r == 0 ? text : e.msg);
}

static void check_spool(struct service *s, struct health *h)
{
	struct err e = { 0 };
	int64_t free_bytes = 0;
	char text[200];

	if (fsx_free_bytes(s->spool, &free_bytes, &e) < 0) {
		add(h, "spool", false, e.msg);
		return;
	}
	bool ok = free_bytes >= s->opt.min_free_bytes;
	snprintf(text, sizeof text, "%.1f GB free%s", (double)free_bytes / 1e9,
		ok ? "" : ", less than upload.min_free_bytes: uploads are refused until there is more room");
	add(h, "spool", ok, text);
}

void health_check(struct service *s, bool deep, struct health *h)
{
	struct err e;

	*h = (struct health){ .ok = true };
	bool ready = s->lock_fd < 0 || atomic_load(&s->ready);
	add(h, "start-up", ready, ready ? "done" : "checking what an earlier run left behind");
	check_database(s, deep, h);
	check_spool(s, h);
	if (!deep)
		return;
	e = (struct err){ 0 };
	add(h, "store", s->blob->ops->probe(s->blob, NULL, &e) == 0, e.msg[0] ? e.msg : s->blob->ops->name);
	e = (struct err){ 0 };
	add(h, "cluster", s->cluster->ops->probe(s->cluster, NULL, &e) == 0,
		e.msg[0] ? e.msg : s->cluster->ops->name);
	e = (struct err){ 0 };
	add(h, "mail", s->mailer->ops->probe(s->mailer, NULL, &e) == 0,
		e.msg[0] ? e.msg : s->mailer->ops->name);
}

void health_recent(struct service *s, struct health *ret)
{
	static const int64_t fresh_ms = 10000;
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct health last;
	static int64_t last_ms = -1;

	/* Whoever comes while a check runs waits for it instead of starting another. */
	pthread_mutex_lock(&lock);
	int64_t now = clock_mono_ms();
	if (last_ms < 0 || now - last_ms > fresh_ms || !last.ok) {
		health_check(s, true, &last);
		last_ms = now;
	}
	*ret = last;
	pthread_mutex_unlock(&lock);
}
