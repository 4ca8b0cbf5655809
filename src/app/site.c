#include "app/site.h"

#include <string.h>

void site_of(const struct config *cfg, struct pbs_site *ret)
{
	enum { MB = 1 << 20 };

	*ret = (struct pbs_site){ .queue = cfg->cluster_queue,
		.account = cfg->cluster_account,
		.project = cfg->cluster_project,
		.place = cfg->cluster_place,
		.resources = cfg->cluster_resources,
		.cpus = (int)cfg->cluster_cpus,
		.gpus = (int)cfg->cluster_gpus,
		.memory_mb = (cfg->cluster_memory + MB - 1) / MB };
	ret->scheduler = strcmp(cfg->cluster_scheduler, "slurm") == 0 ? PBS_SLURM : PBS_OPENPBS;
}
