#include "app/config_value.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "core/mail_address.h"

struct unit {
	const char *name;
	double factor;
};

/* A decimal fraction and a unit; the product must be whole. */
static bool parse_scaled(const char *text, const struct unit *units, size_t n, int64_t *ret)
{
	size_t digits = strspn(text, "0123456789.");
	char number[32];
	double value;

	if (digits == 0 || digits >= sizeof number)
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (!str_to_double(number, 0, 1e15, &value))
		return false;
	const char *unit = text + digits + (text[digits] == ' ');
	for (size_t i = 0; i < n; i++) {
		if (strcmp(unit, units[i].name) != 0)
			continue;
		double product = value * units[i].factor;
		if (product > 1e18 || fabs(product - round(product)) > 1e-3)
			return false;
		*ret = llround(product);
		return true;
	}
	return false;
}

bool config_parse_duration(const char *text, int64_t *ret_ms)
{
	static const struct unit units[] = { { "ms", 1 }, { "s", 1e3 }, { "m", 60e3 }, { "h", 3600e3 },
		{ "d", 86400e3 } };

	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return true;
	}
	return parse_scaled(text, units, ARRAY_LEN(units), ret_ms);
}

bool config_parse_bytes(const char *text, int64_t *ret_bytes)
{
	static const struct unit units[] = { { "", 1 }, { "B", 1 }, { "KB", 1e3 }, { "kB", 1e3 },
		{ "MB", 1e6 }, { "GB", 1e9 }, { "TB", 1e12 }, { "KiB", 1024 }, { "MiB", 1048576 },
		{ "GiB", 1073741824 }, { "TiB", 1099511627776 } };

	return parse_scaled(text, units, ARRAY_LEN(units), ret_bytes);
}

static int refuse(char why[CONFIG_WHY_BYTES], const char *text)
{
	snprintf(why, CONFIG_WHY_BYTES, "%s", text);
	return -1;
}

static bool is_address(const char *text, int *ret_bits)
{
	unsigned char room[16];

	*ret_bits = strchr(text, ':') ? 128 : 32;
	return inet_pton(*ret_bits == 128 ? AF_INET6 : AF_INET, text, room) == 1;
}

bool config_split_listen(const char *text, char *ret_host, size_t size, int *ret_port)
{
	const char *colon = strrchr(text, ':');
	char host[64];
	int64_t port;
	int bits;

	if (!colon || (size_t)(colon - text) >= sizeof host || !str_to_i64(colon + 1, 0, 65535, &port))
		return false;
	size_t len = (size_t)(colon - text);
	bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';
	memcpy(host, text + bracketed, len - 2 * (size_t)bracketed);
	host[len - 2 * (size_t)bracketed] = '\0';
	if (!is_address(host, &bits) || (bits == 128) != bracketed)
		return false;
	*ret_port = (int)port;
	return str_copy(ret_host, size, host);
}

bool config_is_loopback(const char *host)
{
	return strcmp(host, "::1") == 0 || str_starts(host, "127.") || str_starts(host, "::ffff:127.");
}

/* Addresses and blocks with commas between, as "10.0.0.0/8,::1". */
static int check_cidr(const char *text, char why[CONFIG_WHY_BYTES])
{
	char copy[2048], *rest = copy;

	if (!str_copy(copy, sizeof copy, text))
		return refuse(why, "is too long");
	while (rest) {
		char *item = rest, *slash;
		int bits;
		int64_t length;
		rest = strchr(item, ',');
		if (rest)
			*rest++ = '\0';
		struct strv trimmed = strv_trim(strv_of(item));
		item += trimmed.p - item;
		item[trimmed.n] = '\0';
		slash = strchr(item, '/');
		if (slash)
			*slash = '\0';
		if (!is_address(item, &bits) || (slash && !str_to_i64(slash + 1, 0, bits, &length))) {
			if (slash)
				*slash = '/';
			snprintf(why, CONFIG_WHY_BYTES, "has \"%.60s\", which is no address and no block",
				item);
			return -1;
		}
	}
	return 0;
}

static int check_url(const char *text, char why[CONFIG_WHY_BYTES])
{
	size_t scheme = str_starts(text, "https://") ? 8 : str_starts(text, "http://") ? 7 : 0;
	size_t host =
		strspn(text + scheme, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]");

	if (scheme == 0 || host == 0)
		return refuse(why, "does not begin with https://HOST or http://HOST");
	if (text[scheme + host] != '\0')
		return refuse(why, "has more than scheme, host and port");
	return 0;
}

