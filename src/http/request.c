#include "http/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/acceptor.h"
#include "http/stream.h"

/* The way of one request through libmicrohttpd's callbacks: req_uri_log() when the request line is there,
 * req_handle() once for the headers, for each piece of the body and at its end, req_completed() at last. */

enum { DISCARD_BYTES = 16384 }; /* a refused body up to this size is read, and the connection lives on */

void *req_uri_log(void *cls, const char *uri, struct MHD_Connection *conn)
{
	struct side *side = cls;
	struct http_req *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->srv = side->srv;
	r->side = side;
	r->conn = conn;
	r->linger_fd = -1;
	r->start_ms = clock_mono_ms();
	answer_init(&r->answer);
	buf_init(&r->body, 0);
	server_request_id(r->srv, r->id);
	atomic_fetch_add_explicit(&r->srv->requests, 1, memory_order_relaxed);
	server_request_starts(r->srv);
	r->counted = true;
	(void)target_parse(uri, &r->target, &r->refusal);
	return r;
}

static void finish(struct http_req *r)
{
	struct err e = { .kind = ERR_NONE };

	if (r->route->end(r, &e) < 0)
		req_problem(r, &e);
	if (r->answer.kind != ANSWER_NONE)
		return;
	err_set(&e, ERR_INTERNAL, "the handler of %s %s gave no answer", r->route->method, r->route->pattern);
	req_problem(r, &e);
}

/* --- hooks on a thread of their own, where a kept-alive connection brought a blocking route to the loop
 * ------ */

static bool misplaced(const struct http_req *r)
{
	return r->side->loop && (r->route->flags & HTTP_BLOCKING);
}

static void *offload_main(void *arg)
{
	struct http_req *r = arg;
	struct http_server *srv = r->srv;

	if (r->phase == PHASE_OPENING)
		(void)req_admit(r);
	else
		finish(r);
	atomic_fetch_sub(&srv->blocking.count, 1);
	MHD_resume_connection(r->conn); /* r belongs to the loop again */
	server_offload_ends(srv);
	return NULL;
}

static int start_detached(void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	int failed = pthread_attr_init(&attr);

	if (failed)
		return failed;
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	failed = pthread_create(&thread, &attr, run, arg);
	(void)pthread_attr_destroy(&attr);
	return failed;
}

static void refuse_busy(struct http_req *r, const char *why)
{
	struct err e;

	atomic_fetch_add(&r->srv->refused_busy, 1);
	err_set(&e, ERR_BUSY, "%s", why);
	req_problem(r, &e);
}

/* Return true: the connection is suspended until the hook is through; false: an answer is set. */
static bool offload(struct http_req *r, enum phase phase)
{
	struct side *blocking = &r->srv->blocking;

	if (!server_offload_starts(r->srv)) {
		refuse_busy(r, "the server is stopping");
		return false;
	}
	if (atomic_fetch_add(&blocking->count, 1) >= blocking->max) {
		atomic_fetch_sub(&blocking->count, 1);
		server_offload_ends(r->srv);
		refuse_busy(r, "all threads for requests that may wait are taken");
		return false;
	}
	r->phase = phase;
	MHD_suspend_connection(r->conn);
	if (start_detached(offload_main, r)) {
		struct http_server *srv = r->srv;

		refuse_busy(r, "no thread can be started");
		atomic_fetch_sub(&blocking->count, 1);
		MHD_resume_connection(r->conn);
		server_offload_ends(srv);
	}
	return true;
}

/* --- the callbacks ----------------------------------------------------------------------------------------
 */

/* An answer is set before the whole body has come. A short rest is read, so that the connection can live on;
 * to a client that still has much to send, or waits for 100 Continue, the answer goes at once and the
 * connection ends. */
static enum MHD_Result answer_early(struct http_req *r)
{
	int64_t received = atomic_load_explicit(&r->received, memory_order_relaxed);
	int64_t left = r->content_length < 0 ? INT64_MAX : r->content_length - received;

	body_rate_forget(r);
	if (r->too_slow)
		return MHD_NO;
	if (left > DISCARD_BYTES || (left > 0 && r->expects && received == 0))
		return req_send_raw(r);
	r->phase = PHASE_DISCARD;
	return MHD_YES;
}

static enum MHD_Result opened(struct http_req *r)
{
	if (r->answer.kind != ANSWER_NONE)
		return answer_early(r);
	r->phase = PHASE_BODY;
	if (r->content_length != 0)
		body_rate_watch(r);
	return MHD_YES;
}

