#include "http/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

long target_decode(const char *from, size_t len, bool plus, char *out)
{
	size_t o = 0;

	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)from[i];

		if (c == '%') {
			int hi = i + 2 < len ? hex_value(from[i + 1]) : -1;
			int lo = i + 2 < len ? hex_value(from[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return -1;
			c = hi * 16 + lo;
			i += 2;
		} else if (plus && c == '+') {
			c = ' ';
		}
		if (c < 0x20 || c == 0x7f)
			return -1;
		out[o++] = (char)c;
	}
	out[o] = '\0';
	return (long)o;
}

/* @query is cut up and decoded in place. */
static int parse_query(struct target *t, char *query, struct err *e)
{
	while (*query) {
		size_t len = strcspn(query, "&");
		char *next = query[len] ? query + len + 1 : query + len;
		char *eq = memchr(query, '=', len);
		size_t name_len = eq ? (size_t)(eq - query) : len;
		char *value = eq ? eq + 1 : query + len;
		size_t value_len = eq ? len - name_len - 1 : 0;

		query[len] = '\0';
		if (len > 0) {
			if (t->query_n == TARGET_QUERY)
				return err_set(e, ERR_INVALID, "more than %d query fields", TARGET_QUERY);
			if (target_decode(value, value_len, true, value) < 0 ||
				target_decode(query, name_len, true, query) < 0)
				return err_set(e, ERR_INVALID, "the query has a bad escape");
			t->query[t->query_n++] = (struct target_pair){ query, eq ? value : "" };
		}
		query = next;
	}
	return 0;
}

int target_parse(const char *uri, struct target *ret, struct err *e)
{
	struct target t = { .query_n = 0 };

	if (str_starts(uri, "http://") || str_starts(uri, "https://")) { /* absolute form */
		const char *slash = strchr(strchr(uri, ':') + 3, '/');

		uri = slash ? slash : "/";
	}
	if (uri[0] != '/' && strcmp(uri, "*") != 0)
		return err_set(e, ERR_INVALID, "the request target does not start with '/'");
	size_t len = strlen(uri), path_len = strcspn(uri, "?#");
	/* [raw target][decoded path] in one block */
	t.text = malloc(len + 1 + path_len + 1);
	if (!t.text)
		return err_set(e, ERR_NOMEM, "request target");
	memcpy(t.text, uri, len + 1);
	t.raw_path = (struct strv){ t.text, path_len };
	char *path = t.text + len + 1;
	t.path = path;
	if (target_decode(uri, path_len, false, path) < 0) {
		free(t.text);
		return err_set(e, ERR_INVALID, "the path has a bad escape");
	}
	if (uri[path_len] == '?') {
		char *fragment = strchr(t.text + path_len, '#');

		if (fragment)
			*fragment = '\0';
		if (parse_query(&t, t.text + path_len + 1, e)) {
			free(t.text);
			return -1;
		}
	}
	*ret = t;
	return 0;
}

void target_deinit(struct target *t)
{
	free(t->text);
	t->text = NULL;
}

static bool fits_rest(struct strv name, struct strv path, struct route_params *params)
{
	if (params) {
		params->items[params->n].name = name;
		params->items[params->n++].raw = path;
	}
	return path.n > 0;
}

/* One "{name}" or "{name...}" of @pattern against the front of @path; both are moved behind it. */
static bool fits_param(const char **pattern, struct strv *path, struct route_params *params)
{
	const char *name = *pattern + 1, *close = strchr(name, '}');
	struct strv as = { name, (size_t)(close - name) };

	*pattern = close + 1;
	if (as.n > 3 && memcmp(close - 3, "...", 3) == 0) {
		as.n -= 3;
		struct strv rest = *path;
		*path = (struct strv){ path->p + path->n, 0 };
		return fits_rest(as, rest, params);
	}
	const char *slash = memchr(path->p, '/', path->n);
	size_t len = slash ? (size_t)(slash - path->p) : path->n;
	struct strv value = { path->p, len };
	*path = (struct strv){ path->p + len, path->n - len };
	return fits_rest(as, value, params);
}

static bool fits(const char *pattern, struct strv path, struct route_params *params)
{
	if (params)
		params->n = 0;
	for (;;) {
		size_t literal = strcspn(pattern, "{");

		if (path.n < literal || memcmp(path.p, pattern, literal) != 0)
			return false;
		pattern += literal;
		path = (struct strv){ path.p + literal, path.n - literal };
		if (*pattern == '\0')
			return path.n == 0;
		if (!fits_param(&pattern, &path, params))
			return false;
	}
}

static bool serves(const struct http_route *route, struct strv method)
{
	return strv_eq(method, route->method) ||
	       (strv_eq(method, "HEAD") && strcmp(route->method, "GET") == 0);
}

int route_find(const struct http_route *routes, unsigned n, struct strv method, struct strv path,
	struct route_params *params, const struct http_route **ret)
{
	int outcome = ROUTE_NO_PATH;

	/* An own HEAD route (of resumable uploads) goes before the GET route that would serve HEAD. */
	for (unsigned i = 0; i < n; i++)
		if (strv_eq(method, routes[i].method) && fits(routes[i].pattern, path, params)) {
			*ret = &routes[i];
			return 0;
		}
	for (unsigned i = 0; i < n; i++) {
		if (!fits(routes[i].pattern, path, params))
			continue;
		if (serves(&routes[i], method)) {
			*ret = &routes[i];
			return 0;
		}
		outcome = ROUTE_NO_METHOD;
	}
	return outcome;
}

bool route_is_tus(const struct http_route *routes, unsigned n, struct strv path)
{
	const struct http_route *route;

	return route_find(routes, n, STRV("OPTIONS"), path, NULL, &route) == 0 && (route->flags & HTTP_TUS);
}

static void add_method(char *out, size_t size, const char *method)
{
	size_t used = strlen(out), len = strlen(method);
	const char *sep = used ? ", " : "";

	for (const char *at = strstr(out, method); at; at = strstr(at + 1, method))
		if ((at == out || at[-1] == ' ') && (at[len] == '\0' || at[len] == ','))
			return;
	if (used + strlen(sep) + len < size)
		(void)snprintf(out + used, size - used, "%s%s", sep, method);
}

void route_allow(const struct http_route *routes, unsigned n, struct strv path, char *out, size_t size)
{
	out[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		if (!fits(routes[i].pattern, path, NULL))
			continue;
		add_method(out, size, routes[i].method);
		if (strcmp(routes[i].method, "GET") == 0)
			add_method(out, size, "HEAD");
	}
	add_method(out, size, "OPTIONS");
}
