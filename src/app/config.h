#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* The settings of one run, from config.def: built-in defaults < file < environment < --set. Every value
 * remembers where it came from. Made once at the start, read by all threads, never changed. */

enum config_source { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENV, CONFIG_SET };

/* The index of each option in config_options and in the arrays of struct config: CONFIG_http_listen, … */
enum config_index {
#define OPTION(type, section, key, ...) CONFIG_##section##_##key,
#include "app/config.def"
#undef OPTION
	CONFIG_COUNT
};

struct config {
	/* cfg->http_listen, cfg->http_idle_timeout_ms, … */
#define CONFIG_MEMBER_STRING(name)      const char *name;
#define CONFIG_MEMBER_ENUM(name)        const char *name;
#define CONFIG_MEMBER_PATH(name)        const char *name;
#define CONFIG_MEMBER_SECRET_FILE(name) const char *name;
#define CONFIG_MEMBER_INT(name)         int64_t name;
#define CONFIG_MEMBER_BYTES(name)       int64_t name;
#define CONFIG_MEMBER_DURATION(name)    int64_t name##_ms;
#define CONFIG_MEMBER_BOOL(name)        bool name;
#define OPTION(type, section, key, ...) CONFIG_MEMBER_##type(section##_##key)
#include "app/config.def"
#undef OPTION

	char *file; /* the file that was read; NULL: none */
	struct config_origin {
		enum config_source source;
		int line; /* in the file */
	} origin[CONFIG_COUNT];
	char *text[CONFIG_COUNT]; /* each value as text; the string members point here */
	char *warnings;           /* lines about settings that were ignored; "" when there are none */
};

enum config_type {
	CONFIG_STRING,
	CONFIG_ENUM,
	CONFIG_PATH,
	CONFIG_SECRET_FILE,
	CONFIG_INT,
	CONFIG_BYTES,
	CONFIG_DURATION,
	CONFIG_BOOL,
};

/* One row of config.def. */
struct config_option {
	const char *name; /* "http.listen" */
	const char *section, *key;
	enum config_type type;
	const char *def, *least, *most, *unit, *text;
	size_t offset; /* of the member in struct config */
};
extern const struct config_option config_options[CONFIG_COUNT];

/* What the settings are made from. */
enum { CONFIG_SETS_MAX = 128 };
struct config_input {
	const char *file; /* --config; NULL: $GAITD_CONFIG, else /etc/gaitd/gaitd.conf if there */
	const char *set[CONFIG_SETS_MAX]; /* "name=value"; the last one of a name wins */
	unsigned set_count;
	char **env; /* NULL: the process's own */
};

/**
 * config_input_args() - take --config FILE and --set NAME=VALUE (also with '=') out of a command line
 * @argc, @argv  changed: what is left keeps its order; nothing behind "--" is taken
 * Return        0; -1 with ERR_USAGE
 */
int config_input_args(struct config_input *in, int *argc, char **argv, struct err *e);

/**
 * config_load() - read and check everything
 * @ret       set on 0; caller frees with config_free()
 * @problems  gets every mistake, a line each, with option, value, what is allowed and origin; may be NULL
 * Errors     ERR_CONFIG with as many of them as fit.  Threads: only before the first thread starts.
 */
int config_load(const struct config_input *in, struct config **ret, struct buf *problems, struct err *e);
void config_free(struct config *cfg);

static inline void config_free_p(struct config **cfg)
{
	config_free(*cfg);
}

/* "default", "/etc/gaitd/gaitd.conf line 7", "GAITD_HTTP_LISTEN" or "--set" into @out. */
void config_origin_text(const struct config *cfg, enum config_index i, char *out, size_t size);

/* "GAITD_HTTP_LISTEN" */
void config_env_name(const struct config_option *o, char *out, size_t size);

/* What may stand there: "1s to 10m", "auto, text or json" … into @out. */
void config_allowed_text(const struct config_option *o, char *out, size_t size);

/* The option of that name, or NULL; then *@ret_near is the closest known name or NULL. */
const struct config_option *config_find(const char *name, const char **ret_near);

/* "127.0.0.1:8437" or "[::1]:8437" in parts. False where @text is no such thing. */
bool config_split_listen(const char *text, char *ret_host, size_t size, int *ret_port);
bool config_is_loopback(const char *host);

/* One finding about the world around the settings. */
struct config_finding {
	enum config_index option;
	bool fatal;     /* gaitd will not work so; otherwise it works, but worse */
	char text[320]; /* what is wrong */
	char todo[320]; /* what to do about it */
};

/**
 * config_check() - do the files, directories and programs that the settings name suit?
 * Makes and changes nothing.
 * Return how many of @ret were filled in, at most @max
 */
unsigned config_check(const struct config *cfg, struct config_finding *ret, unsigned max);
