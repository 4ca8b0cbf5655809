#include "app/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/config_draft.h"
#include "app/config_value.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/strv.h"

#define DEFAULT_FILE "/etc/gaitd/gaitd.conf"

#define OFFSET_STRING(name)      offsetof(struct config, name)
#define OFFSET_ENUM(name)        offsetof(struct config, name)
#define OFFSET_PATH(name)        offsetof(struct config, name)
#define OFFSET_SECRET_FILE(name) offsetof(struct config, name)
#define OFFSET_INT(name)         offsetof(struct config, name)
#define OFFSET_BYTES(name)       offsetof(struct config, name)
#define OFFSET_DURATION(name)    offsetof(struct config, name##_ms)
#define OFFSET_BOOL(name)        offsetof(struct config, name)

const struct config_option config_options[CONFIG_COUNT] = {
#define OPTION(type, section, key, def, least, most, unit, text)                                             \
	{ #section "." #key, #section, #key, CONFIG_##type, def, least, most, unit, text,                    \
		OFFSET_##type(section##_##key) },
#include "app/config.def"
#undef OPTION
};

void config_problem(struct config_draft *d, const char *fmt, ...)
{
	char line[700];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (n < 0)
		line[0] = '\0';
	if (d->problem_count++ == 0)
		snprintf(d->first, sizeof d->first, "%.*s", (int)sizeof d->first - 1, line);
	(void)buf_addf(d->problems, NULL, "%s\n", line); /* far more mistakes than fit need no further line */
}

void config_give(
	struct config_draft *d, enum config_index i, const char *text, enum config_source source, int line)
{
	char *copy = strdup(text);

	if (!copy) {
		config_problem(d, "%s: no memory", config_options[i].name);
		return;
	}
	free(d->given[i].text);
	d->given[i] = (struct config_given){ copy, { source, line } };
}

/* Levenshtein's distance (1966), for names of some 40 characters. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[64];
	size_t n = strlen(b);

	if (n >= ARRAY_LEN(row))
		return 99;
	for (size_t k = 0; k <= n; k++)
		row[k] = (unsigned)k;
	for (size_t i = 0; a[i]; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i + 1;
		for (size_t k = 0; k < n; k++) {
			unsigned change = diagonal + (a[i] != b[k]);
			diagonal = row[k + 1];
			unsigned least = row[k + 1] < row[k] ? row[k + 1] + 1 : row[k] + 1;
			row[k + 1] = change < least ? change : least;
		}
	}
	return row[n];
}

const struct config_option *config_find(const char *name, const char **ret_near)
{
	const char *near = NULL;
	unsigned best = (unsigned)strlen(name) / 3 + 2;
	bool is_section = strchr(name, '.') == NULL;

	for (int i = 0; i < CONFIG_COUNT; i++) {
		const struct config_option *o = &config_options[i];
		if (strcmp(o->name, name) == 0)
			return o;
		/* A bare word may be a misspelt section, or an option without its section. */
		unsigned far = distance(name, o->name);
		if (far < best)
			best = far, near = o->name;
		if (is_section && (far = distance(name, o->section)) < best)
			best = far, near = o->section;
		if (is_section && (far = distance(name, o->key)) < best)
			best = far, near = o->name;
	}
	if (ret_near)
		*ret_near = near;
	return NULL;
}

void config_unknown(struct config_draft *d, const char *name, const char *origin)
{
	const char *near = NULL;
	bool is_section = strchr(name, '.') == NULL;

	(void)config_find(name, &near);
	config_problem(d, "unknown %s %s (%s)%s%s%s", is_section ? "section" : "option", name, origin,
		near ? "; did you mean " : "; gaitctl config explain lists them", near ? near : "",
		near ? "?" : "");
}

/* GAITD_… variables that are no options. */
static bool is_other_variable(const char *name)
{
	static const char *const others[] = { "GAITD_CONFIG", "GAITD_FAULT", "GAITD_FAULT_FAIL",
		"GAITD_TEST_JOBS" };

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(name, others[i]) == 0)
			return true;
	return false;
}

