#include <string.h>

#include "app/gaitctl.h"
#include "base/cleanup.h"
#include "base/json.h"

static const char *const type_names[] = {
	[CONFIG_STRING] = "text",
	[CONFIG_ENUM] = "word",
	[CONFIG_PATH] = "path",
	[CONFIG_SECRET_FILE] = "path of a secret",
	[CONFIG_INT] = "number",
	[CONFIG_BYTES] = "size",
	[CONFIG_DURATION] = "time",
	[CONFIG_BOOL] = "yes or no",
};

enum { OUT_MAX_BYTES = 1 << 20, FINDINGS_MAX = 64 };

static int put_json(struct ctl *c, struct json_w *w, struct err *e)
{
	if (json_w_end(w, e) < 0)
		return err_wrap(e, "print");
	fprintf(c->out, "%s\n", buf_str(w->out));
	return 0;
}

/* A member as JSON has it: numbers in bytes and milliseconds. */
static void json_value(struct json_w *w, const struct config *cfg, int i)
{
	const struct config_option *o = &config_options[i];
	const void *member = (const char *)cfg + o->offset;

	switch (o->type) {
	case CONFIG_STRING:
	case CONFIG_ENUM:
	case CONFIG_PATH:
	case CONFIG_SECRET_FILE:
		json_w_str(w, "value", cfg->text[i]);
		return;
	case CONFIG_INT:
	case CONFIG_BYTES:
		json_w_int(w, "value", *(const int64_t *)member);
		return;
	case CONFIG_DURATION:
		json_w_int(w, "value_ms", *(const int64_t *)member);
		return;
	case CONFIG_BOOL:
		json_w_bool(w, "value", *(const bool *)member);
		return;
	}
}

/* The option named on the command line, or all; -1 where there is no such. */
static int choose(int argc, char **argv, const struct config_option **ret_only, struct err *e)
{
	const char *near = NULL;

	*ret_only = NULL;
	if (argc < 2)
		return 0;
	if (argc > 2)
		return err_set(e, ERR_USAGE, "gaitctl config %s [NAME]", argv[0]);
	*ret_only = config_find(argv[1], &near);
	if (*ret_only)
		return 0;
	/* The name of a section chooses all of it: the caller compares. */
	for (int i = 0; i < CONFIG_COUNT; i++)
		if (strcmp(config_options[i].section, argv[1]) == 0)
			return 0;
	return err_set(e, ERR_USAGE, "no option %s%s%s%s", argv[1], near ? "; did you mean " : "",
		near ? near : "", near ? "?" : "");
}

static bool is_chosen(int i, int argc, char **argv, const struct config_option *only)
{
	const struct config_option *o = &config_options[i];

	return only ? o == only : argc < 2 || strcmp(o->section, argv[1]) == 0;
}

static int need_settings(const struct ctl *c, struct err *e)
{
	if (c->cfg)
		return 0;
	const char *first = c->config_problems ? c->config_problems : "";
	return err_set(e, ERR_CONFIG, "the settings are wrong (gaitctl config check tells all): %.*s",
		(int)strcspn(first, "\n"), first);
}

static int show(struct ctl *c, int argc, char **argv, struct err *e)
{
	const struct config_option *only;
	struct buf text BUF_CLEANUP;
	struct json_w w;
	char origin[300];

	buf_init(&text, OUT_MAX_BYTES);
	if (need_settings(c, e) < 0 || choose(argc, argv, &only, e) < 0)
		return -1;
	json_w_init(&w, &text);
	json_w_obj(&w, NULL);
	json_w_str(&w, "file", c->cfg->file);
	json_w_obj(&w, "options");
	for (int i = 0; i < CONFIG_COUNT; i++) {
		if (!is_chosen(i, argc, argv, only))
			continue;
		config_origin_text(c->cfg, (enum config_index)i, origin, sizeof origin);
		json_w_obj(&w, config_options[i].name);
		json_value(&w, c->cfg, i);
		json_w_str(&w, "text", c->cfg->text[i]);
		json_w_str(&w, "origin", origin);
		json_w_obj_end(&w);
		if (!c->json)
			fprintf(c->out, "%-34s %-40s (%s)\n", config_options[i].name,
				c->cfg->text[i][0] ? c->cfg->text[i] : "\"\"", origin);
	}
	json_w_obj_end(&w);
	json_w_obj_end(&w);
	return c->json ? put_json(c, &w, e) : 0;
}

