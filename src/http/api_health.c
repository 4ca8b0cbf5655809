#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fsx.h"
#include "base/json.h"
#include "core/job.h"
#include "http/api.h"
#include "http/server.h"
#include "service/health_watch.h"
#include "service/hub.h"
#include "store/attempts.h"
#include "store/jobs.h"
#include "store/outbox.h"
#include "store/releases.h"

/* For operators and their monitors. */

int api_healthz(struct http_req *r, struct err *e)
{
	return http_reply_text(r, 200, "application/json", "{\"status\":\"ok\"}", e);
}

static void write_health(struct json_w *w, const struct health *h)
{
	char since[CLOCK_TEXT_BYTES];

	json_w_bool(w, "ready", h->ready);
	json_w_str(w, "status", h->ok ? "ok" : h->ready ? "degraded" : "not_ready");
	json_w_obj(w, "parts");
	for (unsigned i = 0; i < h->n; i++) {
		clock_rfc3339(h->parts[i].since_ms, since);
		json_w_obj(w, h->parts[i].name);
		json_w_bool(w, "ok", h->parts[i].ok);
		json_w_bool(w, "needed", h->parts[i].needed);
		json_w_str(w, "detail", h->parts[i].detail);
		json_w_str(w, "since", since);
		json_w_obj_end(w);
	}
	json_w_obj_end(w);
}

int api_readyz(struct http_req *r, struct err *e)
{
	struct health h;
	struct buf out BUF_CLEANUP;
	struct json_w w;

	health_recent(api_service(r), &h);
	buf_init(&out, 16384);
	json_w_init(&w, &out);
	json_w_obj(&w, NULL);
	write_health(&w, &h);
	json_w_obj_end(&w);
	return json_w_end(&w, e) < 0 ? -1 : http_reply_json(r, h.ready ? 200 : 503, &out, e);
}

static int write_counts(struct tx *tx, struct json_w *w, struct err *e)
{
	static const struct {
		const char *name, *kind;
	} faults[] = { { "node_misconfigured_24h", "node_misconfigured" },
		{ "out_of_memory_24h", "out_of_memory" } };
	static const char *const mails[] = { "pending", "bounced" };
	static const int64_t day_ms = 86400000;
	int64_t n;

	json_w_obj(w, "jobs");
	for (int state = 0; state < JOB_STATE_COUNT; state++) {
		if (store_jobs_count(tx, (enum job_state)state, NULL, &n, e) < 0)
			return -1;
		json_w_int(w, job_state_name((enum job_state)state), n);
	}
	json_w_obj_end(w);
	json_w_obj(w, "outbox");
	for (unsigned i = 0; i < ARRAY_LEN(mails); i++) {
		if (store_outbox_count(tx, mails[i], &n, e) < 0)
			return -1;
		json_w_int(w, mails[i], n);
	}
	json_w_obj_end(w);
	json_w_obj(w, "cluster");
	if (store_attempts_never_run(tx, &n, e) < 0)
		return -1;
	json_w_int(w, "never_run", n);
	for (unsigned i = 0; i < ARRAY_LEN(faults); i++) {
		if (store_attempts_failed(tx, faults[i].kind, clock_wall_ms() - day_ms, &n, e) < 0)
			return -1;
		json_w_int(w, faults[i].name, n);
	}
	json_w_obj_end(w);
	return 0;
}

static void write_load(const struct api *api, struct json_w *w)
{
	struct service *s = api->svc;
	struct http_stats st = { 0 };
	int64_t free_bytes = 0;

	if (api->server)
		http_server_stats(api->server, &st);
	bool known = fsx_free_bytes(s->spool, &free_bytes, NULL) == 0;
	json_w_obj(w, "spool");
	if (known)
		json_w_int(w, "free_bytes", free_bytes);
	else
		json_w_null(w, "free_bytes");
	json_w_int(w, "min_free_bytes", s->opt.min_free_bytes);
	json_w_int(w, "reserved_bytes", atomic_load(&s->reserved_bytes));
	json_w_obj_end(w);
	json_w_obj(w, "http");
	json_w_int(w, "connections_api", st.api);
	json_w_int(w, "connections_blocking", st.blocking);
	json_w_int(w, "event_streams", hub_subscribers(s->hub));
	json_w_int(w, "requests", (int64_t)st.requests);
	json_w_int(w, "refused_busy", (int64_t)st.refused_busy);
	json_w_obj_end(w);
}

/* What /readyz and /metrics say, for people in the web app: here whatever the operators' listener is. Always
 * 200, for the question was answered. */
int api_health(struct http_req *r, struct err *e)
{
	const struct api *api = http_req_app(r);
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	struct buf out BUF_CLEANUP;
	struct json_w w;
	struct health h;

	buf_init(&out, 32768);
	health_recent(api->svc, &h);
	json_w_init(&w, &out);
	json_w_obj(&w, NULL);
	write_health(&w, &h);
	json_w_obj(&w, "counts");
	if (store_begin(api->svc->store, STORE_READ, &tx, e) < 0 || write_counts(tx, &w, e) < 0)
		return -1;
	write_load(api, &w);
	json_w_obj_end(&w);
	json_w_obj_end(&w);
	return json_w_end(&w, e) < 0 ? -1 : http_reply_json(r, 200, &out, e);
}

