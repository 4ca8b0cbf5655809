#include "http/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/fsx.h"
#include "base/log.h"
#include "http/acceptor.h"
#include "http/internal.h"

/* libmicrohttpd's own limit stays this far above ours: reaching it deadlocks 0.9.75. */
enum { LIMIT_DISTANCE = 64 };
enum { UPLOAD_NICE = 5 };

/* --- what requests share -----------------------------------------------------------------------------------
 */

void server_request_id(struct http_server *srv, char out[24])
{
	/* SplitMix64 (Steele, Lea, Flood 2014): distinct for each request, different at each start. */
	uint64_t z = srv->id_seed + (atomic_fetch_add(&srv->id_next, 1) + 1) * 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	static const char prefix[] = { 'r', 'e', 'q', '_' };
	memcpy(out, prefix, sizeof prefix);
	hex_encode(&z, sizeof z, out + sizeof prefix);
}

void server_request_starts(struct http_server *srv)
{
	(void)pthread_mutex_lock(&srv->idle_mu);
	srv->requests_now++;
	(void)pthread_mutex_unlock(&srv->idle_mu);
}

void server_request_ends(struct http_server *srv)
{
	(void)pthread_mutex_lock(&srv->idle_mu);
	srv->requests_now--;
	if (atomic_load_explicit(&srv->draining, memory_order_relaxed))
		(void)pthread_cond_broadcast(&srv->idle_cond);
	(void)pthread_mutex_unlock(&srv->idle_mu);
}

bool server_offload_starts(struct http_server *srv)
{
	(void)pthread_mutex_lock(&srv->idle_mu);
	bool allowed = !srv->no_offloads;
	srv->offloads += allowed;
	(void)pthread_mutex_unlock(&srv->idle_mu);
	return allowed;
}

void server_offload_ends(struct http_server *srv)
{
	(void)pthread_mutex_lock(&srv->idle_mu);
	srv->offloads--;
	(void)pthread_cond_broadcast(&srv->idle_cond);
	(void)pthread_mutex_unlock(&srv->idle_mu);
}

/* --- libmicrohttpd ----------------------------------------------------------------------------------------
 */

/* Threads of uploads step back behind the event loop, so that a status request need not wait for a time
 * slice. On Linux the nice value is a thread's own and goes to the threads it makes: this is the one that
 * makes them. */
static void step_back(void)
{
	static _Thread_local bool done;

	if (!done)
		(void)setpriority(PRIO_PROCESS, (id_t)gettid(), UPLOAD_NICE);
	done = true;
}

static void connection_notify(
	void *cls, struct MHD_Connection *conn, void **ctx, enum MHD_ConnectionNotificationCode code)
{
	struct side *side = cls;
	struct http_server *srv = side->srv;
	struct peer_addr peer;

	(void)ctx;
	if (code != MHD_CONNECTION_NOTIFY_CLOSED) {
		if (!side->loop)
			step_back();
		return;
	}
	atomic_fetch_sub(&side->count, 1);
	if (srv->opt.max_per_address == 0)
		return;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (!info || !info->client_addr || !peer_from_sockaddr(info->client_addr, &peer) ||
		peer_list_has(&srv->proxies, &peer))
		return;
	(void)pthread_mutex_lock(&srv->addr_mu);
	peer_counts_del(srv->by_address, &peer);
	(void)pthread_mutex_unlock(&srv->addr_mu);
}

__attribute__((format(printf, 2, 0))) static void library_log(void *cls, const char *fmt, va_list ap)
{
	char text[256];

	(void)cls;
	if (vsnprintf(text, sizeof text, fmt, ap) > 0)
		log_event(LOG_DEBUG, "http.library", LOG_S("text", text));
}

static void library_panic(void *cls, const char *file, unsigned int line, const char *reason)
{
	(void)cls;
	log_event(LOG_ERROR, "http.panic", LOG_S("file", file), LOG_I("line", line), LOG_S("reason", reason));
	abort();
}

