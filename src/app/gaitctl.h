#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "app/config.h"
#include "base/err.h"

/* What every gaitctl command gets. A command prints to @out, for people or as JSON, and returns 0, or -1 and
 * @e, whose kind decides the exit code. */
struct ctl {
	const struct config *cfg;    /* NULL only where the settings are wrong: see @problems */
	const char *config_problems; /* what config_load() complained about, a line each; NULL: nothing */
	bool json;
	FILE *out;
};

/**
 * ctl_config() - gaitctl config check|show|explain [NAME], over settings that may be wrong
 * @argv  from the word behind "config" on
 * check    validates, looks at files, directories and programs; -1 with ERR_CONFIG where something is wrong
 * show     each value and where it came from; never a secret
 * explain  type, range, default and meaning; needs no valid settings. `explain --markdown` is
 * docs/configuration.md
 */
int ctl_config(struct ctl *c, int argc, char **argv, struct err *e);
