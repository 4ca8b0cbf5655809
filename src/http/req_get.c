#include "http/internal.h"

#include <string.h>
#include <strings.h>

/* What handlers ask a request. */

void *http_req_app(const struct http_req *r)
{
	return r->srv->opt.app;
}

const struct http_route *http_req_route(const struct http_req *r)
{
	return r->route;
}

const char *http_req_method(const struct http_req *r)
{
	return r->method;
}

const char *http_req_path(const struct http_req *r)
{
	return r->target.path;
}

const char *http_req_param(const struct http_req *r, const char *name)
{
	for (unsigned i = 0; i < r->params_n; i++)
		if (strv_eq(r->params[i].name, name))
			return r->params[i].value;
	return "";
}

const char *http_req_query(struct http_req *r, const char *name)
{
	for (unsigned i = 0; i < r->target.query_n; i++)
		if (strcmp(r->target.query[i].name, name) == 0)
			return r->target.query[i].value;
	return NULL;
}

const char *http_req_header(struct http_req *r, const char *name)
{
	return MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, name);
}

const char *http_req_cookie(struct http_req *r, const char *name)
{
	return MHD_lookup_connection_value(r->conn, MHD_COOKIE_KIND, name);
}

const char *http_req_id(const struct http_req *r)
{
	return r->id;
}

const char *http_req_client(const struct http_req *r)
{
	return r->client;
}

bool http_req_on_loop(const struct http_req *r)
{
	return r->side->loop && r->phase != PHASE_OPENING && r->phase != PHASE_ENDING;
}

int64_t http_req_content_length(const struct http_req *r)
{
	return r->content_length;
}

struct strv http_req_body(const struct http_req *r)
{
	return (struct strv){ buf_str(&r->body), r->body.len };
}

const char *http_req_bearer(struct http_req *r)
{
	const char *value = http_req_header(r, "Authorization");

	if (!value || strncasecmp(value, "Bearer ", 7) != 0)
		return NULL;
	value += 7 + strspn(value + 7, " ");
	return *value ? value : NULL;
}

void http_req_set_state(struct http_req *r, void *state)
{
	r->state = state;
}

void *http_req_state(const struct http_req *r)
{
	return r->state;
}

void http_req_set_principal(struct http_req *r, void *principal, void (*release)(void *principal))
{
	r->principal = principal;
	r->release_principal = release;
}

void *http_req_principal(const struct http_req *r)
{
	return r->principal;
}

bool http_req_completed(const struct http_req *r)
{
	return r->completed;
}

int http_req_status(const struct http_req *r)
{
	return r->answer.kind == ANSWER_NONE ? 0 : r->answer.status;
}