static void explain_json(struct json_w *w, const struct config_option *o)
{
	char allowed[200], env[96];

	config_allowed_text(o, allowed, sizeof allowed);
	config_env_name(o, env, sizeof env);
	json_w_obj(w, o->name);
	json_w_str(w, "type", type_names[o->type]);
	json_w_str(w, "default", o->def);
	json_w_str(w, "allowed", allowed);
	json_w_str(w, "environment", env);
	json_w_str(w, "text", o->text);
	json_w_obj_end(w);
}

static void explain_text(FILE *out, const struct config_option *o)
{
	char allowed[200], env[96];

	config_allowed_text(o, allowed, sizeof allowed);
	config_env_name(o, env, sizeof env);
	fprintf(out, "%s\n  %s\n  type: %s; allowed: %s\n  default: %s\n  environment: %s\n", o->name,
		o->text, type_names[o->type], allowed, o->def[0] ? o->def : "\"\"", env);
}

/* docs/configuration.md; a test compares it. */
static void explain_markdown(FILE *out)
{
	const char *section = "";
	char allowed[200];

	fputs("# Configuration\n\n"
	      "Generated from `src/app/config.def` by `gaitctl config explain --markdown`; change the table, "
	      "not "
	      "this page.\n\n"
	      "With no configuration at all gaitd runs on the defaults. Settings come, each stronger than "
	      "the one "
	      "before, from\n"
	      "the file (`--config FILE`, else `$GAITD_CONFIG`, else `/etc/gaitd/gaitd.conf` where it "
	      "exists), the "
	      "environment\n"
	      "(`http.listen` is `GAITD_HTTP_LISTEN`) and `--set http.listen=127.0.0.1:8080`.\n"
	      "`gaitctl config check` tries them, `show` tells each value and where it came from.\n\n"
	      "```\n"
	      "# /etc/gaitd/gaitd.conf\n"
	      "http {\n"
	      "    listen = \"127.0.0.1:8437\"\n"
	      "    public_url = \"https://gait.example.org\"\n"
	      "}\n"
	      "upload { max_video_bytes = 300MB }\n"
	      "```\n\n"
	      "Times want a unit (`500ms`, `90s`, `15m`, `2h`, `5d`), sizes take one (`64KiB`, `500MB`, "
	      "`1.1GB`). "
	      "Relative paths in the\n"
	      "file are relative to it. Secrets are never settings: a setting names a file with mode "
	      "0600.\n\n"
	      "In defaults of paths `@data` is data.dir, `@bin` the directory of the program, and `@state` "
	      "`/var/lib/gaitd` for root, else\n"
	      "`$XDG_DATA_HOME/gaitd` or `~/.local/share/gaitd`. Of several with `|` between, the first that "
	      "exists "
	      "counts.\n",
		out);
	for (int i = 0; i < CONFIG_COUNT; i++) {
		const struct config_option *o = &config_options[i];
		if (strcmp(o->section, section) != 0)
			fprintf(out,
				"\n## %s\n\n| option | default | allowed | what it is |\n| --- | --- | --- | "
				"--- |\n",
				o->section);
		section = o->section;
		config_allowed_text(o, allowed, sizeof allowed);
		fprintf(out, "| `%s` | ", o->name);
		if (o->def[0])
			fputc('`', out);
		for (const char *p = o->def; *p; p++)
			fprintf(out, *p == '|' ? "\\|" : "%c", *p);
		fprintf(out, "%s | %s | %s |\n", o->def[0] ? "`" : "(empty)", allowed, o->text);
	}
}