/* The path and the query are decoded by target.c, from what the client sent. */
static size_t keep_escapes(void *cls, struct MHD_Connection *conn, char *text)
{
	(void)cls, (void)conn;
	return strlen(text);
}

static int start_side(struct side *side, unsigned flags, size_t memory, struct err *e)
{
	flags |= MHD_USE_ERROR_LOG | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_USE_INTERNAL_POLLING_THREAD;
	side->mhd = MHD_start_daemon(flags, 0, NULL, NULL, req_handle, side, MHD_OPTION_EXTERNAL_LOGGER,
		library_log, NULL, MHD_OPTION_URI_LOG_CALLBACK, req_uri_log, side,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED, req_completed,
		side, MHD_OPTION_NOTIFY_CONNECTION, connection_notify, side,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory, MHD_OPTION_CONNECTION_LIMIT,
		side->max + LIMIT_DISTANCE, MHD_OPTION_CONNECTION_TIMEOUT, side->srv->opt.idle_timeout_s,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
	if (!side->mhd)
		return err_errno(e, ERR_IO, "libmicrohttpd does not start");
	return 0;
}

/* --- start ------------------------------------------------------------------------------------------------
 */

#define DEFAULT(field, value) ((field) = (field) ? (field) : (value))

static void set_defaults(struct http_server_options *o)
{
	DEFAULT(o->max_api, 6000);
	DEFAULT(o->max_blocking, 256);
	DEFAULT(o->max_waiting, 2048);
	DEFAULT(o->max_streams, 5000);
	DEFAULT(o->api_memory_bytes, 16 << 10);
	DEFAULT(o->blocking_memory_bytes, 1 << 20);
	DEFAULT(o->header_timeout_ms, 5000);
	DEFAULT(o->idle_timeout_s, 30);
	DEFAULT(o->min_rate_bytes_s, 512);
	DEFAULT(o->min_rate_window_ms, 60000);
	DEFAULT(o->heartbeat_ms, 15000);
}

/* scheme://host[:port] of public_url */
static void set_origin(struct http_server *s)
{
	const char *url = s->opt.public_url, *host = url ? strstr(url, "://") : NULL;

	s->hsts = url && str_starts(url, "https://");
	if (!host)
		return;
	size_t len = (size_t)(host - url) + 3 + strcspn(host + 3, "/");
	if (len < sizeof s->origin)
		memcpy(s->origin, url, len); /* the rest is zero */
}

static int check_routes(const struct http_server_options *o, struct err *e)
{
	for (unsigned i = 0; i < o->route_count; i++) {
		const struct http_route *r = &o->routes[i];
		unsigned params = 0;

		for (const char *p = strchr(r->pattern, '{'); p; p = strchr(p, '{'), params++)
			if (!(p = strchr(p, '}')))
				break;
		if (r->pattern[0] != '/' || !r->end || params > TARGET_PARAMS ||
			(r->body == HTTP_BODY_STREAM && !r->data) ||
			(r->body != HTTP_BODY_NONE && r->max_body <= 0))
			return err_set(e, ERR_CONFIG, "route %s %s is not complete", r->method, r->pattern);
	}
	return 0;
}

static void server_free(struct http_server *s)
{
	peer_counts_free(s->by_address);
	(void)pthread_mutex_destroy(&s->idle_mu);
	(void)pthread_cond_destroy(&s->idle_cond);
	(void)pthread_mutex_destroy(&s->addr_mu);
	(void)pthread_mutex_destroy(&s->stream_mu);
	(void)pthread_mutex_destroy(&s->body_mu);
	free(s);
}

static struct http_server *server_new(const struct http_server_options *opt)
{
	struct http_server *s = calloc(1, sizeof *s);
	pthread_condattr_t attr;

	if (!s)
		return NULL;
	s->opt = *opt;
	set_defaults(&s->opt);
	set_origin(s);
	random_bytes(&s->id_seed, sizeof s->id_seed);
	s->api = (struct side){ .srv = s, .loop = true, .max = s->opt.max_api };
	s->blocking = (struct side){ .srv = s, .max = s->opt.max_blocking };
	(void)pthread_mutex_init(&s->idle_mu, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->idle_cond, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)pthread_mutex_init(&s->addr_mu, NULL);
	(void)pthread_mutex_init(&s->stream_mu, NULL);
	(void)pthread_mutex_init(&s->body_mu, NULL);
	s->by_address = peer_counts_new();
	if (!s->by_address) {
		server_free(s);
		return NULL;
	}
	return s;
}

static void stop_daemons(struct http_server *s)
{
	if (s->blocking.mhd)
		MHD_stop_daemon(s->blocking.mhd);
	if (s->api.mhd)
		MHD_stop_daemon(s->api.mhd);
}

/* Threads take over the signal mask of their maker: here nothing gets through to them. */
static int start_threads(struct http_server *s, struct err *e)
{
	sigset_t all, before;
	int rc = -1;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (start_side(&s->api, MHD_USE_EPOLL | MHD_USE_SUSPEND_RESUME, s->opt.api_memory_bytes, e) == 0 &&
		start_side(&s->blocking, MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL,
			s->opt.blocking_memory_bytes, e) == 0)
		rc = acceptor_start(s, e);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

int http_server_start(const struct http_server_options *opt, struct http_server **ret, struct err *e)
{
	if (http_server_check_listen(opt->host, opt->trusted_proxies, e) || check_routes(opt, e))
		return -1;
	struct http_server *s = server_new(opt);
	if (!s)
		return err_set(e, ERR_NOMEM, "HTTP server");
	(void)peer_list_parse(opt->trusted_proxies, &s->proxies, e); /* checked above */
	(void)signal(SIGPIPE, SIG_IGN);
	fsx_raise_nofile();
	MHD_set_panic_func(library_panic, NULL);
	if (start_threads(s, e)) {
		stop_daemons(s);
		server_free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

int http_server_port(const struct http_server *s)
{
	return acceptor_port(s->acceptor);
}

void http_server_stats(struct http_server *s, struct http_stats *out)
{
	*out = (struct http_stats){ .api = atomic_load(&s->api.count),
		.blocking = atomic_load(&s->blocking.count),
		.requests = atomic_load(&s->requests),
		.refused_busy = atomic_load(&s->refused_busy),
		.timed_out = atomic_load(&s->timed_out) };
	acceptor_counts(s->acceptor, &out->waiting, &out->lingering);
	(void)pthread_mutex_lock(&s->stream_mu);
	out->streams = s->stream_count;
	(void)pthread_mutex_unlock(&s->stream_mu);
}

/* --- stop -------------------------------------------------------------------------------------------------
 */

void http_server_close_listener(struct http_server *s)
{
	atomic_store(&s->draining, true);
	acceptor_close_listener(s->acceptor);
}

static void await_requests(struct http_server *s, int grace_ms)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t ns = until.tv_nsec + (int64_t)(grace_ms % 1000) * 1000000;
	until.tv_sec += grace_ms / 1000 + ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	(void)pthread_mutex_lock(&s->idle_mu);
	while (s->requests_now > 0 && pthread_cond_timedwait(&s->idle_cond, &s->idle_mu, &until) == 0)
		;
	/* A hook on a thread of its own holds its connection suspended, and libmicrohttpd cannot stop over
	 * one. */
	s->no_offloads = true;
	while (s->offloads > 0)
		(void)pthread_cond_wait(&s->idle_cond, &s->idle_mu);
	(void)pthread_mutex_unlock(&s->idle_mu);
}

void http_server_stop(struct http_server *s, int grace_ms)
{
	if (!s)
		return;
	http_server_close_listener(s);
	await_requests(s, grace_ms);
	streams_end(s);
	stop_daemons(s);
	acceptor_stop(s->acceptor);
	server_free(s);
}
