#include <stdio.h>
#include <string.h>

#include "app/site.h"
#include "app/wire.h"
#include "drivers/cluster_local.h"
#include "drivers/cluster_pbs.h"

static int open_pbs(struct house *h, struct err *e)
{
	const struct config *c = h->cfg;
	struct cluster_pbs_options o = { .host = c->cluster_host,
		.port = (int)c->cluster_port,
		.user = c->cluster_user,
		.key_file = c->cluster_key_file,
		.known_hosts_file = c->cluster_known_hosts_file,
		.command = c->cluster_command,
		.connect_timeout_ms = c->cluster_connect_timeout_ms,
		.command_timeout_ms = c->cluster_command_timeout_ms };

	site_of(c, &o.site);
	return cluster_pbs_open(&o, &h->svc.cluster, e);
}

static int open_local(struct house *h, struct err *e)
{
	const struct config *c = h->cfg;
	char pose[4200], analyze[4200], weights[4200], model[4200];

	snprintf(pose, sizeof pose, "GAIT_POSE=%s", c->cluster_pose_path);
	snprintf(analyze, sizeof analyze, "GAIT_ANALYZE=%s", c->cluster_analyze_path);
	snprintf(weights, sizeof weights, "GAIT_WEIGHTS=%s", c->cluster_weights_dir);
	snprintf(model, sizeof model, "GAIT_MODEL=%s", c->model_dir);
	const char *const env[] = { pose, analyze, weights, model, NULL };
	const struct cluster_local_options o = { .root = c->cluster_dir,
		.supervise_path = c->cluster_supervise_path,
		.script_path = c->cluster_script_path,
		.env = env,
		.max_running = (unsigned)c->cluster_max_in_flight };
	return cluster_local_open(&o, &h->svc.cluster, e);
}

int wire_cluster(struct house *h, struct err *e)
{
	return strcmp(h->cfg->cluster_driver, "pbs") == 0 ? open_pbs(h, e) : open_local(h, e);
}
