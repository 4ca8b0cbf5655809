#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/bounded_stop.h"
#include "app/config.h"
#include "app/openapi.h"
#include "app/wire.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/log.h"
#include "http/api.h"
#include "http/listen.h"
#include "http/server.h"
#include "service/fetcher.h"
#include "service/health_watch.h"
#include "service/hub.h"
#include "service/notify.h"
#include "service/reaper.h"
#include "service/worker.h"

/* gaitd: settings, then the house, then the server, then the threads; a signal takes them down in reverse. */

static const char help[] =
	"gaitd " GAITD_VERSION " - takes walking videos, has them analysed, mails the result\n"
	"\n"
	"usage: gaitd [--config FILE] [--set NAME=VALUE]… [--ready-file FILE]\n"
	"\n"
	"  --config FILE      settings; also GAITD_CONFIG, else /etc/gaitd/gaitd.conf where that exists\n"
	"  --set NAME=VALUE   one setting, stronger than file and environment (GAITD_HTTP_LISTEN=…)\n"
	"  --ready-file FILE  write the server's address there once uploads are accepted\n"
	"  --version, --help\n"
	"\n"
	"`gaitctl config explain` lists the settings. SIGTERM and SIGINT stop it: uploads under way may end "
	"first\n"
	"(http.shutdown_grace); exit code 0. Attempts on the cluster go on and are found again.\n"
	"Exit codes: 64 usage, 69 address in use, 75 another gaitd works on the data folder, 76 newer "
	"database,\n"
	"78 wrong settings, 70 to 74 other failures.\n";

/* Every thread that gaitd itself starts, with the wake that stops it. */
enum { THREADS = 7, STOP_MS = 5000 }; /* STOP_MS: beyond http.shutdown_grace */
struct threads {
	struct service *svc;
	pthread_t ids[THREADS];
	unsigned n;
};

static struct wake *wake_of(struct service *s, unsigned i)
{
	struct wake *const wakes[THREADS] = { &s->worker, &s->stager, &s->reaper, &s->fetch, &s->notifier,
		&s->hub_news, &s->health_wish };

	return wakes[i];
}

static const char *const thread_names[THREADS] = { "worker", "stager", "reaper", "fetcher", "notify", "hub",
	"health" };

static int threads_start(struct threads *t, struct service *s, struct err *e)
{
	static void *(*const mains[THREADS])(void *) = { worker_main, stager_main, reaper_main, fetcher_main,
		notify_main, hub_main, health_watch_main };
	t->svc = s;
	for (t->n = 0; t->n < THREADS; t->n++) {
		int r = pthread_create(&t->ids[t->n], NULL, mains[t->n], s);
		if (r != 0) {
			errno = r;
			return err_errno(e, ERR_UNAVAILABLE, "start thread %s", thread_names[t->n]);
		}
		pthread_setname_np(t->ids[t->n], thread_names[t->n]);
	}
	return 0;
}

static void threads_stop(struct threads *t, struct bounded_stop *b)
{
	for (unsigned i = 0; i < t->n; i++)
		wake_stop(wake_of(t->svc, i));
	for (unsigned i = 0; i < t->n; i++) {
		bounded_stop_note(b, thread_names[i]);
		pthread_join(t->ids[i], NULL);
	}
	t->n = 0;
}

static void on_commit(void *arg)
{
	struct service *s = arg;

	wake_poke(&s->hub_news);
}

static struct http_server_options server_options(
	const struct config *c, const char *host, int port, struct house *h, struct api *api)
{
	return (struct http_server_options){ .host = host,
		.port = port,
		.routes = api_routes,
		.route_count = api_route_count - (*c->http_admin_listen ? api_operator_route_count : 0),
		.app = api,
		.auth = api_auth,
		.public_url = h->public_url,
		.trusted_proxies = *c->http_trusted_proxies ? c->http_trusted_proxies : NULL,
		.proxy_says_forwarded = strcmp(c->http_proxy_header, "forwarded") == 0,
		.max_api = (unsigned)c->http_max_api_connections,
		.max_blocking = (unsigned)c->http_max_blocking_connections,
		.max_waiting = (unsigned)c->http_max_waiting_connections,
		.max_per_address = (unsigned)c->http_max_connections_per_address,
		.max_streams = (unsigned)c->http_max_event_streams,
		.header_timeout_ms = (unsigned)c->http_first_line_timeout_ms,
		.idle_timeout_s = (unsigned)((c->http_idle_timeout_ms + 999) / 1000),
		.min_rate_bytes_s = (unsigned)c->http_min_rate_bytes,
		.min_rate_window_ms = (unsigned)c->http_min_rate_window_ms,
		.heartbeat_ms = (unsigned)c->http_heartbeat_ms,
		.static_dir = *c->http_static_dir ? c->http_static_dir : NULL };
}

/* The operators' own listener, where one is configured. */
static int start_operator_server(
	const struct config *c, struct api *api, struct http_server **ret, struct err *e)
{
	char host[256];
	int port;

	if (!*c->http_admin_listen)
		return 0;
	if (!config_split_listen(c->http_admin_listen, host, sizeof host, &port))
		return err_set(e, ERR_CONFIG, "http.admin_listen: not an address and port");
	const struct http_server_options o = { .host = host,
		.port = port,
		.routes = api_operator_routes,
		.route_count = api_operator_route_count,
		.app = api,
		.max_api = 64,
		.max_blocking = 16,
		.trusted_proxies = *c->http_trusted_proxies ? c->http_trusted_proxies : NULL };
	return http_server_start(&o, ret, e);
}

