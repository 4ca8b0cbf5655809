#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "app/config.h"
#include "base/cleanup.h"
#include "base/strv.h"

/* Settings in words, and the command line's part of them. */

void config_env_name(const struct config_option *o, char *out, size_t size)
{
	snprintf(out, size, "GAITD_%s_%s", o->section, o->key);
	for (char *p = out; *p; p++)
		*p = (char)toupper((unsigned char)*p);
}

void config_origin_text(const struct config *cfg, enum config_index i, char *out, size_t size)
{
	switch (cfg->origin[i].source) {
	case CONFIG_FILE:
		snprintf(out, size, "%s line %d", cfg->file, cfg->origin[i].line);
		return;
	case CONFIG_ENV:
		config_env_name(&config_options[i], out, size);
		return;
	case CONFIG_SET:
		snprintf(out, size, "--set");
		return;
	case CONFIG_DEFAULT:
		break;
	}
	snprintf(out, size, "default");
}

static const char *format_text(const struct config_option *o)
{
	static const struct {
		const char *format, *text;
	} rows[] = {
		{ "listen", "ADDRESS:PORT, with an IPv6 address in brackets; port 0 takes a free one" },
		{ "cidr", "addresses and blocks with commas between, such as 127.0.0.1,10.0.0.0/8" },
		{ "url", "https://HOST[:PORT] or http://HOST[:PORT]" },
		{ "email", "a plain e-mail address" },
		{ "text", "one line of text, at most 200 bytes" },
		{ "file", "a file" },
		{ "dir", "a directory" },
		{ "program", "a program" },
		{ "made", "a directory; gaitd makes it" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].format, o->least) == 0)
			return rows[i].text;
	return "a file that only its owner may read (mode 0600)";
}

void config_allowed_text(const struct config_option *o, char *out, size_t size)
{
	size_t used = 0;

	switch (o->type) {
	case CONFIG_STRING:
	case CONFIG_PATH:
	case CONFIG_SECRET_FILE:
		snprintf(out, size, "%s", format_text(o));
		return;
	case CONFIG_BOOL:
		snprintf(out, size, "yes or no");
		return;
	case CONFIG_INT:
	case CONFIG_BYTES:
	case CONFIG_DURATION:
		snprintf(out, size, "%s to %s%s%s", o->least, o->most, o->unit[0] ? " " : "", o->unit);
		return;
	case CONFIG_ENUM:
		break;
	}
	out[0] = '\0';
	for (const char *p = o->least; *p && used < size;) {
		size_t n = strcspn(p, "|"), rest = strlen(p) - n;
		bool last = rest == 0, before_last = !last && !strchr(p + n + 1, '|');
		int w = snprintf(out + used, size - used, "%.*s%s", (int)n, p,
			last          ? ""
			: before_last ? " or "
				      : ", ");
		used += w > 0 ? (size_t)w : 0;
		p += n + (p[n] == '|');
	}
}

/* Does argv[*k] give @option, as "--x value" or "--x=value"? *@ret_value is NULL where the value is missing.
 */
static bool takes(int argc, char **argv, int *k, const char *option, const char **ret_value)
{
	size_t len = strlen(option);

	if (strncmp(argv[*k], option, len) != 0 || (argv[*k][len] != '\0' && argv[*k][len] != '='))
		return false;
	if (argv[*k][len] == '=')
		*ret_value = argv[*k] + len + 1;
	else
		*ret_value = *k + 1 < argc ? argv[++*k] : NULL;
	return true;
}

int config_input_args(struct config_input *in, int *argc, char **argv, struct err *e)
{
	int kept = 0, k = 0;

	for (; k < *argc && strcmp(argv[k], "--") != 0; k++) {
		const char *value = NULL;
		if (takes(*argc, argv, &k, "--config", &value)) {
			if (!value || !value[0])
				return err_set(e, ERR_USAGE, "--config wants a file");
			in->file = value;
		} else if (takes(*argc, argv, &k, "--set", &value)) {
			if (!value || !strchr(value, '='))
				return err_set(e, ERR_USAGE, "--set wants NAME=VALUE");
			if (in->set_count == CONFIG_SETS_MAX)
				return err_set(e, ERR_USAGE, "--set may be given %d times", CONFIG_SETS_MAX);
			in->set[in->set_count++] = value;
		} else {
			argv[kept++] = argv[k];
		}
	}
	while (k < *argc)
		argv[kept++] = argv[k++];
	argv[kept] = NULL;
	*argc = kept;
	return 0;
}
