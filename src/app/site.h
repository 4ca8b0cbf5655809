#pragma once

#include "app/config.h"
#include "core/pbs_cmd.h"

/* What the settings say that the cluster is to be asked for; text is the settings' own. */
void site_of(const struct config *cfg, struct pbs_site *ret);