static int explain(struct ctl *c, int argc, char **argv, struct err *e)
{
	const struct config_option *only;
	struct buf text BUF_CLEANUP;
	struct json_w w;

	buf_init(&text, OUT_MAX_BYTES);
	if (argc == 2 && strcmp(argv[1], "--markdown") == 0) {
		explain_markdown(c->out);
		return 0;
	}
	if (choose(argc, argv, &only, e) < 0)
		return -1;
	json_w_init(&w, &text);
	json_w_obj(&w, NULL);
	for (int i = 0, n = 0; i < CONFIG_COUNT; i++) {
		if (!is_chosen(i, argc, argv, only))
			continue;
		explain_json(&w, &config_options[i]);
		if (!c->json) {
			fputs(n++ ? "\n" : "", c->out);
			explain_text(c->out, &config_options[i]);
		}
	}
	json_w_obj_end(&w);
	return c->json ? put_json(c, &w, e) : 0;
}

/* Each line of @text as an element; returns how many. */
static unsigned lines(struct ctl *c, struct json_w *w, const char *text, const char *label)
{
	unsigned n = 0;

	for (const char *p = text ? text : ""; *p; n++) {
		size_t len = strcspn(p, "\n");
		json_w_strn(w, NULL, p, len);
		if (!c->json)
			fprintf(c->out, "%-8s %.*s\n", label, (int)len, p);
		p += len + (p[len] == '\n');
	}
	return n;
}

static unsigned findings(struct ctl *c, struct json_w *w)
{
	struct config_finding found[FINDINGS_MAX];
	unsigned n = c->cfg ? config_check(c->cfg, found, FINDINGS_MAX) : 0, fatal = 0;
	char origin[300];

	for (unsigned i = 0; i < n; i++) {
		const char *name = config_options[found[i].option].name;
		config_origin_text(c->cfg, found[i].option, origin, sizeof origin);
		fatal += found[i].fatal;
		json_w_obj(w, NULL);
		json_w_str(w, "option", name);
		json_w_str(w, "level", found[i].fatal ? "error" : "warning");
		json_w_str(w, "problem", found[i].text);
		json_w_str(w, "todo", found[i].todo);
		json_w_str(w, "origin", origin);
		json_w_obj_end(w);
		if (!c->json)
			fprintf(c->out, "%-8s %s: %s (%s)\n%-8s   → %s\n",
				found[i].fatal ? "error" : "warning", name, found[i].text, origin, "",
				found[i].todo);
	}
	return fatal;
}

static int check(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct buf text BUF_CLEANUP;
	struct json_w w;

	buf_init(&text, OUT_MAX_BYTES);
	if (argc > 1)
		return err_set(e, ERR_USAGE, "gaitctl config %s takes no further word", argv[0]);
	json_w_init(&w, &text);
	json_w_obj(&w, NULL);
	json_w_arr(&w, "errors");
	unsigned wrong = lines(c, &w, c->config_problems, "error");
	json_w_arr_end(&w);
	json_w_arr(&w, "warnings");
	(void)lines(c, &w, c->cfg ? c->cfg->warnings : NULL, "warning");
	json_w_arr_end(&w);
	json_w_arr(&w, "findings");
	wrong += findings(c, &w);
	json_w_arr_end(&w);
	json_w_bool(&w, "ok", wrong == 0 && c->cfg);
	json_w_obj_end(&w);
	if (c->json && put_json(c, &w, e) < 0)
		return -1;
	if (wrong > 0 || !c->cfg)
		return err_set(e, ERR_CONFIG, "%u configuration error%s", wrong, wrong == 1 ? "" : "s");
	if (!c->json)
		fprintf(c->out, "ok       %s\n", c->cfg->file ? c->cfg->file : "built-in defaults, no file");
	return 0;
}

int ctl_config(struct ctl *c, int argc, char **argv, struct err *e)
{
	static const struct {
		const char *name;
		int (*run)(struct ctl *c, int argc, char **argv, struct err *e);
	} verbs[] = { { "check", check }, { "show", show }, { "explain", explain } };

	for (size_t i = 0; argc > 0 && i < ARRAY_LEN(verbs); i++)
		if (strcmp(argv[0], verbs[i].name) == 0)
			return verbs[i].run(c, argc, argv, e);
	return err_set(e, ERR_USAGE, "gaitctl config check|show|explain [NAME]");
}