static int check_string(const struct config_option *o, const char *text, char why[CONFIG_WHY_BYTES])
{
	char host[64];
	int port;

	if (!str_is_clean_utf8(text, strlen(text)) || strpbrk(text, "\r\n\t"))
		return refuse(why, "is not one line of text");
	if (strcmp(o->least, "listen") == 0)
		return config_split_listen(text, host, sizeof host, &port)
			       ? 0
			       : refuse(why, "is no address and port");
	if (strcmp(o->least, "cidr") == 0)
		return check_cidr(text, why);
	if (strcmp(o->least, "url") == 0)
		return check_url(text, why);
	if (strcmp(o->least, "email") == 0)
		return mail_address_ok(text) ? 0 : refuse(why, "is no plain e-mail address");
	return strlen(text) <= 200 ? 0 : refuse(why, "is longer than 200 bytes");
}

static bool is_word_of(const char *text, const char *words)
{
	for (const char *p = words; *p;) {
		size_t n = strcspn(p, "|");
		if (n == strlen(text) && memcmp(p, text, n) == 0)
			return true;
		p += n + (p[n] == '|');
	}
	return false;
}

static int put_number(
	struct config *cfg, const struct config_option *o, const char *text, char why[CONFIG_WHY_BYTES])
{
	bool (*parse)(const char *text, int64_t *ret) =
		o->type == CONFIG_DURATION ? config_parse_duration : config_parse_bytes;
	int64_t value, least = INT64_MIN, most = INT64_MAX;

	if (o->type == CONFIG_INT) {
		if (!str_to_i64(text, INT64_MIN, INT64_MAX, &value))
			return refuse(why, "is no whole number");
		(void)str_to_i64(o->least, INT64_MIN, INT64_MAX, &least);
		(void)str_to_i64(o->most, INT64_MIN, INT64_MAX, &most);
	} else {
		if (!parse(text, &value))
			return refuse(why, o->type == CONFIG_DURATION
						   ? "is no time (a number and ms, s, m, h or d, such as 90s)"
						   : "is no size (a number and B, KB, MB, GB, KiB, MiB …, "
						     "such as 500MB)");
		(void)parse(o->least, &least);
		(void)parse(o->most, &most);
	}
	if (value < least || value > most)
		return refuse(why, value < least ? "is too small" : "is too large");
	*(int64_t *)(void *)((char *)cfg + o->offset) = value;
	return 0;
}

static int put_bool(
	struct config *cfg, const struct config_option *o, const char *text, char why[CONFIG_WHY_BYTES])
{
	bool yes = is_word_of(text, "yes|true|on|1");

	if (!yes && !is_word_of(text, "no|false|off|0"))
		return refuse(why, "is neither yes nor no");
	*(bool *)((char *)cfg + o->offset) = yes;
	return 0;
}

/* Absolute, in @out. */
static int make_absolute(
	const char *text, const char *base_dir, char out[CONFIG_PATH_BYTES], char why[CONFIG_WHY_BYTES])
{
	const char *home = getenv("HOME");
	int n;

	if (text[0] == '/')
		n = snprintf(out, CONFIG_PATH_BYTES, "%s", text);
	else if (str_starts(text, "~/") && home && home[0] == '/')
		n = snprintf(out, CONFIG_PATH_BYTES, "%s/%s", home, text + 2);
	else if (text[0] == '~')
		return refuse(why, "begins with ~, but HOME names no directory");
	else
		n = snprintf(out, CONFIG_PATH_BYTES, "%s/%s", base_dir, text);
	if (n < 0 || n >= CONFIG_PATH_BYTES)
		return refuse(why, "is too long");
	while (n > 1 && out[n - 1] == '/')
		out[--n] = '\0';
	return 0;
}

bool config_may_be_empty(const struct config_option *o)
{
	return o->def[0] == '\0' || str_ends(o->def, "|");
}

int config_value_put(struct config *cfg, enum config_index i, const char *text, const char *base_dir,
	char why[CONFIG_WHY_BYTES])
{
	const struct config_option *o = &config_options[i];
	bool is_path = o->type == CONFIG_PATH || o->type == CONFIG_SECRET_FILE;
	bool is_text = is_path || o->type == CONFIG_STRING || o->type == CONFIG_ENUM;
	char path[CONFIG_PATH_BYTES];
	int r = 0;

	if (text[0] == '\0' && is_text)
		r = config_may_be_empty(o) ? 0 : refuse(why, "must not be empty");
	else if (is_path)
		r = make_absolute(text, base_dir, path, why);
	else if (o->type == CONFIG_STRING)
		r = check_string(o, text, why);
	else if (o->type == CONFIG_ENUM)
		r = is_word_of(text, o->least) ? 0 : refuse(why, "is not among the words allowed");
	else if (o->type == CONFIG_BOOL)
		r = put_bool(cfg, o, text, why);
	else
		r = put_number(cfg, o, text, why);
	if (r < 0)
		return -1;
	char *copy = strdup(is_path && text[0] ? path : text);
	if (!copy)
		return refuse(why, "cannot be kept: no memory");
	free(cfg->text[i]);
	cfg->text[i] = copy;
	if (is_text)
		*(const char **)(void *)((char *)cfg + o->offset) = copy;
	return 0;
}
