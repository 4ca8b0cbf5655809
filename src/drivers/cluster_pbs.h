#pragma once

#include "base/err.h"
#include "core/pbs_cmd.h"
#include "ports/cluster.h"

/* A cluster behind SSH: attempts are jobs of OpenPBS, PBS Professional or Slurm's PBS commands, looked after
 * by gait-cluster on the login node (docs/cluster-protocol.md). Two sessions: one for commands, one for
 * files, so that a video never holds a submission up. */
struct cluster_pbs_options {
	const char *host, *user, *key_file, *known_hosts_file;
	int port;            /* 0: 22 */
	const char *command; /* "": the key's forced command is gait-cluster; else its path there */
	int64_t connect_timeout_ms, command_timeout_ms; /* 0: 15 s, 60 s */
	struct pbs_site site;
};

/**
 * cluster_pbs_open() - the driver; connects nothing yet
 * @o        borrowed for the call only
 * @ret      set on 0; caller closes with (*ret)->ops->close()
 * Return    0; -1 with ERR_CONFIG (a setting is missing or wrong), ERR_NOMEM
 * Threads   all calls may run at the same time
 */
int cluster_pbs_open(const struct cluster_pbs_options *o, struct cluster **ret, struct err *e);
