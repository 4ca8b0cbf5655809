#include <stdio.h>

#include "app/wire.h"
#include "drivers/cluster_local.h"

int wire_cluster(struct house *h, struct err *e)
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