static int say_ready(const char *file, const struct house *h, struct err *e)
{
	char text[600];

	int n = snprintf(text, sizeof text, "%s\n", h->public_url);
	log_event(LOG_INFO, "gaitd.ready", LOG_S("url", h->public_url), LOG_S("data", h->cfg->data_dir),
		LOG_S("version", GAITD_VERSION));
	return file ? fsx_replace(file, text, (size_t)n, 0644, e) : 0;
}

static void wait_for_signal(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof info) < 0 && errno == EINTR)
		;
	log_event(LOG_INFO, "gaitd.stopping", LOG_S("signal", strsignal((int)info.ssi_signo)));
}

/* Uploads first: what they commit still reaches the worker, or the next start. */
static void stop(const struct config *cfg, struct http_server *operators, struct http_server *server,
	struct threads *threads, struct house *h, int exit_code)
{
	struct bounded_stop bound;

	bounded_stop_begin(&bound, cfg->http_shutdown_grace_ms + STOP_MS, exit_code, "connections");
	if (operators)
		http_server_stop(operators, 0);
	if (server)
		http_server_stop(server, (int)cfg->http_shutdown_grace_ms);
	bounded_stop_end(&bound);
	bounded_stop_begin(&bound, STOP_MS, exit_code, "threads");
	threads_stop(threads, &bound);
	bounded_stop_note(&bound, "house");
	house_close(h);
	bounded_stop_end(&bound);
}

/* Everything between the settings and the end. */
static int serve(const struct config *cfg, const char *ready_file, int signals, struct err *e)
{
	char host[256];
	int port, listener = -1;
	struct house h;
	struct threads threads = { .n = 0 };
	struct http_server *server = NULL, *operators = NULL;

	if (!config_split_listen(cfg->http_listen, host, sizeof host, &port))
		return err_set(e, ERR_CONFIG, "http.listen: not an address and port");
	const char *proxies = *cfg->http_trusted_proxies ? cfg->http_trusted_proxies : NULL;
	if (http_server_check_listen(host, proxies, e) < 0 ||
		listen_open(host, port, &listener, &port, e) < 0)
		return -1;
	if (house_open(cfg, port, true, HOUSE_ALL, &h, e) < 0) {
		close(listener);
		return -1;
	}
	struct api api = { .svc = &h.svc,
		.public_url = h.public_url,
		.max_body_bytes = cfg->upload_max_body_bytes,
		.max_field_bytes = cfg->upload_max_field_bytes,
		.openapi = openapis[0].text };
	struct http_server_options o = server_options(cfg, host, port, &h, &api);
	o.listen_fd = listener;
	store_on_commit(h.svc.store, on_commit, &h.svc);
	int r = http_server_start(&o, &server, e);
	if (r == 0) {
		api.server = server;
		r = h.svc.blob->ops->relay ? h.svc.blob->ops->relay->sweep(h.svc.blob, e) : 0;
	}
	if (r == 0 &&
		(start_operator_server(cfg, &api, &operators, e) < 0 || service_reconcile(&h.svc, e) < 0 ||
			threads_start(&threads, &h.svc, e) < 0 || say_ready(ready_file, &h, e) < 0))
		r = -1;
	if (r == 0)
		wait_for_signal(signals);
	stop(cfg, operators, server, &threads, &h, r == 0 ? 0 : err_exit_code(e->kind));
	if (r == 0)
		log_event(LOG_INFO, "gaitd.stopped", LOG_S("data", cfg->data_dir));
	return r;
}

/* Threads inherit the mask: signals reach main's descriptor only. */
static int catch_signals(struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return err_set(e, ERR_INTERNAL, "block signals");
	signal(SIGPIPE, SIG_IGN);
	int fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? err_errno(e, ERR_INTERNAL, "signalfd") : fd;
}

static int parse(int argc, char **argv, const char **ready_file, struct err *e)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--version") == 0) {
			fputs(argv[i][2] == 'h' ? help : "gaitd " GAITD_VERSION "\n", stdout);
			return 1;
		}
		if (strcmp(argv[i], "--ready-file") != 0 || i + 1 == argc)
			return err_set(e, ERR_USAGE,
				"%s is not an option, or lacks its value: see gaitd --help", argv[i]);
		*ready_file = argv[++i];
	}
	return 0;
}

int main(int argc, char **argv)
{
	CLEANUP(config_free_p) struct config *cfg = NULL;
	struct config_input in = { 0 };
	const char *ready_file = NULL;
	enum log_format format;
	enum log_level level;
	struct err e = { 0 };

	int r = config_input_args(&in, &argc, argv, &e);
	if (r == 0)
		r = parse(argc, argv, &ready_file, &e);
	if (r == 1)
		return 0;
	if (r == 0)
		r = config_load(&in, &cfg, NULL, &e);
	CLEANUP(close_p) int signals = -1;
	if (r == 0) {
		if (*cfg->warnings)
			fputs(cfg->warnings, stderr);
		if (log_format_parse(cfg->log_format, &format) && log_level_parse(cfg->log_level, &level))
			log_init(STDERR_FILENO, format, level);
		fsx_raise_nofile();
		signals = catch_signals(&e);
		r = signals < 0 ? -1 : serve(cfg, ready_file, signals, &e);
	}
	if (r < 0) {
		fprintf(stderr, "gaitd: %s\n", e.msg);
		return err_exit_code(e.kind);
	}
	return 0;
}
