#include "service/fetcher.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/fsx.h"
#include "core/retry.h"
#include "service/attempt_end.h"
#include "service/checkin.h"
#include "service/settle.h"
#include "service/work_order.h"
#include "service/worker.h"

enum { IDLE_MS = 1000, PAUSE_MS = 2000, PAUSE_MOST_MS = 300000, DAMAGED_TRIES = 3 };

struct fetch {
	struct attempt a;
	struct cluster_status st;
	int failures, damaged; /* damaged: failures that no retry should have had */
	int64_t due_ms;        /* monotonic */
	struct fetch *next;
};

struct fetcher {
	pthread_mutex_t lock;
	struct fetch *first;
};

int fetcher_new(struct fetcher **ret, struct err *e)
{
	struct fetcher *f = calloc(1, sizeof *f);

	if (!f)
		return err_set(e, ERR_NOMEM, "fetcher");
	pthread_mutex_init(&f->lock, NULL);
	*ret = f;
	return 0;
}

void fetcher_free(struct fetcher *f)
{
	if (!f)
		return;
	for (struct fetch *next, *i = f->first; i; i = next) {
		next = i->next;
		free(i);
	}
	pthread_mutex_destroy(&f->lock);
	free(f);
}

/* Under the lock: the place that points at it, or the last one, which points at NULL. */
static struct fetch **find(struct fetcher *f, const char *attempt)
{
	struct fetch **at = &f->first;

	while (*at && strcmp((*at)->a.id, attempt) != 0)
		at = &(*at)->next;
	return at;
}

int fetcher_want(struct service *s, const struct attempt *a, const struct cluster_status *st, struct err *e)
{
	struct fetcher *f = s->fetcher;
	bool added = false;
	int r = 0;

	pthread_mutex_lock(&f->lock);
	struct fetch **at = find(f, a->id);
	if (!*at) {
		*at = calloc(1, sizeof **at);
		if (*at) {
			**at = (struct fetch){ .a = *a, .st = *st, .due_ms = clock_mono_ms() };
			added = true;
		} else {
			r = err_set(e, ERR_NOMEM, "fetcher");
		}
	}
	pthread_mutex_unlock(&f->lock);
	if (added)
		wake_poke(&s->fetch);
	return r;
}

bool fetcher_has(struct service *s, const char *attempt)
{
	pthread_mutex_lock(&s->fetcher->lock);
	bool has = *find(s->fetcher, attempt) != NULL;
	pthread_mutex_unlock(&s->fetcher->lock);
	return has;
}

static void drop(struct fetcher *f, struct fetch *i)
{
	pthread_mutex_lock(&f->lock);
	struct fetch **at = find(f, i->a.id);
	*at = i->next;
	pthread_mutex_unlock(&f->lock);
	free(i);
}

struct polled {
	struct service *svc;
	const struct attempt *a;
};

/* Does nobody want it any more, or does the house close? */
static int stop(void *arg)
{
	struct polled *p = arg;
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct attempt a;
	struct job job;

	if (wake_stopping(&p->svc->fetch))
		return -1;
	if (store_begin(p->svc->store, STORE_READ, &tx, NULL) < 0 ||
		store_attempt_get(tx, p->a->id, &a, NULL) != 0 || store_job_get(tx, a.job, &job, NULL) != 0)
		return 0;
	return attempt_current(&job, &a, NULL);
}

static int get_file(struct service *s, const struct fetch *i, const char *name, const char *path,
	struct cluster_file *got, struct err *e)
{
	CLEANUP(close_p) int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(e, ERR_IO, "create %s", path);
	return s->cluster->ops->get(s->cluster, i->a.id, name, OUTPUT_MAX_BYTES, fd, got, e);
}

