#include <confuse.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_draft.h"
#include "base/cleanup.h"
#include "base/fsx.h"
#include "base/strv.h"

/* The file: libconfuse reads the syntax, every value as text, and the table judges it afterwards. libconfuse
 * stops at the first unknown name; so that one run names all, the name is noted and declared, and the text is
 * read again. libconfuse's own parser keeps its state in globals: one reader at a time. */

enum { FILE_MAX_BYTES = 1 << 20, UNKNOWN_MAX = 32, SECTION_MAX = 64 };

struct unknown {
	char section[64], name[64]; /* section "" for a section's name itself */
};

/* One reading of the file. */
static struct reading {
	struct config_draft *draft;
	struct unknown unknown[UNKNOWN_MAX];
	size_t unknown_count;
	bool found_unknown, broken;
	int seen_line[CONFIG_COUNT]; /* in this pass; 0: not yet */
	bool told_twice[CONFIG_COUNT];
} * now;

static int option_index(const char *section, const char *key)
{
	for (int i = 0; i < CONFIG_COUNT; i++)
		if (strcmp(config_options[i].section, section) == 0 &&
			strcmp(config_options[i].key, key) == 0)
			return i;
	return -1;
}

/* libconfuse has scanned one value. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	int i = option_index(cfg->name, opt->name);

	*(const char **)result = value;
	if (i < 0)
		return 0;
	if (now->seen_line[i] != 0 && !now->told_twice[i]) {
		config_problem(now->draft, "%s: given twice (%s lines %d and %d)", config_options[i].name,
			now->draft->file, now->seen_line[i], cfg->line);
		now->told_twice[i] = true;
	}
	now->seen_line[i] = cfg->line;
	config_give(now->draft, (enum config_index)i, value, CONFIG_FILE, cfg->line);
	return 0;
}

/* libconfuse complains, and stops after it. */
static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	static const char no_option[] = "no such option '";
	char text[200], origin[300], name[280];

	(void)vsnprintf(text, sizeof text, fmt, ap);
	snprintf(origin, sizeof origin, "%s line %d", now->draft->file, cfg->line);
	bool in_section = cfg->name && strcmp(cfg->name, "root") != 0;
	char *key = text + sizeof no_option - 1, *end = strrchr(text, '\'');
	if (!str_starts(text, no_option) || !end || end < key || now->unknown_count == UNKNOWN_MAX ||
		(size_t)(end - key) >= sizeof now->unknown[0].name) {
		config_problem(now->draft, "%s: %s", origin, text);
		now->broken = true;
		return;
	}
	*end = '\0';
	struct unknown *u = &now->unknown[now->unknown_count++];
	(void)str_copy(u->section, sizeof u->section, in_section ? cfg->name : "");
	(void)str_copy(u->name, sizeof u->name, key);
	now->found_unknown = true;
	snprintf(name, sizeof name, "%s%s%s", u->section, in_section ? "." : "", key);
	config_unknown(now->draft, name, origin);
}

/* The options of a section: known ones, and those noted as unknown, which are read and forgotten. */
static cfg_opt_t *section_options(const char *section)
{
	cfg_opt_t *opts = calloc(CONFIG_COUNT + UNKNOWN_MAX + 1, sizeof *opts);
	size_t n = 0;

	if (!opts)
		return NULL;
	for (int i = 0; i < CONFIG_COUNT; i++)
		if (strcmp(config_options[i].section, section) == 0)
			opts[n++] =
				(cfg_opt_t)CFG_STR_CB(config_options[i].key, NULL, CFGF_NODEFAULT, on_value);
	for (size_t i = 0; i < now->unknown_count; i++)
		if (strcmp(now->unknown[i].section, section) == 0)
			opts[n++] = (cfg_opt_t)CFG_STR(now->unknown[i].name, NULL, CFGF_NODEFAULT);
	opts[n] = (cfg_opt_t)CFG_END();
	return opts;
}

