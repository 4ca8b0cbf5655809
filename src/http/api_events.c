#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strv.h"
#include "http/api.h"
#include "http/stream.h"
#include "service/hub.h"
#include "service/jobs.h"
#include "store/events.h"

/* GET /jobs/{id}/events: the job's events as they are committed. The id of an event is its seq, so that
 * Last-Event-ID resumes without a gap. */

enum { BATCH = 16 };

struct watcher {
	struct hub_subscriber sub;
	struct service *svc;
	int64_t seq;
};

static void wake(void *arg)
{
	http_stream_wake(arg);
}

/* Up to one batch; what does not fit waits for the next pull. */
static int pull(struct http_stream *stream, void *ctx, struct buf *out)
{
	struct watcher *v = ctx;
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	CLEANUP(free_p) struct event *events = calloc(BATCH, sizeof *events);
	unsigned n;

	(void)stream;
	/* A busy database is no reason to drop the client: the hub comes again. */
	if (!events || store_begin(v->svc->store, STORE_READ_FAST, &tx, NULL) < 0 ||
		store_events_after(tx, v->sub.job, v->seq, events, BATCH, &n, NULL) < 0) {
		hub_wake_again(v->svc->hub, &v->sub);
		return 0;
	}
	for (unsigned i = 0; i < n; i++) {
		struct buf json BUF_CLEANUP;
		struct json_w w;
		char id[24];
		buf_init(&json, 4096);
		json_w_init(&w, &json);
		jobs_write_event(&events[i], &w);
		snprintf(id, sizeof id, "%lld", (long long)events[i].seq);
		if (json_w_end(&w, NULL) < 0 ||
			http_stream_event(out, id, events[i].kind, buf_str(&json), NULL) < 0)
			return i > 0 ? 1 : -1;
		v->seq = events[i].seq;
	}
	return n == BATCH; /* fewer were all: with thousands of streams a second look costs as much again */
}

static void closed(struct http_stream *stream, void *ctx)
{
	struct watcher *v = ctx;

	(void)stream;
	hub_unsubscribe(v->svc->hub, &v->sub);
	free(v);
}

static void opened(struct http_stream *stream, void *ctx)
{
	struct watcher *v = ctx;

	v->sub.wake = wake;
	v->sub.arg = stream;
	hub_subscribe(v->svc->hub, &v->sub);
}

int api_job_events(struct http_req *r, struct err *e)
{
	static const struct http_stream_hooks hooks = { pull, closed };
	struct service *s = api_service(r);
	const char *last = http_req_header(r, "Last-Event-ID");
	CLEANUP(free_p) struct watcher *v = calloc(1, sizeof *v);
	struct job job;

	if (!v)
		return err_set(e, ERR_NOMEM, "event stream");
	if (!last)
		last = http_req_query(r, "after");
	if (last && *last && !str_to_i64(last, 0, INT64_MAX, &v->seq))
		return err_set(e, ERR_INVALID, "Last-Event-ID must be the id of an event");
	{
		CLEANUP(store_tx_p) struct tx *tx = NULL;
		if (store_begin(s->store, STORE_READ_FAST, &tx, e) < 0 ||
			jobs_get(s, tx, api_user(r), http_req_param(r, "id"), &job, e) < 0)
			return -1;
	}
	v->svc = s;
	memcpy(v->sub.job, job.id, ID_BYTES);
	int answered = http_reply_stream(r, &hooks, opened, v, e);
	if (answered < 0)
		return -1;
	v = NULL; /* closed() frees it */
	return answered;
}
