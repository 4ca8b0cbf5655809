#pragma once

#include "app/config.h"

/* One value: from text to a member of struct config. For the config_….c files only. */

enum { CONFIG_PATH_BYTES = 4096, CONFIG_WHY_BYTES = 320 };

/* "90s" → 90000, "500ms", "15m", "1.5h", "2d"; "0" needs no unit. False on anything else. */
bool config_parse_duration(const char *text, int64_t *ret_ms);

/* "1.1GB" → 1100000000, "64KiB" → 65536; without a unit it is bytes. False on anything else. */
bool config_parse_bytes(const char *text, int64_t *ret_bytes);

/**
 * config_value_put() - check @text and store it in the option's member and in cfg->text
 * @base_dir  what a relative path is relative to
 * @why       on failure: what is wrong with it, as the end of a sentence that begins with the value
 * Return     0 or -1
 */
int config_value_put(struct config *cfg, enum config_index i, const char *text, const char *base_dir,
	char why[CONFIG_WHY_BYTES]);

/* The default of an option as text in @out, places filled in (@data needs data.dir in @cfg). 0 or -1 and
 * @why. */
int config_value_default(const struct config *cfg, enum config_index i, char out[CONFIG_PATH_BYTES],
	char why[CONFIG_WHY_BYTES]);

/* May the option be empty? */
bool config_may_be_empty(const struct config_option *o);