static int gauge(struct buf *out, const char *name, const char *help, double value, struct err *e)
{
	return buf_addf(out, e, "# HELP %s %s\n# TYPE %s gauge\n%s %.17g\n", name, help, name, name, value);
}

static int counter(struct buf *out, const char *name, const char *help, uint64_t value, struct err *e)
{
	return buf_addf(out, e, "# HELP %s %s\n# TYPE %s counter\n%s %llu\n", name, help, name, name,
		(unsigned long long)value);
}

static int job_metrics(struct service *s, struct buf *out, struct err *e)
{
	static const int64_t day_ms = 86400000;
	CLEANUP(store_tx_p) struct tx *tx = NULL;
	int64_t n;

	if (store_begin(s->store, STORE_READ, &tx, e) < 0 ||
		buf_adds(out, "# HELP gaitd_jobs Jobs by state.\n# TYPE gaitd_jobs gauge\n", e) < 0)
		return -1;
	for (int state = 0; state < JOB_STATE_COUNT; state++)
		if (store_jobs_count(tx, (enum job_state)state, NULL, &n, e) < 0 ||
			buf_addf(out, e, "gaitd_jobs{state=\"%s\"} %lld\n",
				job_state_name((enum job_state)state), (long long)n) < 0)
			return -1;
	static const char *const mails[] = { "pending", "bounced" };
	if (buf_adds(out, "# HELP gaitd_outbox Mails by state.\n# TYPE gaitd_outbox gauge\n", e) < 0)
		return -1;
	for (unsigned i = 0; i < ARRAY_LEN(mails); i++)
		if (store_outbox_count(tx, mails[i], &n, e) < 0 ||
			buf_addf(out, e, "gaitd_outbox{state=\"%s\"} %lld\n", mails[i], (long long)n) < 0)
			return -1;
	if (store_releases_waiting(tx, &n, e) < 0 ||
		gauge(out, "gaitd_results_waiting", "Results that wait for a clinician.", (double)n, e) < 0)
		return -1;
	if (store_attempts_never_run(tx, &n, e) < 0 ||
		gauge(out, "gaitd_attempts_never_run", "Attempts that the scheduler says can never run.",
			(double)n, e) < 0 ||
		store_attempts_failed(tx, "node_misconfigured", clock_wall_ms() - day_ms, &n, e) < 0)
		return -1;
	if (gauge(out, "gaitd_attempts_misconfigured",
		    "Attempts of the last 24 hours that ended because a node is not set up.", (double)n,
		    e) < 0 ||
		store_attempts_failed(tx, "out_of_memory", clock_wall_ms() - day_ms, &n, e) < 0)
		return -1;
	return gauge(out, "gaitd_attempts_out_of_memory",
		"Attempts of the last 24 hours that needed more memory than cluster.memory asks for.",
		(double)n, e);
}

static int health_metrics(struct service *s, struct buf *out, struct err *e)
{
	struct health h;

	health_recent(s, &h);
	if (gauge(out, "gaitd_ready", "1 when uploads are accepted.", h.ready, e) < 0 ||
		buf_adds(out, "# HELP gaitd_part_up 1 when the part works.\n# TYPE gaitd_part_up gauge\n",
			e) < 0)
		return -1;
	for (unsigned i = 0; i < h.n; i++)
		if (buf_addf(out, e, "gaitd_part_up{part=\"%s\"} %d\n", h.parts[i].name, h.parts[i].ok) < 0)
			return -1;
	return 0;
}

/* Prometheus text format 0.0.4. */
int api_metrics(struct http_req *r, struct err *e)
{
	const struct api *api = http_req_app(r);
	struct http_stats st = { 0 };
	struct buf out BUF_CLEANUP;

	buf_init(&out, 65536);
	if (api->server)
		http_server_stats(api->server, &st);
	if (job_metrics(api->svc, &out, e) < 0 || health_metrics(api->svc, &out, e) < 0 ||
		gauge(&out, "gaitd_event_streams", "Open event streams.", hub_subscribers(api->svc->hub), e) <
			0 ||
		gauge(&out, "gaitd_connections_api", "Connections on the event loop.", st.api, e) < 0 ||
		gauge(&out, "gaitd_connections_blocking", "Connections with a thread of their own.",
			st.blocking, e) < 0 ||
		gauge(&out, "gaitd_upload_reserved_bytes", "Disk space promised to uploads under way.",
			(double)atomic_load(&api->svc->reserved_bytes), e) < 0 ||
		counter(&out, "gaitd_requests_total", "Requests since the start.", st.requests, e) < 0 ||
		counter(&out, "gaitd_refused_busy_total", "Connections refused at a limit.", st.refused_busy,
			e) < 0)
		return -1;
	return http_reply_buf(r, 200, "text/plain; version=0.0.4", &out, e);
}
