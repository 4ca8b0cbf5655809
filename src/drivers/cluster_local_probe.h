#pragma once

#include "ports/probe.h"

/**
 * cluster_local_probe() - is everything there that a job on this machine needs?
 * Checks the folder, gait-supervise, the job script, the programs and files that @env names, and the tools
 * that the job script calls.
 * Return 0; -1 with ERR_CONFIG (or ERR_NOSPACE, ERR_IO) and a message that says what to do
 */
int cluster_local_probe(const char *root, const char *supervise_path, const char *script_path,
	const char *const *env, const struct probe *p, struct err *e);