/* An unknown variable is only a warning: Kubernetes makes GAITD_PORT and others for a service named gaitd. */
static void read_env(struct config_draft *d, char **env, struct buf *warnings)
{
	for (char **p = env; *p; p++) {
		const char *equals = strchr(*p, '=');
		char name[96];
		int i = 0;
		if (!str_starts(*p, "GAITD_") || !equals || (size_t)(equals - *p) >= sizeof name)
			continue;
		memcpy(name, *p, (size_t)(equals - *p));
		name[equals - *p] = '\0';
		for (char known[96]; i < CONFIG_COUNT; i++) {
			config_env_name(&config_options[i], known, sizeof known);
			if (strcmp(known, name) == 0)
				break;
		}
		if (i < CONFIG_COUNT)
			config_give(d, (enum config_index)i, equals + 1, CONFIG_ENV, 0);
		else if (!is_other_variable(name))
			(void)buf_addf(warnings, NULL,
				"the environment variable %s names no option and is ignored\n", name);
	}
}

static void read_sets(struct config_draft *d, const struct config_input *in)
{
	for (unsigned k = 0; k < in->set_count; k++) {
		const char *equals = strchr(in->set[k], '=');
		char name[96];
		if (!equals || (size_t)(equals - in->set[k]) >= sizeof name) {
			config_problem(d, "--set %.80s: not of the form NAME=VALUE", in->set[k]);
			continue;
		}
		memcpy(name, in->set[k], (size_t)(equals - in->set[k]));
		name[equals - in->set[k]] = '\0';
		const struct config_option *o = config_find(name, NULL);
		if (o)
			config_give(d, (enum config_index)(o - config_options), equals + 1, CONFIG_SET, 0);
		else
			config_unknown(d, name, "--set");
	}
}

/* Relative paths in the file are relative to it, others to the working directory. */
static void base_dir(const struct config *cfg, enum config_source source, char out[CONFIG_PATH_BYTES])
{
	const char *slash = cfg->file ? strrchr(cfg->file, '/') : NULL;

	if (!getcwd(out, CONFIG_PATH_BYTES))
		snprintf(out, CONFIG_PATH_BYTES, "/");
	if (source != CONFIG_FILE || !slash)
		return;
	size_t used = cfg->file[0] == '/' ? 0 : strlen(out), len = (size_t)(slash - cfg->file);
	snprintf(out + used, CONFIG_PATH_BYTES - used, "%s%.*s", used ? "/" : "", (int)len, cfg->file);
}

static void judge(struct config *cfg, struct config_draft *d, enum config_index i)
{
	const struct config_option *o = &config_options[i];
	const char *text = d->given[i].text;
	char why[CONFIG_WHY_BYTES], place[CONFIG_PATH_BYTES], origin[300], allowed[200];

	cfg->origin[i] = d->given[i].origin;
	if (!text) {
		if (config_value_default(cfg, i, place, why) < 0 ||
			config_value_put(cfg, i, place, "/", why) < 0)
			config_problem(d, "%s: its default %s", o->name, why);
		return;
	}
	base_dir(cfg, cfg->origin[i].source, place);
	if (config_value_put(cfg, i, text, place, why) == 0)
		return;
	config_origin_text(cfg, i, origin, sizeof origin);
	config_allowed_text(o, allowed, sizeof allowed);
	config_problem(d, "%s: \"%.100s\" %s; allowed: %s (%s)", o->name, text, why, allowed, origin);
}

static void judge_listener(struct config *cfg, struct config_draft *d, const char *name, const char *listen)
{
	char host[64];
	int port;

	if (config_split_listen(listen, host, sizeof host, &port) && !config_is_loopback(host) &&
		!cfg->http_trusted_proxies[0])
		config_problem(d,
			"%s: %s is no loopback address: put a TLS proxy in front and name it in "
			"http.trusted_proxies",
			name, listen);
}

