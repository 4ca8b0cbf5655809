#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/strv.h"
#include "http/http.h"

/* The request target (RFC 9112, 2022, 3.2; RFC 3986, 2005) and the table of routes. Pure. */

struct target_pair {
	const char *name, *value;
};

enum { TARGET_PARAMS = 6, TARGET_QUERY = 24 };

struct target {
	char *text;           /* owns what the rest points into */
	const char *path;     /* decoded */
	struct strv raw_path; /* as sent */
	struct target_pair query[TARGET_QUERY];
	unsigned query_n;
};

/**
 * target_parse() - split and decode "/path?query" or "http://host/path?query"
 * Return 0 (target_deinit()); -1 with ERR_INVALID: bad escapes, control characters, over 24 query fields;
 * ERR_NOMEM
 */
int target_parse(const char *uri, struct target *ret, struct err *e);
void target_deinit(struct target *t);

/* Percent-decode [@from, @from + @len) into @out (may be @from itself) and terminate it; @plus: '+' is a
 * blank. Return the length; -1 for a bad escape or a control character. */
long target_decode(const char *from, size_t len, bool plus, char *out);

/* What route_find() says when no route fits */
enum { ROUTE_NO_PATH = 1, ROUTE_NO_METHOD = 2 };

struct route_params {
	struct {
		struct strv name, raw;
	} items[TARGET_PARAMS];
	unsigned n;
};

/**
 * route_find() - the first route for @method and the undecoded @path; HEAD finds GET
 * @params  may be NULL
 * Return   0 and *@ret; ROUTE_NO_PATH; ROUTE_NO_METHOD: the path is known with other methods
 */
int route_find(const struct http_route *routes, unsigned n, struct strv method, struct strv path,
	struct route_params *params, const struct http_route **ret);

/* Is @path one of resumable uploads (HTTP_TUS)? Then any method may stand for another one. */
bool route_is_tus(const struct http_route *routes, unsigned n, struct strv path);

/* "GET, HEAD, POST, OPTIONS" for the path into @out. */
void route_allow(const struct http_route *routes, unsigned n, struct strv path, char *out, size_t size);