/* One output from the cluster into the store; 0 also where there is none of that name. */
static int fetch_output(struct service *s, const struct fetch *i, const char *name, struct err *e)
{
	char key[BLOB_KEY_BYTES], path[4096], file[128], hex[SHA256_HEX_BYTES];
	struct polled polled = { .svc = s, .a = &i->a };
	struct cluster_file got;
	struct blob_stat want;

	attempt_output_key(i->a.job, i->a.n, name, key);
	int r = s->blob->ops->stat(s->blob, key, &want, e);
	if (r <= 0)
		return r; /* there from an earlier round */
	snprintf(file, sizeof file, "fetch-%s-%s", i->a.id, name);
	if (fsx_join(path, sizeof path, s->spool_tmp, file, e) < 0)
		return -1;
	r = get_file(s, i, name, path, &got, e);
	if (r == 0) {
		hex_encode(got.sha256, SHA256_BYTES, hex);
		if (strcmp(name, "result.json") == 0 && strcmp(hex, i->st.result_sha256) != 0)
			r = err_set(e, ERR_CORRUPT, "%s is not the one that the attempt speaks of", name);
	}
	if (r == 0) {
		want.bytes = got.bytes;
		memcpy(want.sha256, got.sha256, SHA256_BYTES);
		r = s->blob->ops->put_file(s->blob, key, path, &want, stop, &polled, e);
		FAULT_POINT("fetcher.stored");
	}
	unlink(path);
	return r < 0 ? err_wrap(e, "%s from the cluster", name) : 0;
}

/* Outputs that cannot be had: the attempt failed, whatever it says itself. */
static int give_up(
	struct service *s, const struct fetch *i, const char *text, const struct err *why, struct err *e)
{
	struct cluster_status st = i->st;

	st.exit_code = 1;
	snprintf(st.error_kind, sizeof st.error_kind, "upload_failed");
	snprintf(st.error_text, sizeof st.error_text, "%s", text);
	str_cut(st.detail, sizeof st.detail, why->msg);
	return attempt_settle(s, &i->a, &st, e);
}

static int work(struct service *s, struct fetch *i, struct err *e)
{
	struct polled polled = { .svc = s, .a = &i->a };

	for (unsigned n = 0; n < ATTEMPT_OUTPUTS; n++) {
		if (stop(&polled) < 0)
			return 0;
		if (fetch_output(s, i, attempt_outputs[n], e) == 0)
			continue;
		struct err why = *e;
		if (why.kind == ERR_TOO_LARGE)
			return give_up(s, i, "The results are too large to be saved.", &why, e);
		if (!err_may_retry(why.kind) && stop(&polled) == 0 && ++i->damaged >= DAMAGED_TRIES)
			return give_up(s, i, "The results could not be saved.", &why, e);
		return -1;
	}
	return attempt_settle(s, &i->a, &i->st, e);
}

int fetcher_once(struct service *s, struct err *e)
{
	struct fetcher *f = s->fetcher;
	struct fetch *i;
	int64_t now = clock_mono_ms();

	pthread_mutex_lock(&f->lock);
	for (i = f->first; i && i->due_ms > now; i = i->next)
		;
	pthread_mutex_unlock(&f->lock);
	if (!i)
		return WORKER_IDLE;
	/* Only this thread removes entries, so it stays good without the lock. */
	if (work(s, i, e) == 0) {
		drop(f, i);
		wake_poke(&s->reaper);
		return WORKER_WORKED;
	}
	service_log_failure("fetcher.failed", i->a.job, e);
	pthread_mutex_lock(&f->lock);
	i->due_ms = now + retry_delay_ms(++i->failures, PAUSE_MS, PAUSE_MOST_MS, service_random());
	pthread_mutex_unlock(&f->lock);
	return -1;
}

void *fetcher_main(void *service)
{
	struct service *s = service;

	do {
		struct err e = { 0 };
		while (!wake_stopping(&s->fetch) && fetcher_once(s, &e) != WORKER_IDLE)
			;
	} while (wake_wait(&s->fetch, IDLE_MS));
	return NULL;
}
