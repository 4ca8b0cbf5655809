#include "app/wire.h"

#include <stdio.h>
#include <string.h>

#include "base/fsx.h"
#include "base/strv.h"
#include "service/hub.h"
#include "service/scorer.h"
#include "service/status_cache.h"

static int open_store(struct house *h, bool create, struct err *e)
{
	char path[4096];

	return fsx_join(path, sizeof path, h->cfg->data_dir, "gaitd.sqlite", e) < 0 ||
			       store_open(path, create, &h->svc.store, e) < 0
		       ? -1
		       : 0;
}

static struct service_options service_options(struct house *h)
{
	const struct config *c = h->cfg;
	enum release_mode release_mode = RELEASE_MODE_DIRECT;

	(void)release_mode_parse(
		c->release_mode, &release_mode); /* the table of settings has the same words */
	return (struct service_options){
		.data_dir = c->data_dir,
		.public_url = h->public_url,
		.callback_url = h->callback_url,
		.site_name = c->mail_site_name,
		.mail_from = c->mail_from,
		.mail_may_send_score = c->mail_send_score,
		.release_mode = release_mode,
		.consent_version = c->consent_version,
		.consent_text = buf_str(&h->consent_text),
		.max_video_bytes = c->upload_max_video_bytes,
		.max_body_bytes = c->upload_max_body_bytes,
		.min_free_bytes = c->upload_min_free_bytes,
		.max_uploads_per_user = (unsigned)c->upload_max_concurrent_per_user,
		.max_resumable_per_user = (unsigned)c->upload_max_resumable_per_user,
		.expire_uploads_ms = c->upload_expire_after_ms,
		.refuse_above_queued = (unsigned)c->queue_refuse_above,
		.max_attempts = (int)c->queue_max_attempts,
		.max_in_flight = (unsigned)c->cluster_max_in_flight,
		.walltime_s = c->cluster_walltime_ms / 1000,
		.walltime_min_s = c->cluster_walltime_min_ms / 1000,
		.walltime_max_s = c->cluster_walltime_max_ms / 1000,
		.startup_s = c->cluster_startup_ms / 1000,
		.never_runs_ms = c->cluster_never_runs_timeout_ms,
		.relay = strcmp(c->cluster_transfer, "relay") == 0,
		.want_gpu = strcmp(c->cluster_driver, "pbs") == 0 && c->cluster_gpus > 0,
		.pose_path = c->cluster_pose_path,
		.status_interval_ms = c->cluster_status_interval_ms,
		.poll_interval_ms = c->worker_poll_interval_ms,
		.url_ttl_s = c->blob_url_ttl_ms / 1000,
		.session_ttl_ms = c->session_ttl_ms,
		.sign_ins_per_account = (unsigned)c->auth_failures_per_account,
		.sign_ins_per_address = (unsigned)c->auth_failures_per_address,
		.sign_in_window_ms = c->auth_failure_window_ms,
		.allow_demonstration = c->model_allow_demonstration,
		.engine = "gait-pose",
		.pose_model = c->cluster_pose_model,
		.max_video_s = (double)c->upload_max_seconds_ms / 1000,
		.max_analyses = (unsigned)c->analysis_max_at_once,
		.max_analyses_per_user = (unsigned)c->analysis_max_per_user,
		.max_analysis_bytes = c->analysis_max_body_bytes,
	};
}

/* The text is read once: what people agreed to must not change under a version's name. */
static int load_consent(struct house *h, struct err *e)
{
	enum { TEXT_MAX_BYTES = 256 << 10 };

	buf_init(&h->consent_text, TEXT_MAX_BYTES);
	if (!*h->cfg->consent_text_file)
		return 0;
	if (fsx_read_file(h->cfg->consent_text_file, &h->consent_text, e) < 0)
		return err_wrap(e, "consent.text_file");
	if (!str_is_clean_utf8(h->consent_text.data, h->consent_text.len))
		return err_set(
			e, ERR_CONFIG, "consent.text_file: %s is not UTF-8 text", h->cfg->consent_text_file);
	return 0;
}