static enum MHD_Result open_request(struct http_req *r, const char *method)
{
	r->method = method;
	if (req_identify(r))
		return answer_early(r);
	if (misplaced(r))
		return offload(r, PHASE_OPENING) ? MHD_YES : answer_early(r);
	(void)req_admit(r);
	return opened(r);
}

static int take_piece(struct http_req *r, const char *data, size_t len, struct err *e)
{
	int64_t received = atomic_fetch_add_explicit(&r->received, (long long)len, memory_order_relaxed);

	if (received > r->max_body - (int64_t)len)
		return err_set(e, ERR_TOO_LARGE, "the body is over %lld bytes", (long long)r->max_body);
	if (r->route->body == HTTP_BODY_NONE)
		return 0;
	if (r->route->body != HTTP_BODY_STREAM)
		return buf_add(&r->body, data, len, e);
	atomic_store_explicit(&r->in_hook, true, memory_order_relaxed);
	int rc = r->route->data(r, data, len, e);
	atomic_store_explicit(&r->in_hook, false, memory_order_relaxed);
	return rc;
}

static enum MHD_Result body_piece(struct http_req *r, const char *data, size_t *size)
{
	struct err e = { .kind = ERR_NONE };
	size_t len = *size;

	*size = 0;
	if (take_piece(r, data, len, &e) < 0)
		req_problem(r, &e);
	return r->answer.kind == ANSWER_NONE ? MHD_YES : answer_early(r);
}

static enum MHD_Result body_end(struct http_req *r)
{
	body_rate_forget(r);
	if (r->too_slow)
		return MHD_NO;
	if (misplaced(r))
		return offload(r, PHASE_ENDING) ? MHD_YES : req_queue(r);
	finish(r);
	return req_queue(r);
}

enum MHD_Result req_handle(void *cls, struct MHD_Connection *conn, const char *url, const char *method,
	const char *version, const char *data, size_t *size, void **ctx)
{
	struct http_req *r = *ctx;

	(void)cls, (void)conn, (void)url, (void)version;
	if (!r) /* no memory for it: only closing is left */
		return MHD_NO;
	switch (r->phase) {
	case PHASE_NEW:
		return open_request(r, method);
	case PHASE_OPENING: /* resumed */
		return opened(r);
	case PHASE_BODY:
		return *size ? body_piece(r, data, size) : body_end(r);
	case PHASE_DISCARD:
		if (*size == 0)
			return req_queue(r);
		atomic_fetch_add_explicit(&r->received, (long long)*size, memory_order_relaxed);
		*size = 0;
		return MHD_YES;
	case PHASE_ENDING: /* resumed */
		return req_queue(r);
	case PHASE_SENT:
		break;
	}
	return MHD_NO;
}

/* One line a request: changes and failures always, plain reading only when debugging. */
static void log_request(const struct http_req *r)
{
	bool reading = r->method && (strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0);
	enum log_level level = reading && r->answer.status < 500 ? LOG_DEBUG : LOG_INFO;

	log_event(level, "http.request", LOG_S("id", r->id), LOG_S("method", r->method),
		LOG_S("route", r->route ? r->route->pattern : ""), LOG_I("status", r->answer.status),
		LOG_S("client", r->client), LOG_I("ms", clock_mono_ms() - r->start_ms),
		LOG_I("received", atomic_load(&r->received)), LOG_S("end", r->completed ? "sent" : "broken"));
}

void req_completed(void *cls, struct MHD_Connection *conn, void **ctx, enum MHD_RequestTerminationCode how)
{
	struct http_req *r = *ctx;
	struct side *side = cls;

	(void)conn;
	*ctx = NULL;
	if (!r)
		return;
	body_rate_forget(r);
	r->completed = r->written || (r->phase == PHASE_SENT && how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	if (r->answer.stream)
		stream_close(r->answer.stream);
	if (r->entered && r->route->done)
		r->route->done(r);
	if (r->principal && r->release_principal)
		r->release_principal(r->principal);
	log_request(r);
	if (r->linger_fd >= 0)
		acceptor_linger(side->srv->acceptor, r->linger_fd);
	if (r->counted)
		server_request_ends(side->srv);
	answer_deinit(&r->answer);
	buf_deinit(&r->body);
	target_deinit(&r->target);
	free(r->param_text);
	free(r);
}
