#pragma once

#include <stddef.h>

#include "base/err.h"
#include "ports/cluster.h"

/**
 * cluster_outcome_read() - the attempt's last word, status.json of the job script
 * @s      outcome fields and has_outcome are set on 0
 * Return  0; -1 with ERR_CORRUPT where it is not what the job script writes, or ERR_NOMEM
 */
int cluster_outcome_read(const char *text, size_t len, struct cluster_status *s, struct err *e);