/* What no row can say alone. */
static void judge_together(struct config *cfg, struct config_draft *d)
{
	judge_listener(cfg, d, "http.listen", cfg->http_listen);
	judge_listener(cfg, d, "http.admin_listen", cfg->http_admin_listen);
	if (cfg->upload_max_body_bytes < cfg->upload_max_video_bytes)
		config_problem(d, "upload.max_body_bytes: %s is less than upload.max_video_bytes, %s",
			cfg->text[CONFIG_upload_max_body_bytes], cfg->text[CONFIG_upload_max_video_bytes]);
	if (cfg->http_max_event_streams > cfg->http_max_api_connections)
		config_problem(d, "http.max_event_streams: %s is more than http.max_api_connections, %s",
			cfg->text[CONFIG_http_max_event_streams], cfg->text[CONFIG_http_max_api_connections]);
	if (cfg->blob_url_ttl_ms < cfg->cluster_walltime_ms)
		config_problem(d,
			"blob.url_ttl: %s is less than cluster.walltime, %s: an attempt could not upload",
			cfg->text[CONFIG_blob_url_ttl], cfg->text[CONFIG_cluster_walltime]);
	if (cfg->cluster_walltime_ms > cfg->cluster_walltime_max_ms)
		config_problem(d, "cluster.walltime: %s is more than cluster.walltime_max, %s",
			cfg->text[CONFIG_cluster_walltime], cfg->text[CONFIG_cluster_walltime_max]);
	if (cfg->cluster_walltime_min_ms > cfg->cluster_walltime_max_ms)
		config_problem(d, "cluster.walltime_min: %s is more than cluster.walltime_max, %s",
			cfg->text[CONFIG_cluster_walltime_min], cfg->text[CONFIG_cluster_walltime_max]);
	if ((cfg->consent_version[0] == '\0') != (cfg->consent_text_file[0] == '\0'))
		config_problem(d, "consent.version and consent.text_file go together: set both or none");
}

/* Which file, or NULL for none. */
static const char *choose_file(const struct config_input *in, char **env)
{
	if (in->file)
		return in->file;
	for (char **p = env; *p; p++)
		if (str_starts(*p, "GAITD_CONFIG=") && (*p)[sizeof "GAITD_CONFIG=" - 1])
			return *p + sizeof "GAITD_CONFIG=" - 1;
	return fsx_exists(DEFAULT_FILE) ? DEFAULT_FILE : NULL;
}

static int fill(const struct config_input *in, struct config *cfg, struct config_draft *d, struct err *e)
{
	struct buf warnings BUF_CLEANUP;
	char **env = in->env ? in->env : environ;

	buf_init(&warnings, 65536);
	d->file = choose_file(in, env);
	if (d->file) {
		cfg->file = strdup(d->file);
		if (!cfg->file)
			return err_set(e, ERR_NOMEM, "configuration");
		if (config_file_read(d->file, d, e) < 0)
			return -1;
	}
	read_env(d, env, &warnings);
	read_sets(d, in);
	unsigned before = d->problem_count;
	for (int i = 0; i < CONFIG_COUNT; i++)
		judge(cfg, d, (enum config_index)i);
	if (d->problem_count == before)
		judge_together(cfg, d);
	cfg->warnings = buf_steal(&warnings);
	if (!cfg->warnings)
		return err_set(e, ERR_NOMEM, "configuration");
	return 0;
}

int config_load(const struct config_input *in, struct config **ret, struct buf *problems, struct err *e)
{
	struct buf own BUF_CLEANUP;
	struct config_draft d = { .problems = problems ? problems : &own };

	buf_init(&own, 65536);
	CLEANUP(config_free_p) struct config *cfg = calloc(1, sizeof *cfg);
	if (!cfg)
		return err_set(e, ERR_NOMEM, "configuration");
	int r = fill(in, cfg, &d, e);
	for (int i = 0; i < CONFIG_COUNT; i++)
		free(d.given[i].text);
	if (r < 0) {
		if (problems && e)
			(void)buf_addf(problems, NULL, "%s\n", e->msg);
		return -1;
	}
	if (d.problem_count == 1)
		return err_set(e, ERR_CONFIG, "%s", d.first);
	if (d.problem_count > 1)
		return err_set(
			e, ERR_CONFIG, "%u configuration errors, the first: %s", d.problem_count, d.first);
	*ret = TAKE(cfg);
	return 0;
}

void config_free(struct config *cfg)
{
	if (!cfg)
		return;
	for (int i = 0; i < CONFIG_COUNT; i++)
		free(cfg->text[i]);
	free(cfg->warnings);
	free(cfg->file);
	free(cfg);
}