static int make_urls(struct house *h, int port, struct err *e)
{
	char host[256];
	int configured;
	int n;

	if (*h->cfg->http_public_url) {
		n = snprintf(h->public_url, sizeof h->public_url, "%s", h->cfg->http_public_url);
	} else {
		if (!config_split_listen(h->cfg->http_listen, host, sizeof host, &configured))
			return err_set(e, ERR_CONFIG, "http.listen: not an address and port");
		n = snprintf(h->public_url, sizeof h->public_url,
			strchr(host, ':') ? "http://[%s]:%d" : "http://%s:%d", host, port);
	}
	if (n < 0 || (size_t)n >= sizeof h->public_url)
		return err_set(e, ERR_CONFIG, "http.public_url is too long");
	while (n > 0 && h->public_url[n - 1] == '/')
		h->public_url[--n] = '\0';
	snprintf(h->callback_url, sizeof h->callback_url, "%s/api/v1", h->public_url);
	return 0;
}

int house_init(const struct config *cfg, int port, struct house *h, struct err *e)
{
	memset(h, 0, sizeof *h);
	h->cfg = cfg;
	h->svc.lock_fd = -1;
	if (make_urls(h, port, e) < 0 || load_consent(h, e) < 0) {
		buf_deinit(&h->consent_text);
		return -1;
	}
	return 0;
}

static int open_scorer(struct house *h, struct err *e)
{
	const struct config *c = h->cfg;
	const struct scorer_options o = { .child = { .program = c->analysis_path,
						  .model_dir = c->model_dir,
						  .allow_demonstration = c->model_allow_demonstration,
						  .memory_bytes = c->analysis_memory,
						  .deadline_ms = c->analysis_deadline_ms },
		.children = (unsigned)c->analysis_children,
		.wait_ms = c->analysis_deadline_ms };

	return scorer_new(&o, &h->svc.scorer, e);
}

static int open_data(struct house *h, bool alone, struct err *e)
{
	const struct service_options o = service_options(h);

	if (service_open(&o, alone, &h->svc, e) < 0)
		return -1;
	h->svc_open = true;
	return 0;
}

int house_open_part(struct house *h, enum house_part part, bool alone, struct err *e)
{
	switch (part) {
	case HOUSE_DATA:
		return open_data(h, alone, e);
	case HOUSE_DATABASE:
		return open_store(h, alone, e);
	case HOUSE_BLOB:
		return wire_blob(h, e);
	case HOUSE_CLUSTER:
		return wire_cluster(h, e);
	case HOUSE_MAIL:
		return wire_mailer(h, e);
	case HOUSE_BASE:
	case HOUSE_ALL:
		break;
	}
	return err_set(e, ERR_INTERNAL, "one part of the house at a time");
}

int house_open(const struct config *cfg, int port, bool alone, unsigned parts, struct house *h, struct err *e)
{
	if (house_init(cfg, port, h, e) < 0)
		return -1;
	int r = 0;
	for (unsigned part = HOUSE_DATA; r == 0 && part <= HOUSE_MAIL; part <<= 1)
		if (parts & part)
			r = house_open_part(h, (enum house_part)part, alone, e);
	if (r == 0 && alone)
		r = hub_new(&h->svc.hub, e) < 0 ||
				    status_cache_new(h->svc.store, &h->svc.status_cache, e) < 0 ||
				    open_scorer(h, e) < 0
			    ? -1
			    : 0;
	if (r < 0)
		house_close(h);
	return r;
}

void house_close(struct house *h)
{
	struct service *s = &h->svc;

	scorer_free(s->scorer);
	status_cache_free(s->status_cache);
	hub_free(s->hub);
	if (s->mailer)
		s->mailer->ops->close(s->mailer);
	if (s->cluster)
		s->cluster->ops->close(s->cluster);
	if (s->blob)
		s->blob->ops->close(s->blob);
	store_close(s->store);
	if (h->svc_open)
		service_close(s);
	h->svc_open = false;
	buf_deinit(&h->consent_text);
}