/* One pass over @text with what is known by now. */
static int parse_once(const char *text)
{
	cfg_opt_t root[SECTION_MAX] = { 0 }, *parts[SECTION_MAX] = { 0 }, none[] = { CFG_END() };
	const char *last = "";
	size_t n = 0;
	bool no_memory = false;

	for (int i = 0; i < CONFIG_COUNT && n < SECTION_MAX - UNKNOWN_MAX - 1; i++) {
		const char *section = config_options[i].section;
		if (strcmp(section, last) == 0)
			continue;
		last = section;
		parts[n] = section_options(section);
		no_memory = no_memory || !parts[n];
		if (parts[n])
			root[n] = (cfg_opt_t)CFG_SEC(section, parts[n], CFGF_NONE);
		n += parts[n] != NULL;
	}
	for (size_t i = 0; i < now->unknown_count; i++)
		if (now->unknown[i].section[0] == '\0')
			root[n++] = (cfg_opt_t)CFG_SEC(now->unknown[i].name, none, CFGF_KEYSTRVAL);
	root[n] = (cfg_opt_t)CFG_END();
	cfg_t *cfg = no_memory ? NULL : cfg_init(root, CFGF_NONE);
	int r = CFG_FAIL;
	if (cfg) {
		cfg_set_error_function(cfg, on_error);
		memset(now->seen_line, 0, sizeof now->seen_line);
		now->found_unknown = false;
		r = cfg_parse_buf(cfg, text);
		cfg_free(cfg);
	}
	for (size_t i = 0; i < SECTION_MAX; i++)
		free(parts[i]);
	return r;
}

/* libconfuse 3.3 counts the line of a comment three times and takes a file that ends within a section. So
 * comments become blanks before it reads, and braces are counted. Return NULL, or what is wrong and
 * @ret_line. */
static const char *prepare(char *text, int *ret_line)
{
	char quote = '\0', before = '\n';
	int line = 1, depth = 0, opened = 0;

	for (char *p = text; *p; before = *p, p++) {
		bool starts = strchr(" \t\r\n={}(),\"'", before) != NULL;
		line += *p == '\n';
		if (quote) {
			if (*p == '\\' && p[1] && p[1] != '\n')
				p++;
			else if (*p == quote)
				quote = '\0';
		} else if (*p == '"' || *p == '\'') {
			quote = *p;
		} else if (*p == '#' || (starts && p[0] == '/' && p[1] == '/')) {
			for (; *p && *p != '\n'; p++)
				*p = ' ';
			p--;
		} else if (starts && p[0] == '/' && p[1] == '*') {
			char *end = strstr(p + 2, "*/");
			*ret_line = line;
			if (!end)
				return "a comment without its end";
			for (; p < end + 2; p++) {
				line += *p == '\n';
				*p = *p == '\n' ? '\n' : ' ';
			}
			p--;
		} else if (*p == '{' && depth++ == 0) {
			opened = line;
		} else if (*p == '}') {
			depth--;
		}
	}
	*ret_line = opened;
	return depth > 0 ? "a { without its }" : NULL;
}

int config_file_read(const char *path, struct config_draft *d, struct err *e)
{
	struct buf text BUF_CLEANUP;
	struct reading reading = { .draft = d };

	buf_init(&text, FILE_MAX_BYTES);
	if (fsx_read_file(path, &text, e) < 0) {
		if (e && e->kind != ERR_NOMEM)
			e->kind = ERR_CONFIG;
		return err_wrap(e, "configuration file");
	}
	if (!str_is_clean_utf8(buf_str(&text), text.len)) {
		config_problem(d, "%s: holds control characters or bytes that are no UTF-8", path);
		return 0;
	}
	int line = 0, r;
	const char *wrong = text.data ? prepare(text.data, &line) : NULL;
	if (wrong) {
		config_problem(d, "%s line %d: %s", path, line, wrong);
		return 0;
	}
	now = &reading;
	do
		r = parse_once(buf_str(&text));
	while (r != CFG_SUCCESS && reading.found_unknown && !reading.broken);
	now = NULL;
	if (r != CFG_SUCCESS && d->problem_count == 0)
		config_problem(d, "%s: cannot be read to its end", path);
	return 0;
}
